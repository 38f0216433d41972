/** The tables of catalogs in the file: what an operator sees, old files, and damage. */
import { renameSync } from 'node:fs';
import { join } from 'node:path';

import type { CatalogStore, Store } from '@mcp-daemon/core';
import { exampleCommit, exampleFunctionRow, exampleModuleRow, exampleRecord } from '@mcp-daemon/core/contract';

import { openSqliteStore, verifyRecords } from '../../src/index.js';
import { connect, imported, temporaryFolder, value, WITHOUT_CLIENT_IDS } from '../support.js';

const folder = temporaryFolder();
let count = 0;
const newFile = (): string => join(folder, `${(count += 1)}.db`);

function catalogsOf({ catalogs }: Store): CatalogStore {
  if (catalogs === undefined) throw new Error('the store has no catalogs');
  return catalogs;
}

function change(file: string, sql: string): void {
  const connection = connect(file);
  connection.exec(sql);
  connection.close();
}

/** Makes a file what version 2 made it: without the tables and indexes of version 3. */
function toVersion2(file: string): void {
  const tables = ['mcp_functions', 'mcp_modules', 'mcp_settings', 'catalog_heads', 'catalog_history', 'catalog_revisions'];
  change(
    file,
    [
      ...tables.map((table) => `DROP TABLE ${table}`),
      ...['calls_by_context', 'calls_by_status'].map((index) => `DROP INDEX ${index}`),
      WITHOUT_CLIENT_IDS,
      'PRAGMA user_version = 2',
    ].join(';'),
  );
}

describe('what an operator sees in a sqlite3 shell', () => {
  it('rows have the names of the Python engine, JSON as text, and times as numbers', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file });
    const catalogs = catalogsOf(store);
    const changes = { putFunctions: [exampleFunctionRow('hello')], putModules: [exampleModuleRow('weather')] };
    await catalogs.writeRows('acme#b', changes, 'ada');
    await catalogs.putSetting('acme#b', { setting_id: 's', setting: { url: 'x' } }, 'ada');
    const where = `WHERE partition_key = 'acme#b'`;
    expect(value(file, `SELECT data ->> '$.inputSchema.type' FROM mcp_functions ${where} AND name = 'hello'`)).toBe('object');
    expect(value(file, `SELECT typeof(created_at) FROM mcp_functions ${where}`)).toBe('integer');
    expect(value(file, `SELECT classes ->> '$[0].class_name' FROM mcp_modules ${where}`)).toBe('Weather');
    expect(value(file, `SELECT setting FROM mcp_settings ${where}`)).toBe('{"url":"x"}');
    await store.close();
  });

  it('a small text is readable, and a large one is compressed', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file });
    const catalogs = catalogsOf(store);
    const small = exampleCommit(null, '{"tools":[]}');
    const large = exampleCommit(small.entry.id, JSON.stringify('text '.repeat(100_000)));
    await catalogs.commit('acme', small);
    await catalogs.commit('acme', large);
    const of = (column: string, { entry }: typeof small): unknown =>
      value(file, `SELECT ${column} FROM catalog_revisions WHERE revision = '${entry.revision}'`);
    expect([of('encoding', small), of('text', small)]).toEqual(['plain', '{"tools":[]}']);
    expect([of('encoding', large), Number(of('length(text)', large)) < 20_000]).toEqual(['deflate', true]);
    await store.close();
  });

  it('rows that an operator broke are named, and the others are read', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file });
    const catalogs = catalogsOf(store);
    const putFunctions = ['a', 'b', 'c', 'd'].map((name) => exampleFunctionRow(name));
    await catalogs.writeRows('acme', { putFunctions, putModules: [exampleModuleRow('m'), exampleModuleRow('n')] }, 'ada');
    await catalogs.putSetting('acme', { setting_id: 's', setting: {} }, 'ada');
    change(
      file,
      `UPDATE mcp_functions SET data = '{' WHERE name = 'a'; UPDATE mcp_functions SET data = '[1]' WHERE name = 'b';
       UPDATE mcp_functions SET annotations = 'read only', created_at = NULL WHERE name = 'c';
       UPDATE mcp_modules SET classes = '[{"class_name":7}]' WHERE module_name = 'm';
       UPDATE mcp_settings SET setting = '"text"'`,
    );
    const { functions, modules, bad } = await catalogs.rows('acme');
    expect(functions.map(({ name, annotations, created_at }) => [name, annotations, created_at === null])).toEqual([
      ['c', 'read only', true],
      ['d', { readOnlyHint: true }, false],
    ]);
    expect(modules.map(({ module_name }) => module_name)).toEqual(['n']);
    expect(bad).toEqual([
      { row: 'mcp_functions/a', reason: expect.stringContaining('no JSON') as string },
      { row: 'mcp_functions/b', reason: 'data is not a JSON object' },
      { row: 'mcp_modules/m', reason: 'classes is not a JSON list of objects with class_name and setting_id' },
    ]);
    await expect(catalogs.setting('acme', 's')).rejects.toMatchObject({
      code: 'store_failed',
      message: 'The row mcp_settings/s cannot be read: setting is not a JSON object.',
    });
    await store.close();
  });
});

