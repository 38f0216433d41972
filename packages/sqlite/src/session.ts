/** A connection for what is not call records: opened at its first use, and again if its file was replaced. */
import type { Awaitable } from '@mcp-daemon/core';

import { createFileWatch } from './database/file-watch.js';
import { openDatabase } from './database/open.js';
import type { Connection, Row, Statement, Value } from './engine/connection.js';
import { chooseEngine } from './engine/engine.js';
import { toStoreError } from './engine/failure.js';
import { inTransaction } from './engine/transaction.js';
import { checkpointAll } from './import/checkpoint.js';
import { patiently } from './import/importer.js';

/** What {@link createSession} takes. */
export interface SessionOptions {
  /** Absolute. */
  file: string;
  readonly: boolean;
  busyTimeoutMs: number;
}

/** What a session uses the database for. */
export interface SessionUse {
  /** Whether a commit waits until it is on the disk. If not, a power failure may lose the last commits; a crash of a process loses none. */
  synced: boolean;
  /** Whether the tables exist. Asked again until they do. */
  hasTables(connection: Connection, file: string): boolean;
  /** Creates the tables, inside the first transaction. Default: opening the file for writing has created them. */
  createTables?(connection: Connection): void;
}

/** Statements on the open database. All throw what the engine throws. */
export interface Sql {
  all(sql: string, ...values: Value[]): Row[];
  /** @returns how many rows were changed */
  run(sql: string, ...values: Value[]): number;
}

/** The use of the database. All methods throw DaemonError `store_busy` or `store_failed`. */
export interface Session {
  /**
   * Reads, at once if the database is open. It never throws, but gives a promise that rejects.
   *
   * @param absent what to return if the file does not have the tables
   */
  read<T>(work: (sql: Sql) => T, absent: T): Awaitable<T>;
  /** Writes in one transaction. Not for a file that is open for reading alone. */
  write<T>(work: (sql: Sql) => T): Promise<T>;
  /** Waits for what is running, and closes the connection. */
  close(): Promise<void>;
}

/**
 * Pages in the -wal file after which a commit moves them into the database: 32 MB. That waits for the disk, so it is rare; the same pages
 * are written again and again in between. An import in the worker thread often does it before.
 */
const CHECKPOINT_PAGES = 4_000;

interface Opened {
  connection: Connection;
  sql: Sql;
  hasTables: boolean;
}

/** Prepares each statement once. */
function createSql(connection: Connection): Sql {
  const statements = new Map<string, Statement>();
  function prepared(text: string): Statement {
    let statement = statements.get(text);
    if (statement === undefined) {
      statement = connection.prepare(text);
      statements.set(text, statement);
    }
    return statement;
  }
  return { all: (text, ...values) => prepared(text).all(values), run: (text, ...values) => prepared(text).run(values) };
}

/** Creates a session; it opens nothing yet. */
export function createSession({ file, readonly, busyTimeoutMs }: SessionOptions, use: SessionUse): Session {
  const { synced, hasTables, createTables } = use;
  const watch = createFileWatch(file);
  let opened: Opened | undefined;
  let opening: Promise<Opened> | undefined;
  const running = new Set<Promise<unknown>>();

  async function open(): Promise<Opened> {
    watch.begin();
    const connection = await openDatabase(chooseEngine(), { file, readonly, busyTimeoutMs });
    if (!readonly) connection.exec(synced ? 'PRAGMA synchronous = FULL' : `PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    watch.begin(); // the file may be new
    opened = { connection, sql: createSql(connection), hasTables: hasTables(connection, file) };
    return opened;
  }

  function database(): Promise<Opened> {
    if (opened !== undefined && !watch.isSame(true)) {
      opened.connection.close();
      opened = undefined;
    }
    if (opened !== undefined) return Promise.resolve(opened);
    return (opening ??= open().finally(() => (opening = undefined)));
  }

  async function run<T>(work: (database: Opened) => T): Promise<T> {
    const done = patiently(busyTimeoutMs, async () => work(await database()));
    running.add(done);
    try {
      return await done;
    } finally {
      running.delete(done);
    }
  }

  function read<T>(work: (sql: Sql) => T, absent: T): Awaitable<T> {
    const reading = (database: Opened): T => {
      database.hasTables ||= hasTables(database.connection, file);
      return database.hasTables ? work(database.sql) : absent;
    };
    try {
      if (opened !== undefined && watch.isSame(true)) return reading(opened);
    } catch {
      // Read again below: that waits if the file is locked, and says what is wrong.
    }
    return run(reading);
  }

  return {
    read,
    write: (work) =>
      run((database) => {
        const { connection, sql, hasTables: isReady } = database;
        const done = inTransaction(connection, () => {
          if (!isReady) createTables?.(connection);
          return work(sql);
        });
        database.hasTables = true;
        return done;
      }),
    async close() {
      await Promise.allSettled(running);
      const known = opened;
      opened = undefined;
      if (known === undefined) return;
      try {
        if (!readonly) checkpointAll(known.connection);
      } catch (error) {
        throw toStoreError(error);
      } finally {
        known.connection.close();
      }
    },
  };
}
