/**
 * Reads records: one by its uuid, or pages of them.
 */
import type { CallQuery, CallRecord, Page } from '@mcp-daemon/core';
import { CALL_STATUSES, fromCursor, pageLimit, toCursor } from '@mcp-daemon/core';

import type { Connection, Statement, Value } from '../engine/connection.js';
import { keepable } from '../engine/text.js';
import { isUuid } from '../journal/frames.js';
import { RECORD_COLUMNS, toRecord, uuidBytes } from './rows.js';

type Condition = [sql: string, ...values: Value[]];

/** The conditions of a query, each with its values. */
function conditions(partition: number, query: CallQuery): Condition[] {
  const { name, mcp_type, status, updated_at_gt, updated_at_lt } = query;
  const after = fromCursor(query);
  const list: Condition[] = [['c.partition = ?', partition]];
  if (after !== undefined) list.push(['c.uuid < ?', uuidBytes(after)]);
  if (name !== undefined) list.push(['x.name = ?', name]);
  if (mcp_type !== undefined) list.push(['x.mcp_type = ?', mcp_type]);
  if (status !== undefined) list.push(['c.status = ?', CALL_STATUSES.indexOf(status)]);
  if (updated_at_gt !== undefined) list.push(['c.updated_at > ?', updated_at_gt]);
  if (updated_at_lt !== undefined) list.push(['c.updated_at < ?', updated_at_lt]);
  return list;
}

/** The reading half of the port. Both throw what the engine throws. */
export interface Reader {
  get(partition: string, uuid: string): CallRecord | undefined;
  /** @throws DaemonError `invalid_cursor`, and `invalid_params` for a limit that is none. */
  list(partition: string, query: CallQuery): Page<CallRecord>;
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
      const where = conditions(partitionId(partition) ?? -1, query);
      // CROSS JOIN keeps the order of the calls' index: newest first, without sorting.
      const sql = `SELECT ${RECORD_COLUMNS} FROM calls c CROSS JOIN contexts x ON x.id = c.context
        WHERE ${where.map(([condition]) => condition).join(' AND ')} ORDER BY c.uuid DESC LIMIT ?`;
      // One more than asked for tells whether there is a further page.
      const rows = connection.prepare(sql).all([...where.flatMap(([, ...values]) => values), limit + 1]);
      const items = rows.slice(0, limit).map((row) => toRecord(row, keepable(partition)));
      const last = items.at(-1);
      return rows.length > limit && last !== undefined ? { items, cursor: toCursor(last.mcp_function_call_uuid) } : { items };
    },
  };
}
