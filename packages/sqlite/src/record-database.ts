/**
 * The database of call records, opened. It is loaded when records are first imported or read: the first call of a process needs
 * its journal alone.
 */
import type { CallQuery, CallRecord, LastPrune, Page, Retention } from '@mcp-daemon/core';

import type { OpenOptions } from './database/open.js';
import { openDatabase } from './database/open.js';
import { prune } from './database/prune.js';
import type { Reader } from './database/reader.js';
import { createReader } from './database/reader.js';
import { giveBack, shrink } from './database/size.js';
import { lastPrune, notePrune } from './database/upkeep.js';
import { chooseEngine } from './engine/engine.js';
import { checkpointAll } from './import/checkpoint.js';
import type { Imported } from './import/import-journals.js';
import { importJournals, pendingJournals, removeJournals } from './import/import-journals.js';
import { interruptEnded } from './import/interrupt.js';
import { listJournals } from './journal/folder.js';

export { backupDatabase } from './maintenance/backup.js';
export { restoreDatabase } from './maintenance/restore.js';
export { verifyDatabase } from './maintenance/verify.js';

/** What {@link openRecordDatabase} takes. */
export interface RecordDatabaseOptions extends OpenOptions {
  /** Where journals are. */
  folder: string;
}

/** The database. All methods throw what the engine and the file system throw. */
export interface RecordDatabase {
  /** Imports some of what waits in journals. */
  importSome(): Imported;
  /** Whether all journals are imported, as far as they are written now. */
  isSettled(): boolean;
  get(partition: string, uuid: string): CallRecord | undefined;
  /** @throws DaemonError `invalid_cursor` or `invalid_params`, too */
  list(partition: string, query: CallQuery): Page<CallRecord>;
  count: Reader['count'];
  find: Reader['find'];
  /** Marks what ended processes left open; returns how many records. @param owner the one that asks */
  interrupt(owner: string): number;
  /** Removes settled records; returns how many. @param goOn is asked before each batch */
  prune(partition: string, keep: Retention, goOn: () => boolean): Promise<number>;
  /** Removes the oldest settled records while the database takes more bytes; returns how many. @param goOn as for `prune` */
  shrink(bytes: number, goOn: () => boolean): Promise<number>;
  lastPrune(): LastPrune | undefined;
  notePrune(at: number): void;
  /** Removes the journals of an owner, which must be imported. */
  removeJournalsOf(owner: string): void;
  /** Empties the -wal file, where nobody else uses the database. */
  checkpoint(): void;
  close(): void;
}

/** Opens the database, and creates its tables. @throws DaemonError `store_busy` or `store_failed` */
export async function openRecordDatabase({ folder, ...options }: RecordDatabaseOptions): Promise<RecordDatabase> {
  const connection = await openDatabase(chooseEngine(), options);
  const reader = createReader(connection);
  return {
    importSome: () => importJournals(connection, { folder }),
    isSettled: () => pendingJournals(connection, folder).every(({ size, position }) => size <= position),
    get: reader.get,
    list: reader.list,
    count: reader.count,
    find: reader.find,
    interrupt: (owner) => interruptEnded(connection, folder, owner),
    async prune(partition, keep, goOn) {
      const removed = await prune(connection, partition, keep, goOn);
      if (removed > 0) await giveBack(connection, goOn);
      return removed;
    },
    async shrink(bytes, goOn) {
      const removed = await shrink(connection, bytes, goOn);
      if (removed > 0) await giveBack(connection, goOn);
      return removed;
    },
    lastPrune: () => lastPrune(connection),
    notePrune: (at) => notePrune(connection, at),
    removeJournalsOf: (owner) =>
      removeJournals(
        connection,
        folder,
        listJournals(folder).filter((entry) => entry.owner === owner),
      ),
    checkpoint: () => checkpointAll(connection),
    close: () => connection.close(),
  };
}
