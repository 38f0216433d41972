/** Waiting between attempts, and work in parallel. */
import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_MS = 100;
const LONGEST_MS = 5_000;

/**
 * How long to wait before the next attempt: a random time up to 100 ms, 200 ms, ..., 5 s ("full jitter"), so that processes that
 * failed together do not come back together.
 *
 * @param failures attempts that failed, from 1
 */
export const backoffMs = (failures: number): number =>
  Math.ceil(Math.random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 10)));

/** Waits as {@link backoffMs} says, but not beyond a time of `performance.now()`. @returns whether there is time left */
export async function backOff(failures: number, until: number): Promise<boolean> {
  const left = until - performance.now();
  if (left <= 0) return false;
  await sleep(Math.min(backoffMs(failures), left));
  return performance.now() < until;
}

/** Runs work on all values, at most `width` at once. After a failure no further work is begun. @throws what the work throws */
export async function inParallel<T>(values: readonly T[], width: number, work: (value: T) => Promise<void>): Promise<void> {
  let next = 0;
  let failed = false;
  const run = async (): Promise<void> => {
    while (!failed && next < values.length) {
      const value = values[next] as T;
      next += 1;
      try {
        await work(value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, values.length) }, run));
}

/** Parts of a list, each of at most `size` values. */
export function inParts<T>(values: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let index = 0; index < values.length; index += size) parts.push(values.slice(index, index + size));
  return parts;
}
