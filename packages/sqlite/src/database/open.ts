/** Opens a database and prepares it for use. */
import { setTimeout as sleep } from 'node:timers/promises';

import { DaemonError } from '@mcp-daemon/core';

import type { Connect, Connection } from '../engine/connection.js';
import { isBusy, toStoreError } from '../engine/failure.js';
import { createFile, isImmutable, markInUse, refuseAbsent } from './file.js';
import { READABLE_VERSION, SCHEMA_VERSION } from './mark.js';
import { migrate, readVersion } from './schema.js';

/** What {@link openDatabase} takes. */
export interface OpenOptions {
  /** Absolute. */
  file: string;
  readonly: boolean;
  busyTimeoutMs: number;
}

/**
 * Sets up a new connection. The busy timeout comes first. SQLite does not wait for locks when it switches to WAL, so the caller
 * retries.
 */
function prepare(connection: Connection, { file, readonly, busyTimeoutMs }: OpenOptions): void {
  connection.exec(`PRAGMA busy_timeout = ${Math.min(busyTimeoutMs, LOCK_WAIT_MS)}; PRAGMA synchronous = NORMAL`);
  const version = readVersion(connection, file);
  if (readonly) {
<<<<<<< HEAD
    if (version === SCHEMA_VERSION) return;
    const what = version === 0 ? 'nothing was recorded there yet' : 'it has an older schema, which the next write updates';
=======
    if (version >= READABLE_VERSION) return;
    const what = version === 0 ? 'nothing was recorded there yet' : 'it is of an older version, which writing to it updates';
>>>>>>> f16aa81 (sqlite: the store keeps the catalogs of partitions)
    throw new DaemonError('store_failed', `The record file ${file} cannot be read: ${what}.`);
  }
  // Large pages make writing a row a quarter cheaper. With auto_vacuum, free pages can be returned to the file system. Both have
  // no effect in a file with tables.
  connection.exec('PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL');
  const [row] = connection.prepare('PRAGMA journal_mode = WAL').all([]);
  if (row?.['journal_mode'] !== 'wal') {
    const what = `The record file ${file} is in a place where SQLite cannot share it between processes`;
    throw new DaemonError('store_failed', `${what} (a network drive?): choose a local folder.`);
  }
  connection.exec(`PRAGMA journal_size_limit = ${WAL_BYTES}`);
  if (version < SCHEMA_VERSION && migrate(connection, file) === 1) rebuild(connection);
}

/**
 * Rebuilds a file of the first schema version, so that it can return free pages. This needs as much free disk space as the file
 * has.
 */
function rebuild(connection: Connection): void {
  try {
    connection.exec('PRAGMA auto_vacuum = INCREMENTAL; VACUUM');
  } catch {
    // The disk is full, or another process reads the file. Its free pages are then reused, but not returned.
  }
}

/** A connection that calls `afterwards` when it is closed. */
const closing = (connection: Connection, afterwards: () => void): Connection => ({
  ...connection,
  close() {
    connection.close();
    afterwards();
  },
});

/**
 * How long SQLite itself waits for a lock. This blocks the event loop, so a longer wait consists of several short ones, with
 * pauses.
 */
const LOCK_WAIT_MS = 5;

/** Size to which SQLite truncates a larger -wal file when it starts over. */
const WAL_BYTES = 16 * 1024 * 1024;

/**
 * Opens the database. Creates it, unless `readonly` is set.
 *
 * @throws DaemonError `store_busy` if others kept it locked for `busyTimeoutMs`, `store_failed` for all other errors.
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
