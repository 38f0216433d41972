/** The main thread's interface to the worker thread. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import type { ErrorCode, Retention } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

/** The `workerData` of the thread. */
export interface ThreadData {
  file: string;
  folder: string;
}

/** A task: import everything that waits, remove old records, or remove state that has expired. */
export type Work =
  | { work: 'import' }
  | { work: 'prune'; partition: string; keep: Retention }
  | { work: 'shrink'; bytes: number }
  | { work: 'sweep' };

/** A task with the number of its answer. */
export type Order = Work & { id: number };

/** An answer of the thread: the number of removed records, or an error. */
export type Answer = { id: number } & ({ removed: number } | { code: ErrorCode; message: string });

/** The worker thread for the database. */
export interface RecordThread {
  /** Runs a task; returns the number of removed records. @throws DaemonError `store_busy` or `store_failed` */
  do(work: Work): Promise<number>;
  /** Number of tasks without an answer. */
  readonly pending: number;
  /** Ends the thread after its current task. */
  end(): Promise<void>;
}

/** Where the thread's code may be: next to this file, or next to the command's main file or its chunks. */
const PLACES = ['./record-thread.js', '../record-thread.js'];

/** The path of the thread's code; undefined if there is none, as in tests that run the sources. */
export const threadFile = (): string | undefined =>
  PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((path) => existsSync(path));

/** Starts a thread. It does not keep the process alive. */
export function startThread(path: string, data: ThreadData): RecordThread {
  // Do not inherit the options of the process: they may load code that is not meant for the thread.
  const worker = new Worker(path, { workerData: data, execArgv: [], name: 'mcp-daemon records' });
  worker.unref();
  const waiting = new Map<number, { resolve: (removed: number) => void; reject: (error: Error) => void }>();
  let orders = 0;
  let ended: DaemonError | undefined;

  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  worker.on('message', (answer: Answer) => {
    const waiter = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ('removed' in answer) waiter?.resolve(answer.removed);
    else waiter?.reject(new DaemonError(answer.code, answer.message));
  });
  const fail = (cause: unknown): void => {
    const why = cause instanceof Error ? cause.message : 'it ended';
    ended ??= new DaemonError('store_failed', `The thread that writes call records has ended unexpectedly: ${why}`, { cause });
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
  };
  worker.on('error', fail);
  worker.on('exit', () => fail(undefined));

  return {
    do(work) {
      if (ended !== undefined) return Promise.reject(ended);
      orders += 1;
      const order: Order = { ...work, id: orders };
      const done = new Promise<number>((resolve, reject) => waiting.set(order.id, { resolve, reject }));
      worker.postMessage(order);
      return done;
    },
    get pending() {
      return waiting.size;
    },
    async end() {
      worker.ref();
      worker.postMessage('end');
      await exited;
    },
  };
}
