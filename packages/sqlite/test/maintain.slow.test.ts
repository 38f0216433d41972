/** Backup, restore and check of a whole record file, and reading where nothing can be written. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { exampleCommit, exampleRecord } from '@mcp-daemon/core/contract';

import type { Backup, Restored } from '../src/index.js';
import { openSqliteStore, verifyRecords } from '../src/index.js';
import { fixtures, imported, temporaryFolder, value } from './support.js';

const base = temporaryFolder();
const run = fixtures();
let count = 0;
function newFile(): string {
  const folder = join(base, `${(count += 1)}`);
  mkdirSync(folder);
  return join(folder, 'calls.db');
}

const many = (number: number): ReturnType<typeof exampleRecord>[] => Array.from({ length: number }, () => exampleRecord());

/** Runs a function of the package in a process of its own, as the command line does: with libsql, this one would keep files open. */
async function maintain<T>(name: string, ...args: string[]): Promise<T> {
  const { stdout } = await run('maintain.mjs', name, ...args).ended;
  const { result, code, message } = JSON.parse(stdout) as { result: T; code?: string; message?: string };
  if (code !== undefined) throw Object.assign(new Error(message), { code });
  return result;
}
const backupRecords = (file: string, target: string): Promise<Backup> => maintain('backupRecords', file, target);
const restoreRecords = (backup: string, file: string): Promise<Restored> => maintain('restoreRecords', backup, file);

/** Another process writes records, and ends. */
async function closed(file: string, number: number): Promise<void> {
  expect(await run('write.mjs', file, 'default', String(number)).ended).toMatchObject({ code: 0, stderr: '' });
}

async function numberOf(file: string): Promise<number> {
  const { code, stdout } = await run('count.mjs', file).ended;
  expect(code).toBe(0);
  return Number(stdout);
}

