/**
 * Long work in small parts, so that calls that run beside it do not wait. After each part the event loop serves others; if it has
 * much to do, the work pauses for longer.
 */
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

/** How long one part may take. A call waits at most about this long. */
const PART_MS = 0.5;
/** If others use the event loop for longer than this between two parts, it may be busy. */
const BUSY_MS = 0.1;
/** It stays busy while others use more than this part of the time. */
const BUSY_LOOP = 0.2;
/** The pause on a busy event loop, in lengths of the part before it: so the work takes at most a tenth of the time. */
const PAUSE = 9;
const MIN_PAUSE_MS = 4;
const MAX_PAUSE_MS = 20;

/** Paces long work. */
export interface Breather {
  /** How many items the next part should have, to take about half a millisecond. */
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
  /** Items of the first part. Default 300. */
  items?: number;
  /** The greatest number of items of a part. Default 10,000. */
  most?: number;
}

/** Creates a breather. The first part begins now. @throws the signal's reason, if it is aborted */
export function createBreather({ signal, items: first = 300, most = 10_000 }: BreatherOptions = {}): Breather {
  signal?.throwIfAborted();
  let items = first;
  let began = performance.now();
  let busy = false;
  return {
    get items() {
      return items;
    },
    async rest(count) {
      const ended = performance.now();
      const took = Math.max(0.01, ended - began);
      if (count > 0) items = Math.round(Math.min(most, items * 2, Math.max(50, items / 4, (count / took) * PART_MS)));
      await turn();
      busy ||= performance.now() - ended > BUSY_MS;
      if (busy) {
        // During the pause, the loop is used by others alone.
        const before = performance.eventLoopUtilization();
        await sleep(Math.min(MAX_PAUSE_MS, Math.max(MIN_PAUSE_MS, took * PAUSE)));
        busy = performance.eventLoopUtilization(before).utilization > BUSY_LOOP;
      }
      signal?.throwIfAborted();
      began = performance.now();
    },
  };
}
