/**
 * The catalogs of partitions in the database. Loaded when they are first used: who serves a config file alone never does.
 *
 * Each change is one transaction that takes the lock first, so that of several processes one commits on a parent.
 */
import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';

import type {
  CatalogRows,
  CatalogStore,
  Commit,
  HistoryEntry,
  Page,
  PageQuery,
  PartitionHead,
  RowChanges,
  SettingPage,
  SettingRow,
  StoredPartition,
} from '@mcp-daemon/core';
import { DaemonError, fromCursor, pageLimit, toCursor } from '@mcp-daemon/core';

import { readVersion } from '../database/schema.js';
import type { Row, Value } from '../engine/connection.js';
import { keepable } from '../engine/text.js';
import type { SessionOptions, Sql } from '../session.js';
import { createSession } from '../session.js';
import { ADD_ENTRY, entryValues, PARTITIONS, PUT_HEAD, toEntry, toHead, TOUCH_HEAD } from './history.js';
import type { Written } from './rows.js';
import {
  functionValues,
  moduleValues,
  PUT_FUNCTION,
  PUT_MODULE,
  PUT_SETTING,
  settingValues,
  toCatalogRows,
  toSetting,
  toSettings,
} from './rows.js';
import { decodeText, digestOf, encodeText } from './texts.js';

/** The catalogs of a database, open. */
export interface StoredCatalogs extends CatalogStore {
  /** Waits for what is running, and closes the connection. @throws DaemonError `store_failed` */
  close(): Promise<void>;
}

/** The first version that has catalogs. */
const WITH_CATALOGS = 3;

/** Rows that are written in one transaction: a few milliseconds. Other work goes on between two of them. */
const BATCH = 250;

/** Greater than any id of an entry. */
const BEYOND = '\u{10FFFF}';

const headOf = (sql: Sql, key: string): PartitionHead | undefined =>
  toHead(sql.all('SELECT entry, revision, version FROM catalog_heads WHERE partition_key = ?', key)[0]);

/**
 * One page of a list that is read with one row more than asked for, which tells whether there is a further page.
 *
 * @param cursorOf the text that the next page begins after
 */
function page<T>(rows: readonly Row[], limit: number, to: (row: Row) => T, cursorOf: (item: T) => string): Page<T> {
  const items = rows.slice(0, limit).map(to);
  const last = items.at(-1);
  return rows.length > limit && last !== undefined ? { items, cursor: toCursor(cursorOf(last)) } : { items };
}

/** The changes as statements, in their order: a row that is removed and written is there afterwards. */
function statementsOf(key: string, changes: RowChanges, written: Written): { sql: string; values: Value[] }[] {
  const { deleteFunctions = [], deleteModules = [], putFunctions = [], putModules = [] } = changes;
  const removal = (table: string, column: string): string => `DELETE FROM ${table} WHERE partition_key = ? AND ${column} = ?`;
  return [
    ...deleteFunctions.map((name) => ({ sql: removal('mcp_functions', 'name'), values: [key, keepable(name)] })),
    ...deleteModules.map((name) => ({ sql: removal('mcp_modules', 'module_name'), values: [key, keepable(name)] })),
    ...putModules.map((row) => ({ sql: PUT_MODULE, values: moduleValues(key, row, written) })),
    ...putFunctions.map((row) => ({ sql: PUT_FUNCTION, values: functionValues(key, row, written) })),
  ];
}

