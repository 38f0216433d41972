import { rmSync } from 'node:fs';
import { join } from 'node:path';

import type { StateStore, Store } from '@mcp-daemon/core';
import { exampleRecord } from '@mcp-daemon/core/contract';

import { backupRecords, openSqliteStore, restoreRecords, verifyRecords } from '../../src/index.js';
import { connect, imported, temporaryFolder, value } from '../support.js';

const folder = temporaryFolder();
let count = 0;
const newFile = (): string => join(folder, `${(count += 1)}`, 'calls.db');
const TABLES = `SELECT count(*) FROM sqlite_schema WHERE name = 'state'`;
const past = (): number => Date.now() - 1_000;

function stateOf({ state }: Store): StateStore {
  if (state === undefined) throw new Error('it has no state');
  return state;
}

describe('the table', () => {
  it('is created at the first write, and a file without it reads as empty', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file });
    const state = stateOf(store);
    await store.calls.write([exampleRecord()]);
    await imported(store);
    expect(await state.get('a', 'k')).toBeUndefined();
    expect(await state.list('a', '')).toEqual({ items: [] });
    expect(await state.sweep()).toBe(0);
    expect(value(file, TABLES)).toBe(0);
    await state.put('a', 'k', 'x');
    expect(value(file, TABLES)).toBe(1);
    expect(value(file, 'SELECT value FROM state')).toBe('x');
    // Programs that know nothing of the table go on using the file.
    expect(value(file, 'PRAGMA user_version')).toBe(4);
    await store.close();
    expect(await verifyRecords(file)).toMatchObject({ problems: [], records: 1, entries: 1 });
  });

  it('is seen by a process that had the file open before another one created it', async () => {
    const file = newFile();
    const [first, second] = [await openSqliteStore({ file }), await openSqliteStore({ file })];
    expect(await first.state?.get('a', 'k')).toBeUndefined();
    const written = await second.state?.put('a', 'k', 'x', { expected: null });
    expect(await first.state?.get('a', 'k')).toEqual(written);
    expect(await first.state?.put('a', 'k', 'y', { expected: null })).toBeUndefined();
    await first.close();
    await second.close();
  });
});

describe('a store', () => {
  it('keeps entries when it is opened again', async () => {
    const file = newFile();
    const first = await openSqliteStore({ file });
    const written = await first.state?.put('a', 'k', 'x');
    await first.close();
    const second = await openSqliteStore({ file });
    expect(await second.state?.get('a', 'k')).toEqual(written);
    await second.close();
  });

  it('that is read-only reads entries and refuses to write', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file });
    await store.calls.write([exampleRecord()]);
    await imported(store);
    const reader = await openSqliteStore({ file, readonly: true });
    expect(await reader.state?.get('a', 'k')).toBeUndefined();
    const written = await store.state?.put('a', 'k', 'x');
    expect(await reader.state?.get('a', 'k')).toEqual(written);
    const refused = { code: 'store_failed', message: 'The record file was opened read-only.' };
    await expect(stateOf(reader).put('a', 'k', 'y')).rejects.toMatchObject(refused);
    await expect(stateOf(reader).delete('a', 'k')).rejects.toMatchObject(refused);
    await expect(stateOf(reader).sweep()).rejects.toMatchObject(refused);
    await reader.close();
    await store.close();
  });

  it('that is closed refuses all', async () => {
    const store = await openSqliteStore({ file: newFile() });
    const state = stateOf(store);
    const pending = state.put('a', 'k', 'x');
    await store.close();
    expect(await pending).toMatchObject({ value: 'x' });
    for (const use of [
      () => state.get('a', 'k'),
      () => state.put('a', 'k', 'y'),
      () => state.delete('a', 'k'),
      () => state.list('a', ''),
      () => state.sweep(),
    ])
      await expect((async () => use())()).rejects.toMatchObject({ code: 'closed' });
  });

  it('starts over if its file is removed', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file });
    await store.state?.put('a', 'k', 'x');
    for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { force: true });
    expect(await store.state?.get('a', 'k')).toBeUndefined();
    expect(await store.state?.put('a', 'k', 'y', { expected: null })).toMatchObject({ value: 'y' });
    await store.close();
    expect((await verifyRecords(file)).problems).toEqual([]);
  });
});

