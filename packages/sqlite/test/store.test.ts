import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { CallRecord } from '@mcp-daemon/core';
import { exampleRecord, storeContract } from '@mcp-daemon/core/contract';

import { openSqliteStore, verifyRecords } from '../src/index.js';
import { connect, imported, temporaryFolder, value, WITHOUT_CLIENT_IDS } from './support.js';

const VERSION_1 = `
  CREATE TABLE mcp_function_calls (partition_key TEXT NOT NULL, mcp_function_call_uuid TEXT NOT NULL, created_at INTEGER,
    updated_at INTEGER, name TEXT, mcp_type TEXT, status TEXT, time_spent REAL, fault TEXT, content_in_s3 INTEGER, updated_by TEXT,
    revision TEXT, bundle_digest TEXT, owner TEXT, traceparent TEXT, notes TEXT, arguments TEXT, content TEXT,
    PRIMARY KEY (partition_key, mcp_function_call_uuid));
  CREATE INDEX mcp_function_calls_open ON mcp_function_calls (owner) WHERE status = 'in_process';
  CREATE TABLE owners (owner TEXT NOT NULL PRIMARY KEY, pid INTEGER NOT NULL, host TEXT NOT NULL, started TEXT,
    heartbeat INTEGER NOT NULL) WITHOUT ROWID;
  CREATE VIEW function_calls AS SELECT * FROM mcp_function_calls;
  PRAGMA application_id = ${0x6d637064}; PRAGMA user_version = 1`;

const folder = temporaryFolder();
let count = 0;
const newFile = (): string => join(folder, `${(count += 1)}`, 'calls.db');

describe('the contract of a store', () => {
  for (const check of storeContract) it(check.name, () => check.run(() => openSqliteStore({ file: newFile() })));
});

describe('the file', () => {
  it('keeps its records when it is opened again', async () => {
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

  it('is accessible only to its owner, and so is its folder', async () => {
    const file = join(folder, 'deep', 'er', 'calls.db');
    const store = await openSqliteStore({ file });
    await store.calls.write([exampleRecord()]);
    await imported(store);
    const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
    expect([file, `${file}-wal`, `${file}-shm`].map(mode)).toEqual(['600', '600', '600']);
    expect([join(folder, 'deep'), join(folder, 'deep', 'er'), `${file}-pending`].map(mode)).toEqual(['700', '700', '700']);
    expect(readdirSync(`${file}-pending`).map((name) => mode(join(`${file}-pending`, name)))).toEqual(['600']);
    await store.close();
    chmodSync(file, 0o640);
    await (await openSqliteStore({ file })).close();
    expect(mode(file)).toBe('640');
  });

  it('may have a name that means something to a URI', async () => {
    const file = join(folder, 'a b?mode=memory#c%41 ü', 'x?y.db');
    const store = await openSqliteStore({ file });
    await store.calls.write([exampleRecord()]);
    await imported(store);
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
    await imported(store);
    expect(value(file, 'PRAGMA journal_mode')).toBe('wal');
    expect(value(file, 'PRAGMA integrity_check')).toBe('ok');
    expect(value(file, 'SELECT created_at FROM function_calls')).toBe('2026-09-21T14:13:20.123Z');
    expect(value(file, "SELECT count(*) FROM function_calls WHERE status = 'failed'")).toBe(1);
    await store.close();
  });

  it('lists along an index, newest first, and finds open records by another', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file });
    await imported(store);
    const connection = connect(file);
    const explain = (sql: string): string =>
      connection
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all([])
        .map((row) => String(row['detail']))
        .join('; ');
    const page =
      explain(`SELECT c.uuid FROM calls c CROSS JOIN contexts x ON x.id = c.context WHERE c.partition = 1 AND c.uuid < x'01'
      AND x.name = 'c' ORDER BY c.uuid DESC LIMIT 9`);
    expect(page).toContain('USING INDEX sqlite_autoindex_calls_1');
    expect(page).not.toContain('TEMP B-TREE');
    const open = explain(`SELECT 1 FROM calls WHERE status = 0 AND context IN (SELECT id FROM contexts WHERE owner = 'a')`);
    expect(open).toContain('USING COVERING INDEX calls_open');
    expect(open).toContain('USING COVERING INDEX sqlite_autoindex_contexts_1');
    connection.close();
    await store.close();
  });
});

