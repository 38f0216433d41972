/**
 * Long work in small parts, so that calls that run beside it do not wait. After each part the event loop serves others; if it has
 * much to do, the work pauses for longer.
 */
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

/** How long one part may take. A call waits at most about this long. */
const PART_MS = 1;
/** If others need the event loop for longer than this between two parts, it is busy. */
const BUSY_MS = 0.3;
/** The pause on a busy event loop, in lengths of the part before it: so the work takes at most a fifth of the time. */
const PAUSE = 4;
const MAX_PAUSE_MS = 20;

/** Paces long work. */
export interface Breather {
  /** How many items the next part should have, to take about a millisecond. */
  readonly items: number;
  /**
   * Call it after each part. It lets others use the event loop, and resolves when the next part may begin.
   *
   * @param items how many items the part had
   * @throws the signal's reason, if it is aborted
   */
  rest(items: number): Promise<void>;
}

/** What {@link createBreather} takes. */
export interface BreatherOptions {
  signal?: AbortSignal | undefined;
  /** Items of the first part. Default 500. */
  items?: number;
  /** The greatest number of items of a part. Default 10,000. */
  most?: number;
}

/** Creates a breather. The first part begins now. @throws the signal's reason, if it is aborted */
export function createBreather({ signal, items: first = 500, most = 10_000 }: BreatherOptions = {}): Breather {
  signal?.throwIfAborted();
  let items = first;
  let began = performance.now();
  return {
    get items() {
      return items;
    },
    async rest(count) {
      const ended = performance.now();
      const took = Math.max(0.01, ended - began);
      if (count > 0) items = Math.round(Math.min(most, items * 2, Math.max(50, items / 4, (count / took) * PART_MS)));
      await turn();
      if (performance.now() - ended > BUSY_MS) await sleep(Math.min(MAX_PAUSE_MS, Math.max(1, took * PAUSE)));
      signal?.throwIfAborted();
      began = performance.now();
    },
  };
}
