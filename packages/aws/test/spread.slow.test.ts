/** Records of one partition under several keys: `none`, `months` or a number. */
import { QueryCommand } from '@aws-sdk/client-dynamodb';
import type { CallQuery, CallRecord, CallStore } from '@mcp-daemon/core';
import { exampleRecord } from '@mcp-daemon/core/contract';

import type { DynamoStore, DynamoStoreOptions, RecordSpread } from '../src/index.js';
import { initDynamoStore, openDynamoStore } from '../src/index.js';
import type { Engine } from './support.js';
import { LOCAL, plainClient, startDynalite } from './support.js';

const DAY_MS = 24 * 60 * 60_000;
const NOW = Date.UTC(2026, 10, 15);

let engine: Engine;
const opened: DynamoStore[] = [];

beforeEach(async () => {
  engine = await startDynalite();
  await initDynamoStore({ ...LOCAL, endpoint: engine.endpoint });
});

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  await engine.stop();
});

async function open(spread: RecordSpread, options: DynamoStoreOptions = {}): Promise<DynamoStore> {
  const store = await openDynamoStore({
    ...{ ...LOCAL, endpoint: engine.endpoint, spread, promise: 'answered', expireAfterMs: 0 },
    ...options,
  });
  opened.push(store);
  return store;
}

/** A UUID of version 7 of a time. */
function uuidAt(time: number, index: number): string {
  const digits = time.toString(16).padStart(12, '0');
  // Digits that no order of time follows.
  const end = Math.imul(index + 1, 0x9e3779b1) >>> 0;
  return `${digits.slice(0, 8)}-${digits.slice(8)}-7000-8000-${end.toString(16).padStart(8, '0')}${index.toString(16).padStart(4, '0')}`;
}

/** A record that began at a time. */
const recordAt = (time: number, index: number, changes: Partial<CallRecord> = {}): CallRecord =>
  exampleRecord({ mcp_function_call_uuid: uuidAt(time, index), created_at: time, updated_at: time, ...changes });

/** Records of the last 90 days, oldest first, every third from another writer. */
const records = (count: number): CallRecord[] =>
  Array.from({ length: count }, (_, index) =>
    recordAt(NOW - 90 * DAY_MS + Math.floor((index / count) * 90 * DAY_MS), index, {
      name: index % 10 === 0 ? 'rare' : 'often',
      status: index % 4 === 0 ? 'failed' : 'completed',
    }),
  );

