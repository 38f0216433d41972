/**
 * Writes records: the hot path.
 *
 * What costs is handing values to the engine, text above all. So rows go in statements of up to 64, and what all rows of a
 * statement have in common (nearly everything, under load) is handed over once, to engines that can do that. A group that fits
 * in one statement needs no transaction around it.
 */
import type { CallRecord } from '@mcp-daemon/core';

import type { Connection, Statement, Value } from './connection.js';
import type { Presence } from './presence.js';
import { keepable } from './rows.js';
import { inTransaction } from './transaction.js';

const COLUMNS = [
  ...['partition_key', 'updated_by', 'revision', 'owner', 'mcp_function_call_uuid', 'name', 'mcp_type', 'status'],
  ...['content_in_s3', 'time_spent', 'created_at', 'updated_at', 'fault', 'bundle_digest', 'traceparent', 'notes'],
  ...['arguments', 'content'],
];
const KEY = ['partition_key', 'mcp_function_call_uuid'];

const MOST_ROWS = 64;

/** Statements kept; there are few ways to be alike in practice. */
const MOST_STATEMENTS = 64;

/** A row's values, in the order of the columns. */
const valuesOf = (row: CallRecord): Value[] => [
  keepable(row.partition_key),
  keepable(row.updated_by),
  row.revision,
  row.owner,
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
];

/** The columns in which all rows are alike, as bits. One row has nothing to share. */
function alike(rows: readonly Value[][]): number {
  const [first, ...others] = rows;
  if (first === undefined || others.length === 0) return 0;
  let bits = 0;
  for (let column = 0; column < first.length; column += 1) {
    if (others.every((values) => values[column] === first[column])) bits |= 1 << column;
  }
  return bits;
}

/**
 * The statement that writes `count` rows. Shared values come first and once: SQLite searches a list of numbered parameters, so
 * only those that later rows repeat have a number.
 */
function insertion(count: number, shared: number): string {
  const common = COLUMNS.filter((_, column) => shared & (1 << column));
  const own = COLUMNS.filter((_, column) => !(shared & (1 << column)));
  const marks = own.map(() => '?');
  const first = [...common.map(() => '?'), ...marks].join();
  const further = [...common.map((_, index) => `?${index + 1}`), ...marks].join();
  const changes = COLUMNS.filter((column) => !KEY.includes(column)).map((column) => `${column} = excluded.${column}`);
  return `INSERT INTO mcp_function_calls (${[...common, ...own].join()})
    VALUES (${first})${`,(${further})`.repeat(count - 1)}
    ON CONFLICT (${KEY.join()}) DO UPDATE SET ${changes.join()}`;
}

/** How many of `left` rows go into one statement: a power of two, so that few statements do. */
const chunk = (left: number): number => 1 << (31 - Math.clz32(Math.min(left, MOST_ROWS)));

/**
 * Returns the `write` of the port. It throws what the engine throws; then none of the rows was written.
 *
 * @param presence is told of the rows, and says what to write along.
 */
export function createWriter(connection: Connection, presence: Presence): (rows: readonly CallRecord[]) => void {
  const statements = new Map<number, Statement>();

  function statementOf(count: number, shared: number): Statement {
    const key = shared * (MOST_ROWS + 1) + count;
    let statement = statements.get(key);
    if (statement === undefined) {
      if (statements.size >= MOST_STATEMENTS) statements.clear();
      statements.set(key, (statement = connection.prepare(insertion(count, shared))));
    }
    return statement;
  }

  function insert(rows: readonly CallRecord[], start: number, count: number): void {
    const all = rows.slice(start, start + count).map(valuesOf);
    const shared = connection.numbered ? alike(all) : 0;
    const values: Value[] = (all[0] ?? []).filter((_, column) => shared & (1 << column));
    for (const own of all) {
      for (let column = 0; column < own.length; column += 1) {
        if (!(shared & (1 << column))) values.push(own[column] ?? null);
      }
    }
    statementOf(count, shared).run(values);
  }

  return (rows) => {
    if (rows.length === 0) return;
    const announce = presence.isDue(rows);
    const count = chunk(rows.length);
    if (count === rows.length && !announce) {
      insert(rows, 0, count);
    } else {
      inTransaction(connection, () => {
        if (announce) presence.announce();
        for (let start = 0; start < rows.length;) {
          const next = chunk(rows.length - start);
          insert(rows, start, next);
          start += next;
        }
      });
    }
    presence.written(rows, announce);
  };
}
