/**
 * The thread that imports journals while there is much to import: the main thread never waits for SQLite then, nor for its
 * checkpoints. It is told `import` and answers when nothing waits any more, and ends when it is told `end`.
 */
import { parentPort, workerData } from 'node:worker_threads';

import { openDatabase } from '../database/open.js';
import { chooseEngine } from '../engine/engine.js';
import { toStoreError } from '../engine/failure.js';
import { checkpoint, checkpointAll } from './checkpoint.js';
import { importJournals } from './import-journals.js';
import type { Answer, ThreadData } from './thread.js';

/** A thread may wait: nobody waits for it. */
const BUSY_TIMEOUT_MS = 5_000;

const { file, folder } = workerData as ThreadData;
const connection = await openDatabase(chooseEngine(), { file, readonly: false, busyTimeoutMs: BUSY_TIMEOUT_MS });
connection.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA wal_autocheckpoint = 0`);

function importAll(): Answer {
  try {
    while (!importJournals(connection, { folder }).done) checkpoint(connection);
    checkpointAll(connection);
    return { ok: true };
  } catch (error) {
    const { code, message } = toStoreError(error);
    return { ok: false, code, message };
  }
}

parentPort?.on('message', (order: 'import' | 'end') => {
  if (order === 'import') {
    parentPort?.postMessage(importAll());
    return;
  }
  connection.close();
  parentPort?.close();
});
