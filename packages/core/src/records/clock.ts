/** Tells a wall clock that keeps its pace from one that was set, or that jumped. */

/** A wall clock, watched. */
export interface Clock {
  /** For how many milliseconds the wall clock has kept pace with the monotonic one, as far as this was asked. */
  steadyMs(): number;
}

/** A wall clock that is adjusted by less than this has not jumped. */
const JUMP_MS = 60_000;

/** Begins to watch the wall clock. A jump is seen at the next question. */
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
