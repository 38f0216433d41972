/** Files that are removed, moved or cut off while a process uses them. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

import { jest } from '@jest/globals';
import type { CallRecord, Store } from '@mcp-daemon/core';
import { exampleRecord } from '@mcp-daemon/core/contract';

import { until } from '../../../tests/until.js';
import { openSqliteStore } from '../src/index.js';
import { createJournal } from '../src/journal/journal.js';
import { imported, temporaryFolder, value } from './support.js';

const base = temporaryFolder();
let count = 0;

interface Opened {
  folder: string;
  file: string;
  store: Store;
  said: string[];
  /** Writes a record; returns its uuid. */
  write: (changes?: Partial<CallRecord>) => Promise<string>;
}

async function open(): Promise<Opened> {
  const folder = join(base, `${(count += 1)}`);
  const file = join(folder, 'calls.db');
  const said: string[] = [];
  const store = await openSqliteStore({ file, logger: { error: (_, text) => said.push(text), info: () => undefined } });
  const write: Opened['write'] = async (changes = {}) => {
    const row = exampleRecord({ owner: store.owner, ...changes });
    await store.calls.write([row]);
    return row.mcp_function_call_uuid;
  };
  return { folder, file, store, said, write };
}

const kept = async ({ calls }: Store): Promise<string[]> =>
  (await calls.list('default', { limit: 1_000 })).items.map((row) => row.mcp_function_call_uuid).sort();

/** Removes the database and what SQLite has beside it. */
const removeDatabase = (file: string): void => {
  for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { force: true });
};

/** What a new process finds in a file. */
async function readAnew(file: string): Promise<string[]> {
  const store = await openSqliteStore({ file });
  const uuids = await kept(store);
  await store.close();
  return uuids;
}

describe('the database is removed while it is in use', () => {
  it('and a new file starts, with all records that the journal still has', async () => {
    const { file, store, said, write } = await open();
    const before = [await write(), await write()];
    await imported(store);
    removeDatabase(file);
    const after = [await write(), await write()];
    expect(await kept(store)).toEqual([...before, ...after]);
    expect(said).toEqual(['the record file was removed or replaced while in use: 0 call records of this process are lost']);
    expect(store.lost).toBe(0);
    await store.close();
    expect(await readAnew(file)).toEqual([...before, ...after]);
    expect(value(file, 'PRAGMA integrity_check')).toBe('ok');
  });

  it('and is noticed by a question, without any new record', async () => {
    const { file, store, said, write } = await open();
    await write();
    await imported(store);
    removeDatabase(file);
    await store.calls.get('default', '00000000-0000-0000-0000-000000000000');
    expect(said).toHaveLength(1);
    expect(existsSync(file)).toBe(true);
    await store.close();
  });

  it('and is noticed soon after the next record, without any question', async () => {
    const { file, store, said, write } = await open();
    await write();
    await imported(store);
    removeDatabase(file);
    const uuid = await write();
    await until(() => said.length > 0, 'the log line');
    expect(said).toHaveLength(1);
    await store.close();
    expect(await readAnew(file)).toContain(uuid);
  });

  it('and lost records are counted: their journal was imported and removed', async () => {
    const { file, store, said, write } = await open();
    // Of 8 MB each, a journal file ends, and is removed when it is imported.
    for (let index = 0; index < 5; index += 1) await write({ content: JSON.stringify('x'.repeat(5_000_000)) });
    await imported(store);
    const journals = readdirSync(`${file}-pending`).length;
    expect(journals).toBeLessThan(3);
    removeDatabase(file);
    const last = await write();
    const found = await kept(store);
    expect(found).toContain(last);
    expect(store.lost).toBe(6 - found.length);
    expect(store.lost).toBeGreaterThan(0);
    expect(said[0]).toContain(`${store.lost} call records of this process are lost`);
    await store.close();
  });

  it('and so does another process that uses it', async () => {
    const [one, file] = await open().then((opened) => [opened, opened.file] as const);
    const other = await openSqliteStore({ file });
    await one.write();
    await imported(one.store);
    await imported(other);
    removeDatabase(file);
    const mine = await one.write();
    const row = exampleRecord({ owner: other.owner });
    await other.calls.write([row]);
    await kept(one.store);
    expect(await kept(other)).toEqual(expect.arrayContaining([mine, row.mcp_function_call_uuid]));
    expect(await kept(one.store)).toEqual(await kept(other));
    await one.store.close();
    await other.close();
    expect(value(file, 'PRAGMA integrity_check')).toBe('ok');
  });

  it('but only its -wal file, and nothing is lost', async () => {
    const { file, store, said, write } = await open();
    const before = [await write(), await write()];
    await imported(store);
    await imported(store);
    rmSync(`${file}-wal`);
    const after = await write();
    expect(await kept(store)).toEqual([...before, after]);
    expect(said).toHaveLength(1);
    await store.close();
    expect(await readAnew(file)).toEqual([...before, after]);
  });
});

