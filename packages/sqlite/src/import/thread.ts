/** The main thread's side of the thread that works on the database. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import type { ErrorCode, Retention } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

/** What the thread is given. */
export interface ThreadData {
  file: string;
  folder: string;
}

/** Something to do: import all that waits, or remove old records. */
export type Work = { work: 'import' } | { work: 'prune'; partition: string; keep: Retention } | { work: 'shrink'; bytes: number };

/** Work with the number that its answer will have. */
export type Order = Work & { id: number };

/** What the thread answers: how many records were removed, or what is wrong. */
export type Answer = { id: number } & ({ removed: number } | { code: ErrorCode; message: string });

/** A thread that works on the database. */
export interface RecordThread {
  /** Does something; returns how many records were removed. @throws DaemonError `store_busy` or `store_failed` */
  do(work: Work): Promise<number>;
  /** How much it has not answered yet. */
  readonly pending: number;
  /** Ends it, when it has done what it does now. */
  end(): Promise<void>;
}

/** Where the thread's code is: beside this file, or beside the command's main file or its chunks. */
const PLACES = ['./record-thread.js', '../record-thread.js'];

/** The path of the thread's code; undefined where there is none, as in a test that runs on the sources. */
export const threadFile = (): string | undefined =>
  PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((path) => existsSync(path));

/** Starts a thread. It does not keep the process alive. */
export function startThread(path: string, data: ThreadData): RecordThread {
  // Its options are its own: what the process was started with may load code that is not meant for it.
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
