/**
 * From a path to a connection that is ready for use.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { DaemonError } from '@mcp-daemon/core';

import type { Connect, Connection } from '../engine/connection.js';
import { isBusy, toStoreError } from '../engine/failure.js';
import { createFile, markInUse, refuseAbsent } from './file.js';
import { SCHEMA_VERSION } from './mark.js';
import { migrate, readVersion } from './schema.js';

/** What {@link openDatabase} takes. */
export interface OpenOptions {
  /** Absolute. */
  file: string;
  readonly: boolean;
  busyTimeoutMs: number;
}

/** Waits with the file, and not with its lock: SQLite itself does not wait when it switches to WAL. */
function prepare(connection: Connection, { file, readonly, busyTimeoutMs }: OpenOptions): void {
  connection.exec(`PRAGMA busy_timeout = ${Math.min(busyTimeoutMs, LOCK_WAIT_MS)}; PRAGMA synchronous = NORMAL`);
  const version = readVersion(connection, file);
  if (readonly) {
    if (version === SCHEMA_VERSION) return;
    const what = version === 0 ? 'nothing was recorded there yet' : 'it is of an older version, which writing to it updates';
    throw new DaemonError('store_failed', `The record file ${file} cannot be read: ${what}.`);
  }
  // Large pages make a row a quarter cheaper. In a file that has tables already this does nothing.
  connection.exec('PRAGMA page_size = 8192');
  const [row] = connection.prepare('PRAGMA journal_mode = WAL').all([]);
  if (row?.['journal_mode'] !== 'wal') {
    const what = `The record file ${file} is in a place where SQLite cannot share it between processes`;
    throw new DaemonError('store_failed', `${what} (a network drive?): choose a local folder.`);
  }
  if (version < SCHEMA_VERSION) migrate(connection, file);
}

/** A connection that does one thing more when it is closed. */
const closing = (connection: Connection, afterwards: () => void): Connection => ({
  ...connection,
  close() {
    connection.close();
    afterwards();
  },
});

/** How long SQLite itself waits for a lock, in the event loop. Longer waits are made of such short ones, with pauses between. */
const LOCK_WAIT_MS = 20;

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
    const notInUse = markInUse(file);
    try {
      if (readonly) refuseAbsent(file);
      else createFile(file);
      connection = connect(file, readonly);
      prepare(connection, options);
      return closing(connection, notInUse);
    } catch (error) {
      connection?.close();
      notInUse();
      if (!isBusy(error) || performance.now() >= deadline) throw toStoreError(error, { file });
      await sleep(2 + Math.random() * 20);
    }
  }
}