/** Opens the catalogs of a database; it and its tables are created at first use. */
export function openStoredCatalogs(options: SessionOptions): StoredCatalogs {
  const session = createSession(options, {
    synced: true, // commits are rare
    hasTables: (connection, file) => readVersion(connection, file) >= WITH_CATALOGS,
  });

  async function commit(partition: string, { entry, text }: Commit): Promise<PartitionHead | undefined> {
    const key = keepable(partition);
    if (text !== undefined && digestOf(text) !== entry.revision) {
      throw new DaemonError('usage', `The revision ${entry.revision} is not the SHA-256 of its text.`);
    }
    // Before the lock is taken: a large text takes a while.
    const stored = text === undefined ? undefined : await encodeText(text);
    return session.write((sql) => {
      const head = headOf(sql, key);
      // The answer to a commit that was made got lost, and it is repeated.
      const isMade = sql.all('SELECT 1 FROM catalog_history WHERE partition_key = ? AND id = ?', key, entry.id).length > 0;
      if (isMade) return head;
      if ((head?.entry ?? null) !== entry.parent) return undefined;
      if (stored !== undefined) {
        sql.run(
          'INSERT OR IGNORE INTO catalog_revisions (partition_key, revision, encoding, text) VALUES (?, ?, ?, ?)',
          ...[key, entry.revision, stored.encoding, stored.text],
        );
      } else {
        const known = sql.all('SELECT 1 FROM catalog_revisions WHERE partition_key = ? AND revision = ?', key, entry.revision);
        if (known.length === 0) {
          throw new DaemonError('usage', `The partition has no revision ${entry.revision}, and its text is not given.`);
        }
      }
      sql.run(ADD_ENTRY, ...entryValues(key, entry));
      const version = randomUUID();
      sql.run(PUT_HEAD, key, entry.id, entry.revision, version);
      return { entry: entry.id, revision: entry.revision, version };
    });
  }

  async function text(partition: string, revision: string): Promise<string | undefined> {
    const select = 'SELECT encoding, text FROM catalog_revisions WHERE partition_key = ? AND revision = ?';
    const [row] = await session.read((sql) => sql.all(select, keepable(partition), revision), []);
    return row === undefined ? undefined : decodeText(row, revision);
  }

  async function partitions(query: PageQuery = {}): Promise<Page<StoredPartition>> {
    const limit = pageLimit(query);
    const after = fromCursor(query) ?? '';
    const rows = await session.read((sql) => sql.all(PARTITIONS, after, after, after, limit + 1), []);
    const toPartition = (row: Row): StoredPartition => ({ partition: String(row['partition_key']), head: toHead(row) });
    return page(rows, limit, toPartition, ({ partition }) => partition);
  }

  async function history(partition: string, query: PageQuery = {}): Promise<Page<HistoryEntry>> {
    const limit = pageLimit(query);
    const before = fromCursor(query) ?? BEYOND;
    const select = 'SELECT * FROM catalog_history WHERE partition_key = ? AND id < ? ORDER BY id DESC LIMIT ?';
    const rows = await session.read((sql) => sql.all(select, keepable(partition), before, limit + 1), []);
    return page(rows, limit, toEntry, ({ id }) => id);
  }

  async function settings(partition: string, query: PageQuery = {}): Promise<SettingPage> {
    const limit = pageLimit(query);
    const after = fromCursor(query) ?? '';
    const select = 'SELECT * FROM mcp_settings WHERE partition_key = ? AND setting_id > ? ORDER BY setting_id LIMIT ?';
    const rows = await session.read((sql) => sql.all(select, keepable(partition), after, limit + 1), []);
    const found = toSettings(rows.slice(0, limit));
    return rows.length > limit ? { ...found, cursor: toCursor(String(rows[limit - 1]?.['setting_id'])) } : found;
  }

  async function setting(partition: string, id: string): Promise<SettingRow | undefined> {
    const select = 'SELECT * FROM mcp_settings WHERE partition_key = ? AND setting_id = ?';
    const [row] = await session.read((sql) => sql.all(select, keepable(partition), keepable(id)), []);
    return row === undefined ? undefined : toSetting(row);
  }

  async function rows(partition: string): Promise<CatalogRows> {
    const key = keepable(partition);
    const [functions, modules] = await session.read<readonly [Row[], Row[]]>(
      (sql) => [
        sql.all('SELECT * FROM mcp_functions WHERE partition_key = ? ORDER BY name', key),
        sql.all('SELECT * FROM mcp_modules WHERE partition_key = ? ORDER BY module_name', key),
      ],
      [[], []],
    );
    return toCatalogRows(functions, modules);
  }

  async function writeRows(partition: string, changes: RowChanges, author: string): Promise<void> {
    const statements = statementsOf(keepable(partition), changes, { author, at: Date.now() });
    for (let from = 0; from < statements.length; from += BATCH) {
      if (from > 0) await turn();
      const batch = statements.slice(from, from + BATCH);
      await session.write((sql) => {
        for (const { sql: statement, values } of batch) sql.run(statement, ...values);
      });
    }
  }

  return {
    partitions,
    head: (partition) => session.read((sql) => headOf(sql, keepable(partition)), undefined),
    commit,
    touch: (partition) =>
      session.write((sql) => {
        const version = randomUUID();
        sql.run(TOUCH_HEAD, keepable(partition), version);
        return headOf(sql, keepable(partition)) ?? { entry: null, revision: null, version };
      }),
    text,
    history,
    rows,
    writeRows,
    setting,
    settings,
    async putSetting(partition, row, author) {
      const values = settingValues(keepable(partition), row, { author, at: Date.now() });
      await session.write((sql) => sql.run(PUT_SETTING, ...values));
    },
    deleteSetting: (partition, id) =>
      session.write(
        (sql) =>
          sql.run('DELETE FROM mcp_settings WHERE partition_key = ? AND setting_id = ?', keepable(partition), keepable(id)) > 0,
      ),
    close: () => session.close(),
  };
}
