/**
 * Sends batches of call records from a thread of its own: making and sending a request takes more time than the call that is recorded,
 * and calls would wait for it. Records wait in this thread, so the other one has nothing that could be lost: if it ends by itself, the
 * records that it was given are written again, from here.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import type { CallRecord, Logger } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import type { Answer, Batch, ThreadData } from './sender-messages.js';
import { fromSent, pack } from './sender-messages.js';
import type { Spread } from './spread.js';
import type { DynamoCounts, WireOptions } from './wire.js';

/** What {@link createSender} takes. */
export interface SenderOptions {
  /** The file of the thread: see {@link senderFile}. */
  path: string;
  wire: WireOptions;
  /** Milliseconds after which a record expires; 0: never. */
  expireAfterMs: number;
  /** The `partition_key` of a record. */
  keyOf: Spread['keyOf'];
  logger: Pick<Logger, 'error'> | undefined;
}

/** Sends batches from a thread. */
export interface Sender {
  /** `new`: the first batch starts the thread. `ended`: it has ended, and takes no more. */
  readonly state: 'ended' | 'new' | 'running';
  /**
   * Writes at most 25 records, without moving payloads.
   *
   * @returns those that DynamoDB left undone
   * @throws an Error like the SDK's; DaemonError `store_busy` if the thread has ended
   */
  write(rows: readonly CallRecord[]): Promise<CallRecord[]>;
  /** Ends the thread. */
  close(): Promise<void>;
}

/** Where the thread's code may be: next to this file, or next to the command's files or its chunks. */
const PLACES = ['./sender-thread.js', '../sender-thread.js'];

/** The path of the thread's code; undefined if there is none, as in tests that run the sources. */
export const senderFile = (): string | undefined =>
  PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((path) => existsSync(path));

/** Creates a sender. Its thread begins with the first batch, and keeps the process alive while one is on its way. */
export function createSender({ path, wire, expireAfterMs, keyOf, logger }: SenderOptions): Sender {
  const { address, connectTimeoutMs, requestTimeoutMs, deadlineMs, countUnits, credentials, counts } = wire;
  const waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  let worker: Worker | undefined;
  let ended: DaemonError | undefined;
  let batches = 0;

  function end(error: DaemonError): void {
    if (ended !== undefined) return;
    ended = error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  }

  function failed(why: string): void {
    if (ended === undefined)
      logger?.error({ error: why }, 'the thread that writes call records has ended; they are written without it');
    end(new DaemonError('store_busy', `The thread that writes call records has ended: ${why}`));
  }

  function heard({ id, ...answer }: Answer, from: Worker): void {
    for (const name of Object.keys(answer.counts) as (keyof DynamoCounts)[]) counts[name] += answer.counts[name];
    const waiter = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) from.unref();
    waiter?.resolve({ id, ...answer });
  }

  function start(): Worker {
    const limits = { connectTimeoutMs, requestTimeoutMs, deadlineMs };
    const data: ThreadData = { address, limits, countUnits, expireAfterMs };
    // Do not inherit the options of the process: they may load code that is not meant for the thread.
    const started = new Worker(path, { workerData: data, execArgv: [], name: 'mcp-daemon DynamoDB' });
    started.on('message', (answer: Answer) => heard(answer, started));
    started.on('error', (error) => failed(error instanceof Error ? error.message : String(error)));
    started.on('exit', (code) => failed(`exit code ${code}`));
    return started;
  }

  return {
    get state() {
      if (ended !== undefined) return 'ended';
      return worker === undefined ? 'new' : 'running';
    },
    async write(rows) {
      const identity = await credentials();
      if (ended !== undefined) throw ended;
      const to = (worker ??= start());
      batches += 1;
      const id = batches;
      const batch: Batch = { id, identity, ...pack(rows, keyOf) };
      const answered = new Promise<Answer>((resolve, reject) => waiting.set(id, { resolve, reject }));
      if (waiting.size === 1) to.ref();
      to.postMessage(batch);
      const { left, error } = await answered;
      if (error !== undefined) throw fromSent(error);
      return left.flatMap((index) => rows[index] ?? []);
    },
    async close() {
      end(new DaemonError('closed', 'The store is closed.'));
      await worker?.terminate();
    },
  };
}
