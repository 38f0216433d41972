/**
 * Reads records: one by its uuid, or pages of them.
 */
import type { CallQuery, CallRecord, Page } from '@mcp-daemon/core';
import { CALL_STATUSES, fromCursor, pageLimit, toCursor } from '@mcp-daemon/core';

import type { Connection, Statement, Value } from '../engine/connection.js';
import { keepable } from '../engine/text.js';
import { isUuid } from '../journal/frames.js';
import { COLUMNS_WITHOUT_BODIES, RECORD_COLUMNS, toRecord, uuidBytes, uuidText } from './rows.js';

type Condition = [sql: string, ...values: Value[]];

/** The filters of a query with their values: on calls `c`, and on contexts `x`. */
function filters(query: CallQuery): { call: Condition[]; context: Condition[] } {
  const { name, mcp_type, status, updated_at_gt, updated_at_lt } = query;
  const [updated_by, client, server] = [query.updated_by, query.client, query.server].map((value) =>
    value === undefined ? undefined : keepable(value),
  );
  const call: Condition[] = [];
  const context: Condition[] = [];
  if (name !== undefined) context.push(['x.name = ?', name]);
  if (mcp_type !== undefined) context.push(['x.mcp_type = ?', mcp_type]);
  if (updated_by !== undefined) context.push(['x.updated_by = ?', updated_by]);
  // An empty text means null, which no filter matches.
  if (server !== undefined) context.push([`x.server <> '' AND x.server = ?`, server]);
  if (client !== undefined) {
    const matches = `x.client <> '' AND (x.client = ? OR substr(x.client, 1, length(?) + 1) = ? || '/')`;
    context.push([matches, client, client, client]);
  }
  if (status !== undefined) call.push(['c.status = ?', CALL_STATUSES.indexOf(status)]);
  if (updated_at_gt !== undefined) call.push(['c.updated_at > ?', updated_at_gt]);
  if (updated_at_lt !== undefined) call.push(['c.updated_at < ?', updated_at_lt]);
  return { call, context };
}

const sqlOf = (conditions: readonly Condition[]): string => conditions.map(([sql]) => sql).join(' AND ');
const valuesOf = (conditions: readonly Condition[]): Value[] => conditions.flatMap(([, ...values]) => values);

/** The reading methods of the port. All throw what the engine throws. */
export interface Reader {
  get(partition: string, uuid: string): CallRecord | undefined;
  /** @throws DaemonError `invalid_cursor`, and `invalid_params` for an invalid limit */
  list(partition: string, query: CallQuery): Page<CallRecord>;
  count(partition: string, query: CallQuery, most?: number): number;
  find(partition: string, part: string, most?: number): string[];
}

/** Creates a reader. */
export function createReader(connection: Connection): Reader {
  let byUuid: Statement | undefined;
  let byKey: Statement | undefined;

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
        `SELECT ${RECORD_COLUMNS} FROM calls c JOIN contexts x ON x.id = c.context WHERE c.partition = ? AND c.uuid = ?`,
      );
      const [row] = byUuid.all([id, uuidBytes(uuid)]);
      return row === undefined ? undefined : toRecord(row, keepable(partition));
    },

    list(partition, query) {
      const limit = pageLimit(query);
      const after = fromCursor(query);
      const { call, context } = filters(query);
      const where: Condition[] = [['c.partition = ?', partitionId(partition) ?? -1], ...call, ...context];
      if (after !== undefined) where.push(['c.uuid < ?', uuidBytes(after)]);
      // CROSS JOIN makes SQLite use the order of the index on calls: newest first, without sorting.
      const columns = query.bodies === false ? COLUMNS_WITHOUT_BODIES : RECORD_COLUMNS;
      const sql = `SELECT ${columns} FROM calls c CROSS JOIN contexts x ON x.id = c.context
        WHERE ${sqlOf(where)} ORDER BY c.uuid DESC LIMIT ?`;
      // Read one more record than requested, to know whether there is another page.
      const rows = connection.prepare(sql).all([...valuesOf(where), limit + 1]);
      const items = rows.slice(0, limit).map((row) => toRecord(row, keepable(partition)));
      const last = items.at(-1);
      return rows.length > limit && last !== undefined ? { items, cursor: toCursor(last.mcp_function_call_uuid) } : { items };
    },

    count(partition, query, most = Infinity) {
      const { call, context } = filters(query);
      const where: Condition[] = [['c.partition = ?', partitionId(partition) ?? -1], ...call];
      if (context.length > 0) {
        where.push([`c.context IN (SELECT x.id FROM contexts x WHERE ${sqlOf(context)})`, ...valuesOf(context)]);
      }
      const sql = `SELECT count(*) AS number FROM (SELECT 1 FROM calls c WHERE ${sqlOf(where)} LIMIT ?)`;
      const [row] = connection.prepare(sql).all([...valuesOf(where), most === Infinity ? -1 : most]);
      return Number(row?.['number']);
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