describe('damage', () => {
  it('a text that does not fit its digest is refused, and the check names it', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file });
    const catalogs = catalogsOf(store);
    const commits = ['small', 'large '.repeat(10_000)].map((text) => exampleCommit(null, text));
    for (const [index, commit] of commits.entries()) await catalogs.commit(`p${index}`, commit);
    change(file, `UPDATE catalog_revisions SET text = iif(encoding = 'plain', 'smell', substr(text, 1, 40))`);
    for (const [index, { entry }] of commits.entries()) {
      await expect(catalogs.text(`p${index}`, entry.revision)).rejects.toMatchObject({
        code: 'store_failed',
        message: expect.stringContaining(`The text of revision ${entry.revision} is damaged`) as string,
      });
    }
    await store.close();
    const { problems } = await verifyRecords(file);
    expect(problems.map((problem) => problem.slice(0, 'partition p0: The text of revision'.length))).toEqual([
      'partition p0: The text of revision',
      'partition p1: The text of revision',
    ]);
  });

  it('the check names a head without its entry, and an entry without its text', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file });
    for (const partition of ['a', 'b', 'c']) await catalogsOf(store).commit(partition, exampleCommit(null, partition));
    await catalogsOf(store).touch('d');
    await store.close();
    expect((await verifyRecords(file)).problems).toEqual([]);
    change(
      file,
      `DELETE FROM catalog_history WHERE partition_key = 'a'; DELETE FROM catalog_revisions WHERE partition_key = 'b'`,
    );
    expect((await verifyRecords(file)).problems).toEqual([
      expect.stringContaining('the head of partition a names the entry') as string,
      expect.stringContaining('whose text is missing') as string,
    ]);
  });

  it('a revision that is not the digest of its text is refused', async () => {
    const store = await openSqliteStore({ file: newFile() });
    const commit = exampleCommit(null, 'x', { revision: 'ab'.repeat(32) });
    await expect(catalogsOf(store).commit('acme', commit)).rejects.toMatchObject({ code: 'usage' });
    expect(await catalogsOf(store).head('acme')).toBeUndefined();
    await store.close();
  });
});

