/** What is removed, in how large steps, and what the file takes afterwards. */
import { statSync } from 'node:fs';
import { join } from 'node:path';

import { jest } from '@jest/globals';
import type { CallRecord, Store } from '@mcp-daemon/core';
import { exampleRecord } from '@mcp-daemon/core/contract';

import { until } from '../../../../tests/until.js';
import { createPace } from '../../src/database/pace.js';
import { openSqliteStore } from '../../src/index.js';
import { connect, imported, temporaryFolder, value } from '../support.js';

const folder = temporaryFolder();
let count = 0;
const newFile = (): string => join(folder, `${(count += 1)}.db`);

async function filled(file: string, rows: readonly CallRecord[], busyTimeoutMs = 2_500): Promise<Store> {
  const store = await openSqliteStore({ file, busyTimeoutMs });
  for (let at = 0; at < rows.length; at += 500) await store.calls.write(rows.slice(at, at + 500));
  await imported(store);
  return store;
}

const many = (number: number, changes: Partial<CallRecord> = {}): CallRecord[] =>
  Array.from({ length: number }, () => exampleRecord(changes));

describe('pruning', () => {
  it('does not block the event loop, whatever the size of the records', async () => {
    const file = newFile();
    const large = JSON.stringify('x'.repeat(1_000_000));
    const store = await filled(file, [...many(20, { content: large }), ...many(1_500)]);
    let turns = 0;
    let pruning = true;
    const turn = (): void => {
      turns += 1;
      if (pruning) setImmediate(turn);
    };
    setImmediate(turn);
    expect(await store.calls.prune('default', { count: 10 })).toBe(1_510);
    pruning = false;
    expect(turns).toBeGreaterThan(15);
    await store.close();
  });

  it('returns free space to the file system', async () => {
    const file = newFile();
    const store = await filled(file, many(20, { content: JSON.stringify('x'.repeat(1_000_000)) }));
    connect(file).close();
    expect(value(file, 'SELECT page_count * page_size FROM pragma_page_count, pragma_page_size')).toBeGreaterThan(20_000_000);
    await store.calls.prune('default', { count: 5 });
    await store.close();
    expect(statSync(file).size).toBeLessThan(10_000_000);
    expect(value(file, 'PRAGMA integrity_check')).toBe('ok');
  });

  it('waits for the lock of another program, and the store can be closed afterwards', async () => {
    const file = newFile();
    const store = await filled(file, many(300), 20_000);
    const other = connect(file);
    other.exec('BEGIN IMMEDIATE');
    const pauses = jest.spyOn(Math, 'random'); // a try that finds the lock pauses for a random time
    let isDone = false;
    const pruning = store.calls.prune('default', { count: 100 });
    void Promise.resolve(pruning).then(() => (isDone = true));
    await until(() => pauses.mock.calls.length >= 2, 'two tries');
    pauses.mockRestore();
    expect(isDone).toBe(false);
    other.exec('COMMIT');
    other.close();
    expect(await pruning).toBe(200);
    await store.close();
  });

  it('ends at its time limit, and continues the next time', async () => {
    const file = newFile();
    const store = await filled(file, many(3_000));
    const first = await store.calls.prune('default', { count: 0, withinMs: 1 });
    expect(first).toBeLessThan(3_000);
    expect(await store.calls.prune('default', { count: 0 })).toBe(3_000 - first);
    await store.close();
  });

  it('removes old records behind one that was recorded while the clock was ahead', async () => {
    const file = newFile();
    const now = Date.now();
    const rows = [
      exampleRecord({ created_at: now + 1e9 }),
      exampleRecord({ created_at: now - 1e9 }),
      exampleRecord({ created_at: now }),
    ];
    const store = await filled(file, rows);
    expect(await store.calls.prune('default', { before: now - 1e8 })).toBe(1);
    expect(await store.calls.get('default', rows[1]!.mcp_function_call_uuid)).toBeUndefined();
    await store.close();
  });

  it('removes contexts that no call has, and keeps those that a process may still use', async () => {
    const file = newFile();
    for (let process = 0; process < 20; process += 1) {
      const store = await openSqliteStore({ file });
      await store.calls.write(many(5, { owner: store.owner, client: `client ${process}` }));
      await store.close();
    }
    expect(value(file, 'SELECT count(*) FROM contexts')).toBe(20);
    const store = await openSqliteStore({ file });
    await store.calls.write(many(5, { owner: store.owner }));
    expect(await store.calls.prune('default', { count: 10 })).toBe(95);
    expect(value(file, 'SELECT count(*) FROM contexts')).toBe(2);
    await store.calls.prune('default', { count: 0 });
    expect(value(file, 'SELECT count(*) FROM contexts')).toBe(1); // of the process that lives
    await store.calls.write(many(2, { owner: store.owner }));
    expect((await store.calls.list('default', {})).items).toHaveLength(2);
    await store.close();
  });

  it('does not read bodies to know how large they are', async () => {
    const file = newFile();
    const store = await filled(file, many(1));
    const connection = connect(file);
    const plan = connection
      .prepare('EXPLAIN SELECT coalesce(octet_length(content), 0) FROM calls')
      .all([])
      .filter(({ opcode }) => opcode === 'Column')
      .map(({ p5 }) => Number(p5));
    // OPFLAG_BYTELENARG: the length comes from the row's head.
    expect(plan).toEqual([0xc0]);
    connection.close();
    await store.close();
  });
});

describe('the size of the database', () => {
  it('is bounded: the oldest records of all partitions go until it fits', async () => {
    const file = newFile();
    const content = JSON.stringify('x'.repeat(100_000));
    const rows = Array.from({ length: 200 }, (_, index) => exampleRecord({ content, partition_key: `p${index % 7}` }));
    const store = await filled(file, rows);
    const removed = await store.calls.shrink!(10_000_000);
    expect(removed).toBeGreaterThan(100);
    expect(
      value(
        file,
        'SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size',
      ),
    ).toBeLessThanOrEqual(10_000_000);
    const gone = rows.slice(0, removed);
    for (const { partition_key, mcp_function_call_uuid } of gone) {
      expect(await store.calls.get(partition_key, mcp_function_call_uuid)).toBeUndefined();
    }
    const { partition_key, mcp_function_call_uuid } = rows[removed]!;
    expect(await store.calls.get(partition_key, mcp_function_call_uuid)).toBeDefined();
    await store.close();
  });
});

it('batches get smaller when they take long, and larger when they are quick', () => {
  const pace = createPace();
  const { rows, bytes } = pace;
  pace.took(1);
  expect(pace.rows).toBeGreaterThan(rows);
  for (let batch = 0; batch < 30; batch += 1) pace.took(50);
  expect(pace.rows).toBe(rows / 16);
  expect(pace.bytes).toBe(bytes / 16);
  for (let batch = 0; batch < 30; batch += 1) pace.took(1);
  expect(pace.rows).toBe(rows * 16);
});
