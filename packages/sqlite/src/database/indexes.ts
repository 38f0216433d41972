/**
 * The indexes of `calls` that filtered lists use. To build them in a large file takes seconds, so a file of an older version gets
 * them later, when records are pruned; until then filtered lists read all records.
 */
import type { Connection } from '../engine/connection.js';
import { inTransaction } from '../engine/transaction.js';

/**
 * `calls_by_context` finds the calls of a function, caller, client, server or revision, newest first: the few contexts that match
 * are found first. `calls_by_status` holds calls that ended otherwise than completed, so that a completed call costs nothing there.
 */
const INDEXES = {
  calls_by_context: 'ON calls (context, uuid)',
  calls_by_status: 'ON calls (partition, status, uuid) WHERE status > 1',
};

/** So many records are indexed in a few milliseconds. */
const FEW = 10_000;

/** Whether the indexes are there. */
export function hasIndexes(connection: Connection): boolean {
  const names = Object.keys(INDEXES);
  const sql = `SELECT count(*) AS number FROM sqlite_schema WHERE type = 'index' AND name IN (${names.map(() => '?').join()})`;
  return Number(connection.prepare(sql).all(names)[0]?.['number']) === names.length;
}

function create(connection: Connection): void {
  for (const [name, on] of Object.entries(INDEXES)) connection.exec(`CREATE INDEX IF NOT EXISTS ${name} ${on}`);
}

/** Creates the indexes, inside a transaction, where there are few records. Throws what the engine throws. */
export function createIndexesIfQuick(connection: Connection): void {
  const [row] = connection.prepare('SELECT coalesce(max(rowid), 0) AS newest FROM calls').all([]);
  if (Number(row?.['newest']) <= FEW) create(connection);
}

/** Creates the indexes where they are missing. Takes seconds in a large file, which others can read meanwhile. Throws what the engine throws. */
export function createIndexes(connection: Connection): void {
  if (!hasIndexes(connection)) inTransaction(connection, () => create(connection));
}
