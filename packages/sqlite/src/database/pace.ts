/** Adapts the size of a batch, so that each batch blocks the event loop only for a short time. */

/** The size of the next batch. */
export interface Pace {
  readonly rows: number;
  readonly bytes: number;
  /** Reports how many milliseconds a batch took. */
  took(ms: number): void;
}

/** Well below the 20 ms that calls may be delayed, because the disk may be slower for the next batch. */
const SLOW_MS = 8;
const QUICK_MS = 4;
const ROWS = 64;
const BYTES = 512 * 1024;
const LEAST = 1 / 16;
const MOST = 16;

/** Starts with a batch that takes only a few milliseconds on any machine. */
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
