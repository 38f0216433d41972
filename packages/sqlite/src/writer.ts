/**
 * Writes records: the hot path.
 *
 * What costs is handing values to the engine, text above all. So rows go in statements of up to 32, and what rows of a group
 * have in common is handed over once per statement, to engines that can do that. A group that fits in one statement needs no
 * transaction around it.
 */
import type { CallRecord } from '@mcp-daemon/core';
import type { Connection, Statement, Value } from './connection.js';
import type { Presence } from './presence.js';
import { keepable } from './rows.js';
import { inTransaction } from './transaction.js';

/** Handed over once per statement: it must come first, see {@link insertion}. */
const SHARED = ['partition_key', 'updated_by', 'revision', 'owner'];
const OWN = [
  ...['mcp_function_call_uuid', 'name', 'mcp_type', 'status', 'content_in_s3', 'time_spent', 'created_at', 'updated_at'],
  ...['fault', 'bundle_digest', 'traceparent', 'notes', 'arguments', 'content'],
];
const KEY = ['partition_key', 'mcp_function_call_uuid'];

const MOST_ROWS = 32;

/** The statement that writes `count` rows. Only what later rows repeat has a number: SQLite searches a list of these. */
function insertion(count: number, numbered: boolean): string {
  const own = OWN.map(() => '?').join();
  const first = `(${SHARED.map(() => '?').join()},${own})`;
  const further = numbered ? `(${SHARED.map((_, index) => `?${index + 1}`).join()},${own})` : first;
  const columns = [...SHARED, ...OWN];
  const changes = columns.filter((column) => !KEY.includes(column)).map((column) => `${column} = excluded.${column}`);
  return `INSERT INTO mcp_function_calls (${columns.join()}) VALUES ${[first, ...Array<string>(count - 1).fill(further)].join()}
    ON CONFLICT (${KEY.join()}) DO UPDATE SET ${changes.join()}`;
}

/** How many rows from `start` on go into one statement: a power of two, so that few statements do. */
function chunk(rows: readonly CallRecord[], start: number, numbered: boolean): number {
  const first = rows[start];
  const end = Math.min(rows.length, start + MOST_ROWS);
  let next = start + 1;
  if (!numbered) next = end;
  for (; next < end; next += 1) {
    const row = rows[next];
    if (row?.partition_key !== first?.partition_key || row?.updated_by !== first?.updated_by) break;
    if (row?.revision !== first?.revision || row?.owner !== first?.owner) break;
  }
  return 1 << (31 - Math.clz32(next - start));
}

/**
 * Returns the `write` of the port. It throws what the engine throws; then none of the rows was written.
 *
 * @param presence is told of the rows, and says what to write along.
 */
export function createWriter(connection: Connection, presence: Presence): (rows: readonly CallRecord[]) => void {
  const { numbered } = connection;
  const statements = new Map<number, Statement>();

  function insert(rows: readonly CallRecord[], start: number, count: number): void {
    let statement = statements.get(count);
    if (statement === undefined) {
      statement = connection.prepare(insertion(count, numbered));
      statements.set(count, statement);
    }
    const values: Value[] = [];
    for (let index = start; index < start + count; index += 1) {
      const row = rows[index] as CallRecord;
      if (index === start || !numbered)
        values.push(keepable(row.partition_key), keepable(row.updated_by), row.revision, row.owner);
      values.push(
        row.mcp_function_call_uuid,
        row.name,
        row.mcp_type,
        row.status,
        row.content_in_s3 ? 1 : 0,
        row.time_spent,
        row.created_at,
        row.updated_at,
        row.fault,
        row.bundle_digest,
        row.traceparent,
        row.notes === null ? null : keepable(row.notes),
        row.arguments,
        row.content,
      );
    }
    statement.run(values);
  }

  return (rows) => {
    if (rows.length === 0) return;
    const announce = presence.isDue(rows);
    const count = chunk(rows, 0, numbered);
    if (count === rows.length && !announce) {
      insert(rows, 0, count);
    } else {
      inTransaction(connection, () => {
        if (announce) presence.announce();
        for (let start = 0; start < rows.length;) {
          const next = chunk(rows, start, numbered);
          insert(rows, start, next);
          start += next;
        }
      });
    }
    presence.written(rows, announce);
  };
}
