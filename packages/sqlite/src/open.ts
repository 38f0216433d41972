/**
 * From a path to a connection that is ready for use.
 */
import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { DaemonError } from '@mcp-daemon/core';

import type { Connect, Connection } from './connection.js';
import { isBusy, systemCode, toStoreError } from './failure.js';
import { migrate, readVersion, SCHEMA_VERSION } from './schema.js';

/** What {@link openDatabase} takes. */
export interface OpenOptions {
  /** Absolute. */
  file: string;
  readonly: boolean;
  busyTimeoutMs: number;
}

/**
 * Creates the file for its owner's eyes alone, before SQLite would create it for everyone's; its -wal and -shm files take over
 * its mode. A file that is there is not opened: closing it again would drop the locks that this process holds on it.
 */
function createFile(file: string): void {
  // SQLite would open a file that may not be written for reading, and fail at the first record.
  if (existsSync(file)) return accessSync(file, constants.W_OK);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    // Another process was faster.
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

function refuseAbsent(file: string): void {
  if (existsSync(file)) return;
  throw new DaemonError('store_failed', `There is no record file ${file}: nothing was recorded there yet.`);
}

/** Waits with the file, and not with its lock: SQLite itself does not wait when it switches to WAL. */
function prepare(connection: Connection, { file, readonly, busyTimeoutMs }: OpenOptions): void {
  connection.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}; PRAGMA synchronous = NORMAL`);
  const version = readVersion(connection, file);
  if (readonly) {
    if (version === SCHEMA_VERSION) return;
    const what = version === 0 ? 'nothing was recorded there yet' : 'it is of an older version, which writing to it updates';
    throw new DaemonError('store_failed', `The record file ${file} cannot be read: ${what}.`);
  }
  const [row] = connection.prepare('PRAGMA journal_mode = WAL').all([]);
  if (row?.['journal_mode'] !== 'wal') {
    const what = `The record file ${file} is in a place where SQLite cannot share it between processes`;
    throw new DaemonError('store_failed', `${what} (a network drive?): choose a local folder.`);
  }
  if (version < SCHEMA_VERSION) migrate(connection, file);
}

/**
 * Opens the database, and creates it unless `readonly`.
 *
 * @throws DaemonError `store_busy` where others kept it locked for `busyTimeoutMs`, `store_failed` for all else.
 */
export async function openDatabase(connect: Connect, options: OpenOptions): Promise<Connection> {
  const { file, readonly, busyTimeoutMs } = options;
  const deadline = performance.now() + busyTimeoutMs;
  for (;;) {
    let connection: Connection | undefined;
    try {
      if (readonly) refuseAbsent(file);
      else createFile(file);
      connection = connect(file, readonly);
      prepare(connection, options);
      return connection;
    } catch (error) {
      connection?.close();
      if (!isBusy(error) || performance.now() >= deadline) throw toStoreError(error, { file });
      await sleep(2 + Math.random() * 20);
    }
  }
}
