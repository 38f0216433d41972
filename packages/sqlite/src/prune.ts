/**
 * Removes old records, some at a time: who wants to write in between gets its turn.
 */
import { setImmediate as turn } from 'node:timers/promises';

import type { Retention } from '@mcp-daemon/core';

import type { Connection } from './connection.js';
import { keepable } from './rows.js';

/** So many are looked at in a few milliseconds. */
const BATCH = 250;

/** A record as far as its age goes. */
interface Aged {
  uuid: string;
  created_at: number;
  open: boolean;
}

/** A partition's records from the oldest on, a batch at a time. Open ones are among them: nobody knows where. */
function oldest(connection: Connection, partition: string): (after: string) => Aged[] {
  const statement = connection.prepare(
    `SELECT mcp_function_call_uuid, created_at, status = 'in_process' AS open FROM mcp_function_calls
     WHERE partition_key = ? AND mcp_function_call_uuid > ? ORDER BY mcp_function_call_uuid LIMIT ${BATCH}`,
  );
  return (after) =>
    statement.all([partition, after]).map((row) => ({
      uuid: String(row['mcp_function_call_uuid']),
      created_at: Number(row['created_at']),
      open: row['open'] === 1,
    }));
}

/** How many settled records a partition has. */
function countSettled(connection: Connection, partition: string): number {
  const all = 'SELECT count(*) AS number FROM mcp_function_calls WHERE partition_key = ?';
  const [total] = connection.prepare(all).all([partition]);
  const [open] = connection.prepare(`${all} AND status = 'in_process'`).all([partition]);
  return Number(total?.['number']) - Number(open?.['number']);
}

/**
 * Removes settled records of a partition; returns how many. Throws what the engine throws; what was removed before stays so.
 *
 * @param goOn is asked before each batch.
 */
export async function prune(
  connection: Connection,
  partition: string,
  { before = -Infinity, count }: Retention,
  goOn: () => boolean,
): Promise<number> {
  const key = keepable(partition);
  const read = oldest(connection, key);
  const remove = connection.prepare(
    `DELETE FROM mcp_function_calls WHERE partition_key = ? AND status <> 'in_process'
     AND mcp_function_call_uuid >= ? AND mcp_function_call_uuid <= ?`,
  );
  let excess = count === undefined ? 0 : countSettled(connection, key) - count;
  let removed = 0;
  for (let after = ''; goOn();) {
    const rows = read(after);
    let last: string | undefined;
    let passed = 0;
    for (const { uuid, created_at, open } of rows) {
      if (!open && excess <= 0 && created_at >= before) break;
      if (!open) excess -= 1;
      passed += 1;
      last = uuid;
    }
    if (last === undefined) break;
    removed += remove.run([key, rows[0]?.uuid ?? last, last]);
    if (passed < BATCH) break;
    after = last;
    await turn();
  }
  return removed;
}