describe('a file of version 2', () => {
  it('keeps its records and gets the new tables when it is written', async () => {
    const file = newFile();
    const rows = [exampleRecord({ client_id: null }), exampleRecord({ client_id: null })].reverse();
    const first = await openSqliteStore({ file });
    await first.calls.write(rows);
    await first.close();
    toVersion2(file);
    const store = await openSqliteStore({ file });
    expect((await store.calls.list('default', {})).items).toEqual(rows);
    const commit = exampleCommit(null, 'x');
    expect(await catalogsOf(store).commit('acme', commit)).toMatchObject({ entry: commit.entry.id });
    await store.close();
    expect(value(file, 'PRAGMA user_version')).toBe(4);
    expect(value(file, `SELECT count(*) FROM sqlite_schema WHERE name LIKE 'calls_by_%'`)).toBe(2);
  });

  it('can be read without being changed: it has records and no catalogs', async () => {
    const file = newFile();
    const first = await openSqliteStore({ file });
    await first.calls.write([exampleRecord({ name: 'a' }), exampleRecord({ name: 'b' })]);
    await first.close();
    toVersion2(file);
    const store = await openSqliteStore({ file, readonly: true });
    expect((await store.calls.list('default', { name: 'a' })).items).toHaveLength(1);
    const catalogs = catalogsOf(store);
    expect(await catalogs.head('acme')).toBeUndefined();
    expect(await catalogs.partitions()).toEqual({ items: [] });
    expect(await catalogs.rows('acme')).toEqual({ functions: [], modules: [], bad: [] });
    expect(await catalogs.history('acme')).toEqual({ items: [] });
    expect(await catalogs.setting('acme', 's')).toBeUndefined();
    await store.close();
    expect((await verifyRecords(file)).problems).toEqual([]);
    expect(value(file, 'PRAGMA user_version')).toBe(2);
  });
});

describe('the use of the file', () => {
  it('a store that is open for reading alone refuses to change catalogs, and reads them', async () => {
    const file = newFile();
    const writer = await openSqliteStore({ file });
    await catalogsOf(writer).commit('acme', exampleCommit(null, 'x'));
    const store = await openSqliteStore({ file, readonly: true });
    const catalogs = catalogsOf(store);
    expect(await catalogs.head('acme')).toEqual(await catalogsOf(writer).head('acme'));
    await expect(catalogs.commit('acme', exampleCommit(null, 'x'))).rejects.toMatchObject({ code: 'store_failed' });
    await expect(catalogs.touch('acme')).rejects.toThrow('opened read-only');
    await store.close();
    await writer.close();
  });

  it('a locked file is store_busy for a writer, and no obstacle for a reader', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file, busyTimeoutMs: 50 });
    const catalogs = catalogsOf(store);
    const first = exampleCommit(null, 'x');
    await catalogs.commit('acme', first);
    const other = connect(file);
    other.exec('BEGIN IMMEDIATE');
    const next = exampleCommit(first.entry.id, 'y');
    await expect(catalogs.commit('acme', next)).rejects.toMatchObject({ code: 'store_busy' });
    expect(await catalogs.head('acme')).toMatchObject({ entry: first.entry.id });
    other.exec('COMMIT');
    other.close();
    expect(await catalogs.commit('acme', next)).toMatchObject({ entry: next.entry.id });
    await store.close();
  });

  it('a file that was moved away while in use is begun anew', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file });
    const catalogs = catalogsOf(store);
    await catalogs.commit('acme', exampleCommit(null, 'x'));
    for (const end of ['', '-wal', '-shm']) renameSync(`${file}${end}`, `${file}.moved${end}`);
    expect(await catalogs.head('acme')).toBeUndefined();
    await catalogs.commit('acme', exampleCommit(null, 'y'));
    await store.calls.write([exampleRecord()]);
    await imported(store);
    await store.close();
    expect(value(file, 'SELECT count(*) FROM catalog_history')).toBe(1);
    expect(value(file, 'SELECT count(*) FROM calls')).toBe(1);
  });

  it('the end of the store leaves nothing in the -wal file', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file });
    await catalogsOf(store).commit('acme', exampleCommit(null, 'x'));
    await store.close();
    renameSync(file, `${file}.copy`); // without the files beside it
    expect(value(`${file}.copy`, 'SELECT count(*) FROM catalog_history')).toBe(1);
  });
});
