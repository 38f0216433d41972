/**
 * All or nothing, with the lock taken first: a transaction that reads before it writes can find at its end that another process
 * wrote meanwhile, and no waiting helps then. Every write belongs into one: with libsql a statement that finds the database locked
 * stays in progress, and its connection can neither commit nor checkpoint until it is collected.
 */
import type { Connection } from './connection.js';

/**
 * Runs `body` in one immediate transaction. Throws what the engine or `body` throws; then nothing was written, and the
 * connection can be used again.
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
      // SQLite has rolled back by itself after errors such as a full disk.
    }
    throw error;
  }
}
