/** Creates and checks the database's file, before an SQLite engine opens it. */
import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, readSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

import { DaemonError } from '@mcp-daemon/core';

import { systemCode } from '../engine/failure.js';
import { checkMark } from './mark.js';

/**
 * Files that an engine of this process has open. If this process opened and closed one of them by itself, the kernel would drop
 * the engine's locks.
 */
const inUse = new Map<string, number>();

/** Call it when an engine of this process opens a file. @returns a function to call when it has closed the file */
export function markInUse(file: string): () => void {
  inUse.set(file, (inUse.get(file) ?? 0) + 1);
  let closed = false;
  return () => {
    if (closed) return;
    closed = true;
    const left = (inUse.get(file) ?? 1) - 1;
    if (left > 0) inUse.set(file, left);
    else inUse.delete(file);
  };
}

/**
 * Creates the file with a mode that only its owner can read. SQLite itself would create it readable for everyone. The -wal and
 * -shm files get the same mode. Throws what the file system throws.
 */
export function createFile(file: string): void {
  // SQLite would open a file without write permission as read-only, and fail at the first record.
  if (existsSync(file)) {
    accessSync(file, constants.W_OK);
    accessSync(dirname(file), constants.W_OK);
    return;
  }
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    // Another process created it first.
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

/** @throws DaemonError `store_failed` if there is no such file */
export function refuseAbsent(file: string): void {
  if (existsSync(file)) return;
  throw new DaemonError('store_failed', `There is no record file ${file}: nothing was recorded there yet.`);
}

/**
 * Whether this process cannot write to the database's disk or folder, and there is no -wal file with content. SQLite would try to
 * create that file, even for reading.
 */
export function isImmutable(file: string): boolean {
  if ((statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) return false;
  try {
    accessSync(dirname(file), constants.W_OK);
    return false;
  } catch {
    return true;
  }
}

const HEADER_BYTES = 100;
const MAGIC = 'SQLite format 3\0';

/**
 * Checks the file's header without an engine. Loading an engine takes ten milliseconds, this takes some microseconds.
 *
 * @throws DaemonError `store_failed` if it is not an SQLite database, or is of another program or of a newer version
 * @see https://www.sqlite.org/fileformat.html#the_database_header
 */
export function checkHeader(file: string): void {
  if (inUse.has(file)) return;
  const header = Buffer.alloc(HEADER_BYTES);
  const descriptor = openSync(file, 'r');
  try {
    const length = readSync(descriptor, header, 0, HEADER_BYTES, 0);
    if (length === 0) return; // new
    if (length < HEADER_BYTES || header.toString('latin1', 0, MAGIC.length) !== MAGIC) {
      const what = `The record file ${file} is not an SQLite database: move it away or choose another file.`;
      throw new DaemonError('store_failed', what);
    }
  } finally {
    closeSync(descriptor);
  }
  checkMark(
    { version: header.readUInt32BE(60), application: header.readUInt32BE(68), empty: header.readUInt32BE(28) <= 1 },
    file,
  );
}
