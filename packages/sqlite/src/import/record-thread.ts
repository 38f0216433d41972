/**
 * The worker thread for large imports and removals, so that the main thread does not wait for SQLite and its checkpoints. It runs
 * the tasks that it gets, answers each one, and exits after `end`.
 */
import { parentPort, workerData } from 'node:worker_threads';

import { createIndexes } from '../database/indexes.js';
import { openDatabase } from '../database/open.js';
import { prune } from '../database/prune.js';
import { giveBack, shrink } from '../database/size.js';
import { sweepState } from '../database/state-table.js';
import { chooseEngine } from '../engine/engine.js';
import { isBusy, toStoreError } from '../engine/failure.js';
import { checkpoint, checkpointAll } from './checkpoint.js';
import { importJournals } from './import-journals.js';
import type { Answer, Order, ThreadData } from './thread.js';

/** The worker thread may wait for a lock: it blocks nothing else. */
const BUSY_TIMEOUT_MS = 5_000;

const { file, folder } = workerData as ThreadData;
const connection = await openDatabase(chooseEngine(), { file, readonly: false, busyTimeoutMs: BUSY_TIMEOUT_MS });
connection.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA wal_autocheckpoint = 0`);

/** Maximum journal bytes of one transaction. */
const BATCH_BYTES = 1024 * 1024;
/** Journal bytes between two checkpoints. The -wal file may grow to about twice this size. */
const CHECKPOINT_BYTES = 4 * 1024 * 1024;
let sinceCheckpoint = 0;

let ended = false;
/** Called before each batch of a long task. It checkpoints, so that the -wal file does not grow. */
function goOn(): boolean {
  if (!ended) checkpoint(connection);
  return !ended;
}

/** Empties the -wal file. A reading process may prevent that; the task has still succeeded. */
function emptyWal(): void {
  try {
    checkpointAll(connection);
  } catch (error) {
    if (!isBusy(error)) throw error;
  }
}

/**
 * Imports everything that waits at the start. Later appends wait for the next task: a few large transactions write each page only
 * a few times, many small ones write the same pages again and again.
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

function remove(order: Exclude<Order, { work: 'import' }>): Promise<number> {
  if (order.work === 'sweep') return sweepState(connection, Date.now(), goOn);
  if (order.work === 'prune') return prune(connection, order.partition, order.keep, goOn);
  return shrink(connection, order.bytes, goOn);
}

/** @returns the number of removed records */
async function work(order: Order): Promise<number> {
  if (order.work === 'import') {
    importAll();
    return 0;
  }
  const removed = await remove(order);
  if (ended) return removed;
  // A file of an older version gets them here, because this may take seconds.
  createIndexes(connection);
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
