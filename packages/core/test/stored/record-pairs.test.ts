import * as fc from 'fast-check';

import { exampleRecord } from '../../src/contract/index.js';
import type { CallRecord, Store } from '../../src/index.js';
import { createMemoryStore } from '../../src/index.js';
import { recordPairs } from '../../src/stored/record-pairs.js';

/** A store whose list has these records in this order, and which counts what is asked for. */
function listing(records: readonly CallRecord[]): { store: Store; asked: () => number } {
  const memory = createMemoryStore();
  let asked = 0;
  const calls: Store['calls'] = {
    ...memory.calls,
    list(_partition, { limit = 100, cursor = '0' }) {
      const start = Number(cursor);
      const more = start + limit < records.length ? { cursor: String(start + limit) } : {};
      return { items: records.slice(start, start + limit), ...more };
    },
    get(_partition, uuid) {
      asked += 1;
      return records.find((record) => record.mcp_function_call_uuid === uuid);
    },
  };
  return { store: { ...memory, calls }, asked: () => asked };
}

async function pairsOf(from: Store, to: Store, bodies = false): Promise<[string, string | undefined][]> {
  const pairs: [string, string | undefined][] = [];
  for await (const { record, other } of recordPairs(from, to, 'default', bodies))
    pairs.push([record.mcp_function_call_uuid, other?.mcp_function_call_uuid]);
  return pairs;
}

const records = (count: number): CallRecord[] => Array.from({ length: count }, () => exampleRecord());

describe('the records of two stores', () => {
  it('are paired by their uuids, whatever the order of each list, and whichever of them are missing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 350 }).chain((count) =>
          fc.record({
            order: fc.shuffledSubarray([...Array(count).keys()], { minLength: count, maxLength: count }),
            kept: fc.subarray([...Array(count).keys()]),
          }),
        ),
        fc.boolean(),
        async ({ order, kept }, bodies) => {
          const all = records(order.length);
          const stays = new Set(kept);
          const second = order.filter((index) => stays.has(index)).map((index) => all[index]!);
          const pairs = await pairsOf(listing(all).store, listing([...records(3), ...second]).store, bodies);
          expect(pairs).toEqual(
            all.map(({ mcp_function_call_uuid: uuid }, index) => [uuid, stays.has(index) ? uuid : undefined]),
          );
        },
      ),
      { numRuns: 30 },
    );
  });

  it('that are nearly in the same order are found without asking for single ones', async () => {
    const all = records(1_000);
    const nearly = [...all];
    for (let index = 0; index + 20 < nearly.length; index += 20)
      nearly.splice(index, 20, ...nearly.slice(index, index + 20).reverse());
    const second = listing(nearly);
    expect(await pairsOf(listing(all).store, second.store)).toHaveLength(1_000);
    expect(second.asked()).toBe(0);
  });

  it('that lie further apart than can be remembered are asked for one by one', async () => {
    const all = records(700);
    const second = listing([...all].reverse());
    const pairs = await pairsOf(listing(all).store, second.store, true);
    expect(pairs.every(([uuid, other]) => uuid === other)).toBe(true);
    expect(second.asked()).toBeGreaterThan(0);
  });
});
