/**
 * Brings journals into the database. How far each is imported stands in the database and changes with the rows in one
 * transaction: whoever imports, and however many do at once, each record is imported once.
 */
import type { Connection, Statement } from '../engine/connection.js';
import { numbered } from '../engine/connection.js';
import { inTransaction } from '../engine/transaction.js';
import type { JournalFile } from '../journal/folder.js';
import { listJournals, look, pathOf, readFrom, remove } from '../journal/folder.js';
import type { Context } from '../journal/frames.js';
import { contentOf, CONTEXT_COLUMNS, frameAt } from '../journal/frames.js';
import { IMPORT_RECORDS } from './import-sql.js';

/** What {@link importJournals} takes. */
export interface ImportOptions {
  folder: string;
  /** Bytes of one transaction; a record that is larger goes by itself. Default 256 KB. */
  batchBytes?: number;
}

/** What one transaction imported. */
export interface Imported {
  bytes: number;
  /** Whether nothing is left to import. */
  done: boolean;
}

const BATCH_BYTES = 256 * 1024;

/** Statements of a connection, prepared once. */
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
    importRecords: numbered(connection, IMPORT_RECORDS),
  };
  prepared.set(connection, statements);
  return statements;
}

/** A journal, and how much of it is in the database already. */
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

/** Adds what a `C` frame says. */
function addContext(connection: Connection, journal: string, content: string): void {
  const statements = statementsOf(connection);
  const number = Number(content.slice(0, 5));
  const [partitionKey = '', ...rest] = JSON.parse(content.slice(5)) as Context;
  statements.addPartition.run([partitionKey]);
  const partition = Number(statements.findPartition.all([partitionKey])[0]?.['id']);
  statements.addContext.run([partition, ...rest]);
  const context = Number(statements.findContext.all([partition, ...rest])[0]?.['id']);
  statements.nameContext.run([journal, number, partition, context]);
}

/** Imports the whole frames of some bytes; returns how many bytes they had. */
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

/** The bytes to import next: at least one whole frame, where there is one. */
function nextBytes(path: string, position: number, most: number): Buffer | undefined {
  const bytes = readFrom(path, position, most);
  if (bytes === undefined || bytes.length < most || frameAt(bytes, 0) !== 'torn') return bytes;
  return readFrom(path, position, Number.MAX_SAFE_INTEGER);
}

/**
 * Imports from one journal, inside a transaction.
 *
 * @returns the bytes; none, where there is no whole frame left
 */
function importFrom(connection: Connection, folder: string, journal: Pending, most: number): number {
  // Read again inside the transaction: another process may have been faster.
  const position = positionOf(connection, journal.name);
  const bytes = nextBytes(pathOf(folder, journal), position, most);
  if (bytes === undefined || bytes.length === 0) return 0;
  const imported = importFrames(connection, journal.name, bytes);
  if (imported > 0) statementsOf(connection).setPosition.run([journal.name, position + imported]);
  return imported;
}

/** Removes journals that are imported and not written to any more, and forgets them. */
export function removeJournals(connection: Connection, folder: string, journals: readonly Pick<JournalFile, 'name'>[]): void {
  if (journals.length === 0) return;
  // The files first: a journal without a position would be imported again.
  for (const journal of journals) remove(pathOf(folder, journal));
  inTransaction(connection, () => {
    for (const { name } of journals) {
      // No call of these contexts comes after the last one that is there now, unless another journal names them.
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

/** Whether its process has begun a newer journal: then this one has its last frame. */
const isSuperseded = (journal: JournalFile, all: readonly JournalFile[]): boolean =>
  all.some(({ owner, number }) => owner === journal.owner && number > journal.number);

/**
 * Imports some of what waits in one transaction, and removes journals that are over. Where nothing waits nothing is written.
 * Throws what the engine and the file system throw; then nothing was imported.
 */
export function importJournals(connection: Connection, { folder, batchBytes = BATCH_BYTES }: ImportOptions): Imported {
  const all = pendingJournals(connection, folder);
  const waiting = all.filter(({ size, position }) => size > position);
  let bytes = 0;
  if (waiting.length > 0) {
    inTransaction(connection, () => {
      for (const journal of waiting) {
        // A journal to its end before the next: a call may begin in one and end in the next of its process.
        for (let imported = 1; imported > 0 && bytes < batchBytes; bytes += imported) {
          imported = importFrom(connection, folder, journal, batchBytes - bytes);
        }
        if (bytes >= batchBytes) break;
      }
    });
  }
  // What is left of a journal that is over is half a frame: its process died while it wrote, before it answered.
  const over = pendingJournals(connection, folder).filter(
    (journal) => isSuperseded(journal, all) && (journal.size <= journal.position || bytes === 0),
  );
  removeJournals(connection, folder, over);
  return { bytes, done: bytes === 0 };
}
