/**
 * The store: what is between opening and closing. Records are appended to a journal, and brought into the database from there.
 */
import { randomUUID } from 'node:crypto';
import { rmdirSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';

import type { Awaitable, Logger, Store } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { checkHeader, createFile, markInUse, refuseAbsent } from './database/file.js';
import { createFileWatch } from './database/file-watch.js';
import { toStoreError } from './engine/failure.js';
import { createImporter, patiently } from './import/importer.js';
import type { Work } from './import/thread.js';
import { folderOf } from './journal/folder.js';
import type { Restored } from './journal/journal.js';
import { createJournal } from './journal/journal.js';
import type { RecordDatabase } from './record-database.js';

/** What {@link openSqliteStore} takes. */
export interface SqliteStoreOptions {
  /** Path of the database. It and its folder are created where they are not there, for this user alone. */
  file: string;
  /** How long to wait, in milliseconds, for other processes that hold the file. The event loop goes on meanwhile. Default 2500. */
  busyTimeoutMs?: number;
  /** Only reads: creates and changes nothing. Records that are not imported yet are not seen. Default false. */
  readonly?: boolean;
  /** Bytes of records that may wait for their import, while the database cannot be written. Default 256 MB. */
  maxWaitingBytes?: number;
  /** Told where records cannot be imported, and where files were removed while in use. Default: no log. */
  logger?: Pick<Logger, 'error' | 'info'>;
}

const MAX_BUSY_MS = 600_000;

/** After so many milliseconds an append looks first whether its file is still there. */
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
 * A write appends to a journal beside the file, `<file>-pending/`, and is safe from the end of this process when it returns. It
 * reaches the file itself within a tenth of a second or so. Reads bring in first what waits. The engine is loaded, and the file
 * opened, when the first records are imported or read. What a process leaves in its journal, the next one imports.
 *
 * @returns the store. Its methods throw DaemonError `closed` after `close()`, `store_busy` where others hold the file for longer
 * than `busyTimeoutMs`, `store_failed` where the file cannot be used.
 * @throws DaemonError `store_busy` or `store_failed`, with the file and what to do; `usage` for an option that is none.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  check(options);
  const { busyTimeoutMs = 2_500, readonly = false, maxWaitingBytes = 256 * 1024 * 1024, logger } = options;
  // A relative path would be another file after a change of the working directory; a URI another thing altogether.
  const file = isAbsolute(options.file) ? options.file : resolve(options.file);
  const folder = folderOf(file);
  const owner = randomUUID();
  let opened: RecordDatabase | undefined;
  let opening: Promise<RecordDatabase> | undefined;
  let closed = false;
  const watch = createFileWatch(file);
  /** Records of this process that are gone with their file, and how many of its ended calls are no longer in any journal. */
  let lost = 0;
  let released = 0;
  let lookedAt = performance.now();

  async function open(): Promise<RecordDatabase> {
    const { openRecordDatabase } = await import('./record-database.js');
    if (opened === undefined) watch.begin();
    opened = await openRecordDatabase({ file, folder, readonly, busyTimeoutMs });
    return opened;
  }

  /** The database; opened at its first use, and again after a failure. */
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

  // For as long as the store is open, and not only its connection: a thread may have it open, too.
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
      logger?.error({ lost: cut }, `the journal of call records was cut off while in use: ${cut} call records are lost`);
  }

  /** The file was removed, moved or replaced: begins anew at its path. */
  function begin(): void {
    const { all, held } = journal.calls;
    const gone = Math.max(0, all - held - released);
    released += gone;
    lost += gone;
    const before = opened;
    opened = undefined;
    try {
      before?.checkpoint(); // its -wal file alone may be gone
      before?.close();
    } catch {
      // Whatever it says, its file is not in use any more.
    }
    createFile(file);
    watch.begin();
    const records = gone === 1 ? '1 call record' : `${gone} call records`;
    logger?.error(
      { lost: gone },
      `the record file was removed or replaced while in use: ${records} of this process went with it`,
    );
  }

  /** Whether the files are still those that were opened; puts right what is not. @returns whether the database is another one */
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
    if (readonly) throw new DaemonError('store_failed', 'The record file was opened for reading alone.');
  }

  /** Reads when all that was written is there: at once, where nothing waits. */
  function read<T>(work: (records: RecordDatabase) => T): Awaitable<T> {
    refuse();
    const known = opened;
    if (known !== undefined && (readonly || attempt(() => isIntact() && known.isSettled()))) return attempt(() => work(known));
    return importer
      .settle(busyTimeoutMs)
      .then(database)
      .then((records) => attempt(() => work(records)));
  }

  /** Changes the database itself, when all that was written is there. */
  async function change<T>(work: (records: RecordDatabase) => T | Promise<T>): Promise<T> {
    await importer.settle(busyTimeoutMs);
    const records = await database();
    return patiently(busyTimeoutMs, () => work(records));
  }

  /** Removes records: in the thread, or here where there is none, or where the time is short. */
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
      // While records come, each import looks. After a pause a record must not go where nobody will find it.
      if (performance.now() - lookedAt > LOOK_MS) {
        lookedAt = performance.now();
        said(journal.restoreCurrent());
      }
      journal.append(rows);
    });
    importer.soon();
  }

  async function close(): Promise<void> {
    await importer.stop();
    try {
      if (!readonly && (journal.bytes > 0 || opened !== undefined)) {
        await importer.settle(busyTimeoutMs);
        journal.close();
        const records = await database();
        await patiently(busyTimeoutMs, () => records.removeJournalsOf(owner));
        attempt(() => records.checkpoint());
      }
    } catch (error) {
      const { code, message } = toStoreError(error);
      throw new DaemonError(code, `${message} The last call records stay in ${folder}, and the next start takes them over.`, {
        cause: error,
      });
    } finally {
      journal.close();
      opened?.close();
      notInUse();
      try {
        rmdirSync(folder);
      } catch {
        // It is not there, or other processes have their journals in it.
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
      write,
      get: (partition, uuid) => read((records) => records.get(partition, uuid)),
      list: (partition, query) => read((records) => records.list(partition, query)),
      count: (partition, query, most) => read((records) => records.count(partition, query, most)),
      find: (partition, part, most) => read((records) => records.find(partition, part, most)),
      interrupt() {
        refuseWriting();
        return change((records) => records.interrupt(owner));
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
    close() {
      closed = true;
      return (ending ??= close());
    },
  };
}
