import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

import type { CallRecord, Store } from '@mcp-daemon/core';
import { exampleRecord } from '@mcp-daemon/core/contract';

import { until } from '../../../tests/until.js';
import { toStoreError } from '../src/engine/failure.js';
import { openSqliteStore } from '../src/index.js';
import { connect, fixtures, imported, temporaryFolder, value } from './support.js';

const folder = temporaryFolder();
const run = fixtures();
let count = 0;
const newFile = (): string => join(folder, `${(count += 1)}.db`);

/** A sound database with some records, closed, without a -wal file. */
async function sound(records = 200): Promise<string> {
  const file = newFile();
  const store = await openSqliteStore({ file });
  await store.calls.write(Array.from({ length: records }, () => exampleRecord({ content: 'x'.repeat(2_000) })));
  await store.close();
  value(file, 'PRAGMA wal_checkpoint(TRUNCATE)');
  const copy = newFile();
  copyFileSync(file, copy);
  return copy;
}

const readAll = async (store: Store): Promise<CallRecord[]> => (await store.calls.list('default', {})).items;

async function refusal(file: string, busyTimeoutMs = 100): Promise<{ code: string; message: string }> {
  const outcome: unknown = await openSqliteStore({ file, busyTimeoutMs })
    .then(async (store) => {
      try {
        await imported(store);
      } finally {
        await Promise.resolve(store.close()).catch(() => undefined);
      }
    })
    .catch((error: unknown) => error);
  const { code, message } = outcome as { code: string; message: string };
  return { code, message };
}

