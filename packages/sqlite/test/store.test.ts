import { chmodSync, existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { exampleRecord, storeContract } from '@mcp-daemon/core/contract';

import { openSqliteStore } from '../src/index.js';
import { connect, temporaryFolder, value } from './support.js';

const folder = temporaryFolder();
let count = 0;
const newFile = (): string => join(folder, `${(count += 1)}`, 'calls.db');

describe('the contract of a store', () => {
  for (const check of storeContract) it(check.name, () => check.run(() => openSqliteStore({ file: newFile() })));
});

describe('the file', () => {
  it('keeps what was written when it is opened again', async () => {
    const file = newFile();
    const rows = [exampleRecord(), exampleRecord()].reverse();
    const first = await openSqliteStore({ file });
    await first.calls.write(rows);
    await first.close();
    const second = await openSqliteStore({ file });
    expect((await second.calls.list('default', {})).items).toEqual(rows);
    expect(second.owner).not.toBe(first.owner);
    await second.close();
  });

  it('is for its owner alone, with its folder', async () => {
    const file = join(folder, 'deep', 'er', 'calls.db');
    const store = await openSqliteStore({ file });
    await store.calls.write([exampleRecord()]);
    const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
    expect([file, `${file}-wal`, `${file}-shm`].map(mode)).toEqual(['600', '600', '600']);
    expect([join(folder, 'deep'), join(folder, 'deep', 'er')].map(mode)).toEqual(['700', '700']);
    await store.close();
    chmodSync(file, 0o640);
    await (await openSqliteStore({ file })).close();
    expect(mode(file)).toBe('640');
  });

  it('may have a name that means something to a URI', async () => {
    const file = join(folder, 'a b?mode=memory#c%41 ü', 'x?y.db');
    const store = await openSqliteStore({ file });
    await store.calls.write([exampleRecord()]);
    const reader = await openSqliteStore({ file, readonly: true });
    expect((await reader.calls.list('default', {})).items).toHaveLength(1);
    expect(existsSync(file)).toBe(true);
    await reader.close();
    await store.close();
  });

  it('is in WAL mode, sound, and shows times to people', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file });
    await store.calls.write([exampleRecord({ created_at: 1_790_000_000_123, status: 'failed' })]);
    expect(value(file, 'PRAGMA journal_mode')).toBe('wal');
    expect(value(file, 'PRAGMA integrity_check')).toBe('ok');
    expect(value(file, 'SELECT created_at FROM function_calls')).toBe('2026-09-21T14:13:20.123Z');
    expect(value(file, "SELECT count(*) FROM function_calls WHERE status = 'failed'")).toBe(1);
    await store.close();
  });

  it('lists along an index, newest first, and finds open records by another', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file });
    const connection = connect(file);
    const explain = (sql: string): string =>
      connection
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all([])
        .map((row) => String(row['detail']))
        .join('; ');
    const page = explain(`SELECT * FROM mcp_function_calls WHERE partition_key = 'a' AND mcp_function_call_uuid < 'b'
      AND name = 'c' ORDER BY mcp_function_call_uuid DESC LIMIT 9`);
    expect(page).toContain('USING INDEX sqlite_autoindex_mcp_function_calls_1');
    expect(page).not.toContain('TEMP B-TREE');
    const open = explain(`SELECT 1 FROM mcp_function_calls WHERE status = 'in_process' AND owner = 'a'`);
    expect(open).toContain('USING COVERING INDEX mcp_function_calls_open');
    connection.close();
    await store.close();
  });
});

describe('reading alone', () => {
  it('creates nothing', async () => {
    const file = newFile();
    await expect(openSqliteStore({ file, readonly: true })).rejects.toMatchObject({
      code: 'store_failed',
      message: `There is no record file ${file}: nothing was recorded there yet.`,
    });
    expect(existsSync(join(file, '..'))).toBe(false);
    const empty = join(folder, 'empty.db');
    writeFileSync(empty, '');
    await expect(openSqliteStore({ file: empty, readonly: true })).rejects.toMatchObject({ code: 'store_failed' });
    expect(statSync(empty).size).toBe(0);
  });

  it('sees what others write, while they write', async () => {
    const file = newFile();
    const writer = await openSqliteStore({ file });
    const reader = await openSqliteStore({ file, readonly: true });
    const row = exampleRecord();
    await writer.calls.write([row]);
    expect(await reader.calls.get('default', row.mcp_function_call_uuid)).toEqual(row);
    const connection = connect(file);
    connection.exec('BEGIN IMMEDIATE');
    connection.exec('DELETE FROM mcp_function_calls');
    expect((await reader.calls.list('default', {})).items).toEqual([row]);
    connection.exec('ROLLBACK');
    connection.close();
    await reader.close();
    await writer.close();
  });

  it('refuses to write', async () => {
    const file = newFile();
    await (await openSqliteStore({ file })).close();
    const { calls, close } = await openSqliteStore({ file, readonly: true });
    expect(() => calls.write([exampleRecord()])).toThrow('opened for reading alone');
    expect(() => calls.interrupt()).toThrow('opened for reading alone');
    await expect(calls.prune('default', { count: 0 })).rejects.toMatchObject({ code: 'store_failed' });
    await close();
  });
});

describe('odd values', () => {
  it('a NUL does not make two partitions one', async () => {
    const { calls, close } = await openSqliteStore({ file: newFile() });
    const row = exampleRecord({ partition_key: 'a\0b', notes: 'x\0y', updated_by: 'u\0v' });
    await calls.write([row]);
    expect(await calls.get('a', row.mcp_function_call_uuid)).toBeUndefined();
    expect(await calls.get('a\0b', row.mcp_function_call_uuid)).toMatchObject({ notes: 'x\uFFFDy', updated_by: 'u\uFFFDv' });
    expect((await calls.list('a\0b', {})).items).toHaveLength(1);
    expect(await calls.prune('a\0b', { count: 0 })).toBe(1);
    await close();
  });

  it('a row that cannot be written takes its group with it, and the next group is written', async () => {
    const { calls, close } = await openSqliteStore({ file: newFile() });
    const rows = Array.from({ length: 5 }, () => exampleRecord());
    const bad = { ...exampleRecord(), name: {} as string };
    expect(() => calls.write([...rows, bad])).toThrow(expect.objectContaining({ code: 'store_failed' }) as Error);
    expect((await calls.list('default', {})).items).toEqual([]);
    await calls.write(rows);
    expect((await calls.list('default', {})).items).toHaveLength(5);
    await close();
  });

  it.each([{ file: '' }, { file: 'x', busyTimeoutMs: -1 }, { file: 'x', busyTimeoutMs: 1.5 }])('refuses %j', async (options) => {
    await expect(openSqliteStore(options)).rejects.toMatchObject({ code: 'usage' });
  });
});

it('a process that only writes settled records does not announce itself, one with open records does and takes it back', async () => {
  const file = newFile();
  const { calls, owner, close } = await openSqliteStore({ file });
  const owners = (): unknown => value(file, 'SELECT count(*) FROM owners');
  await calls.write([exampleRecord({ owner })]);
  await calls.interrupt();
  expect(owners()).toBe(0);
  const row = exampleRecord({ owner, status: 'in_process' });
  await calls.write([row]);
  expect(owners()).toBe(1);
  await calls.write([{ ...row, status: 'completed' }]);
  await close();
  expect(owners()).toBe(0);
});
