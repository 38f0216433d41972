/**
 * Decides when journals are imported, and in which thread. An import starts soon after an append. The main thread imports a few
 * records, a worker thread imports many. A lock of another process delays imports only.
 */
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

import type { DaemonError } from '@mcp-daemon/core';

import { isBusy, toStoreError } from '../engine/failure.js';
import type { Imported } from './import-journals.js';
import type { RecordThread, Work } from './thread.js';
import { startThread, threadFile } from './thread.js';

/** What {@link createImporter} takes. */
export interface ImporterOptions {
  file: string;
  folder: string;
  /** Opens the database for imports in the main thread; called at the first use. */
  database: () => Promise<{ importSome(): Imported }>;
  /** Number of bytes appended to the journal so far. */
  appended: () => number;
  /**
   * Checks the files before each import. @returns whether the database was replaced; connections to the old one must be closed
   */
  lookAfter: () => Promise<boolean>;
  /** Called when everything up to this number of appended bytes is imported. */
  imported: (bytes: number) => void;
  /** Called with an error when imports start to fail, and with undefined when they work again. */
  report: (problem: DaemonError | undefined) => void;
}

/** Imports journals. */
export interface Importer {
  /** Call it after each append. */
  soon(): void;
  /** Number of waiting bytes, as far as this process knows. */
  readonly waiting: number;
  /** Imports everything that waits now. @throws DaemonError `store_busy` if another process keeps its lock, `store_failed` */
  settle(busyTimeoutMs: number): Promise<void>;
  /**
   * The same for readers that have time: many records are imported in the worker thread, so that calls do not wait. Throws as
   * `settle` does.
   */
  settleBeside(busyTimeoutMs: number): Promise<void>;
  /** Removes records in the worker thread; returns how many, or undefined if there is no worker thread. */
  byThread(work: Work): Promise<number> | undefined;
  /** Stops the timer and the thread. Waiting records stay in the journal. */
  stop(): Promise<void>;
}

/** Maximum time before the import of a record starts. */
const DELAY_MS = 100;
/**
 * Imports wait while the event loop is busier than this: on a machine with few cores they would take CPU time from running calls.
 * Waiting records are safe in the journal, and readers import them before they read.
 */
const BUSY_LOOP = 0.5;
/**
 * A busy event loop delays imports at most this long, and at most until this many bytes wait. Their import takes a fifth of a
 * second.
 */
const WAIT_MS = 2_000;
const WAIT_BYTES = 16 * 1024 * 1024;
/** Pause after a failure. Waiting records are safe in the journal. */
const RETRY_MS = [250, 1_000, 5_000, 30_000];
/**
 * Pause while another process holds the lock. A try costs some microseconds. The worker thread waits by itself, five seconds each
 * time.
 */
const RETRY_BUSY_MS = 250;
/** Shorter locks are not logged. */
const BUSY_REPORT_MS = 2_000;
/** Larger imports go to the worker thread. The main thread imports this many bytes in less than a millisecond. */
const INLINE_BYTES = 32 * 1024;
/** The worker thread ends after this idle time, because an idle thread costs 10 MB. */
const THREAD_IDLE_MS = 30_000;

/** Retries work, with pauses, while another process holds the lock. @throws DaemonError `store_busy` after the time limit */
export async function patiently<T>(busyTimeoutMs: number, work: () => T | Promise<T>): Promise<T> {
  const deadline = performance.now() + busyTimeoutMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw toStoreError(error);
      await sleep(10 + Math.random() * 40);
    }
  }
}

