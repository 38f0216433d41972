/** Detects whether the wall clock was set or has jumped. */

/** A watch on the wall clock. */
export interface Clock {
  /** Milliseconds since the wall clock last jumped, compared with the monotonic clock. A jump is detected when this is called. */
  steadyMs(): number;
}

/** Smaller differences are adjustments, not jumps. */
const JUMP_MS = 60_000;

/** Starts to watch the wall clock. */
export function createClock(): Clock {
  let offset = Date.now() - performance.now();
  let since = performance.now();
  return {
    steadyMs() {
      const now = performance.now();
      const current = Date.now() - now;
      if (Math.abs(current - offset) > JUMP_MS) since = now;
      offset = current;
      return now - since;
    },
  };
}
