/** Checkpoints: moves the content of the -wal file into the database. */
import type { Connection } from '../engine/connection.js';

/**
 * Moves as much as possible without waiting for other connections.
 *
 * @see https://www.sqlite.org/pragma.html#pragma_wal_checkpoint
 */
export const checkpoint = (connection: Connection): void => void connection.prepare('PRAGMA wal_checkpoint(PASSIVE)').all([]);

/** Empties the -wal file, so that the database is complete without it. Does nothing if another process reads or writes. */
export const checkpointAll = (connection: Connection): void => void connection.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all([]);
