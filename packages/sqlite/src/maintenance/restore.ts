/** Replaces a database that no process uses by a backup. */
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

import { DaemonError } from '@mcp-daemon/core';

import { checkHeader, refuseAbsent } from '../database/file.js';
import { openDatabase } from '../database/open.js';
import { chooseEngine } from '../engine/engine.js';
import { isBusy } from '../engine/failure.js';
import { hasEnded } from '../import/interrupt.js';
import { folderOf, listJournals } from '../journal/folder.js';
import { BUSY_TIMEOUT_MS, countRecords, flushFile, importAll } from './backup.js';
import { catalogProblems, integrityProblems } from './verify.js';

/** The result of a restore. */
export interface Restored {
  records: number;
  /** New path of the replaced file; undefined if there was none. */
  kept?: string;
}

const inUse = (file: string): DaemonError =>
  new DaemonError('store_busy', `The record file ${file} is in use: stop all servers that use it, then restore.`);

/** @throws DaemonError `store_busy` if a process uses the file, and what the engine throws */
function refuseInUse(file: string): void {
  const folder = folderOf(file);
  const now = Date.now();
  if (listJournals(folder).some((journal) => !hasEnded(folder, journal, now))) throw inUse(file);
  if (!existsSync(file)) return;
  const connection = chooseEngine()(file, false);
  try {
    // This needs a lock that SQLite refuses while another connection is open. It also moves the -wal file into the database. Do
    // not use a prepared statement: with libsql it would keep the file open after the connection is closed.
    connection.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE');
  } catch (error) {
    if (isBusy(error)) throw inUse(file);
    // A damaged file may be replaced.
  } finally {
    connection.close();
  }
}

/**
 * Copies a backup with its -wal file and journals, imports the journals, and checks the result. @returns the number of records
 */
async function prepare(backup: string, temporary: string): Promise<number> {
  removeDatabase(temporary);
  copyFileSync(backup, temporary);
  chmodSync(temporary, 0o600);
  if (existsSync(`${backup}-wal`)) copyFileSync(`${backup}-wal`, `${temporary}-wal`);
  if (existsSync(folderOf(backup))) cpSync(folderOf(backup), folderOf(temporary), { recursive: true });
  const options = { file: temporary, readonly: false, busyTimeoutMs: BUSY_TIMEOUT_MS };
  const connection = await openDatabase(chooseEngine(), options);
  try {
    await importAll(connection, folderOf(temporary));
    const [problem] = [...integrityProblems(connection), ...(await catalogProblems(connection))];
    if (problem !== undefined) throw new DaemonError('store_failed', `The backup ${backup} is damaged: ${problem}.`);
    connection.exec('PRAGMA journal_mode = DELETE'); // one file
    return countRecords(connection);
  } finally {
    connection.close();
  }
}

function removeDatabase(file: string): void {
  for (const end of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${end}`, { force: true });
  rmSync(folderOf(file), { recursive: true, force: true });
}

/** `20261128T212233`: names that sort by time, for a file. */
const stamp = (): string => new Date().toISOString().replace(/[-:]|\.\d+Z/g, '');

/** See `restoreRecords`. Throws what the engine and the file system throw, and DaemonError `store_busy` or `store_failed`. */
export async function restoreDatabase(backup: string, file: string): Promise<Restored> {
  refuseAbsent(backup);
  checkHeader(backup);
  refuseInUse(file);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.restoring`;
  try {
    const records = await prepare(backup, temporary);
    flushFile(temporary);
    refuseInUse(file); // a server may have started in the meantime
    const kept = `${file}.before-${stamp()}`;
    const isThere = existsSync(file);
    for (const end of ['', '-wal', '-shm', '-pending']) {
      if (existsSync(`${file}${end}`)) renameSync(`${file}${end}`, `${kept}${end}`);
    }
    renameSync(temporary, file);
    return { records, ...(isThere ? { kept } : {}) };
  } finally {
    removeDatabase(temporary);
  }
}
