/** Runs the requests of a batch, a limited number at a time. */
import type { Awaitable } from '../base/awaitable.js';
import { isTurnAwaited, ownTurn } from '../base/own-turn.js';

/** Maximum number of requests of one batch that run at the same time. */
export const BATCH_CONCURRENCY = 16;
/** Milliseconds of synchronous requests before the event loop gets a turn. */
const HOLD_MS = 10;

/** A part of a batch: an answer, or a function that starts the request. */
export type BatchPart<T> = { readonly done: Awaitable<T> } | { readonly start: () => Awaitable<T> };

/**
 * Runs the parts of a batch in order, at most {@link BATCH_CONCURRENCY} at a time.
 *
 * @returns the answers, in the order of the parts; rejects if one of them does
 */
export async function runBatch<T>(parts: readonly BatchPart<T>[]): Promise<T[]> {
  const results: Awaitable<T>[] = [];
  let next = 0;
  let since = isTurnAwaited() ? -Infinity : performance.now();
  /** The next turn of the event loop, if a request waits for it. */
  let turn: Promise<void> | undefined;

  const nextTurn = (): Promise<void> =>
    ownTurn().then(() => {
      turn = undefined;
      since = performance.now();
    });

  async function work(): Promise<void> {
    while (next < parts.length) {
      const index = next;
      next += 1;
      const part = parts[index] as BatchPart<T>;
      if ('done' in part) {
        results[index] = part.done; // it waits for something else, and does not block the event loop
        continue;
      }
      // Asked again after the wait: of all that wait for one turn, the first may take all of its time.
      while (performance.now() - since > HOLD_MS) await (turn ??= nextTurn());
      results[index] = await part.start();
    }
  }

  await Promise.all(Array.from({ length: Math.min(BATCH_CONCURRENCY, parts.length) }, work));
  return Promise.all(results);
}
