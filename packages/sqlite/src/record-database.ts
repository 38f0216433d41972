/**
 * The open database of call records. This module is loaded when records are first imported or read: the first call of a process
 * needs only the journal.
 */
import type { CallQuery, CallRecord, CallStatistics, LastPrune, Page, Retention } from '@mcp-daemon/core';

import type { OpenOptions } from './database/open.js';
import { openDatabase } from './database/open.js';
import { deleteCall, prune } from './database/prune.js';
import type { Reader } from './database/reader.js';
import { createReader } from './database/reader.js';
import { giveBack, shrink } from './database/size.js';
import { hasStateTable, sweepState } from './database/state-table.js';
import type { StatisticsOptions } from './database/statistics.js';
import { readStatistics } from './database/statistics.js';
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
  /** The folder of the journals. */
  folder: string;
}

/** The database. All methods throw what the engine and the file system throw. */
export interface RecordDatabase {
  /** Imports some of the waiting records from journals. */
  importSome(): Imported;
  /** Whether everything that is in the journals now is imported. */
  isSettled(): boolean;
  get(partition: string, uuid: string): CallRecord | undefined;
  /** Also throws DaemonError `invalid_cursor` or `invalid_params`. */
  list(partition: string, query: CallQuery): Page<CallRecord>;
  getMany: Reader['getMany'];
  count: Reader['count'];
  part: Reader['part'];
  find: Reader['find'];
  /** Counts records in groups; also throws DaemonError `invalid_params`, and what the signal and `check` throw. */
  statistics(options: StatisticsOptions): Promise<CallStatistics>;
  /** Marks open records of ended processes as interrupted; returns how many. @param owner the owner id of this process */
  interrupt(owner: string): number;
  /** Removes one record; returns whether there was one. */
  delete(partition: string, uuid: string): boolean;
  /** Removes settled records; returns how many. @param goOn called before each batch; false stops the work */
  prune(partition: string, keep: Retention, goOn: () => boolean): Promise<number>;
  /** Removes the oldest settled records while the database takes more bytes; returns how many. @param goOn as for `prune` */
  shrink(bytes: number, goOn: () => boolean): Promise<number>;
  /** Whether there is a table of state. */
  hasState(): boolean;
  /** Removes state entries that have expired; returns how many. @param goOn as for `prune` */
  sweepState(goOn: () => boolean): Promise<number>;
  lastPrune(): LastPrune | undefined;
  notePrune(at: number): void;
  /** Removes the journals of an owner. They must be imported. */
  removeJournalsOf(owner: string): void;
  /** Empties the -wal file, if no other process uses the database. */
  checkpoint(): void;
  close(): void;
}

/** Opens the database, and creates or migrates its tables. @throws DaemonError `store_busy` or `store_failed` */
export async function openRecordDatabase({ folder, ...options }: RecordDatabaseOptions): Promise<RecordDatabase> {
  const connection = await openDatabase(chooseEngine(), options);
  const reader = createReader(connection);
  return {
    importSome: () => importJournals(connection, { folder }),
    isSettled: () => pendingJournals(connection, folder).every(({ size, position }) => size <= position),
    get: reader.get,
    list: reader.list,
    getMany: reader.getMany,
    count: reader.count,
    part: reader.part,
    find: reader.find,
    statistics: (options) => readStatistics(connection, options),
    interrupt: (owner) => interruptEnded(connection, folder, owner),
    delete: (partition, uuid) => deleteCall(connection, partition, uuid),
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
    hasState: () => hasStateTable(connection),
    async sweepState(goOn) {
      const removed = await sweepState(connection, Date.now(), goOn);
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
