/**
 * Removes old records, some at a time: who wants to write in between gets its turn.
 */
import { setImmediate as turn } from 'node:timers/promises';

import type { Retention } from '@mcp-daemon/core';

import type { Connection } from '../engine/connection.js';
import { keepable } from '../engine/text.js';
import { inTransaction } from '../engine/transaction.js';

/** So many are looked at in a few milliseconds. */
const BATCH = 250;

/** Contexts are small. Only where there are many is it worth to look which of them no call has. */
const MANY_CONTEXTS = 10_000;

/** A record as far as its age goes. */
interface Aged {
  /** In hexadecimal digits. */
  uuid: string;
  created_at: number;
  open: boolean;
}

/** A partition's records from the oldest on, a batch at a time. Open ones are among them: nobody knows where. */
function oldest(connection: Connection, partition: number): (after: string) => Aged[] {
  const statement = connection.prepare(
    `SELECT hex(uuid) AS uuid, created_at, status = 0 AS open FROM calls WHERE partition = ? AND uuid > unhex(?)
     ORDER BY calls.uuid LIMIT ${BATCH}`,
  );
  return (after) =>
    statement.all([partition, after]).map((row) => ({
      uuid: String(row['uuid']),
      created_at: Number(row['created_at']),
      open: row['open'] === 1,
    }));
}

/** How many settled records a partition has. */
function countSettled(connection: Connection, partition: number): number {
  const all = 'SELECT count(*) AS number FROM calls WHERE partition = ?';
  const [total] = connection.prepare(all).all([partition]);
  const [open] = connection
    .prepare('SELECT count(*) AS number FROM calls WHERE status = 0 AND context IN (SELECT id FROM contexts WHERE partition = ?)')
    .all([partition]);
  return Number(total?.['number']) - Number(open?.['number']);
}

/** Removes contexts that no call has. */
function pruneContexts(connection: Connection): void {
  const [count] = connection.prepare('SELECT count(*) AS number FROM contexts').all([]);
  if (Number(count?.['number']) < MANY_CONTEXTS) return;
  inTransaction(connection, () =>
    connection.exec(
      `DELETE FROM contexts WHERE id NOT IN (SELECT context FROM calls) AND id NOT IN (SELECT context FROM journal_contexts)`,
    ),
  );
}

/**
 * Removes settled records of a partition; returns how many. Throws what the engine throws; what was removed before stays so.
 *
 * @param goOn is asked before each batch.
 */
export async function prune(
  connection: Connection,
  partitionKey: string,
  { before = -Infinity, count }: Retention,
  goOn: () => boolean,
): Promise<number> {
  const [found] = connection.prepare('SELECT id FROM partitions WHERE partition_key = ?').all([keepable(partitionKey)]);
  if (found === undefined) return 0;
  const partition = Number(found['id']);
  const read = oldest(connection, partition);
  const remove = connection.prepare(
    'DELETE FROM calls WHERE partition = ? AND status <> 0 AND uuid >= unhex(?) AND uuid <= unhex(?)',
  );
  let excess = count === undefined ? 0 : countSettled(connection, partition) - count;
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
    removed += remove.run([partition, rows[0]?.uuid ?? last, last]);
    if (passed < BATCH) break;
    after = last;
    await turn();
  }
  if (removed > 0) pruneContexts(connection);
  return removed;
}
