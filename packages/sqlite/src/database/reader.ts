/**
 * Reads records: one by its uuid, or pages of them.
 */
import type { CallQuery, CallRecord, Page } from '@mcp-daemon/core';
import { checkMany, fromCursor, pageLimit, toCursor } from '@mcp-daemon/core';

import type { Connection, Row, Statement } from '../engine/connection.js';
import { keepable } from '../engine/text.js';
import { isUuid } from '../journal/frames.js';
import { filtersOf } from './filters.js';
import { createFinder } from './finder.js';
import { recordColumns, toRecord, uuidBytes, uuidText } from './rows.js';

/** The reading methods of the port. All throw what the engine throws. */
export interface Reader {
  get(partition: string, uuid: string): CallRecord | undefined;
  /** The records in the order of their uuids. @throws DaemonError `invalid_params` if there are too many */
  getMany(partition: string, uuids: readonly string[], bodies: boolean): (CallRecord | undefined)[];
  /** @throws DaemonError `invalid_cursor`, and `invalid_params` for an invalid limit */
  list(partition: string, query: CallQuery): Page<CallRecord>;
  count(partition: string, query: CallQuery, most?: number): number;
  /**
   * Looks at some records only, from an older one on to the next: for queries that may have to look at all.
   *
   * @param after where the part before ended. Default: at the newest record
   * @param most how many matching records are wanted; undefined: they are only counted
   * @throws DaemonError `invalid_params`, `invalid_cursor`
   */
  part(partition: string, query: CallQuery, after: Uint8Array | undefined, most: number | undefined): Part;
  find(partition: string, part: string, most?: number): string[];
}

/** Some of the records of a query. */
export interface Part {
  /** How many match. */
  count: number;
  /** Those that match, newest first. */
  items: CallRecord[];
  /** Where the part ended; undefined: all records have been looked at. */
  last: Uint8Array | undefined;
}

/** How many records a part looks at: that takes about a millisecond. */
const PART_RECORDS = 4_000;

/** Creates a reader. */
export function createReader(connection: Connection): Reader {
  const finder = createFinder(connection);
  let columns: { all: string; withoutBodies: string } | undefined;
  let byUuid: Statement | undefined;
  let byKey: Statement | undefined;

  /** The columns of records in this file. */
  function columnsOf(bodies: boolean): string {
    if (columns === undefined) {
      const [found] = connection.prepare(`SELECT 1 AS found FROM pragma_table_info('contexts') WHERE name = 'client_id'`).all([]);
      const has = found !== undefined;
      columns = { all: recordColumns(true, has), withoutBodies: recordColumns(false, has) };
    }
    return bodies ? columns.all : columns.withoutBodies;
  }

  function partitionId(partition: string): number | undefined {
    byKey ??= connection.prepare('SELECT id FROM partitions WHERE partition_key = ?');
    const [row] = byKey.all([keepable(partition)]);
    return row === undefined ? undefined : Number(row['id']);
  }

  return {
    get(partition, uuid) {
      const id = partitionId(partition);
      if (id === undefined || !isUuid(uuid)) return undefined;
      byUuid ??= connection.prepare(
        `SELECT ${columnsOf(true)} FROM calls c JOIN contexts x ON x.id = c.context WHERE c.partition = ? AND c.uuid = ?`,
      );
      const [row] = byUuid.all([id, uuidBytes(uuid)]);
      return row === undefined ? undefined : toRecord(row, keepable(partition));
    },

    getMany(partition, uuids, bodies) {
      checkMany(uuids);
      const id = partitionId(partition);
      const known = new Set(uuids.filter(isUuid).map((uuid) => uuid.replaceAll('-', '')));
      if (id === undefined || known.size === 0) return uuids.map(() => undefined);
      const sql = `SELECT ${columnsOf(bodies)} FROM json_each(?) j
        CROSS JOIN calls c ON c.partition = ? AND c.uuid = unhex(j.value) CROSS JOIN contexts x ON x.id = c.context`;
      const rows = connection.prepare(sql).all([JSON.stringify([...known]), id]);
      const found = new Map<string, Row>(rows.map((row) => [uuidText(String(row['uuid'])), row]));
      return uuids.map((uuid) => {
        const row = found.get(uuid);
        return row === undefined ? undefined : toRecord(row, keepable(partition));
      });
    },

    list(partition, query) {
      const limit = pageLimit(query);
      const after = fromCursor(query);
      const id = partitionId(partition);
      const rows =
        id === undefined
          ? []
          : finder.select({
              partition: id,
              filters: filtersOf(query),
              before: after === undefined ? undefined : uuidBytes(after),
              most: limit + 1, // one more than requested, to know whether there is another page
              columns: columnsOf(query.bodies !== false),
            });
      const items = rows.slice(0, limit).map((row) => toRecord(row, keepable(partition)));
      const last = items.at(-1);
      return rows.length > limit && last !== undefined ? { items, cursor: toCursor(last.mcp_function_call_uuid) } : { items };
    },

    part(partition, query, after, most) {
      const id = partitionId(partition);
      if (id === undefined) return { count: 0, items: [], last: undefined };
      const cursor = after === undefined && most !== undefined ? fromCursor(query) : undefined;
      const before = cursor === undefined ? after : uuidBytes(cursor);
      const last = finder.older(id, before, PART_RECORDS);
      const selection = { partition: id, filters: filtersOf(query), before, from: last ?? new Uint8Array(16) };
      if (most === undefined) return { count: finder.countBetween(selection), items: [], last };
      const columns = columnsOf(query.bodies !== false);
      const items = finder.select({ ...selection, most, columns }).map((row) => toRecord(row, keepable(partition)));
      return { count: items.length, items, last };
    },

    count(partition, query, most = Infinity) {
      const id = partitionId(partition);
      return id === undefined ? 0 : finder.count(id, filtersOf(query), most === Infinity ? -1 : most);
    },

    find(partition, part, most = 2) {
      const id = partitionId(partition);
      const wanted = part.toLowerCase();
      const digits = wanted.replaceAll('-', '');
      if (id === undefined || !/^[0-9a-f]{1,32}$/.test(digits)) return [];
      // Only keys are read, from the index.
      const sql = `SELECT hex(uuid) AS uuid FROM calls WHERE partition = ? AND %s ORDER BY calls.uuid DESC LIMIT ?`;
      const beginning = connection.prepare(sql.replace('%s', 'uuid >= unhex(?) AND uuid <= unhex(?)'));
      const found = beginning.all([id, digits.padEnd(32, '0'), digits.padEnd(32, 'f'), most]);
      if (digits.length < 32) {
        const end = connection.prepare(sql.replace('%s', `substr(hex(uuid), ${-digits.length}) = ?`));
        found.push(...end.all([id, digits.toUpperCase(), most]));
      }
      const uuids = new Set(found.map((row) => uuidText(String(row['uuid']))));
      const matching = [...uuids].filter((uuid) => uuid.startsWith(wanted) || uuid.endsWith(wanted));
      return matching.sort().reverse().slice(0, most);
    },
  };
}