describe('a backup', () => {
  it('has all records, also those that wait in journals, while processes write', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file });
    await store.calls.write(many(50));
    await imported(store);
    await store.calls.write(many(7)); // not imported yet
    const target = join(base, 'backup.db');
    expect(await backupRecords(file, target)).toEqual({ records: 57, bytes: statSync(target).size });
    expect((statSync(target).mode & 0o777).toString(8)).toBe('600');
    expect(existsSync(`${target}-wal`)).toBe(false);
    await store.calls.write(many(1));
    expect(await store.calls.count('default', {})).toBe(58);
    await store.close();
    expect(value(target, 'SELECT count(*) FROM mcp_function_calls')).toBe(57);
    expect(value(target, 'PRAGMA auto_vacuum')).toBe(2);
  });

  it('has the catalogs of all partitions, and a restore brings them back', async () => {
    const file = newFile();
    const go = run('commit.mjs', file, 'acme', '3', 'ada');
    await go.said('ready');
    go.process.stdin?.write('go\n');
    expect(await go.ended).toMatchObject({ code: 0, stderr: '' });
    const target = join(base, 'catalogs.db');
    await backupRecords(file, target);
    const later = run('commit.mjs', file, 'acme', '2', 'bob');
    await later.said('ready');
    later.process.stdin?.write('go\n');
    expect((await later.ended).code).toBe(0);
    const state = `SELECT (SELECT count(*) FROM catalog_history) || ' ' || (SELECT count(*) FROM catalog_revisions) || ' ' ||
      (SELECT count(*) FROM mcp_modules) || ' ' || (SELECT author FROM catalog_history h JOIN catalog_heads c ON c.entry = h.id)`;
    expect([value(file, state), value(target, state)]).toEqual(['5 5 5 bob', '3 3 3 ada']);
    const restored = newFile();
    await restoreRecords(target, restored);
    expect(value(restored, state)).toBe('3 3 3 ada');
    expect((await verifyRecords(restored)).problems).toEqual([]);
  });

  it('is refused by a restore where the text of a revision is damaged', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file });
    await store.catalogs?.commit('acme', exampleCommit(null, 'text'));
    await store.close();
    const target = join(base, 'damaged-text.db');
    await backupRecords(file, target);
    value(target, `UPDATE catalog_revisions SET text = 'other' RETURNING 1`);
    const restored = newFile();
    await expect(restoreRecords(target, restored)).rejects.toThrow('damaged: partition acme: The text of revision');
    expect(existsSync(restored)).toBe(false);
  });

  it('is one moment of a file that is written all the time', async () => {
    const file = newFile();
    const child = run('load.mjs', file);
    await child.said('done');
    const target = join(base, 'moment.db');
    const { records } = await backupRecords(file, target);
    child.process.kill('SIGKILL');
    await child.ended;
    expect(records).toBeGreaterThan(0);
    expect(value(target, 'SELECT count(*) FROM calls')).toBe(records);
    expect((await verifyRecords(target)).problems).toEqual([]);
  });

  it('never replaces a file, and leaves no files behind when it fails', async () => {
    const file = newFile();
    await closed(file, 1);
    const target = join(base, 'there.db');
    writeFileSync(target, 'mine');
    await expect(backupRecords(file, target)).rejects.toMatchObject({ code: 'usage' });
    expect(readFileSync(target, 'utf8')).toBe('mine');
    await expect(backupRecords(file, join(base, 'no', 'folder.db'))).rejects.toMatchObject({ code: 'store_failed' });
    await expect(backupRecords(join(base, 'none.db'), join(base, 'x.db'))).rejects.toThrow('nothing was recorded there yet');
    expect(readdirSync(base).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});

describe('a restore', () => {
  it('replaces the file by the backup, and keeps the old file with its journals', async () => {
    const file = newFile();
    await closed(file, 3);
    const target = join(base, 'three.db');
    await backupRecords(file, target);
    await closed(file, 4);
    // A killed process left a journal.
    const killed = run('hold.mjs', file);
    await killed.said('holds');
    killed.process.kill('SIGKILL');
    await killed.ended;
    const { records, kept } = await restoreRecords(target, file);
    expect(records).toBe(3);
    expect(await numberOf(file)).toBe(3);
    expect(await numberOf(kept ?? '')).toBe(8);
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
    expect(await numberOf(target)).toBe(3); // it is still there
  });

  it('works without an old file, also into a new folder', async () => {
    const file = newFile();
    await closed(file, 2);
    const other = join(base, 'new', 'deep', 'calls.db');
    expect(await restoreRecords(file, other)).toEqual({ records: 2 });
    expect(await numberOf(other)).toBe(2);
  });

  it('accepts a plain copy of the data folder of a killed process, with its waiting records', async () => {
    const file = newFile();
    const killed = run('load.mjs', file);
    await killed.said('done');
    killed.process.kill('SIGKILL');
    await killed.ended;
    const copy = join(base, 'copied');
    cpSync(join(file, '..'), copy, { recursive: true });
    const other = newFile();
    const { records } = await restoreRecords(join(copy, 'calls.db'), other);
    expect(records).toBe(await numberOf(file));
    expect(readdirSync(join(other, '..'))).toEqual(['calls.db']);
  });

  it.each([
    ['has written', true],
    ['only reads', false],
  ])('is refused while a process that %s uses the file', async (_what, writes) => {
    const file = newFile();
    await closed(file, 2);
    const target = join(base, `used-${writes}.db`);
    await backupRecords(file, target);
    const other = run(writes ? 'hold.mjs' : 'read.mjs', file);
    await other.said(writes ? 'holds' : 'reads');
    await expect(restoreRecords(target, file)).rejects.toMatchObject({
      code: 'store_busy',
      message: expect.stringContaining('stop all servers that use it') as string,
    });
    other.process.stdin?.end();
    expect(await other.ended).toMatchObject({ code: 0, stderr: '' });
    expect(await numberOf(file)).toBe(writes ? 3 : 2);
    expect(await restoreRecords(target, file)).toMatchObject({ records: 2 });
  });

  it('refuses a damaged backup, and changes nothing', async () => {
    const file = newFile();
    await closed(file, 200);
    const text = join(base, 'text.db');
    writeFileSync(text, 'no database at all, but long enough to have a header of a hundred bytes, which it fills with words');
    await expect(restoreRecords(text, file)).rejects.toThrow('is not an SQLite database');
    const damaged = join(base, 'damaged.db');
    await backupRecords(file, damaged);
    const bytes = readFileSync(damaged);
    bytes.fill(0xee, 8_192 * 4, bytes.length - 4_096);
    writeFileSync(damaged, bytes);
    await expect(restoreRecords(damaged, file)).rejects.toThrow('damaged');
    expect(await numberOf(file)).toBe(200);
    expect(readdirSync(join(file, '..'))).toEqual(['calls.db']);
  });
});

describe('the check', () => {
  it('finds no problem in an intact file, and counts its records', async () => {
    const file = newFile();
    await closed(file, 20);
    const holder = run('hold.mjs', file);
    await holder.said('holds');
    const found = await verifyRecords(file);
    expect(found).toMatchObject({ problems: [], records: 20, open: 0, bytes: statSync(file).size });
    expect(found.journals).toEqual([
      { name: expect.any(String) as string, waitingBytes: expect.any(Number) as number, ended: false },
    ]);
    expect(found.journals[0]?.waitingBytes).toBeGreaterThan(100);
    holder.process.kill('SIGKILL');
    await holder.ended;
    expect((await verifyRecords(file)).journals[0]?.ended).toBe(true);
    expect(await numberOf(file)).toBe(21);
  });

  it('names damage in the file and in journals', async () => {
    const file = newFile();
    await closed(file, 500);
    mkdirSync(`${file}-pending`);
    appendFileSync(join(`${file}-pending`, 'x.000001.journal'), 'no frame at all');
    expect((await verifyRecords(file)).problems).toEqual(['the journal x.000001.journal cannot be read from byte 0 on']);
    const bytes = readFileSync(file);
    bytes.fill(0xee, 8_192 * 5, bytes.length - 8_192);
    writeFileSync(file, bytes);
    expect((await verifyRecords(file)).problems.length).toBeGreaterThan(0);
  });
});

it('a record on a disk that cannot be written is read, after a clean end and after a kill', async () => {
  const disk = join(base, 'disk');
  mkdirSync(disk);
  // Only root can make one.
  if (process.getuid?.() !== 0 || spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]).status !== 0) return;
  try {
    const [clean, killed] = [join(disk, 'clean', 'calls.db'), join(disk, 'killed', 'calls.db')];
    await closed(clean, 3);
    await closed(killed, 4);
    const child = run('hold.mjs', killed);
    await child.said('holds');
    child.process.kill('SIGKILL');
    await child.ended;
    expect(spawnSync('mount', ['-o', 'remount,ro', disk]).status).toBe(0);
    for (const [file, number] of [
      [clean, 3],
      [killed, 4], // what waits in its journal cannot be imported
    ] as const) {
      const store = await openSqliteStore({ file, readonly: true });
      expect((await store.calls.list('default', {})).items).toHaveLength(number);
      await store.close();
      expect((await verifyRecords(file)).problems).toEqual([]);
    }
  } finally {
    spawnSync('umount', ['-l', disk]);
  }
});
