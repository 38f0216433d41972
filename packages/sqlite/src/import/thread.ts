/** The main thread's side of the thread that imports journals. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import type { ErrorCode } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

/** What the thread is given. */
export interface ThreadData {
  file: string;
  folder: string;
}

/** What the thread answers. */
export type Answer = { ok: true } | { ok: false; code: ErrorCode; message: string };

/** A thread that imports journals. */
export interface ImportThread {
  /** Imports all that waits. @throws DaemonError `store_busy` or `store_failed` */
  importAll(): Promise<void>;
  /** Ends it, when it has done what it does now. */
  end(): Promise<void>;
}

/** Where the thread's code is: beside this file, or beside the command's main file or its chunks. */
const PLACES = ['./record-thread.js', '../record-thread.js'];

/** The path of the thread's code; undefined where there is none, as in a test that runs on the sources. */
export const threadFile = (): string | undefined =>
  PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((path) => existsSync(path));

/** Starts a thread. It does not keep the process alive. */
export function startThread(path: string, data: ThreadData): ImportThread {
  // Its options are its own: what the process was started with may load code that is not meant for it.
  const worker = new Worker(path, { workerData: data, execArgv: [], name: 'mcp-daemon records' });
  worker.unref();
  let waiting: { resolve: () => void; reject: (error: Error) => void } | undefined;
  let ended: DaemonError | undefined;

  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  worker.on('message', (answer: Answer) => {
    if (answer.ok) waiting?.resolve();
    else waiting?.reject(new DaemonError(answer.code, answer.message));
    waiting = undefined;
  });
  const fail = (cause: unknown): void => {
    const why = cause instanceof Error ? cause.message : 'it ended';
    ended ??= new DaemonError('store_failed', `The thread that writes call records has ended unexpectedly: ${why}`, { cause });
    waiting?.reject(ended);
    waiting = undefined;
  };
  worker.on('error', fail);
  worker.on('exit', () => fail(undefined));

  return {
    importAll() {
      if (ended !== undefined) return Promise.reject(ended);
      const done = new Promise<void>((resolve, reject) => (waiting = { resolve, reject }));
      worker.postMessage('import');
      return done;
    },
    async end() {
      worker.ref();
      worker.postMessage('end');
      await exited;
    },
  };
}
