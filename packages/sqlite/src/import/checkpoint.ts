/** Moves what the -wal file holds into the database. */
import type { Connection } from '../engine/connection.js';

/**
 * Does as much as can be done without waiting for anybody.
 *
 * @see https://www.sqlite.org/pragma.html#pragma_wal_checkpoint
 */
export const checkpoint = (connection: Connection): void => void connection.prepare('PRAGMA wal_checkpoint(PASSIVE)').all([]);

/** Empties the -wal file, so that the database is whole without it. Does nothing where another process reads or writes. */
export const checkpointAll = (connection: Connection): void => void connection.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all([]);
