/** Stores in the database when records were last pruned. */
import type { LastPrune } from '@mcp-daemon/core';

import type { Connection } from '../engine/connection.js';
import { inTransaction } from '../engine/transaction.js';

const NEWEST = '(SELECT coalesce(max(rowid), 0) FROM calls)';

/** When records were last pruned; undefined: never. Throws what the engine throws. */
export function lastPrune(connection: Connection): LastPrune | undefined {
  const sql = `SELECT t.value AS at, max(0, ${NEWEST} - r.value) AS added
    FROM upkeep t, upkeep r WHERE t.name = 'pruned_at' AND r.name = 'pruned_row'`;
  const [row] = connection.prepare(sql).all([]);
  return row === undefined ? undefined : { at: Number(row['at']), added: Number(row['added']) };
}

/** Stores when records were pruned. @param at milliseconds since 1970. Throws what the engine throws */
export function notePrune(connection: Connection, at: number): void {
  inTransaction(connection, () => {
    connection.prepare(`INSERT OR REPLACE INTO upkeep (name, value) VALUES ('pruned_at', ?)`).run([at]);
    connection.exec(`INSERT OR REPLACE INTO upkeep (name, value) SELECT 'pruned_row', ${NEWEST}`);
  });
}
