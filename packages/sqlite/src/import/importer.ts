/**
 * Decides when journals are imported, and by whom: soon after an append; a few records by the main thread, many by a thread of
 * their own. A lock of another process delays an import, and nothing else.
 */
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

import type { DaemonError } from '@mcp-daemon/core';

import { isBusy, toStoreError } from '../engine/failure.js';
import type { Imported } from './import-journals.js';
import type { ImportThread } from './thread.js';
import { startThread, threadFile } from './thread.js';

/** What {@link createImporter} takes. */
export interface ImporterOptions {
  file: string;
  folder: string;
  /** What the main thread imports with, opened at its first use. */
  database: () => Promise<{ importSome(): Imported }>;
  /** Bytes that were appended to the journal so far. */
  appended: () => number;
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
  /** Ends the timer and the thread. What waits goes on to wait. */
  stop(): Promise<void>;
}

/** How long a record waits at most before its import begins. */
const DELAY_MS = 100;
/** After a failure: what waits is safe where it is. */
const RETRY_MS = [250, 1_000, 5_000, 30_000];
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
      await sleep(5 + Math.random() * 20);
    }
  }
}

/** Creates an importer; it does nothing yet. */
export function createImporter({ file, folder, database, appended, report }: ImporterOptions): Importer {
  /** `appended()` when the last import that left nothing began. */
  let imported = 0;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let failures = 0;
  let stopped = false;
  let thread: ImportThread | undefined;
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

  async function byThread(path: string): Promise<void> {
    clearTimeout(idle);
    thread ??= startThread(path, { file, folder });
    try {
      await thread.importAll();
    } catch (error) {
      await endThread();
      throw error;
    }
    idle = setTimeout(() => void endThread(), THREAD_IDLE_MS).unref();
  }

  async function importNow(): Promise<void> {
    const mark = appended();
    const path = mark - imported > INLINE_BYTES ? threadFile() : undefined;
    try {
      await (path === undefined ? inline(0) : byThread(path));
      imported = Math.max(imported, mark);
      if (failures > 0) report(undefined);
      failures = 0;
    } catch (error) {
      const problem = toStoreError(error);
      // A lock that is held for a moment is nothing that an operator has to know.
      if (failures === (problem.code === 'store_busy' ? 2 : 0)) report(problem);
      failures += 1;
    }
  }

  function schedule(delay: number): void {
    if (stopped || timer !== undefined || running !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      running = importNow().finally(() => {
        running = undefined;
        if (appended() > imported) schedule(failures === 0 ? DELAY_MS : (RETRY_MS[Math.min(failures, RETRY_MS.length) - 1] ?? 0));
      });
    }, delay).unref();
  }

  return {
    soon: () => schedule(DELAY_MS),
    get waiting() {
      return appended() - imported;
    },
    async settle(busyTimeoutMs) {
      const mark = appended();
      await inline(busyTimeoutMs);
      imported = Math.max(imported, mark);
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
      await endThread();
    },
  };
}