/** Creates an importer. It does nothing until records are appended. */
export function createImporter(options: ImporterOptions): Importer {
  const { file, folder, database, appended, report } = options;
  /** `appended()` at the start of the last import that imported everything. */
  let imported = 0;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  /** When the oldest waiting record came, and how busy the event loop was at the last check. */
  let waitingSince = 0;
  let loop = performance.eventLoopUtilization();
  let failures = 0;
  let failingSince = 0;
  let reported = false;
  let busy = false;
  let stopped = false;
  let thread: RecordThread | undefined;
  let idle: NodeJS.Timeout | undefined;

  async function inline(busyTimeoutMs: number): Promise<void> {
    const records = await database();
    while (!(await patiently(busyTimeoutMs, () => records.importSome())).done) await turn();
  }

  async function endThread(): Promise<void> {
    clearTimeout(idle);
    const ending = thread;
    thread = undefined;
    await ending?.end();
  }

  /** Runs a task in the worker thread. The thread ends when it was idle for a while. */
  async function byThread(path: string, work: Work): Promise<number> {
    clearTimeout(idle);
    thread ??= startThread(path, { file, folder });
    const used = thread;
    try {
      return await used.do(work);
    } catch (error) {
      if (thread === used) await endThread();
      throw error;
    } finally {
      clearTimeout(idle);
      if (thread === used && used.pending === 0) idle = setTimeout(() => void endThread(), THREAD_IDLE_MS).unref();
    }
  }

  /** Marks everything that was appended before as imported. @returns false if it was imported into a database that is removed */
  async function done(mark: number): Promise<boolean> {
    if (await lookAfter()) return false;
    imported = Math.max(imported, mark);
    options.imported(mark);
    return true;
  }

  async function lookAfter(): Promise<boolean> {
    const isReplaced = await options.lookAfter();
    if (isReplaced) {
      imported = 0; // the records that are still in the journal are imported again
      await endThread();
    }
    return isReplaced;
  }

  async function importNow(): Promise<void> {
    try {
      await lookAfter();
      const mark = appended();
      const path = mark - imported > INLINE_BYTES ? threadFile() : undefined;
      await (path === undefined ? inline(0) : byThread(path, { work: 'import' }));
      await done(mark);
      if (reported) report(undefined);
      reported = false;
      failures = 0;
    } catch (error) {
      const problem = toStoreError(error);
      busy = problem.code === 'store_busy';
      if (failures === 0) failingSince = performance.now();
      failures += 1;
      if (reported || (busy && performance.now() - failingSince < BUSY_REPORT_MS)) return;
      reported = true;
      report(problem);
    }
  }

  function delayAfterImport(): number {
    if (failures === 0) return DELAY_MS;
    return busy ? RETRY_BUSY_MS : (RETRY_MS[Math.min(failures, RETRY_MS.length) - 1] ?? 0);
  }

  /** Whether a due import should wait until the event loop is less busy. */
  function shouldWait(): boolean {
    const last = loop;
    loop = performance.eventLoopUtilization();
    const isBusy = performance.eventLoopUtilization(loop, last).utilization > BUSY_LOOP;
    return isBusy && performance.now() - waitingSince < WAIT_MS && appended() - imported < WAIT_BYTES;
  }

  function schedule(delay: number): void {
    if (stopped || timer !== undefined || running !== undefined) return;
    waitingSince = performance.now();
    loop = performance.eventLoopUtilization();
    timer = setTimeout(function begin() {
      if (shouldWait()) {
        timer = setTimeout(begin, DELAY_MS).unref();
        return;
      }
      timer = undefined;
      running = importNow().finally(() => {
        running = undefined;
        if (appended() > imported) schedule(delayAfterImport());
      });
    }, delay).unref();
  }

  async function settle(busyTimeoutMs: number): Promise<void> {
    await lookAfter();
    for (let tries = 0; tries < 3; tries += 1) {
      const mark = appended();
      await inline(busyTimeoutMs);
      if (await done(mark)) return;
    }
  }

  return {
    soon: () => schedule(DELAY_MS),
    get waiting() {
      return appended() - imported;
    },
    settle,
    async settleBeside(busyTimeoutMs) {
      await lookAfter();
      const mark = appended();
      const path = mark - imported > INLINE_BYTES && !stopped ? threadFile() : undefined;
      if (path === undefined) return settle(busyTimeoutMs);
      await byThread(path, { work: 'import' });
      if (!(await done(mark))) await settle(busyTimeoutMs);
    },
    byThread(work) {
      const path = threadFile();
      return path === undefined || stopped ? undefined : byThread(path, work);
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
      await endThread();
    },
  };
}
