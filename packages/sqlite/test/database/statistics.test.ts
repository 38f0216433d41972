import { join } from 'node:path';

import type { CallRecord, StatisticsQuery, Store } from '@mcp-daemon/core';
import { exampleRecord } from '@mcp-daemon/core/contract';

import { openSqliteStore } from '../../src/index.js';
import { connect, imported, temporaryFolder } from '../support.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const folder = temporaryFolder();
let count = 0;
const stores: Store[] = [];
afterEach(async () => {
  await Promise.all(stores.splice(0).map(async (store) => store.close()));
});

async function open(rows: readonly CallRecord[]): Promise<{ store: Store; file: string }> {
  const file = join(folder, `${(count += 1)}`, 'calls.db');
  const store = await openSqliteStore({ file });
  stores.push(store);
  await store.calls.write(rows);
  return { store, file };
}

/** A uuid of version 7 of a time. */
function uuidAt(time: number): string {
  const hex = time.toString(16).padStart(12, '0');
  const end = Math.floor(Math.random() * 2 ** 48).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-${end.padStart(12, '0')}`;
}

const at = (time: number, more: Partial<CallRecord> = {}): CallRecord =>
  exampleRecord({ mcp_function_call_uuid: uuidAt(time), created_at: time, updated_at: time + 5, ...more });

const callsOf = async (store: Store, query: Omit<StatisticsQuery, 'by'>): Promise<number> =>
  (await store.calls.statistics('default', { by: 'name', ...query })).total.calls;

describe('the period of statistics', () => {
  const now = Date.now();

  it('has calls that began up to a day before it', async () => {
    const since = now - DAY;
    const { store } = await open([
      at(since - DAY + HOUR, { updated_at: since + 1, status: 'completed' }),
      at(since - 1, { updated_at: since }),
      at(since - 6, { updated_at: since - 1 }),
      at(now - HOUR),
    ]);
    expect(await callsOf(store, { since })).toBe(3);
  });

  it('has calls that were marked as interrupted in it, however long ago they began', async () => {
    const since = now - DAY;
    const interrupted = { status: 'interrupted', updated_at: now - 5, time_spent: null } as const;
    const { store } = await open([
      at(now - 9 * DAY, { ...interrupted, name: 'a' }),
      at(now - 9 * DAY, { ...interrupted, name: 'b' }),
      at(now - 9 * DAY, { ...interrupted, updated_at: since - 1 }),
      at(now - HOUR, { name: 'a' }),
    ]);
    expect(await callsOf(store, { since })).toBe(3);
    expect(await callsOf(store, { since, name: 'a' })).toBe(2);
    expect(await callsOf(store, { since, status: 'interrupted' })).toBe(2);
    expect(await callsOf(store, { since, status: 'interrupted', name: 'b' })).toBe(1);
  });

  it.each(['ffffffff-0000-4000-8000-000000000000', '00000001-0000-4000-8000-000000000000'])(
    'has all calls in it if uuids are not in order of time: %s',
    async (mcp_function_call_uuid) => {
      const old = at(now - 20 * DAY, { updated_at: now - 1 });
      const { store } = await open([old, exampleRecord({ mcp_function_call_uuid, updated_at: now - 2 })]);
      expect(await callsOf(store, { since: now - DAY })).toBe(2);
    },
  );
});

it('a file without the indexes of filters has the same statistics', async () => {
  const rows = Array.from({ length: 3_000 }, (_, index) =>
    at(Date.now() - 10 * HOUR + index * 100, {
      name: `f${index % 7}`,
      status: index % 5 === 0 ? 'failed' : 'completed',
      time_spent: index / 8,
    }),
  );
  const { store, file } = await open(rows);
  await imported(store);
  const queries: StatisticsQuery[] = [
    { by: 'hour', since: Date.now() - DAY, until: Date.now() },
    { by: 'name', since: Date.now() - DAY },
    { by: 'updated_by', name: 'f3' },
    { by: 'status', status: 'failed' },
    { by: 'name', status: 'failed', name: 'f0' },
  ];
  const before = await Promise.all(queries.map(async (query) => store.calls.statistics('default', query)));
  expect(before.map(({ total }) => total.calls)).toEqual([3_000, 3_000, 429, 600, 86]);
  const connection = connect(file);
  connection.exec('DROP INDEX calls_by_context; DROP INDEX calls_by_status');
  connection.close();
  expect(await Promise.all(queries.map(async (query) => store.calls.statistics('default', query)))).toEqual(before);
});

it('other work runs while many records are counted', async () => {
  const { store } = await open(Array.from({ length: 20_000 }, (_, index) => at(Date.now() - index, { content: null })));
  await imported(store);
  let turns = 0;
  let isCounting = true;
  const others = (): void => {
    turns += 1;
    if (isCounting) setImmediate(others);
  };
  setImmediate(others);
  expect(await callsOf(store, {})).toBe(20_000);
  isCounting = false;
  expect(turns).toBeGreaterThan(4);
});

it('a store that is closed while it counts says so', async () => {
  const { store } = await open(Array.from({ length: 5_000 }, () => exampleRecord({ content: null })));
  await imported(store);
  const counting = callsOf(store, {});
  await Promise.all([store.close(), expect(counting).rejects.toMatchObject({ code: 'closed' })]);
});

it('a reader that leaves stops the count', async () => {
  const { store } = await open(Array.from({ length: 5_000 }, () => exampleRecord({ content: null })));
  await imported(store);
  const ending = new AbortController();
  const counting = Promise.resolve(store.calls.statistics('default', { by: 'name' }, ending.signal));
  const reason = new Error('gone');
  setImmediate(() => ending.abort(reason));
  await expect(counting).rejects.toBe(reason);
});
