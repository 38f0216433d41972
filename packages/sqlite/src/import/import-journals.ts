/**
 * Imports journals into the database. The import position of each journal is stored in the database, and changes in the same
 * transaction as the rows. So each record is imported once, even if several processes import at the same time.
 */
import type { Connection, Statement } from '../engine/connection.js';
import { inTransaction } from '../engine/transaction.js';
import type { JournalFile } from '../journal/folder.js';
import { listJournals, look, pathOf, readFrom, remove } from '../journal/folder.js';
import type { Context } from '../journal/frames.js';
import { contentOf, CONTEXT_COLUMNS, frameAt } from '../journal/frames.js';
import { IMPORT_RECORDS } from './import-sql.js';

/** What {@link importJournals} takes. */
export interface ImportOptions {
  folder: string;
  /** Maximum size of one transaction in bytes; a larger record gets its own transaction. Default 256 KB. */
  batchBytes?: number;
}

/** The result of one transaction. */
export interface Imported {
  bytes: number;
  /** Whether nothing is left to import. */
  done: boolean;
}

const BATCH_BYTES = 256 * 1024;

/** The prepared statements of a connection. */
interface Statements {
  readonly position: Statement;
  readonly setPosition: Statement;
  readonly addPartition: Statement;
  readonly findPartition: Statement;
  readonly addContext: Statement;
  readonly findContext: Statement;
  readonly nameContext: Statement;
  readonly importRecords: Statement;
}

const prepared = new WeakMap<Connection, Statements>();

function statementsOf(connection: Connection): Statements {
  const known = prepared.get(connection);
  if (known !== undefined) return known;
  const columns = ['partition', ...CONTEXT_COLUMNS.slice(1)];
  const statements: Statements = {
    position: connection.prepare('SELECT position FROM journals WHERE name = ?'),
    setPosition: connection.prepare('INSERT OR REPLACE INTO journals (name, position) VALUES (?, ?)'),
    addPartition: connection.prepare('INSERT OR IGNORE INTO partitions (partition_key) VALUES (?)'),
    findPartition: connection.prepare('SELECT id FROM partitions WHERE partition_key = ?'),
    addContext: connection.prepare(
      `INSERT OR IGNORE INTO contexts (${columns.join()}) VALUES (${columns.map(() => '?').join()})`,
    ),
    findContext: connection.prepare(`SELECT id FROM contexts WHERE ${columns.map((column) => `${column} = ?`).join(' AND ')}`),
    nameContext: connection.prepare(
      'INSERT OR REPLACE INTO journal_contexts (journal, number, partition, context) VALUES (?, ?, ?, ?)',
    ),
    importRecords: connection.prepareNumbered(IMPORT_RECORDS),
  };
  prepared.set(connection, statements);
  return statements;
}

/** A journal and its import position. */
interface Pending extends JournalFile {
  readonly size: number;
  readonly position: number;
}

function positionOf(connection: Connection, name: string): number {
  const [row] = statementsOf(connection).position.all([name]);
  return Number(row?.['position'] ?? 0);
}

/** All journals of a folder with their sizes and positions. */
export function pendingJournals(connection: Connection, folder: string): Pending[] {
  return listJournals(folder).flatMap((journal) => {
    const seen = look(pathOf(folder, journal));
    return seen === undefined ? [] : [{ ...journal, size: seen.size, position: positionOf(connection, journal.name) }];
  });
}

/** Adds the context of a `C` frame. */
function addContext(connection: Connection, journal: string, content: string): void {
  const statements = statementsOf(connection);
  const number = Number(content.slice(0, 5));
  const found = JSON.parse(content.slice(5)) as Context;
  const [partitionKey = '', ...rest] = CONTEXT_COLUMNS.map((_, index) => found[index] ?? '');
  statements.addPartition.run([partitionKey]);
  const partition = Number(statements.findPartition.all([partitionKey])[0]?.['id']);
  statements.addContext.run([partition, ...rest]);
  const context = Number(statements.findContext.all([partition, ...rest])[0]?.['id']);
  statements.nameContext.run([journal, number, partition, context]);
}