describe('the journal is removed while it is in use', () => {
  it.each([
    ['before its records were imported', false],
    ['after they were', true],
  ])('%s, and is written again', async (_when, isImported) => {
    const { file, store, said, write } = await open();
    const before = await write();
    if (isImported) await imported(store);
    rmSync(`${file}-pending`, { recursive: true });
    const after = await write();
    expect(await kept(store)).toEqual([before, after]);
    expect(said).toEqual(['the journal of call records was removed or moved while in use; it is written again']);
    expect(store.lost).toBe(0);
    await store.close();
    expect(await readAnew(file)).toEqual([before, after]);
  });

  it('and a call that began before it ends after it, as it did', async () => {
    const { file, store, write } = await open();
    const uuid = await write({ status: 'in_process' });
    rmSync(`${file}-pending`, { recursive: true });
    await imported(store);
    await write({ mcp_function_call_uuid: uuid, status: 'failed' });
    expect((await store.calls.get('default', uuid))?.status).toBe('failed');
    await store.close();
  });

  it('and this is detected before the first record after a pause', async () => {
    const { file, store, write } = await open();
    await write();
    await imported(store);
    rmSync(`${file}-pending`, { recursive: true });
    const now = performance.now.bind(performance);
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => now() + 1_001);
    const uuid = await write();
    clock.mockRestore();
    // Another process sees it at once, so it would be there after a kill.
    expect(await readAnew(file)).toContain(uuid);
    await store.close();
  });

  it('also files that are not written to any more, and not imported yet', async () => {
    const { file, store, said, write } = await open();
    const uuids: string[] = [];
    for (let index = 0; index < 5; index += 1) uuids.push(await write({ content: JSON.stringify('x'.repeat(5_000_000)) }));
    expect(readdirSync(`${file}-pending`).length).toBeGreaterThan(1);
    rmSync(`${file}-pending`, { recursive: true });
    expect(await kept(store)).toEqual(uuids);
    expect(said).toHaveLength(2);
    expect(store.lost).toBe(0);
    await store.close();
  });

  it('or truncated, and lost records are counted', async () => {
    const { file, store, said, write } = await open();
    const before = await write();
    await imported(store);
    const cut = [await write(), await write()];
    const [name = ''] = readdirSync(`${file}-pending`);
    truncateSync(join(`${file}-pending`, name), 0);
    await imported(store);
    const after = await write();
    expect(await kept(store)).toEqual([before, after]);
    expect(store.lost).toBe(cut.length);
    expect(said).toEqual(['the journal of call records was truncated while in use: 2 call records are lost']);
    await store.close();
  });
});

it('the whole folder is moved: a new record starts at the path, and the moved one is complete', async () => {
  const { folder, file, store, said, write } = await open();
  const before = [await write(), await write()];
  await imported(store);
  renameSync(folder, `${folder}.old`);
  const after = [await write(), await write()];
  expect(await kept(store)).toEqual([...before, ...after]);
  expect(said).toHaveLength(2);
  await store.close();
  expect(await readAnew(file)).toEqual([...before, ...after]);
  expect(await readAnew(join(`${folder}.old`, 'calls.db'))).toEqual(expect.arrayContaining(before));
  expect(value(join(`${folder}.old`, 'calls.db'), 'PRAGMA integrity_check')).toBe('ok');
});

it('another database replaces the one in use: it is used from then on', async () => {
  const other = await open();
  const old = await other.write();
  await other.store.close();
  const { file, store, write } = await open();
  await write();
  await imported(store);
  renameSync(other.file, file);
  const uuid = await write();
  expect(await kept(store)).toEqual(expect.arrayContaining([old, uuid]));
  await store.close();
  expect(value(file, 'PRAGMA integrity_check')).toBe('ok');
});

it('a journal reads a removed file through its descriptor, and does not touch a file without a writer', () => {
  const folder = join(base, 'journal');
  mkdirSync(folder);
  const journal = createJournal({ folder, owner: 'me' });
  expect(journal.isIntact()).toBe(true);
  journal.append([exampleRecord()]);
  expect(journal.restoreCurrent()).toEqual({ files: 0, lost: 0 });
  rmSync(folder, { recursive: true });
  expect(journal.isIntact()).toBe(false);
  expect(journal.restoreCurrent()).toEqual({ files: 1, lost: 0 });
  expect(journal.isIntact()).toBe(true);
  expect(readdirSync(folder)).toEqual(['me.000001.journal']);
  journal.close();
});
