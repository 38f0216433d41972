/** The thread that writes call records. It loads nothing of the SDK. `thread-writer.ts` is the other side. */
import { parentPort, workerData } from 'node:worker_threads';

import type { BlobStore, Logger } from '@mcp-daemon/core';

import type { Identity } from '../base/sigv4.js';
import { createPayloads } from './payloads.js';
import { createRecordWriter } from './record-writer.js';
import { createSpread } from './spread.js';
import type { FromThread, ThreadData, ToThread, Values } from './thread-messages.js';
import { COUNTS, fromSent, pushValues, rowAt, toSent, WIDTH } from './thread-messages.js';
import type { DynamoCounts, Wire } from './wire.js';
import { createWire } from './wire.js';

/** Credentials that end sooner are asked for again: the SDK has renewed them by then. */
const RENEW_MS = 5 * 60_000;

const data = workerData as ThreadData;
const counted = new Float64Array(data.counts);
const counts: DynamoCounts = { requests: 0, retries: 0, throttled: 0, readUnits: 0, writeUnits: 0 };
const questions = new Map<number, { resolve: (answer: ToThread) => void; reject: (error: Error) => void }>();
let asked = 0;
let received = 0;
let receivedChars = 0;

function tell(message: FromThread): void {
  parentPort?.postMessage(message);
}

/** Asks the main thread. */
function ask(question: (number: number) => FromThread): Promise<ToThread> {
  asked += 1;
  const number = asked;
  return new Promise((resolve, reject) => {
    questions.set(number, { resolve, reject });
    tell(question(number));
  });
}

let identity: Promise<Identity> | undefined;
let renewAt = Infinity;

function credentials(): Promise<Identity> {
  if (identity !== undefined && Date.now() < renewAt) return identity;
  renewAt = Infinity;
  identity = ask((number) => ({ identity: number })).then((answer) => {
    const { is } = answer as Extract<ToThread, { identity: number }>;
    renewAt = is.expiration === undefined ? Infinity : is.expiration.getTime() - RENEW_MS;
    return is;
  });
  identity.catch(() => (renewAt = 0));
  return identity;
}

async function blob(method: 'delete' | 'get' | 'put', key: string, bytes?: Uint8Array): Promise<Uint8Array | undefined> {
  const answer = await ask((number) => ({ blob: number, do: method, key, bytes }));
  return (answer as Extract<ToThread, { blob: number }>).is;
}

/** The blob store of the main thread. */
const blobs: BlobStore = {
  name: 'main thread',
  // A copy: a small Buffer is a part of a larger one, all of which would be sent.
  put: async (key, bytes) => void (await blob('put', key, new Uint8Array(bytes))),
  get: (key) => blob('get', key),
  delete: async (key) => void (await blob('delete', key)),
};

const log =
  (level: 'error' | 'info' | 'warn') =>
  (fields: object, message: string): void =>
    tell({ log: level, fields, message });
const logger: Pick<Logger, 'error' | 'info' | 'warn'> = { error: log('error'), info: log('info'), warn: log('warn') };

const { spread: setting, owner, queue } = data;
const sender = createWire({ ...data.limits, address: data.address, countUnits: data.countUnits, credentials, counts });
const wire: Wire = {
  ...sender,
  async post(action, body) {
    try {
      return await sender.post(action, body);
    } finally {
      // Once the queue knows, too.
      setImmediate(publish);
    }
  },
};
const spread = createSpread({ wire, spread: setting });
const { offloadBytes, expireAfterMs, hasBlobs } = data;
const { keyOf } = spread;
const payloads = createPayloads({ blobs: hasBlobs ? blobs : undefined, offloadBytes, expireAfterMs, logger, keyOf });
const writer = createRecordWriter({ wire, payloads, spread, owner, logger, queue });

/** Writes the counts where the main thread reads them. */
function publish(): void {
  const now = { ...counts, ...writer.counts, received, receivedChars, cut: payloads.cut };
  for (const [index, name] of COUNTS.entries()) counted[index] = now[name];
}

function add(values: Values): void {
  const rows = Array.from({ length: values.length / WIDTH }, (_, index) => rowAt(values, index * WIDTH));
  void writer.write(rows);
  received += rows.length;
  for (const row of rows) receivedChars += (row.arguments?.length ?? 0) + (row.content?.length ?? 0);
  publish();
}

async function find(number: number, partition: string, uuid: string): Promise<void> {
  const found = await writer.find(partition, uuid);
  const row: Values = [];
  if (found !== undefined) pushValues(row, [found]);
  tell({ found: number, row: found === undefined ? undefined : row });
}

async function done(number: number, work: Promise<Error | undefined>): Promise<void> {
  const failed = await work;
  publish();
  tell({ done: number, error: failed === undefined ? undefined : toSent(failed) });
}

function answered(number: number, message: ToThread): void {
  const question = questions.get(number);
  questions.delete(number);
  if ('failed' in message) question?.reject(fromSent(message.error));
  else question?.resolve(message);
}

parentPort?.on('message', (message: ToThread) => {
  if ('rows' in message) add(message.rows);
  else if ('find' in message) void find(message.find, message.partition, message.uuid);
  else if ('drain' in message) void done(message.drain, writer.drain());
  else if ('close' in message)
    void done(
      message.close,
      writer.close(message.withinMs).then(() => undefined),
    );
  else if ('identity' in message) answered(message.identity, message);
  else if ('blob' in message) answered(message.blob, message);
  else answered(message.failed, message);
});