describe('a file of another program', () => {
  it('is not a database', async () => {
    const file = newFile();
    writeFileSync(file, "These are somebody's notes.\n".repeat(500));
    const before = readFileSync(file, 'utf8');
    expect(await refusal(file)).toEqual({
      code: 'store_failed',
      message: `The record file ${file} is not an SQLite database: move it away or choose another file.`,
    });
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it("is another program's database", async () => {
    for (const sql of ['CREATE TABLE t (a)', 'PRAGMA user_version = 1', 'PRAGMA application_id = 7']) {
      const file = newFile();
      const connection = connect(file);
      connection.exec(sql);
      connection.close();
      expect(await refusal(file)).toEqual({
        code: 'store_failed',
        message: `The record file ${file} is a database of another program: choose another file.`,
      });
      expect(value(file, 'PRAGMA journal_mode')).toBe('delete');
    }
  });

  it('is of a newer version', async () => {
    const file = await sound(1);
    value(file, 'PRAGMA user_version = 99');
    const { code, message } = await refusal(file);
    expect(code).toBe('store_failed');
    expect(message).toMatch(
      /was written by a newer version of mcp-daemon \(schema 99, this version knows 4\): update mcp-daemon/,
    );
    await expect(openSqliteStore({ file, readonly: true })).rejects.toMatchObject({ code: 'store_failed', message });
  });

  it('is a folder, or in a folder that is a file', async () => {
    const file = newFile();
    mkdirSync(file);
    expect((await refusal(file)).code).toBe('store_failed');
    writeFileSync(join(file, 'x'), '');
    expect(await refusal(join(file, 'x', 'calls.db'))).toMatchObject({
      code: 'store_failed',
      message: expect.stringContaining('a part of its path is not a folder') as string,
    });
  });
});

describe('a damaged file', () => {
  it('with another header', async () => {
    const file = await sound();
    const bytes = readFileSync(file);
    bytes.fill(0x41, 0, 100);
    writeFileSync(file, bytes);
    expect(await refusal(file)).toMatchObject({
      code: 'store_failed',
      message: expect.stringContaining('not an SQLite database') as string,
    });
  });

  it('that was truncated', async () => {
    const file = await sound();
    truncateSync(file, 20_000);
    expect(await refusal(file)).toMatchObject({
      code: 'store_failed',
      message: `The record file ${file} is damaged: move it away (with its -wal and -shm files) and start again.`,
    });
  });

  it('with overwritten pages: reads say so, and new records wait in the journal', async () => {
    const file = await sound();
    const bytes = readFileSync(file);
    bytes.fill(0xee, 8_192, bytes.length - 4_096);
    writeFileSync(file, bytes);
    const store = await openSqliteStore({ file });
    const damaged = { code: 'store_failed', message: expect.stringContaining('is damaged: move it away') as string };
    await expect(readAll(store)).rejects.toMatchObject(damaged);
    await store.calls.write([exampleRecord()]);
    await expect(readAll(store)).rejects.toMatchObject(damaged);
    await expect(store.close()).rejects.toMatchObject(damaged);
    expect(readdirSync(`${file}-pending`)).toHaveLength(1);
  });
});

describe('a locked file', () => {
  const BUSY = 'store_busy';

  it('accepts records into the journal at once, is busy for reading, and has all records afterwards', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file, busyTimeoutMs: 150 });
    await imported(store);
    const other = connect(file);
    other.exec('BEGIN EXCLUSIVE');
    const group = [exampleRecord(), exampleRecord({ partition_key: 'other' }), exampleRecord()];
    await store.calls.write(group);
    await expect(readAll(store)).rejects.toMatchObject({ code: BUSY });
    other.exec('COMMIT');
    expect(await readAll(store)).toHaveLength(2);
    other.close();
    await store.close();
  });

  it('does not block the event loop while a caller waits for it', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file, busyTimeoutMs: 60_000 });
    await imported(store);
    const other = connect(file);
    other.exec('BEGIN EXCLUSIVE');
    await store.calls.write([exampleRecord()]);
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    let isRead = false;
    const reading = readAll(store).finally(() => (isRead = true));
    await until(() => turns > 5, 'more turns of the event loop');
    clearInterval(timer);
    expect(isRead).toBe(false);
    other.exec('COMMIT');
    other.close();
    expect(await reading).toHaveLength(1);
    await store.close();
  });

  it('of another process for seconds: calls and timers go on, and all records are there soon after', async () => {
    const file = newFile();
    const said: string[] = [];
    const say = (_: object, text: string): void => void said.push(text);
    const store = await openSqliteStore({ file, logger: { error: say, info: say } });
    await imported(store);
    const holder = run('lock.mjs', file);
    await holder.said('locked');
    const written: CallRecord[] = [];
    let [latest, longest, slowest] = [performance.now(), 0, 0];
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - latest);
      latest = performance.now();
      const row = exampleRecord();
      void store.calls.write([row]);
      slowest = Math.max(slowest, performance.now() - latest);
      written.push(row);
    }, 10);
    await until(() => written.length > 50 && said.length > 0, '50 records, and the log line of a lock that lasts');
    holder.process.stdin?.end();
    await holder.said('free');
    clearInterval(timer);
    const free = performance.now();
    // A connection that imports nothing sees what this process has imported by itself.
    await until(() => value(file, 'SELECT count(*) FROM calls') === written.length);
    // A lock is tried again after 250 ms; other failures after up to 30 s.
    expect(performance.now() - free).toBeLessThan(5_000);
    // Some milliseconds; SQLite itself would wait 2.5 s, which blocks the event loop.
    expect({ longest: longest < 2_000, slowest: slowest < 2_000 }).toEqual({ longest: true, slowest: true });
    await until(() => said.length > 1, 'the log line of records that are imported again');
    expect(said).toHaveLength(2);
    await holder.ended;
    await store.close();
  });

  it('is logged if it lasts, and so is its end', async () => {
    const file = newFile();
    const said: string[] = [];
    const logger = {
      error: (_: object, text: string) => void said.push(text),
      info: (_: object, text: string) => void said.push(text),
    };
    const store = await openSqliteStore({ file, logger });
    await imported(store);
    const other = connect(file);
    other.exec('BEGIN EXCLUSIVE');
    await store.calls.write([exampleRecord()]);
    await until(() => said.length > 0);
    expect(said).toEqual([expect.stringContaining('cannot be imported now')]);
    other.exec('COMMIT');
    other.close();
    await until(() => said.length > 1);
    expect(said[1]).toContain('imported into the database again');
    await store.close();
  });

  it('is busy for opening, and opens when the lock goes in time', async () => {
    const file = newFile();
    const other = connect(file);
    other.exec('BEGIN EXCLUSIVE');
    expect(await refusal(file)).toEqual({
      code: BUSY,
      message: `The record file ${file} is still locked by another process: try again later.`,
    });
    other.exec('COMMIT');
    const store = await openSqliteStore({ file, busyTimeoutMs: 100 });
    await imported(store);
    await store.close();
    other.close();
  });

  it('lets only so many bytes wait', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file, busyTimeoutMs: 50, maxWaitingBytes: 1_000 });
    await imported(store);
    const other = connect(file);
    other.exec('BEGIN EXCLUSIVE');
    await store.calls.write([exampleRecord({ content: 'x'.repeat(2_000) })]);
    expect(() => store.calls.write([exampleRecord()])).toThrow(/bytes of call records wait for it/);
    other.exec('COMMIT');
    other.close();
    await imported(store);
    await store.calls.write([exampleRecord()]);
    expect(await readAll(store)).toHaveLength(2);
    await store.close();
  });
});

