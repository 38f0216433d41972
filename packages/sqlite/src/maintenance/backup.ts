/** Copies a database that is in use into a file of its own. */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';

import { DaemonError } from '@mcp-daemon/core';

import { refuseAbsent } from '../database/file.js';
import { openDatabase } from '../database/open.js';
import type { Connection } from '../engine/connection.js';
import { chooseEngine } from '../engine/engine.js';
import { importJournals } from '../import/import-journals.js';
import { patiently } from '../import/importer.js';
import { folderOf } from '../journal/folder.js';

/** What a backup holds. */
export interface Backup {
  records: number;
  bytes: number;
}

/** How long to wait for processes that hold the file. */
export const BUSY_TIMEOUT_MS = 10_000;

/** Imports all that waits. @throws DaemonError `store_busy`, and what the engine throws */
export async function importAll(connection: Connection, folder: string): Promise<void> {
  while (!(await patiently(BUSY_TIMEOUT_MS, () => importJournals(connection, { folder }))).done);
}

/** Waits until a file is on the disk. Throws what the file system throws. */
export function flushFile(path: string): void {
  const descriptor = openSync(path, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** How many records a database has. */
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
    // SQLite takes an empty file for the target, and leaves its mode.
    closeSync(openSync(temporary, 'wx', 0o600));
    try {
      // One statement reads one state of the database, while others write on.
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
