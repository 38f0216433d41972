/** A connection of the catalogs' own: opened at first use, and again where its file was replaced. */
import type { Awaitable } from '@mcp-daemon/core';

import { createFileWatch } from '../database/file-watch.js';
import { openDatabase } from '../database/open.js';
import { readVersion } from '../database/schema.js';
import type { Connection, Row, Statement, Value } from '../engine/connection.js';
import { chooseEngine } from '../engine/engine.js';
import { toStoreError } from '../engine/failure.js';
import { inTransaction } from '../engine/transaction.js';
import { checkpointAll } from '../import/checkpoint.js';
import { patiently } from '../import/importer.js';

/** What {@link createSession} takes. */
export interface SessionOptions {
  /** Absolute. */
  file: string;
  readonly: boolean;
  busyTimeoutMs: number;
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
   * @param absent what to return if the file is of a version without catalogs, and may not be changed
   */
  read<T>(work: (sql: Sql) => T, absent: T): Awaitable<T>;
  /** Writes in one transaction. Not for a file that is open for reading alone. */
  write<T>(work: (sql: Sql) => T): Promise<T>;
  /** Waits for what is running, and closes the connection. */
  close(): Promise<void>;
}

/** The first version that has catalogs. */
const WITH_CATALOGS = 3;

interface Opened {
  connection: Connection;
  sql: Sql;
  hasCatalogs: boolean;
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
export function createSession({ file, readonly, busyTimeoutMs }: SessionOptions): Session {
  const watch = createFileWatch(file);
  let opened: Opened | undefined;
  let opening: Promise<Opened> | undefined;
  const running = new Set<Promise<unknown>>();

  async function open(): Promise<Opened> {
    watch.begin();
    const connection = await openDatabase(chooseEngine(), { file, readonly, busyTimeoutMs });
    // A commit is rare, and has to outlive a power failure, too.
    if (!readonly) connection.exec('PRAGMA synchronous = FULL');
    watch.begin(); // the file may be new
    opened = { connection, sql: createSql(connection), hasCatalogs: readVersion(connection, file) >= WITH_CATALOGS };
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

  async function use<T>(work: (database: Opened) => T): Promise<T> {
    const done = patiently(busyTimeoutMs, async () => work(await database()));
    running.add(done);
    try {
      return await done;
    } finally {
      running.delete(done);
    }
  }

  function read<T>(work: (sql: Sql) => T, absent: T): Awaitable<T> {
    const reading = ({ sql, hasCatalogs }: Opened): T => (hasCatalogs ? work(sql) : absent);
    try {
      if (opened !== undefined && watch.isSame(true)) return reading(opened);
    } catch {
      // Read again below: that waits if the file is locked, and says what is wrong.
    }
    return use(reading);
  }

  return {
    read,
    write: (work) => use(({ connection, sql }) => inTransaction(connection, () => work(sql))),
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