describe('no right to write', () => {
  it('in the folder, or to the file', async () => {
    const closed = join(folder, 'closed');
    mkdirSync(closed);
    const own = join(folder, 'own');
    mkdirSync(own);
    chmodSync(folder, 0o755);
    const file = join(own, 'calls.db');
    copyFileSync(await sound(1), file);
    chmodSync(file, 0o444);
    chmodSync(closed, 0o555);
    chmodSync(own, 0o555);
    try {
      const { stdout, stderr } = await run('open.mjs', 'user', join(closed, 'calls.db'), join(closed, 'new', 'calls.db'), file)
        .ended;
      expect(stderr).toBe('');
      const refused = (path: string): object => ({
        written: 0,
        code: 'store_failed',
        message: `The record file ${path} cannot be used: this user may not write there.`,
      });
      expect(JSON.parse(stdout)).toEqual([join(closed, 'calls.db'), join(closed, 'new', 'calls.db'), file].map(refused));
    } finally {
      chmodSync(closed, 0o755);
      chmodSync(own, 0o755);
    }
  });
});

describe('a full disk', () => {
  const disk = join(folder, 'disk');
  const mount = (): boolean => {
    mkdirSync(disk);
    return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]).status === 0;
  };

  it('of a real, small disk', async () => {
    // Only root can make one.
    if (process.getuid?.() !== 0 || !mount()) return;
    try {
      const { stdout, stderr } = await run('open.mjs', 'same', join(disk, 'calls.db')).ended;
      expect(stderr).toBe('');
      const [{ written, code, message }] = JSON.parse(stdout) as [{ written: number; code: string; message: string }];
      expect({ code, message }).toMatchObject({
        code: 'store_failed',
        message: expect.stringContaining('the disk is full') as string,
      });
      expect(written).toBeGreaterThan(10);
      const saved = join(folder, 'saved', 'calls.db');
      cpSync(disk, dirname(saved), { recursive: true });
      // With room, what waits in the journal comes in as well.
      const store = await openSqliteStore({ file: saved });
      await imported(store);
      await store.close();
      expect(value(saved, 'PRAGMA integrity_check')).toBe('ok');
      expect(value(saved, `SELECT count(*) FROM mcp_function_calls WHERE partition_key = 'default'`)).toBe(written);
      expect(value(saved, `SELECT count(*) FROM mcp_function_calls WHERE partition_key = 'second'`)).toBe(written);
    } finally {
      spawnSync('umount', ['-l', disk]);
      rmSync(disk, { recursive: true });
    }
  });
});

it('errors without a code keep their message and their cause', () => {
  const cause = new Error('odd');
  expect(toStoreError(cause, { file: '/x' })).toMatchObject({
    code: 'store_failed',
    message: 'The record file /x cannot be used: odd',
    cause,
  });
  expect(toStoreError('text').message).toBe('The record file cannot be used: text');
  expect(toStoreError(null).message).toBe('The record file cannot be used: null');
});
