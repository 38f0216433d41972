/** Checks a database and its journals. Changes nothing. */
import { statSync } from 'node:fs';

import { refuseAbsent } from '../database/file.js';
import { openDatabase } from '../database/open.js';
import { hasStateTable } from '../database/state-table.js';
import type { Connection } from '../engine/connection.js';
import { chooseEngine } from '../engine/engine.js';
import { toStoreError } from '../engine/failure.js';
import { pendingJournals } from '../import/import-journals.js';
import { hasEnded } from '../import/interrupt.js';
import { folderOf, pathOf, readFrom } from '../journal/folder.js';
import { frameAt } from '../journal/frames.js';
import { BUSY_TIMEOUT_MS } from './backup.js';

/** The result of the check. */
export interface Verification {
  /** The problems, one sentence each; empty if the file is intact. */
  problems: string[];
  records: number;
  /** Number of records of calls without an end. */
  open: number;
  /** Number of entries of shared state, such as tasks and idempotency keys. */
  entries: number;
  /** Size of the file in bytes, and how many of them are free. */
  bytes: number;
  freeBytes: number;
  journals: {
    name: string;
    /** Number of bytes that are not imported yet. */
    waitingBytes: number;
    /** Whether its process has ended; false if that is not certain. */
    ended: boolean;
  }[];
}

/** Runs SQLite's own check, and finds rows with missing references or values of a wrong type. */
export function integrityProblems(connection: Connection): string[] {
  const found = connection
    .prepare('PRAGMA integrity_check(20)')
    .all([])
    .map((row) => String(row['integrity_check']))
    .filter((line) => line !== 'ok');
  if (found.length > 0) return found;
  const count = (sql: string): number => Number(connection.prepare(sql).all([])[0]?.['number']);
  const orphans = count('SELECT count(*) AS number FROM calls WHERE context NOT IN (SELECT id FROM contexts)');
  const odd = hasStateTable(connection)
    ? count(`SELECT count(*) AS number FROM state WHERE typeof(state_key) <> 'text' OR typeof(version) <> 'text'
        OR typeof(value) NOT IN ('text', 'blob') OR typeof(expires_at) NOT IN ('null', 'integer', 'real')`)
    : 0;
  return [
    ...(orphans === 0 ? [] : [`${orphans} records have no context (the fields that calls share)`]),
    ...(odd === 0 ? [] : [`${odd} entries of the table state have columns of another type`]),
  ];
}

/** The number of entries of shared state, expired ones included. */
const countEntries = (connection: Connection): number =>
  hasStateTable(connection) ? Number(connection.prepare('SELECT count(*) AS number FROM state').all([])[0]?.['number']) : 0;

/** See `verify-catalogs.ts`, which is loaded now: importing records must not load what catalogs need. */
export const catalogProblems = async (connection: Connection): Promise<string[]> =>
  (await import('./verify-catalogs.js')).catalogProblems(connection);

/** Checks that the rest of a journal, which is not imported yet, can be read. */
function journalProblem(path: string, name: string, position: number): string | undefined {
  const bytes = readFrom(path, position, Number.MAX_SAFE_INTEGER);
  if (bytes === undefined) return undefined; // it was imported and removed in the meantime
  for (let at = 0; at < bytes.length;) {
    const found = frameAt(bytes, at);
    if (found === 'torn') return undefined; // a process is writing it, or died before it answered
    if (found === 'broken') return `the journal ${name} cannot be read from byte ${position + at} on`;
    at += found.size;
  }
  return undefined;
}

/** See `verifyRecords`. Throws what the file system throws, and DaemonError `store_failed`. */
export async function verifyDatabase(file: string): Promise<Verification> {
  refuseAbsent(file);
  const folder = folderOf(file);
  const result: Verification = {
    problems: [],
    records: 0,
    open: 0,
    entries: 0,
    bytes: statSync(file).size,
    freeBytes: 0,
    journals: [],
  };
  let connection: Connection | undefined;
  try {
    connection = await openDatabase(chooseEngine(), { file, readonly: true, busyTimeoutMs: BUSY_TIMEOUT_MS });
    result.problems.push(...integrityProblems(connection), ...(await catalogProblems(connection)));
    const sql = `SELECT (SELECT count(*) FROM calls) AS records, (SELECT count(*) FROM calls WHERE status = 0) AS open,
      (SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size) AS free`;
    const [row] = connection.prepare(sql).all([]);
    result.records = Number(row?.['records']);
    result.open = Number(row?.['open']);
    result.entries = countEntries(connection);
    result.freeBytes = Number(row?.['free']);
    const now = Date.now();
    for (const journal of pendingJournals(connection, folder)) {
      const { name, size, position } = journal;
      const problem = journalProblem(pathOf(folder, journal), name, position);
      if (problem !== undefined) result.problems.push(problem);
      result.journals.push({ name, waitingBytes: Math.max(0, size - position), ended: hasEnded(folder, journal, now) });
    }
  } catch (error) {
    result.problems.push(toStoreError(error, { file }).message);
  } finally {
    connection?.close();
  }
  return result;
}
