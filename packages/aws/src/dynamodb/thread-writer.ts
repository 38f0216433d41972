/**
 * Writes call records in a thread of its own, so that calls wait for none of the work: the main thread copies the values of a record, and
 * sends those of some records in one message. Credentials and the blob store stay here, and the thread asks for them.
 *
 * If the thread ends by itself, its records are counted as lost, and later ones are written in this thread.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import type { BlobStore, CallRecord, Logger } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import type { Identity } from '../base/sigv4.js';
import type { RecordWriter } from './record-writer.js';
import type { FromThread, ThreadData, ToThread, Values } from './thread-messages.js';
import { COUNTS, fromSent, pushValues, rowAt, toSent, WIDTH } from './thread-messages.js';
import type { DynamoCounts } from './wire.js';

/** What {@link createThreadWriter} takes. */
export interface ThreadWriterOptions {
  /** The file of the thread: see {@link threadFile}. */
  path: string;
  data: Omit<ThreadData, 'counts' | 'hasBlobs'>;
  blobs: BlobStore | undefined;
  credentials: () => Promise<Identity>;
  logger: Pick<Logger, 'error' | 'info' | 'warn'> | undefined;
  /** Milliseconds that a record waits for others before they are sent to the thread. */
  gatherMs: number;
  /** Makes the writer that is used if the thread has ended by itself. */
  fallback: () => RecordWriter;
}

/** A writer in a thread. */
export interface ThreadWriter extends RecordWriter {
  /** What the thread has sent, and the payloads that it has cut. */
  readonly sent: DynamoCounts & { cut: number };
}

/** Where the thread's code may be: next to this file, or next to the command's files or its chunks. */
const PLACES = ['./dynamo-thread.js', '../dynamo-thread.js'];
/** So many records are sent at once: four full batches. */
const SEND_ROWS = 100;
/** Milliseconds beyond its own limit after which a thread that closes is ended. */
const CLOSE_MS = 2_000;

/** The path of the thread's code; undefined if there is none, as in tests that run the sources. */
export const threadFile = (): string | undefined =>
  PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((path) => existsSync(path));

const charsOf = (row: CallRecord): number => (row.arguments?.length ?? 0) + (row.content?.length ?? 0);