/** Imports the complete frames of some bytes; returns their size in bytes. */
function importFrames(connection: Connection, journal: string, bytes: Buffer): number {
  const { importRecords } = statementsOf(connection);
  let at = 0;
  let records = 0;
  const flush = (): void => {
    if (at > records) importRecords.run([bytes.subarray(records, at), journal]);
  };
  for (;;) {
    const found = frameAt(bytes, at);
    if (typeof found === 'string') break;
    if (found.letter !== 'R') {
      flush();
      if (found.letter === 'C') addContext(connection, journal, contentOf(bytes, at, found));
      records = at + found.size;
    }
    at += found.size;
  }
  flush();
  return at;
}

/** The bytes to import next: at least one complete frame, if there is one. */
function nextBytes(path: string, position: number, most: number): Buffer | undefined {
  const bytes = readFrom(path, position, most);
  if (bytes === undefined || bytes.length < most || frameAt(bytes, 0) !== 'torn') return bytes;
  return readFrom(path, position, Number.MAX_SAFE_INTEGER);
}

/**
 * Imports from one journal, inside a transaction.
 *
 * @returns the number of imported bytes; 0 if there is no complete frame left
 */
function importFrom(connection: Connection, folder: string, journal: Pending, most: number): number {
  // Read it again inside the transaction: another process may have imported in between.
  const position = positionOf(connection, journal.name);
  const bytes = nextBytes(pathOf(folder, journal), position, most);
  if (bytes === undefined || bytes.length === 0) return 0;
  const imported = importFrames(connection, journal.name, bytes);
  if (imported > 0) statementsOf(connection).setPosition.run([journal.name, position + imported]);
  return imported;
}

/** Removes journals that are imported and finished, and their rows in the database. */
export function removeJournals(connection: Connection, folder: string, journals: readonly Pick<JournalFile, 'name'>[]): void {
  if (journals.length === 0) return;
  // Remove the files first: a journal without a position would be imported again.
  for (const journal of journals) remove(pathOf(folder, journal));
  inTransaction(connection, () => {
    for (const { name } of journals) {
      // These contexts get no more calls, unless another journal uses them.
      connection
        .prepare(
          `UPDATE contexts SET last_call = (SELECT coalesce(max(rowid), 0) FROM calls)
           WHERE id IN (SELECT context FROM journal_contexts WHERE journal = ?)`,
        )
        .run([name]);
      connection.prepare('DELETE FROM journals WHERE name = ?').run([name]);
      connection.prepare('DELETE FROM journal_contexts WHERE journal = ?').run([name]);
    }
  });
}

/** Whether its process has started a newer journal. Then this one is finished. */
const isSuperseded = (journal: JournalFile, all: readonly JournalFile[]): boolean =>
  all.some(({ owner, number }) => owner === journal.owner && number > journal.number);

/**
 * Imports some of the waiting frames in one transaction, and removes finished journals. If nothing waits, nothing is written.
 * Throws what the engine and the file system throw; then nothing was imported.
 */
export function importJournals(connection: Connection, { folder, batchBytes = BATCH_BYTES }: ImportOptions): Imported {
  const all = pendingJournals(connection, folder);
  const waiting = all.filter(({ size, position }) => size > position);
  let bytes = 0;
  if (waiting.length > 0) {
    inTransaction(connection, () => {
      for (const journal of waiting) {
        // Import a journal completely before the next one: a call may start in one journal and end in the next one of its
        // process.
        for (let imported = 1; imported > 0 && bytes < batchBytes; bytes += imported) {
          imported = importFrom(connection, folder, journal, batchBytes - bytes);
        }
        if (bytes >= batchBytes) break;
      }
    });
  }
  // The rest of a finished journal is an incomplete frame: its process died while it wrote, before it answered.
  const over = pendingJournals(connection, folder).filter(
    (journal) => isSuperseded(journal, all) && (journal.size <= journal.position || bytes === 0),
  );
  removeJournals(connection, folder, over);
  return { bytes, done: bytes === 0 };
}