describe('a locked file', () => {
  it('delays a write until it is free, while the event loop goes on', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file, busyTimeoutMs: 20_000 });
    await store.state?.put('a', 'k', 'x');
    const other = connect(file);
    other.exec('BEGIN IMMEDIATE');
    let isDone = false;
    const writing = Promise.resolve(store.state?.put('a', 'l', 'y')).then(() => (isDone = true));
    let turns = 0;
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        if ((turns += 1) < 20) return;
        clearInterval(timer);
        resolve();
      }, 5);
    });
    expect(isDone).toBe(false);
    expect(await store.state?.get('a', 'k')).toMatchObject({ value: 'x' });
    other.exec('COMMIT');
    other.close();
    await writing;
    expect(await store.state?.get('a', 'l')).toMatchObject({ value: 'y' });
    await store.close();
  });

  it('fails all writes of the group with store_busy after the time limit', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file, busyTimeoutMs: 30 });
    await store.state?.put('a', 'k', 'x');
    const other = connect(file);
    other.exec('BEGIN IMMEDIATE');
    const results = await Promise.allSettled([1, 2, 3].map(async (n) => store.state?.put('a', `l${n}`, 'y')));
    expect(results.map((result) => result.status === 'rejected' && (result.reason as { code?: string }).code)).toEqual(
      Array.from({ length: 3 }, () => 'store_busy'),
    );
    other.exec('COMMIT');
    other.close();
    expect((await store.state?.list('a', 'l'))?.items).toEqual([]);
    expect(await store.state?.put('a', 'l', 'y')).toMatchObject({ value: 'y' });
    await store.close();
  });
});

describe('writes of one turn', () => {
  it('see each other in their order', async () => {
    const store = await openSqliteStore({ file: newFile() });
    const state = stateOf(store);
    const results = await Promise.all([
      state.put('a', 'k', '1', { expected: null }),
      state.put('a', 'k', '2', { expected: null }),
      state.delete('a', 'k'),
      state.put('a', 'k', '3', { expected: null }),
      state.delete('a', 'none'),
    ]);
    expect(results).toMatchObject([{ value: '1' }, undefined, true, { value: '3' }, false]);
    expect(await state.get('a', 'k')).toEqual(results[3]);
    await store.close();
  });

  it('may be more, and larger, than one transaction holds', async () => {
    const store = await openSqliteStore({ file: newFile() });
    const state = stateOf(store);
    const large = 'x'.repeat(300_000);
    await Promise.all(
      Array.from({ length: 700 }, async (_, index) => state.put('a', `k/${index}`, index % 100 === 0 ? large : String(index))),
    );
    expect(await state.get('a', 'k/500')).toMatchObject({ value: large });
    expect((await state.list('a', 'k/', { limit: 1_000 })).items).toHaveLength(700);
    await store.close();
  });
});

describe('entries that have expired', () => {
  it('are removed by a sweep, in parts, and no others', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file });
    const state = stateOf(store);
    await Promise.all(
      Array.from({ length: 500 }, async (_, index) =>
        state.put('a', `k/${index}`, '', index % 10 === 0 ? {} : { expires_at: index % 3 === 0 ? Date.now() + 60_000 : past() }),
      ),
    );
    const kept = (await state.list('a', '', { limit: 1_000 })).items.map(({ key }) => key);
    expect(value(file, 'SELECT count(*) FROM state')).toBe(500);
    expect(await state.sweep()).toBe(500 - kept.length);
    expect(value(file, 'SELECT count(*) FROM state')).toBe(kept.length);
    expect((await state.list('a', '', { limit: 1_000 })).items.map(({ key }) => key)).toEqual(kept);
    expect(await state.sweep()).toBe(0);
    await store.close();
  });
});

describe('a backup', () => {
  it('has the entries, and a restore brings them back', async () => {
    const file = newFile();
    const copy = `${file}.copy`;
    const store = await openSqliteStore({ file });
    const written = await store.state?.put('a', 'k', 'a\0b');
    await backupRecords(file, copy);
    await store.state?.put('a', 'k', 'changed');
    await store.close();
    const target = `${file}.restored`;
    await restoreRecords(copy, target);
    const restored = await openSqliteStore({ file: target });
    expect(await restored.state?.get('a', 'k')).toEqual(written);
    await restored.close();
  });

  it('with a damaged entry is refused', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file });
    await store.state?.put('a', 'k', 'x');
    await store.close();
    const connection = connect(file);
    connection.exec('UPDATE state SET value = 12');
    connection.close();
    expect((await verifyRecords(file)).problems).toEqual(['1 entries of the table state have columns of another type']);
    await expect(restoreRecords(file, `${file}.new`)).rejects.toMatchObject({ code: 'store_failed' });
  });
});
