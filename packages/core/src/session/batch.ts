/** Runs the requests of a batch: some at once, the others when their turn comes. */
import type { Awaitable } from '../base/awaitable.js';

/** Requests of one batch that run at once. */
export const BATCH_CONCURRENCY = 16;
/** Milliseconds for which requests that are answered at once are run before the event loop has a turn. */
const HOLD_MS = 10;

/** A part of a batch: done already, or to be started. */
export type BatchPart<T> = { readonly done: Awaitable<T> } | { readonly start: () => Awaitable<T> };

/**
 * Runs the parts of a batch in their order, {@link BATCH_CONCURRENCY} at once.
 *
 * @returns what they gave, in the order of the parts; rejects where one of them does
 */
export async function runBatch<T>(parts: readonly BatchPart<T>[]): Promise<T[]> {
  const results: Awaitable<T>[] = [];
  let next = 0;
  let since = performance.now();

  async function work(): Promise<void> {
    while (next < parts.length) {
      const index = next;
      next += 1;
      const part = parts[index] as BatchPart<T>;
      if ('done' in part) {
        results[index] = part.done; // it may take as long as it likes: it holds nobody up
        continue;
      }
      if (performance.now() - since > HOLD_MS) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        since = performance.now();
      }
      results[index] = await part.start();
    }
  }

  await Promise.all(Array.from({ length: Math.min(BATCH_CONCURRENCY, parts.length) }, work));
  return Promise.all(results);
}
