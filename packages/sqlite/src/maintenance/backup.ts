/** Copies a database that is in use into a new file. */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';

import { DaemonError } from '@mcp-daemon/core';

import { refuseAbsent } from '../database/file.js';
import { openDatabase } from '../database/open.js';
import type { Connection } from '../engine/connection.js';
import { chooseEngine } from '../engine/engine.js';
import { importJournals } from '../import/import-journals.js';
import { patiently } from '../import/importer.js';
import { folderOf } from '../journal/folder.js';

/** The content of a backup. */
export interface Backup {
  records: number;
  bytes: number;
}

/** How long to wait for processes that have locked the file. */
export const BUSY_TIMEOUT_MS = 10_000;

/** Imports all waiting records. @throws DaemonError `store_busy`, and what the engine throws */
export async function importAll(connection: Connection, folder: string): Promise<void> {
  while (!(await patiently(BUSY_TIMEOUT_MS, () => importJournals(connection, { folder }))).done);
}

/** Flushes a file to the disk. Throws what the file system throws. */
export function flushFile(path: string): void {
  const descriptor = openSync(path, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The number of records of a database. */
export const countRecords = (connection: Connection): number =>
  Number(connection.prepare('SELECT count(*) AS number FROM calls').all([])[0]?.['number']);

/** See `backupRecords`. Throws what the engine and the file system throw, and DaemonError `usage` or `store_failed`. */
export async function backupDatabase(file: string, target: string): Promise<Backup> {
  refuseAbsent(file);
  if (existsSync(target)) throw new DaemonError('usage', `${target} exists already: name a new file.`);
  const connect = chooseEngine();
  const connection = await openDatabase(connect, { file, readonly: false, busyTimeoutMs: BUSY_TIMEOUT_MS });
  const temporary = `${target}.part`;
  try {
    await importAll(connection, folderOf(file));
    // SQLite accepts an empty file as the target, and keeps its mode.
    closeSync(openSync(temporary, 'wx', 0o600));
    try {
      // A single statement reads a consistent state of the database, while others write.
      connection.prepare('VACUUM INTO ?').run([temporary]);
      const copy = connect(temporary, false);
      const records = countRecords(copy);
      copy.close();
      flushFile(temporary);
      renameSync(temporary, target);
      return { records, bytes: statSync(target).size };
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  } finally {
    connection.close();
  }
}