describe('a read-only store', () => {
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

  it('sees the records of other processes, while they write', async () => {
    const file = newFile();
    const writer = await openSqliteStore({ file });
    await imported(writer);
    const reader = await openSqliteStore({ file, readonly: true });
    const row = exampleRecord();
    await writer.calls.write([row]);
    await imported(writer);
    expect(await reader.calls.get('default', row.mcp_function_call_uuid)).toEqual(row);
    const connection = connect(file);
    connection.exec('BEGIN IMMEDIATE');
    connection.exec('DELETE FROM calls');
    expect((await reader.calls.list('default', {})).items).toEqual([row]);
    connection.exec('ROLLBACK');
    connection.close();
    await reader.close();
    await writer.close();
  });

  it('refuses to write', async () => {
    const file = newFile();
    const writer = await openSqliteStore({ file });
    await writer.calls.write([exampleRecord()]);
    await writer.close();
    const { calls, close } = await openSqliteStore({ file, readonly: true });
    expect(() => calls.write([exampleRecord()])).toThrow('opened read-only');
    expect(() => calls.interrupt()).toThrow('opened read-only');
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

  it('an invalid row fails its whole group, and the next group is written', async () => {
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

describe('the end', () => {
  it('leaves one complete file: no journal, and an empty -wal file', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file });
    const rows = Array.from({ length: 100 }, () => exampleRecord());
    await store.calls.write(rows);
    await store.close();
    const copy = newFile();
    mkdirSync(dirname(copy));
    copyFileSync(file, copy);
    expect(value(copy, 'SELECT count(*) FROM mcp_function_calls')).toBe(100);
    expect(existsSync(`${file}-pending`)).toBe(false);
  });

  it('keeps the journal if the database is locked, and the next store imports it', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file, busyTimeoutMs: 50 });
    await imported(store);
    const other = connect(file);
    other.exec('BEGIN IMMEDIATE');
    const row = exampleRecord();
    await store.calls.write([row]);
    await expect(store.close()).rejects.toMatchObject({
      code: 'store_busy',
      message: expect.stringContaining('-pending') as string,
    });
    other.exec('COMMIT');
    other.close();
    const next = await openSqliteStore({ file });
    expect(await next.calls.get('default', row.mcp_function_call_uuid)).toEqual(row);
    await next.close();
  });
});

describe('a file of the first version', () => {
  it('keeps its records, and gets the new tables', async () => {
    const file = newFile();
    mkdirSync(dirname(file));
    const rows = [exampleRecord(), exampleRecord({ partition_key: 'b', status: 'in_process', fault: null, bundle_digest: null })];
    const connection = connect(file);
    connection.exec(VERSION_1);
    for (const row of rows) {
      const { server: _server, client: _client, client_id: _id, ...kept } = row;
      const columns = Object.keys(kept);
      const values = Object.values({ ...kept, content_in_s3: 0 }) as (string | number | null)[];
      connection
        .prepare(`INSERT INTO mcp_function_calls (${columns.join()}) VALUES (${columns.map(() => '?').join()})`)
        .run(values);
    }
    connection.close();
    const store = await openSqliteStore({ file });
    for (const row of rows) {
      const expected = { ...row, server: null, client: null, client_id: null };
      expect(await store.calls.get(row.partition_key, row.mcp_function_call_uuid)).toEqual(expected);
    }
    expect(value(file, 'PRAGMA user_version')).toBe(4);
    expect(value(file, 'PRAGMA auto_vacuum')).toBe(2);
    await store.close();
  });
});

describe('a file of the third version', () => {
  const fileOfVersion3 = async (rows: readonly CallRecord[]): Promise<string> => {
    const file = newFile();
    const store = await openSqliteStore({ file });
    await store.calls.write(rows);
    await imported(store);
    await store.close();
    const connection = connect(file);
    connection.exec(`${WITHOUT_CLIENT_IDS}; PRAGMA user_version = 3`);
    connection.close();
    return file;
  };

  it('keeps its records, and those of now have the OAuth client, in the views too', async () => {
    const [before, without] = [exampleRecord({ client_id: null }), exampleRecord({ client_id: null })];
    const [one, two] = ['https://a.example/client', 'b'].map((client_id) => exampleRecord({ client_id })) as [
      CallRecord,
      CallRecord,
    ];
    const file = await fileOfVersion3([before]);
    const store = await openSqliteStore({ file });
    const rows = [before, without, one, two, exampleRecord({ client_id: one.client_id })];
    await store.calls.write(rows.slice(1));
    expect((await store.calls.list('default', {})).items.toReversed()).toEqual(rows);
    expect((await store.calls.list('default', { client: 'claude-ai' })).items).toHaveLength(5);
    expect(await store.calls.get('default', one.mcp_function_call_uuid)).toEqual(one);
    await store.close();
    expect(value(file, `SELECT count(*) FROM contexts WHERE client_id <> ''`)).toBe(2);
    for (const view of ['mcp_function_calls', 'function_calls'])
      expect(value(file, `SELECT count(*) FROM ${view} WHERE client_id = 'https://a.example/client'`)).toBe(2);
    expect(value(file, 'PRAGMA user_version')).toBe(4);
    expect((await verifyRecords(file)).problems).toEqual([]);
  });

  it('can be read without being changed', async () => {
    const row = exampleRecord({ client_id: null });
    const file = await fileOfVersion3([row]);
    const store = await openSqliteStore({ file, readonly: true });
    expect((await store.calls.list('default', {})).items).toEqual([row]);
    expect(await store.calls.get('default', row.mcp_function_call_uuid)).toEqual(row);
    expect(await store.calls.getMany('default', [row.mcp_function_call_uuid])).toEqual([row]);
    await store.close();
    expect(value(file, 'PRAGMA user_version')).toBe(3);
  });
});
