/**
 * From a path to a connection that is ready for use.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { DaemonError } from '@mcp-daemon/core';

import type { Connect, Connection } from '../engine/connection.js';
import { isBusy, toStoreError } from '../engine/failure.js';
import { createFile, isImmutable, markInUse, refuseAbsent } from './file.js';
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
  // Large pages make a row a quarter cheaper, and pages that become free can be given back. In a file with tables this does nothing.
  connection.exec('PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL');
  const [row] = connection.prepare('PRAGMA journal_mode = WAL').all([]);
  if (row?.['journal_mode'] !== 'wal') {
    const what = `The record file ${file} is in a place where SQLite cannot share it between processes`;
    throw new DaemonError('store_failed', `${what} (a network drive?): choose a local folder.`);
  }
  connection.exec(`PRAGMA journal_size_limit = ${WAL_BYTES}`);
  if (version < SCHEMA_VERSION && migrate(connection, file)) rebuild(connection);
}

/** A file of the first version cannot give back its free pages before it is built anew, which needs as much room again. */
function rebuild(connection: Connection): void {
  try {
    connection.exec('PRAGMA auto_vacuum = INCREMENTAL; VACUUM');
  } catch {
    // There is no room, or another process reads: its free pages are used again, and not given back.
  }
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
const LOCK_WAIT_MS = 5;

/** What is left of a -wal file that has grown larger, when it begins anew. */
const WAL_BYTES = 16 * 1024 * 1024;

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
      connection = connect(file, readonly, readonly && isImmutable(file));
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
