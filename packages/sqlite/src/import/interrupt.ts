/**
 * Marks open records of ended processes as interrupted. An open record is interrupted only if its process has ended.
 *
 * A process with open records has a journal, and the first frame of the journal says which process it is.
 */
import type { Connection } from '../engine/connection.js';
import { inTransaction } from '../engine/transaction.js';
import type { JournalFile } from '../journal/folder.js';
import { listJournals, look, pathOf, writerOf } from '../journal/folder.js';
import { isAlive } from '../journal/process-identity.js';
import { removeJournals } from './import-journals.js';

/** A process that cannot be checked counts as ended after this time without a sign of life. */
const SILENT_MS = 60_000;

const INTERRUPT = `UPDATE calls INDEXED BY calls_open SET status = 5, notes = 'the process ended before the call did', updated_at = ?
  WHERE status = 0 AND context IN`;

/** Whether the process that writes a journal has ended; false if that is not certain. */
export function hasEnded(folder: string, journal: JournalFile, now: number): boolean {
  const path = pathOf(folder, journal);
  const seen = look(path);
  if (seen === undefined) return false;
  const isSilent = now - seen.touchedAt >= SILENT_MS;
  const writer = writerOf(path);
  // A file without its first frame: its process died at the start, or is about to write it.
  return writer === undefined ? isSilent : !(isAlive(writer) ?? !isSilent);
}

/**
 * Marks open records of ended processes as `interrupted`, and removes the journals of these processes. The journals must be
 * imported before. If there is nothing to do, nothing is written. Throws what the engine throws.
 *
 * @param self the owner id of this process
 * @returns the number of marked records
 */
export function interruptEnded(connection: Connection, folder: string, self: string): number {
  const now = Date.now();
  const journals = listJournals(folder).filter(({ owner }) => owner !== self);
  const ended = journals.filter((journal) => hasEnded(folder, journal, now));
  const alive = new Set(journals.filter((journal) => !ended.includes(journal)).map(({ owner }) => owner));
  const gone = ended.filter(({ owner }) => !alive.has(owner));
  const owners = [...new Set(gone.map(({ owner }) => owner))];
  let count = 0;
  if (owners.length > 0) {
    const mark = connection.prepare(`${INTERRUPT} (SELECT id FROM contexts WHERE owner = ?)`);
    inTransaction(connection, () => {
      for (const owner of owners) count += mark.run([now, owner]);
    });
    removeJournals(connection, folder, gone);
  }
  return count + interruptOrphans(connection, [self, ...alive], now);
}

/** Open records whose owner has no journal: the owner has closed its store, or its journal was removed. */
function interruptOrphans(connection: Connection, living: readonly string[], now: number): number {
  const marks = living.map(() => '?').join();
  const orphans = `(SELECT id FROM contexts WHERE owner NOT IN (${marks})) AND updated_at < ?`;
  const values = [...living, now - SILENT_MS];
  const found = connection
    .prepare(`SELECT 1 AS found FROM calls INDEXED BY calls_open WHERE status = 0 AND context IN ${orphans} LIMIT 1`)
    .all(values);
  if (found.length === 0) return 0;
  return inTransaction(connection, () => connection.prepare(`${INTERRUPT} ${orphans}`).run([now, ...values]));
}
