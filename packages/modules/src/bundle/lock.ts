/**
 * Lets one process at a time do a piece of work on a file system that several share. The lock is a folder; its owner renews its time,
 * and a lock whose owner has ended is taken over.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { codeOf } from './errors.js';

const RENEW_MS = 1_000;
/** Milliseconds without a renewal after which the owner counts as ended. */
const STALE_MS = 15_000;
const LOOK_MS = 25;

/** @returns whether the lock is ours now */
async function acquire(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return false;
  }
}

/** Removes a lock whose owner has ended. Of several processes one succeeds: a name can be renamed once. */
async function removeStale(lock: string): Promise<void> {
  const found = await stat(lock).catch(() => undefined);
  if (found === undefined || Date.now() - found.mtimeMs < STALE_MS) return;
  const aside = `${lock}.${randomUUID()}`;
  try {
    await rename(lock, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  await rm(aside, { recursive: true, force: true });
}

/**
 * Does a piece of work unless another process has done it.
 *
 * @param lock the path of the lock, in a folder that exists
 * @param isDone whether the work is done; asked before each attempt
 * @throws what `work` throws, and errors of the file system
 */
export async function onceAmongProcesses(lock: string, isDone: () => Promise<boolean>, work: () => Promise<void>): Promise<void> {
  while (!(await isDone())) {
    if (!(await acquire(lock))) {
      await removeStale(lock);
      await sleep(LOOK_MS);
      continue;
    }
    // A failed renewal means that the lock was taken over: the work itself ends with an atomic rename.
    const renewing = setInterval(() => {
      const now = new Date();
      utimes(lock, now, now).catch(() => undefined);
    }, RENEW_MS);
    try {
      if (!(await isDone())) await work();
    } finally {
      clearInterval(renewing);
      await rm(lock, { recursive: true, force: true });
    }
  }
}
