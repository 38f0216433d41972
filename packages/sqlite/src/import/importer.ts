/**
 * Decides when journals are imported, and by whom: soon after an append; a few records by the main thread, many by a thread of
 * their own. A lock of another process delays an import, and nothing else.
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
  /** What the main thread imports with, opened at its first use. */
  database: () => Promise<{ importSome(): Imported }>;
  /** Bytes that were appended to the journal so far. */
  appended: () => number;
  /**
   * Looks after the files before each import. @returns whether the database was replaced: what is connected to the old one has to end
   */
  lookAfter: () => Promise<boolean>;
  /** What was appended up to this number of bytes is imported. */
  imported: (bytes: number) => void;
  /** Told when imports begin to fail, and when they work again (undefined). */
  report: (problem: DaemonError | undefined) => void;
}

/** Imports journals. */
export interface Importer {
  /** To be called after each append. */
  soon(): void;
  /** Bytes that wait, as far as this process knows. */
  readonly waiting: number;
  /** Imports all that waits now. @throws DaemonError `store_busy` where another process keeps its lock, `store_failed` */
  settle(busyTimeoutMs: number): Promise<void>;
  /** Has the thread remove records; returns how many, or undefined where there is no thread to be had. */
  byThread(work: Work): Promise<number> | undefined;
  /** Ends the timer and the thread. What waits goes on to wait. */
  stop(): Promise<void>;
}

/** How long a record waits at most before its import begins. */
const DELAY_MS = 100;
/**
 * While the event loop is busier than this, an import waits: on a machine with few cores it would take them from running calls.
 * What waits is safe in the journal, and readers import it before they read.
 */
const BUSY_LOOP = 0.5;
/** So long, and up to so many bytes: their import takes a fifth of a second. */
const WAIT_MS = 2_000;
const WAIT_BYTES = 16 * 1024 * 1024;
/** After a failure: what waits is safe where it is. */
const RETRY_MS = [250, 1_000, 5_000, 30_000];
/** While another process holds its lock: to ask costs some microseconds. The thread waits by itself, for five seconds each time. */
const RETRY_BUSY_MS = 250;
/** A lock that is held for less is nothing that an operator has to know. */
const BUSY_REPORT_MS = 2_000;
/** More than the main thread imports in a few tenths of a millisecond. */
const INLINE_BYTES = 32 * 1024;
/** An idle thread costs 10 MB. */
const THREAD_IDLE_MS = 30_000;

/** Runs work again, with pauses, while another process holds the lock. @throws DaemonError `store_busy` when the time is over */
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

/** Creates an importer; it does nothing yet. */
export function createImporter(options: ImporterOptions): Importer {
  const { file, folder, database, appended, report } = options;
  /** `appended()` when the last import that left nothing began. */
  let imported = 0;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  /** When the first record came that waits now, and how busy the event loop was at the last look. */
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

  /** Has the thread do something; it ends when it had nothing to do for a while. */
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

  /** Notes that all was imported that had been appended before. @returns false where that went to a database which is gone */
  async function done(mark: number): Promise<boolean> {
    if (await lookAfter()) return false;
    imported = Math.max(imported, mark);
    options.imported(mark);
    return true;
  }

  async function lookAfter(): Promise<boolean> {
    const isReplaced = await options.lookAfter();
    if (isReplaced) {
      imported = 0; // what the journal still has is imported again
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

  /** Whether an import that may begin now should wait for a quieter moment. */
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

  return {
    soon: () => schedule(DELAY_MS),
    get waiting() {
      return appended() - imported;
    },
    async settle(busyTimeoutMs) {
      await lookAfter();
      for (let tries = 0; tries < 3; tries += 1) {
        const mark = appended();
        await inline(busyTimeoutMs);
        if (await done(mark)) return;
      }
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
