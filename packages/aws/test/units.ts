/** What calls cost in write units, as DynamoDB itself says. */
import type { CallQuery, CallRecord } from '@mcp-daemon/core';
import { exampleRecord } from '@mcp-daemon/core/contract';

import type { DynamoStore, DynamoStoreOptions, RecordPromise } from '../src/index.js';

/** What one kind of call costs. */
export interface UnitsRow {
  promise: RecordPromise;
  /** Whether the call is written as `in_process` first. */
  isOpen: boolean;
  /** Units of the call. */
  units: number;
  /** Units of one put of its final row. */
  put: number;
  line: string;
}

type Open = (options: DynamoStoreOptions) => Promise<DynamoStore>;

const KEPT: Readonly<Record<string, Partial<CallRecord>>> = {
  all: {},
  arguments: { content: null },
  metadata: { content: null, arguments: null },
};

async function costOf(open: Open, promise: RecordPromise, rows: readonly CallRecord[]): Promise<number> {
  const store = await open({ promise, countUnits: true, openAfterMs: 0 });
  // A process that has open calls has noted so: that is written every ten seconds, and not for each call.
  await store.calls.write([exampleRecord({ status: 'in_process', owner: store.owner })]);
  await store.calls.list('default', { limit: 1 });
  const before = store.stats().writeUnits;
  for (const row of rows) {
    await store.calls.write([{ ...row, owner: store.owner }]);
    if (promise === 'eventual') await store.calls.list('default', { limit: 1 }); // writes what waits
  }
  const units = store.stats().writeUnits - before;
  await store.close();
  return units;
}

/** Measures each promise, policy and kind of call. `open` opens a store on empty tables. */
export async function unitsTable(open: Open): Promise<UnitsRow[]> {
  const found: UnitsRow[] = [];
  const text = JSON.stringify({ content: [{ type: 'text', text: 'x'.repeat(200) }] });
  for (const promise of ['eventual', 'answered'] as const) {
    for (const [policy, kept] of Object.entries(KEPT)) {
      for (const isOpen of promise === 'answered' ? [false, true] : [false]) {
        const done = exampleRecord({ content: text, fault: null, notes: null, ...kept });
        const began: CallRecord = { ...done, content: null, status: 'in_process', time_spent: null, updated_at: done.created_at };
        const put = await costOf(open, 'answered', [done]);
        const units = await costOf(open, promise, isOpen ? [began, done] : [done]);
        const line = `units: ${promise}, record ${policy}, ${isOpen ? 'in_process first' : 'one row'}: ${units} (one put: ${put})`;
        found.push({ promise, isOpen, units, put, line });
      }
    }
  }
  return found;
}

/** What pages cost in read units. `open` opens a store on empty tables. */
export async function readUnits(open: Open): Promise<Record<string, number>> {
  const store = await open({ promise: 'answered', countUnits: true });
  const base = 1_790_000_000_000;
  const row = (index: number): CallRecord => {
    const name = index === 5 ? 'rare' : index % 20 === 0 ? 'some' : 'often';
    return exampleRecord({ name, created_at: base + index, updated_at: base + index, content: null });
  };
  for (let index = 0; index < 4_000; index += 500)
    await store.calls.write(Array.from({ length: 500 }, (_, offset) => row(index + offset)));
  const found: Record<string, number> = {};
  async function measure(what: string, query: CallQuery): Promise<string | undefined> {
    const before = store.stats().readUnits;
    const { cursor } = await store.calls.list('default', query);
    found[what] = store.stats().readUnits - before;
    return cursor;
  }
  let cursor = await measure('newest 20', { limit: 20 });
  for (let page = 2; page <= 50; page += 1)
    cursor = await measure(`page ${page}`, { limit: 20, ...(cursor === undefined ? {} : { cursor }) });
  await measure('newest 20 of a name that has 5 %', { limit: 20, name: 'some' });
  await measure('newest 20 of a name that has one call', { limit: 20, name: 'rare' });
  const before = store.stats().readUnits;
  await store.calls.count('default', {}, 1_000);
  found['count to 1000'] = store.stats().readUnits - before;
  await store.close();
  return found;
}
