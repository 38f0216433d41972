/**
 * Small shared state in the database. Loaded when it is first used.
 *
 * Writes of one turn of the event loop are one transaction, which takes the lock first. Each is one statement that checks its own
 * condition, so that of several writers, in this process or in others, one succeeds.
 */
import { randomBytes } from 'node:crypto';

import type { StateEntry, StateStore } from '@mcp-daemon/core';
import { checkState, compareText, fromCursor, pageLimit, toCursor } from '@mcp-daemon/core';

import { createStateTable, hasStateTable } from '../database/state-table.js';
import { keepable } from '../engine/text.js';
import type { SessionOptions, Sql } from '../session.js';
import { createSession } from '../session.js';
import {
  beyond,
  DELETE,
  DELETE_EXPECTED,
  GET,
  LIST_AFTER,
  LIST_FROM,
  PUT,
  PUT_EXPECTED,
  PUT_NEW,
  toEntry,
  toStored,
} from './entries.js';
import { createGroups } from './groups.js';

/** The state of a database, open. The store that it belongs to removes what has expired. */
export interface StoredState extends Omit<StateStore, 'sweep'> {
  /** Waits for what is running, and closes the connection. @throws DaemonError `store_failed` */
  close(): Promise<void>;
}

/** Greater than any key. */
const END = '\u{10FFFF}\u{10FFFF}';

/** Opens the state of a database; the database and its table are created at the first write. */
export function openStoredState(options: SessionOptions): StoredState {
  const session = createSession(options, { synced: false, hasTables: hasStateTable, createTables: createStateTable });
  const groups = createGroups((work) => session.write(work));
  const writer = randomBytes(9).toString('base64url');
  let writes = 0;

  return {
    get(partition, key) {
      checkState(key);
      return session.read((sql) => sql.all(GET, keepable(partition), key, Date.now()).map(toEntry)[0], undefined);
    },
    put(partition, key, value, { expected, expires_at = null } = {}) {
      checkState(key, value);
      const of = keepable(partition);
      const version = `${writer}-${(writes += 1).toString(36)}`;
      const stored = toStored(value);
      const write = (sql: Sql): number => {
        if (expected === undefined) return sql.run(PUT, of, key, version, expires_at, stored);
        if (expected === null) return sql.run(PUT_NEW, of, key, version, expires_at, stored, Date.now());
        return sql.run(PUT_EXPECTED, version, expires_at, stored, of, key, expected, Date.now());
      };
      const entry: StateEntry = { key, value, version, expires_at };
      return groups.add((sql) => (write(sql) > 0 ? entry : undefined), value.length);
    },
    delete(partition, key, expected) {
      checkState(key);
      const of = keepable(partition);
      return groups.add((sql) => {
        const now = Date.now();
        return (expected === undefined ? sql.run(DELETE, of, key, now) : sql.run(DELETE_EXPECTED, of, key, now, expected)) > 0;
      });
    },
    async list(partition, prefix, query = {}) {
      const limit = pageLimit(query);
      const after = fromCursor(query);
      const isNext = after !== undefined && compareText(after, prefix) >= 0;
      const values = [keepable(partition), isNext ? after : prefix, beyond(prefix) ?? END, Date.now(), limit + 1];
      const rows = await session.read((sql) => sql.all(isNext ? LIST_AFTER : LIST_FROM, ...values), []);
      const items = rows.slice(0, limit).map(toEntry);
      const last = items.at(-1);
      return rows.length > limit && last !== undefined ? { items, cursor: toCursor(last.key) } : { items };
    },
    async close() {
      await groups.done();
      await session.close();
    },
  };
}