/** Creates a writer. The thread begins with the first record, and does not keep the process alive. */
export function createThreadWriter(options: ThreadWriterOptions): ThreadWriter {
  const { path, data, blobs, credentials, logger, gatherMs, fallback } = options;
  const { maxRows, maxChars } = data.queue;
  const shared = new SharedArrayBuffer(COUNTS.length * Float64Array.BYTES_PER_ELEMENT);
  const counted = new Float64Array(shared);
  /** A count of the thread. */
  const of = (name: (typeof COUNTS)[number]): number => counted[COUNTS.indexOf(name)] ?? 0;
  const waiting = new Map<number, (answer: FromThread | undefined) => void>();
  let worker: Worker | undefined;
  /** Writes instead of the thread, once that has ended by itself. */
  let local: RecordWriter | undefined;
  let questions = 0;
  let values: Values = [];
  let chars = 0;
  let sentRows = 0;
  let sentChars = 0;
  let lost = 0;
  let timer: NodeJS.Timeout | undefined;

  const gathered = (): number => values.length / WIDTH;
  /** Records that the thread has not taken yet. */
  const untaken = (): number => gathered() + sentRows - of('received');
  const outstanding = (): number => untaken() + of('waiting') + of('inFlight');

  function lose(number: number, why: string): void {
    const before = lost;
    lost += number;
    // The first, and then every thousandth: trouble must not fill the log as well.
    if (number > 0 && (before === 0 || Math.floor(before / 1_000) < Math.floor(lost / 1_000)))
      logger?.error({ lost }, `call records are lost: ${why}`);
  }

  /** The thread has ended, and was not asked to. */
  function died(why: string): void {
    if (worker === undefined) return;
    lose(outstanding(), `the thread that writes them has ended: ${why}`);
    worker = undefined;
    clearTimeout(timer);
    timer = undefined;
    values = [];
    local = fallback();
    for (const answer of waiting.values()) answer(undefined);
    waiting.clear();
  }

  const answer = async (to: Worker, number: number, work: () => Promise<ToThread>): Promise<void> => {
    let message: ToThread;
    try {
      message = await work();
    } catch (error) {
      message = { failed: number, error: toSent(error) };
    }
    to.postMessage(message);
  };

  function heard(from: Worker, message: FromThread): void {
    if ('log' in message) logger?.[message.log](message.fields, message.message);
    else if ('identity' in message)
      void answer(from, message.identity, async () => ({ identity: message.identity, is: await credentials() }));
    else if ('blob' in message)
      void answer(from, message.blob, async () => {
        if (blobs === undefined) throw new DaemonError('store_failed', 'There is no blob store.');
        const { blob, do: method, key, bytes } = message;
        if (method === 'put') await blobs.put(key, bytes ?? new Uint8Array());
        else if (method === 'delete') await blobs.delete(key);
        return { blob, is: method === 'get' ? await blobs.get(key) : undefined };
      });
    else {
      const number = 'found' in message ? message.found : message.done;
      const resolve = waiting.get(number);
      waiting.delete(number);
      if (waiting.size === 0) from.unref();
      resolve?.(message);
    }
  }

  function start(): Worker {
    const workerData: ThreadData = { ...data, hasBlobs: blobs !== undefined, counts: shared };
    // Do not inherit the options of the process: they may load code that is not meant for the thread.
    const started = new Worker(path, { workerData, execArgv: [], name: 'mcp-daemon records' });
    started.unref();
    started.on('message', (message: FromThread) => heard(started, message));
    started.on('error', (error) => died(error instanceof Error ? error.message : String(error)));
    started.on('exit', (code) => died(`exit code ${code}`));
    return started;
  }

  /** Sends the gathered records. */
  function send(): void {
    clearTimeout(timer);
    timer = undefined;
    if (values.length === 0) return;
    worker ??= start();
    const message: ToThread = { rows: values };
    worker.postMessage(message);
    sentRows += gathered();
    sentChars += chars;
    values = [];
    chars = 0;
  }

  /** Asks the thread, after all that was written before. @returns undefined if there is no thread, or none any more */
  function ask(question: (number: number) => ToThread): Promise<FromThread | undefined> {
    send();
    const to = worker;
    if (to === undefined) return Promise.resolve(undefined);
    questions += 1;
    const number = questions;
    const answered = new Promise<FromThread | undefined>((resolve) => waiting.set(number, resolve));
    to.ref();
    to.postMessage(question(number));
    return answered;
  }

  const errorOf = (message: FromThread | undefined): Error | undefined =>
    message !== undefined && 'done' in message && message.error !== undefined ? fromSent(message.error) : undefined;

  return {
    write(rows) {
      if (local !== undefined) return local.write(rows);
      // The thread drops records fairly, by tenant. This bound is for a thread that takes none.
      if (untaken() > maxRows || chars + sentChars - of('receivedChars') > maxChars)
        return lose(rows.length, 'too many wait for the thread that writes them');
      pushValues(values, rows);
      for (const row of rows) chars += charsOf(row);
      if (gathered() >= SEND_ROWS) send();
      else timer ??= setTimeout(send, gatherMs).unref();
    },

    async find(partition, uuid) {
      if (local !== undefined) return local.find(partition, uuid);
      const answered = await ask((find) => ({ find, partition, uuid }));
      return answered !== undefined && 'found' in answered && answered.row !== undefined ? rowAt(answered.row, 0) : undefined;
    },

    async drain() {
      if (local !== undefined) return local.drain();
      return errorOf(await ask((drain) => ({ drain })));
    },

    get counts() {
      const here = local?.counts ?? { waiting: untaken() + of('waiting'), inFlight: of('inFlight'), written: 0, lost: 0 };
      return { ...here, written: here.written + of('written'), lost: here.lost + of('lost') + lost };
    },

    get sent() {
      return {
        requests: of('requests'),
        retries: of('retries'),
        throttled: of('throttled'),
        readUnits: of('readUnits'),
        writeUnits: of('writeUnits'),
        cut: of('cut'),
      };
    },

    async close(withinMs) {
      let late: NodeJS.Timeout | undefined;
      const tooLate = new Promise<'late'>((resolve) => (late = setTimeout(() => resolve('late'), withinMs + CLOSE_MS)));
      const answered = await Promise.race([ask((close) => ({ close, withinMs })), tooLate]);
      clearTimeout(late);
      if (answered === 'late') lose(outstanding(), 'the thread that writes them does not end');
      const ending = worker;
      worker = undefined;
      await ending?.terminate();
      await local?.close(withinMs);
    },
  };
}
