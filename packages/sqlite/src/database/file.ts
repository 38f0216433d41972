/** The database's file, before an engine sees it. */
import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, readSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

import { DaemonError } from '@mcp-daemon/core';

import { systemCode } from '../engine/failure.js';
import { checkMark } from './mark.js';

/** Files that an engine of this process has open: to open and close one beside it would drop the locks that the engine holds. */
const inUse = new Map<string, number>();

/** Notes that an engine of this process opens a file. @returns notes that it closed it */
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
 * Creates the file for its owner's eyes alone, before SQLite would create it for everyone's; its -wal and -shm files take over
 * its mode. Throws what the file system throws.
 */
export function createFile(file: string): void {
  // SQLite would open a file that may not be written for reading, and fail at the first record.
  if (existsSync(file)) {
    accessSync(file, constants.W_OK);
    accessSync(dirname(file), constants.W_OK);
    return;
  }
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    // Another process was faster.
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

/** @throws DaemonError `store_failed` where there is no such file */
export function refuseAbsent(file: string): void {
  if (existsSync(file)) return;
  throw new DaemonError('store_failed', `There is no record file ${file}: nothing was recorded there yet.`);
}

/**
 * Whether a database is on a disk or in a folder that this process cannot write, and has no -wal file with anything in it. SQLite
 * would want to make that file, even for reading.
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
 * Looks at the file's header, as far as it can be told without an engine whether the file is ours. An engine takes ten
 * milliseconds to load; this takes some microseconds.
 *
 * @throws DaemonError `store_failed` where it is no SQLite database, another program's, or of a newer version
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
