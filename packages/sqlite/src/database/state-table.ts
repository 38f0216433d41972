/**
 * The table of small shared state, and the removal of what has expired.
 *
 * It is created at the first write, and is no schema version of its own: programs of version 3 that know nothing of it go on using the
 * file. Rows are found by partition and key. The rowid follows the time of creation, so new rows are written side by side; the time of
 * expiry has no index, which would make each write dearer.
 */
import { setImmediate as turn } from 'node:timers/promises';

import type { Connection } from '../engine/connection.js';
import { inTransaction } from '../engine/transaction.js';
import { createPace } from './pace.js';

/** Whether the table exists. Throws what the engine throws. */
export const hasStateTable = (connection: Connection): boolean =>
  connection.prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'state'`).all([]).length > 0;

/** Creates the table, if it does not exist. `value` comes last: conditions need not read it. Throws what the engine throws. */
export function createStateTable(connection: Connection): void {
  connection.exec(`CREATE TABLE IF NOT EXISTS state (
    partition_key TEXT NOT NULL,
    state_key TEXT NOT NULL,
    version TEXT NOT NULL,
    expires_at INTEGER,
    value NOT NULL,
    PRIMARY KEY (partition_key, state_key)
  )`);
}

/**
 * Removes entries that have expired; returns how many. Throws what the engine throws; what was removed stays removed.
 *
 * @param now milliseconds since 1970
 * @param goOn called before each part, which takes a few milliseconds; false stops the work
 */
export async function sweepState(connection: Connection, now: number, goOn: () => boolean): Promise<number> {
  if (!hasStateTable(connection)) return 0;
  const look = connection.prepare(
    `SELECT max(rowid) AS last, sum(expires_at <= ?) AS expired FROM
       (SELECT rowid, expires_at FROM state WHERE rowid > ? ORDER BY rowid LIMIT ?)`,
  );
  const remove = connection.prepare('DELETE FROM state WHERE rowid > ? AND rowid <= ? AND expires_at <= ?');
  const pace = createPace();
  let removed = 0;
  for (let from = 0; goOn();) {
    const began = performance.now();
    const [row] = look.all([now, from, pace.rows]);
    const last = row?.['last'];
    if (typeof last !== 'number') break;
    const after = from;
    if (Number(row?.['expired'] ?? 0) > 0) removed += inTransaction(connection, () => remove.run([after, last, now]));
    from = last;
    pace.took(performance.now() - began);
    await turn();
  }
  return removed;
}
