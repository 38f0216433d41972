import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { CallRecord } from '@mcp-daemon/core';
import { exampleRecord } from '@mcp-daemon/core/contract';

import { chooseEngine } from '../src/engine.js';
import { toStoreError } from '../src/failure.js';
import { openSqliteStore } from '../src/index.js';
import { openDatabase } from '../src/open.js';
import { createPresence } from '../src/presence.js';
import { createReader } from '../src/reader.js';
import { createWriter } from '../src/writer.js';
import { connect, fixtures, temporaryFolder, value } from './support.js';

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

async function refusal(file: string, busyTimeoutMs = 100): Promise<{ code: string; message: string }> {
  const outcome: unknown = await openSqliteStore({ file, busyTimeoutMs }).catch((error: unknown) => error);
  const { code, message } = outcome as { code: string; message: string };
  return { code, message };
}

describe('a file that is none of ours', () => {
  it('is no database', async () => {
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
    expect(message).toMatch(/was written by a newer version of mcp-daemon \(schema 99, this one knows 1\): update this one/);
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

  it('that was cut off', async () => {
    const file = await sound();
    truncateSync(file, 20_000);
    expect(await refusal(file)).toMatchObject({
      code: 'store_failed',
      message: `The record file ${file} is damaged: move it away (with its -wal and -shm files) and start again.`,
    });
  });

  it('with overwritten pages', async () => {
    const file = await sound();
    const bytes = readFileSync(file);
    bytes.fill(0xee, 8_192, bytes.length - 4_096);
    writeFileSync(file, bytes);
    const store = await openSqliteStore({ file });
    const message = 'The record file is damaged: move it away (with its -wal and -shm files) and start again.';
    const damaged = expect.objectContaining({ code: 'store_failed', message }) as Error;
    expect(() => store.calls.list('default', {})).toThrow(damaged);
    expect(() => store.calls.write([exampleRecord()])).toThrow(damaged);
    await store.close();
  });
});

describe('a locked file', () => {
  const BUSY = 'store_busy';

  it('is busy for writing within the time that was given, and then works again', async () => {
    const file = newFile();
    const store = await openSqliteStore({ file, busyTimeoutMs: 150 });
    const other = connect(file);
    const group = [exampleRecord(), exampleRecord({ partition_key: 'other' }), exampleRecord()];
    for (const rows of [group.slice(0, 1), group]) {
      other.exec('BEGIN EXCLUSIVE');
      const began = performance.now();
      expect(() => store.calls.write(rows)).toThrow(expect.objectContaining({ code: BUSY }) as Error);
      expect(performance.now() - began).toBeGreaterThan(100);
      expect(performance.now() - began).toBeLessThan(1_500);
      other.exec('COMMIT');
    }
    expect((await store.calls.list('default', {})).items).toEqual([]);
    await store.calls.write(group);
    expect((await store.calls.list('default', {})).items).toHaveLength(2);
    other.close();
    await store.close();
  });

  it('is busy for opening, and opens when the lock goes in time', async () => {
    const file = newFile();
    const other = connect(file);
    other.exec('BEGIN EXCLUSIVE');
    expect(await refusal(file)).toEqual({
      code: BUSY,
      message: `The record file ${file} is locked by another process, and stayed so: try again later.`,
    });
    other.exec('COMMIT');
    await (await openSqliteStore({ file, busyTimeoutMs: 100 })).close();
    other.close();
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
  const full = expect.objectContaining({
    code: 'store_failed',
    message: 'The record file cannot grow: the disk is full. Make room; what was committed before is safe.',
  }) as Error;

  it('leaves nothing half-written, and the connection in use', async () => {
    const file = newFile();
    const connection = await openDatabase(chooseEngine(), { file, readonly: false, busyTimeoutMs: 100 });
    connection.prepare('PRAGMA max_page_count = 60').all([]);
    const writer = createWriter(connection, createPresence(connection, 'me'));
    const write = (rows: readonly CallRecord[]): void => {
      try {
        writer(rows);
      } catch (error) {
        throw toStoreError(error);
      }
    };
    const { list } = createReader(connection);
    const before = exampleRecord();
    write([before]);
    const big = exampleRecord({ content: 'x'.repeat(400_000) });
    const others = [1, 2, 3].map(() => exampleRecord());
    for (const rows of [[big], [...others, big], [big, ...others], [...others, big, ...others, exampleRecord({ owner: 'x' })]]) {
      expect(() => write(rows)).toThrow(full);
      expect(list('default', {}).items).toEqual([before]);
    }
    write(others);
    expect(list('default', {}).items).toHaveLength(4);
    connection.close();
    expect(value(file, 'PRAGMA integrity_check')).toBe('ok');
  });

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
      const saved = newFile();
      for (const end of ['', '-wal']) copyFileSync(join(disk, `calls.db${end}`), saved + end);
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