async function pages(calls: CallStore, query: CallQuery, partition = 'default'): Promise<CallRecord[][]> {
  const found: CallRecord[][] = [];
  let cursor: string | undefined;
  do {
    const page = await calls.list(partition, cursor === undefined ? query : { ...query, cursor });
    found.push(page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}

const uuids = (rows: readonly CallRecord[]): string[] => rows.map((row) => row.mcp_function_call_uuid);

/** The keys under which rows are, as a plain client sees them. */
async function keysOf(rows: readonly CallRecord[], suffixes: readonly string[]): Promise<Record<string, number>> {
  const client = plainClient(engine.endpoint);
  const found: Record<string, number> = {};
  for (const suffix of suffixes) {
    const { Count = 0 } = await client.send(
      new QueryCommand({
        TableName: 'mcp-function_calls',
        KeyConditionExpression: 'partition_key = :key',
        ExpressionAttributeValues: { ':key': { S: `default${suffix}` } },
        Select: 'COUNT',
      }),
    );
    if (Count > 0) found[suffix] = Count;
  }
  client.destroy();
  expect(Object.values(found).reduce((sum, count) => sum + count, 0)).toBe(rows.length);
  return found;
}

const MONTHS = ['', '|2026-08', '|2026-09', '|2026-10', '|2026-11'];
const EIGHT = Array.from({ length: 8 }, (_, index) => `|${index}/8`);

describe('records that are spread', () => {
  it('are under one key per month, by the time in their uuid', async () => {
    const store = await open('months');
    const rows = records(60);
    await store.calls.write(rows);
    expect(Object.keys(await keysOf(rows, MONTHS))).toEqual(MONTHS.slice(1));
  });

  it('are under so many keys, about as many under each', async () => {
    const store = await open(8);
    const rows = records(400);
    await store.calls.write(rows);
    const counts = Object.values(await keysOf(rows, EIGHT));
    expect(counts).toHaveLength(8);
    expect(Math.max(...counts)).toBeLessThan(2.5 * Math.min(...counts));
  });

  it('stay readable when the setting changes, by stores with any setting', async () => {
    const rows = records(90);
    const written = new Map<RecordSpread, CallRecord[]>([
      ['none', []],
      ['months', []],
      [8, []],
      [2, []],
    ]);
    const spreads = [...written.keys()];
    rows.forEach((row, index) => written.get(spreads[index % 4] ?? 'none')?.push(row));
    // The uuids of the Python engine have no time in them.
    const python = exampleRecord({ mcp_function_call_uuid: '12345678901234567890', created_at: NOW, updated_at: NOW + 1 });
    for (const [spread, some] of written) await (await open(spread)).calls.write(some);
    await (await open('months')).calls.write([python]);
    const newest = [python, ...rows.toReversed()];
    for (const spread of spreads) {
      const { calls } = await open(spread);
      for (const limit of [7, 200]) expect(uuids((await pages(calls, { limit })).flat())).toEqual(uuids(newest));
      const rare = newest.filter(({ name }) => name === 'rare');
      for (const limit of [4, 200]) expect(uuids((await pages(calls, { limit, name: 'rare' })).flat())).toEqual(uuids(rare));
      const failed = newest.filter(({ status }) => status === 'failed');
      expect(uuids((await pages(calls, { limit: 5, status: 'failed' })).flat())).toEqual(uuids(failed));
      expect(await calls.count('default', {})).toBe(91);
      expect(await calls.count('default', {}, 50)).toBe(50);
      expect(await calls.count('default', { name: 'rare' })).toBe(rare.length);
      for (const row of newest) expect(await calls.get('default', row.mcp_function_call_uuid)).toEqual(row);
      const [some] = rows;
      expect(await calls.find('default', some?.mcp_function_call_uuid.slice(0, 13) ?? '')).toEqual([
        some?.mcp_function_call_uuid,
      ]);
      expect(await calls.find('default', some?.mcp_function_call_uuid.slice(-9) ?? '')).toEqual([some?.mcp_function_call_uuid]);
    }
  });

  it('of the same time are listed once each, whatever the size of pages', async () => {
    const store = await open(8);
    const rows = Array.from({ length: 60 }, (_, index) => recordAt(NOW + Math.floor(index / 20), index));
    await store.calls.write(rows);
    for (const limit of [1, 3, 7, 20, 59]) {
      const found = (await pages(store.calls, { limit })).flat();
      expect(found.map(({ updated_at }) => updated_at)).toEqual(rows.map(({ updated_at }) => updated_at).reverse());
      expect(uuids(found).sort()).toEqual(uuids(rows).sort());
    }
  });

  it('are listed within a range of times, page by page', async () => {
    const store = await open('months');
    const rows = records(80);
    await store.calls.write(rows);
    const [after, before] = [rows[20]?.updated_at ?? 0, rows[70]?.updated_at ?? 0];
    const wanted = rows.filter(({ updated_at: at }) => at > after && at < before).reverse();
    for (const query of [{ updated_at_gt: after, updated_at_lt: before }])
      for (const limit of [1, 6, 100])
        expect(uuids((await pages(store.calls, { ...query, limit })).flat())).toEqual(uuids(wanted));
    const recent = rows.filter(({ updated_at: at }) => at > after).reverse();
    expect(uuids((await pages(store.calls, { updated_at_gt: after, limit: 9 })).flat())).toEqual(uuids(recent));
    const old = rows.filter(({ updated_at: at }) => at < before).reverse();
    expect(uuids((await pages(store.calls, { updated_at_lt: before, limit: 9 })).flat())).toEqual(uuids(old));
  });

  it('are looked at only so far by one page with a filter, and all of them by its cursors', async () => {
    const store = await open(4, { countUnits: true });
    const rows = Array.from({ length: 2_600 }, (_, index) =>
      recordAt(NOW + index, index, { ...(index < 5 ? { updated_by: 'guest' } : {}), arguments: null, content: null }),
    );
    await store.calls.write(rows);
    const found = await pages(store.calls, { limit: 3, updated_by: 'guest' });
    expect(found.length).toBeGreaterThan(2);
    expect(found[0]).toEqual([]);
    expect(uuids(found.flat())).toEqual(uuids(rows.slice(0, 5).reverse()));
  });

  it('are pruned by number over all keys, and by age', async () => {
    const rows = records(80);
    await (await open('none')).calls.write(rows.slice(0, 20));
    const { calls } = await open(8);
    await calls.write(rows.slice(20));
    expect(await calls.prune('default', { count: 70 })).toBe(10);
    expect(uuids((await pages(calls, {})).flat())).toEqual(uuids(rows.slice(10).reverse()));
    expect(await calls.prune('default', { before: rows[40]?.created_at ?? 0 })).toBe(30);
    expect(uuids((await pages(calls, {})).flat())).toEqual(uuids(rows.slice(40).reverse()));
  });

  it('are marked as interrupted under every key when their process has ended', async () => {
    const rows = Array.from({ length: 12 }, (_, index) =>
      recordAt(Date.now(), index, { status: 'in_process', owner: 'an ended process', content: null, time_spent: null }),
    );
    await (await open(8)).calls.write(rows);
    const other = await open('none');
    expect(await other.calls.interrupt()).toBe(12);
    expect((await other.calls.list('default', { status: 'interrupted' })).items).toHaveLength(12);
  });

  it('of an open call and of its end are one row', async () => {
    const store = await open('months');
    const row = recordAt(NOW, 1, { status: 'in_process', content: null, time_spent: null });
    await store.calls.write([row]);
    const ended = recordAt(NOW, 1, { updated_at: NOW + 40 * DAY_MS });
    await store.calls.write([ended]);
    expect((await pages(store.calls, {})).flat()).toEqual([ended]);
  });

  it('are seen by another process with another setting within a minute', async () => {
    const reader = await open(2);
    expect((await reader.calls.list('default', {})).items).toEqual([]);
    // Keys of the same setting need no note.
    const row = recordAt(NOW, 1);
    await (await open(2)).calls.write([row]);
    expect((await reader.calls.list('default', {})).items).toEqual([row]);
    const other = recordAt(NOW + 1, 2);
    await (await open(8)).calls.write([other]);
    expect((await (await open('none')).calls.list('default', {})).items).toEqual([other, row]);
  });

  it('cost one put each, and one unit for the note of their keys', async () => {
    const store = await open(4, { countUnits: true });
    await store.calls.write([recordAt(NOW, 0)]);
    const first = store.stats().writeUnits;
    await store.calls.write([recordAt(NOW, 1)]);
    expect(first).toBe(2);
    expect(store.stats().writeUnits).toBe(3);
  });

  it('are of no other partition, and make none', async () => {
    const store = await open(2);
    await store.calls.write([recordAt(NOW, 1)]);
    for (const name of ['default|0/2', 'default|1/2']) {
      expect((await store.calls.list(name, {})).items).toEqual([]);
      expect(await store.calls.count(name, {})).toBe(0);
      expect(await store.calls.get(name, uuidAt(NOW, 1))).toBeUndefined();
      expect(await store.calls.find(name, uuidAt(NOW, 1))).toEqual([]);
      await expect(Promise.resolve(store.calls.write([recordAt(NOW, 2, { partition_key: name })]))).rejects.toMatchObject({
        code: 'usage',
      });
      await expect(store.catalogs.touch(name)).rejects.toMatchObject({ code: 'usage' });
    }
    expect((await store.catalogs.partitions()).items).toEqual([]);
  });

  it('need a setting that is one', async () => {
    for (const wrong of [1, 65, 2.5, Number.NaN, 'weeks'] as RecordSpread[])
      await expect(open(wrong)).rejects.toMatchObject({ code: 'usage' });
  });
});
