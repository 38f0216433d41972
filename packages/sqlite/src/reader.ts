/**
 * Reads records: one by its uuid, or pages of them.
 */
import type { CallQuery, CallRecord, Page } from '@mcp-daemon/core';
import { fromCursor, pageLimit, toCursor } from '@mcp-daemon/core';

import type { Connection, Statement, Value } from './connection.js';
import { keepable, toRecord } from './rows.js';

/** The conditions of a query, each with its values. */
function conditions(partition: string, query: CallQuery): [sql: string, ...values: Value[]][] {
  const { name, mcp_type, status, updated_at_gt, updated_at_lt } = query;
  const after = fromCursor(query);
  const list: [string, ...Value[]][] = [['partition_key = ?', keepable(partition)]];
  if (after !== undefined) list.push(['mcp_function_call_uuid < ?', after]);
  if (name !== undefined) list.push(['name = ?', name]);
  if (mcp_type !== undefined) list.push(['mcp_type = ?', mcp_type]);
  if (status !== undefined) list.push(['status = ?', status]);
  if (updated_at_gt !== undefined) list.push(['updated_at > ?', updated_at_gt]);
  if (updated_at_lt !== undefined) list.push(['updated_at < ?', updated_at_lt]);
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
  return {
    get(partition, uuid) {
      byUuid ??= connection.prepare('SELECT * FROM mcp_function_calls WHERE partition_key = ? AND mcp_function_call_uuid = ?');
      const [row] = byUuid.all([keepable(partition), uuid]);
      return row === undefined ? undefined : toRecord(row);
    },

    list(partition, query) {
      const limit = pageLimit(query);
      const where = conditions(partition, query);
      const sql = `SELECT * FROM mcp_function_calls WHERE ${where.map(([condition]) => condition).join(' AND ')}
        ORDER BY mcp_function_call_uuid DESC LIMIT ?`;
      // One more than asked for tells whether there is a further page.
      const rows = connection.prepare(sql).all([...where.flatMap(([, ...values]) => values), limit + 1]);
      const items = rows.slice(0, limit).map(toRecord);
      const last = items.at(-1);
      return rows.length > limit && last !== undefined ? { items, cursor: toCursor(last.mcp_function_call_uuid) } : { items };
    },
  };
}
