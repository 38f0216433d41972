/**
 * Transactions that take the write lock first. A transaction that reads before it writes may fail because another process wrote
 * in between, and waiting does not help then. Every write must be in a transaction: with libsql, a statement that finds the
 * database locked stays in progress, and its connection can neither commit nor checkpoint until the statement is
 * garbage-collected.
 */
import type { Connection } from './connection.js';

/**
 * Runs `body` in one immediate transaction. Throws what the engine or `body` throws. In that case nothing was written, and the
 * connection can still be used.
 */
export function inTransaction<T>(connection: Connection, body: () => T): T {
  connection.exec('BEGIN IMMEDIATE');
  try {
    const result = body();
    connection.exec('COMMIT');
    return result;
  } catch (error) {
    try {
      connection.exec('ROLLBACK');
    } catch {
      // After errors such as a full disk, SQLite has already rolled back.
    }
    throw error;
  }
}
