/** How much work goes into one turn of the event loop: learned from how long the turns before took. */

/** The size of the next batch. */
export interface Pace {
  readonly rows: number;
  readonly bytes: number;
  /** Notes how many milliseconds a batch took. */
  took(ms: number): void;
}

/** Far from the 20 ms that calls may be held up: the next batch may meet a slower disk. */
const SLOW_MS = 8;
const QUICK_MS = 4;
const ROWS = 64;
const BYTES = 512 * 1024;
const LEAST = 1 / 16;
const MOST = 16;

/** Begins with a batch that any machine does in a few milliseconds. */
export function createPace(): Pace {
  let scale = 1;
  return {
    get rows() {
      return Math.round(ROWS * scale);
    },
    get bytes() {
      return Math.round(BYTES * scale);
    },
    took(ms) {
      if (ms > SLOW_MS) scale = Math.max(LEAST, scale / 2);
      else if (ms < QUICK_MS) scale = Math.min(MOST, scale * 1.5);
    },
  };
}
