/**
 * The thread that works on the database while there is much to do: the main thread never waits for SQLite then, nor for its
 * checkpoints. It does what it is told, answers each order, and ends when it is told `end`.
 */
import { parentPort, workerData } from 'node:worker_threads';

import { openDatabase } from '../database/open.js';
import { prune } from '../database/prune.js';
import { giveBack, shrink } from '../database/size.js';
import { chooseEngine } from '../engine/engine.js';
import { isBusy, toStoreError } from '../engine/failure.js';
import { checkpoint, checkpointAll } from './checkpoint.js';
import { importJournals } from './import-journals.js';
import type { Answer, Order, ThreadData } from './thread.js';

/** A thread may wait: nobody waits for it. */
const BUSY_TIMEOUT_MS = 5_000;

const { file, folder } = workerData as ThreadData;
const connection = await openDatabase(chooseEngine(), { file, readonly: false, busyTimeoutMs: BUSY_TIMEOUT_MS });
connection.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA wal_autocheckpoint = 0`);

/** Journal bytes of one transaction. */
const BATCH_BYTES = 1024 * 1024;
/** Journal bytes between two checkpoints: so much, and as much again, is what the -wal file may grow to. */
const CHECKPOINT_BYTES = 4 * 1024 * 1024;
let sinceCheckpoint = 0;

let ended = false;
/** Asked before each batch of a long work: what was done since does not stay in the -wal file. */
function goOn(): boolean {
  if (!ended) checkpoint(connection);
  return !ended;
}

/** Empties the -wal file. Another process that reads it may be in the way; what was done stays done. */
function emptyWal(): void {
  try {
    checkpointAll(connection);
  } catch (error) {
    if (!isBusy(error)) throw error;
  }
}

/**
 * Imports all that waits now. What is appended meanwhile waits for the next order: few large transactions and checkpoints write each
 * page a few times, many small ones write it again and again.
 */
function importAll(): void {
  for (let bytes = BATCH_BYTES; bytes >= BATCH_BYTES;) {
    bytes = importJournals(connection, { folder, batchBytes: BATCH_BYTES }).bytes;
    sinceCheckpoint += bytes;
    if (sinceCheckpoint < CHECKPOINT_BYTES) continue;
    checkpoint(connection);
    sinceCheckpoint = 0;
  }
}

/** @returns how many records were removed */
async function work(order: Order): Promise<number> {
  if (order.work === 'import') {
    importAll();
    return 0;
  }
  const removed =
    order.work === 'prune'
      ? await prune(connection, order.partition, order.keep, goOn)
      : await shrink(connection, order.bytes, goOn);
  if (ended) return removed;
  if (removed > 0) await giveBack(connection, goOn);
  if (!ended) emptyWal();
  return removed;
}

async function answer(order: Order): Promise<Answer> {
  try {
    return { id: order.id, removed: await work(order) };
  } catch (error) {
    const { code, message } = toStoreError(error);
    return { id: order.id, code, message };
  }
}

parentPort?.on('message', (order: Order | 'end') => {
  if (order !== 'end') {
    void answer(order).then((given) => parentPort?.postMessage(given));
    return;
  }
  ended = true;
  try {
    emptyWal();
  } finally {
    connection.close();
  }
  parentPort?.close();
});
