/**
 * The store: what is between opening and closing.
 */
import { randomUUID } from 'node:crypto';
import { isAbsolute, resolve } from 'node:path';

import type { Store } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { chooseEngine } from './engine.js';
import { toStoreError } from './failure.js';
import { openDatabase } from './open.js';
import { createPresence, interruptEnded } from './presence.js';
import { prune } from './prune.js';
import { createReader } from './reader.js';
import { createWriter } from './writer.js';

/** What {@link openSqliteStore} takes. */
export interface SqliteStoreOptions {
  /** Path of the database. It and its folder are created where they are not there, for this user alone. */
  file: string;
  /** How long to wait, in milliseconds, for other processes that hold the file. The event loop waits too. Default 2500. */
  busyTimeoutMs?: number;
  /** Only reads: creates and changes nothing. Default false. */
  readonly?: boolean;
}

/**
 * Opens the embedded store: one file that several processes use at once, and that a `sqlite3` shell can read (its view
 * `function_calls` shows times as people read them). Reads and writes answer at once, not through promises; only `prune` is
 * asynchronous.
 *
 * @returns the store. Its methods throw DaemonError `closed` after `close()`, `store_busy` where others hold the file for longer
 * than `busyTimeoutMs`, `store_failed` where the file cannot be used.
 * @throws DaemonError `store_busy` or `store_failed`, with the file and what to do; `usage` for an option that is none.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { file, busyTimeoutMs = 2_500, readonly = false } = options;
  if (typeof file !== 'string' || file === '') throw new DaemonError('usage', 'file must be the path of a record file.');
  if (!Number.isInteger(busyTimeoutMs) || busyTimeoutMs < 0 || busyTimeoutMs > 600_000) {
    throw new DaemonError('usage', 'busyTimeoutMs must be a whole number from 0 to 600000.');
  }
  // A relative path would be another file after a change of the working directory; a URI another thing altogether.
  const path = isAbsolute(file) ? file : resolve(file);
  const connection = await openDatabase(chooseEngine(), { file: path, readonly, busyTimeoutMs });

  const owner = randomUUID();
  const presence = createPresence(connection, owner);
  const write = createWriter(connection, presence);
  const reader = createReader(connection);
  let closed = false;

  function refuse(): void {
    if (closed) throw new DaemonError('closed', 'The store is closed.');
  }

  function refuseWriting(): void {
    refuse();
    if (readonly) throw new DaemonError('store_failed', 'The record file was opened for reading alone.');
  }

  function attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw toStoreError(error);
    }
  }

  return {
    name: 'sqlite',
    owner,
    calls: {
      write(rows) {
        refuseWriting();
        attempt(() => write(rows));
      },
      get(partition, uuid) {
        refuse();
        return attempt(() => reader.get(partition, uuid));
      },
      list(partition, query) {
        refuse();
        return attempt(() => reader.list(partition, query));
      },
      interrupt() {
        refuseWriting();
        return attempt(() => interruptEnded(connection, owner));
      },
      async prune(partition, keep) {
        refuseWriting();
        try {
          return await prune(connection, partition, keep, () => !closed);
        } catch (error) {
          throw toStoreError(error);
        }
      },
    },
    close() {
      if (closed) return;
      closed = true;
      presence.end();
      connection.close();
    },
  };
}
