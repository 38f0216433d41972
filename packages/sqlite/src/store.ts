/** The embedded store. Records are appended to a journal, and imported from there into the database. */
import { randomUUID } from 'node:crypto';
import { rmdirSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';

import type { Awaitable, CallStatistics, Logger, StatisticsQuery, Store } from '@mcp-daemon/core';
import { DaemonError, ownTurn, planStatistics } from '@mcp-daemon/core';

import { checkHeader, createFile, markInUse, refuseAbsent } from './database/file.js';
import { createFileWatch } from './database/file-watch.js';
import { toStoreError } from './engine/failure.js';
import { createImporter, patiently } from './import/importer.js';
import type { Work } from './import/thread.js';
import { folderOf } from './journal/folder.js';
import type { Restored } from './journal/journal.js';
import { createJournal } from './journal/journal.js';
import { createLazyCatalogs } from './lazy-catalogs.js';
import { createLazyState } from './lazy-state.js';
import { createLongReads, isLong } from './long-reads.js';
import type { RecordDatabase } from './record-database.js';

/** What {@link openSqliteStore} takes. */
export interface SqliteStoreOptions {
  /** Path of the database. The file and its folder are created if they do not exist, with access only for this user. */
  file: string;
  /**
   * How long to wait for other processes that have locked the file, in milliseconds. This does not block the event loop. Default
   * 2500.
   */
  busyTimeoutMs?: number;
  /** Read-only: creates and changes nothing. Records that are not imported yet are missing. Default false. */
  readonly?: boolean;
  /** Maximum bytes of records that wait for their import while the database cannot be written. Default 256 MB. */
  maxWaitingBytes?: number;
  /** Gets a message if records cannot be imported, or if files were removed while in use. Default: no log. */
  logger?: Pick<Logger, 'error' | 'info'>;
}

const MAX_BUSY_MS = 600_000;

/** After a pause of this many milliseconds, an append first checks whether its file still exists. */
const LOOK_MS = 1_000;

function check({ file, busyTimeoutMs = 0, maxWaitingBytes = 1 }: SqliteStoreOptions): void {
  if (typeof file !== 'string' || file === '') throw new DaemonError('usage', 'file must be the path of a record file.');
  if (!Number.isInteger(busyTimeoutMs) || busyTimeoutMs < 0 || busyTimeoutMs > MAX_BUSY_MS)
    throw new DaemonError('usage', `busyTimeoutMs must be a whole number from 0 to ${MAX_BUSY_MS}.`);
  if (!Number.isInteger(maxWaitingBytes) || maxWaitingBytes < 1)
    throw new DaemonError('usage', 'maxWaitingBytes must be a whole number above 0.');
}

function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toStoreError(error);
  }
}

