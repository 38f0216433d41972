/** Checks the catalogs of a database: heads, history and texts have to fit together. */
import { decodeText } from '../catalogs/texts.js';
import type { Connection, Row } from '../engine/connection.js';
import { toStoreError } from '../engine/failure.js';

/** So many problems are enough. */
const MOST = 20;

const QUERIES: readonly [sql: string, problem: (row: Row) => string][] = [
  [
    `SELECT partition_key, entry FROM catalog_heads h WHERE entry IS NOT NULL AND NOT EXISTS
       (SELECT 1 FROM catalog_history e WHERE e.partition_key = h.partition_key AND e.id = h.entry AND e.revision = h.revision)`,
    ({ partition_key, entry }) =>
      `the head of partition ${String(partition_key)} names the entry ${String(entry)}, which is not in its history`,
  ],
  [
    `SELECT partition_key, id, revision FROM catalog_history e WHERE NOT EXISTS
       (SELECT 1 FROM catalog_revisions r WHERE r.partition_key = e.partition_key AND r.revision = e.revision)`,
    ({ partition_key, id, revision }) =>
      `the entry ${String(id)} of partition ${String(partition_key)} has the revision ${String(revision)}, whose text is missing`,
  ],
];

/**
 * What is wrong, one sentence each. Reads one text at a time.
 *
 * Throws what the engine throws. A file of a version without catalogs has no problems.
 */
export async function catalogProblems(connection: Connection): Promise<string[]> {
  const tables = `SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'catalog_revisions'`;
  if (connection.prepare(tables).all([]).length === 0) return [];
  const problems = QUERIES.flatMap(([sql, problem]) => connection.prepare(`${sql} LIMIT ${MOST}`).all([]).map(problem));
  const next = connection.prepare(
    `SELECT partition_key, revision, encoding, text FROM catalog_revisions
     WHERE (partition_key, revision) > (?, ?) ORDER BY partition_key, revision LIMIT 1`,
  );
  for (let [row] = next.all(['', '']); row !== undefined && problems.length < MOST;) {
    const [partition, revision] = [String(row['partition_key']), String(row['revision'])];
    try {
      await decodeText(row, revision);
    } catch (error) {
      problems.push(`partition ${partition}: ${toStoreError(error).message}`);
    }
    [row] = next.all([partition, revision]);
  }
  return problems;
}
