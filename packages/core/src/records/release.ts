/** Lets calls go on that have waited for one commit, without holding the event loop while all of them run. */

/** Milliseconds that calls may take in one turn of the event loop. What takes longer by itself is not interrupted. */
const HOLD_MS = 10;
/** Steps of promises from the start of a function that returns at once to the text of its result, and some to spare. */
const STEPS = 20;

/**
 * Calls these functions in their order, each after the promise callbacks of the one before. When 10 ms have passed, the rest is called in
 * later turns of the event loop.
 */
export function release(waiters: readonly (() => void)[]): void {
  let at = 0;
  async function next(): Promise<void> {
    const began = performance.now();
    for (;;) {
      waiters[at]?.();
      at += 1;
      if (at >= waiters.length) return;
      for (let step = 0; step < STEPS; step += 1) await Promise.resolve();
      if (performance.now() - began >= HOLD_MS) break;
    }
    setImmediate(() => void next());
  }
  void next();
}
