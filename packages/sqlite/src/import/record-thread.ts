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

/** @returns how many records were removed */
async function work(order: Order): Promise<number> {
  if (order.work === 'import') {
    while (!importJournals(connection, { folder }).done) checkpoint(connection);
    emptyWal();
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
  connection.close();
  parentPort?.close();
});