/**
 * Opens the embedded store: one file that several processes use at once, and that a `sqlite3` shell can read (its view
 * `function_calls` shows times as people read them).
 *
 * A write appends to a journal next to the file, in `<file>-pending/`. When it returns, it survives a crash of this process. The
 * import into the file follows, usually within a tenth of a second. A read imports all waiting records first. The engine is
 * loaded and the file is opened when records are first imported or read. If a process leaves records in its journal, the next
 * process imports them.
 *
 * @returns the store. Its methods throw DaemonError `closed` after `close()`, `store_busy` if other processes lock the file for
 *   longer than `busyTimeoutMs`, `store_failed` if the file cannot be used.
 * @throws DaemonError `store_busy` or `store_failed`, with the file and what to do; `usage` for an invalid option.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  check(options);
  const { busyTimeoutMs = 2_500, readonly = false, maxWaitingBytes = 256 * 1024 * 1024, logger } = options;
  // A relative path would name another file after a change of the working directory, and SQLite would treat a URI differently.
  const file = isAbsolute(options.file) ? options.file : resolve(options.file);
  const folder = folderOf(file);
  const owner = randomUUID();
  let opened: RecordDatabase | undefined;
  let opening: Promise<RecordDatabase> | undefined;
  let closed = false;
  const watch = createFileWatch(file);
  /** Number of records of this process that were lost with their file, and of ended calls that are no longer in any journal. */
  let lost = 0;
  let released = 0;
  let lookedAt = performance.now();

  async function open(): Promise<RecordDatabase> {
    const { openRecordDatabase } = await import('./record-database.js');
    if (opened === undefined) watch.begin();
    opened = await openRecordDatabase({ file, folder, readonly, busyTimeoutMs });
    return opened;
  }

  /** The database. It is opened at the first use, and again after a failure. */
  const database = (): Promise<RecordDatabase> =>
    opened === undefined ? (opening ??= open().finally(() => (opening = undefined))) : Promise.resolve(opened);

  try {
    if (readonly) {
      refuseAbsent(file);
      await database();
    } else {
      createFile(file);
      checkHeader(file);
    }
    watch.begin();
  } catch (error) {
    throw toStoreError(error, { file });
  }

  // While the store is open, not only while its connection is open: the worker thread may have the file open, too.
  const notInUse = markInUse(file);
  const journal = createJournal({ folder, owner });
  const importer = createImporter({
    file,
    folder,
    database,
    appended: () => journal.bytes,
    lookAfter,
    imported: (bytes) => journal.imported(bytes),
    report(problem) {
      if (problem === undefined) logger?.info({}, 'call records are imported into the database again');
      else
        logger?.error(
          { error: problem.message, code: problem.code },
          'call records cannot be imported now; they wait in their journal',
        );
    },
  });

  const isIntact = (): boolean => watch.isSame(opened !== undefined) && journal.isIntact();

  function said({ files, lost: cut }: Restored): void {
    lost += cut;
    if (files > 0) logger?.error({ files }, 'the journal of call records was removed or moved while in use; it is written again');
    if (cut > 0)
      logger?.error({ lost: cut }, `the journal of call records was truncated while in use: ${cut} call records are lost`);
  }

  /** Starts over with a new file at the same path, because the file was removed, moved or replaced. */
  function begin(): void {
    const { all, held } = journal.calls;
    const gone = Math.max(0, all - held - released);
    released += gone;
    lost += gone;
    const before = opened;
    opened = undefined;
    try {
      before?.checkpoint(); // maybe only the -wal file was removed
      before?.close();
    } catch {
      // Ignore the error: its file is not used any more.
    }
    createFile(file);
    watch.begin();
    const records = gone === 1 ? '1 call record' : `${gone} call records`;
    logger?.error({ lost: gone }, `the record file was removed or replaced while in use: ${records} of this process are lost`);
  }

  /** Checks whether the files are still the opened ones, and repairs what it can. @returns whether the database was replaced */
  async function lookAfter(): Promise<boolean> {
    lookedAt = performance.now();
    if (readonly || isIntact()) return false;
    const isReplaced = !watch.isSame(opened !== undefined);
    if (isReplaced) begin();
    said(journal.restoreCurrent());
    if (!journal.isIntact()) {
      const records = await database();
      said(journal.restoreOlder((last) => records.get(last.partition_key, last.mcp_function_call_uuid) !== undefined));
    }
    return isReplaced;
  }

  function refuse(): void {
    if (closed) throw new DaemonError('closed', 'The store is closed.');
  }

  function refuseWriting(): void {
    refuse();
    if (readonly) throw new DaemonError('store_failed', 'The record file was opened read-only.');
  }

  /** Reads after all written records are imported; at once, if nothing waits. */
  function read<T>(work: (records: RecordDatabase) => T, settle = importer.settle): Awaitable<T> {
    refuse();
    const known = opened;
    if (known !== undefined && (readonly || attempt(() => isIntact() && known.isSettled()))) return attempt(() => work(known));
    // Each in a turn of its own: many reads may have waited for the same import.
    return settle(busyTimeoutMs)
      .then(ownTurn)
      .then(database)
      .then((records) => attempt(() => work(records)));
  }

  async function statistics(partition: string, query: StatisticsQuery, signal?: AbortSignal): Promise<CallStatistics> {
    planStatistics(query); // a wrong query need not wait for an import
    const records = await read((database) => database, importer.settleBeside);
    const check = (): void => {
      refuse();
      if (records !== opened) throw new DaemonError('store_busy', 'The record file was replaced meanwhile: try again.');
    };
    try {
      check();
      return await records.statistics({ partition, query, signal, check });
    } catch (error) {
      if (signal?.aborted === true && error === signal.reason) throw error;
      throw toStoreError(error);
    }
  }

  /** Changes the database, after all written records are imported. */
  async function change<T>(work: (records: RecordDatabase) => T | Promise<T>): Promise<T> {
    await importer.settle(busyTimeoutMs);
    const records = await database();
    return patiently(busyTimeoutMs, () => work(records));
  }

  /** Removes records: in the worker thread, or in this thread if there is none or if there is little time. */
  async function remove(
    work: Work,
    withinMs: number | undefined,
    here: (records: RecordDatabase, goOn: () => boolean) => Promise<number>,
  ): Promise<number> {
    refuseWriting();
    await importer.settle(busyTimeoutMs);
    const removed = withinMs === undefined ? importer.byThread(work) : undefined;
    if (removed !== undefined) return removed;
    const end = performance.now() + (withinMs ?? Infinity);
    return change((records) => here(records, () => !closed && records === opened && performance.now() < end));
  }

  function write(rows: Parameters<Store['calls']['write']>[0]): void {
    refuseWriting();
    if (importer.waiting > maxWaitingBytes) {
      const what = `The record file cannot be written: ${importer.waiting} bytes of call records wait for it`;
      throw new DaemonError('store_failed', `${what}. Is it locked by another process?`);
    }
    attempt(() => {
      // While records keep coming, each import checks the file. After a pause, check it here: a record must not be written to a
      // removed file.
      if (performance.now() - lookedAt > LOOK_MS) {
        lookedAt = performance.now();
        said(journal.restoreCurrent());
      }
      journal.append(rows);
    });
    importer.soon();
  }

  async function sweep(withinMs?: number): Promise<number> {
    refuseWriting();
    if (!(await database()).hasState()) return 0;
    return remove({ work: 'sweep' }, withinMs, (records, goOn) => records.sweepState(goOn));
  }

  const long = createLongReads({ read });
  const using = { file, readonly, busyTimeoutMs, refuse, refuseWriting };
  const catalogs = createLazyCatalogs(using);
  const hasState = async (): Promise<boolean> => {
    const records = await database();
    return patiently(busyTimeoutMs, () => records.hasState());
  };
  const state = createLazyState({ ...using, hasState, sweep });

  async function close(): Promise<void> {
    await importer.stop();
    try {
      await state.close();
      await catalogs.close();
      if (!readonly && (journal.bytes > 0 || opened !== undefined)) {
        await importer.settle(busyTimeoutMs);
        journal.close();
        const records = await database();
        await patiently(busyTimeoutMs, () => records.removeJournalsOf(owner));
        attempt(() => records.checkpoint());
      }
    } catch (error) {
      const { code, message } = toStoreError(error);
      throw new DaemonError(code, `${message} The last call records stay in ${folder}; the next start imports them.`, {
        cause: error,
      });
    } finally {
      journal.close();
      opened?.close();
      notInUse();
      try {
        rmdirSync(folder);
      } catch {
        // It does not exist, or other processes have journals in it.
      }
    }
  }

  let ending: Promise<void> | undefined;
  return {
    name: 'sqlite',
    owner,
    get lost() {
      return lost;
    },
    calls: {
      sortsByUuid: true,
      write,
      get: (partition, uuid) => read((records) => records.get(partition, uuid)),
      getMany: (partition, uuids, { bodies = true } = {}) => read((records) => records.getMany(partition, uuids, bodies)),
      list: (partition, query) =>
        isLong(query) ? long.list(partition, query) : read((records) => records.list(partition, query)),
      count: (partition, query, most) =>
        isLong(query) ? long.count(partition, query, most) : read((records) => records.count(partition, query, most)),
      find: (partition, part, most) => read((records) => records.find(partition, part, most)),
      statistics,
      interrupt() {
        refuseWriting();
        return change((records) => records.interrupt(owner));
      },
      async delete(partition, uuid) {
        refuseWriting();
        return change((records) => records.delete(partition, uuid));
      },
      prune(partition, keep) {
        const { withinMs } = keep;
        return remove({ work: 'prune', partition, keep }, withinMs, (records, goOn) => records.prune(partition, keep, goOn));
      },
      shrink: (bytes, withinMs) => remove({ work: 'shrink', bytes }, withinMs, (records, goOn) => records.shrink(bytes, goOn)),
      lastPrune: () => read((records) => records.lastPrune()),
      async pruned(at) {
        refuseWriting();
        await change((records) => records.notePrune(at));
      },
    },
    catalogs,
    state,
    close() {
      closed = true;
      return (ending ??= close());
    },
  };
}
