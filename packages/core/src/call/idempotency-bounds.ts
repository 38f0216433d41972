/**
 * Bounds how many idempotency keys one caller may keep, and how many bytes their results take.
 *
 * What this process stores is counted here. The store is read only when a caller has stored some: so a caller who uses few keys
 * costs nothing, and one who uses many may exceed the bounds by a little for each process and each restart.
 */
import type { Awaitable } from '../base/awaitable.js';
import type { StateStore } from '../ports/state.js';

/** Keys and bytes that a process counts by itself before it reads the store. */
const SURVEY_KEYS = 64;
const SURVEY_BYTES = 1_000_000;
/** A store that was found full is read again after this time, and no earlier. */
const AGAIN_MS = 10_000;
const PAGE = 100;
/** Counters that are kept. The one that was not used for longest goes first. */
const MAX_COUNTERS = 1_000;

/** What one caller keeps. */
interface Counter {
  keys: number;
  bytes: number;
  /** Whether the store was read. */
  surveyed: boolean;
  /** When the store was read last. */
  at: number;
}

/** The bounds of all callers. */
export interface KeyBounds {
  /** Counts a new key. Undefined: it may be kept; else why not, in words. */
  admit(store: StateStore, partition: string, prefix: string): Awaitable<string | undefined>;
  /** Counts the bytes of a result that was stored, or a key that was removed. */
  add(partition: string, prefix: string, keys: number, bytes: number): void;
}

/**
 * Creates the bounds.
 *
 * @param options.maxKeys keys of one caller
 * @param options.maxBytes size of the results of one caller's keys
 * @param options.now the clock, in milliseconds
 */
export function createKeyBounds(options: { maxKeys: number; maxBytes: number; now: () => number }): KeyBounds {
  const { maxKeys, maxBytes, now } = options;
  const counters = new Map<string, Counter>();
  /** The one that was used last: it is the last in the map. */
  let last: { partition: string; prefix: string; counter: Counter } | undefined;

  function counterOf(partition: string, prefix: string): Counter {
    if (last?.prefix === prefix && last.partition === partition) return last.counter;
    const id = `${partition}\n${prefix}`;
    const known = counters.get(id);
    const counter = known ?? { keys: 0, bytes: 0, surveyed: false, at: 0 };
    if (known !== undefined)
      counters.delete(id); // to the end: the first is the one that was not used for longest
    else if (counters.size >= MAX_COUNTERS) counters.delete(counters.keys().next().value as string);
    counters.set(id, counter);
    last = { partition, prefix, counter };
    return counter;
  }

  const isFull = ({ keys, bytes }: Counter): boolean => keys >= maxKeys || bytes >= maxBytes;

  /** Counts what the store has. Stops where the bounds are reached. */
  async function survey(counter: Counter, store: StateStore, partition: string, prefix: string): Promise<void> {
    let [keys, bytes] = [0, 0];
    let cursor: string | undefined;
    do {
      const page = await store.list(partition, prefix, { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
      keys += page.items.length;
      for (const { value } of page.items) bytes += value.length;
      ({ cursor } = page);
    } while (cursor !== undefined && keys < maxKeys && bytes < maxBytes);
    Object.assign(counter, { keys, bytes, surveyed: true, at: now() });
  }

  function decide(counter: Counter): string | undefined {
    if (!isFull(counter)) {
      counter.keys += 1;
      return undefined;
    }
    return counter.keys >= maxKeys
      ? `${maxKeys} idempotency keys of this user are kept, and no more may be`
      : `the results of this user's idempotency keys take ${counter.bytes} bytes, and at most ${maxBytes} may be kept`;
  }

  return {
    admit(store, partition, prefix) {
      const counter = counterOf(partition, prefix);
      const isDue = counter.surveyed
        ? isFull(counter) && now() - counter.at >= AGAIN_MS // old keys may have expired
        : counter.keys >= Math.min(SURVEY_KEYS, maxKeys) || counter.bytes >= Math.min(SURVEY_BYTES, maxBytes);
      return isDue ? survey(counter, store, partition, prefix).then(() => decide(counter)) : decide(counter);
    },
    add(partition, prefix, keys, bytes) {
      const counter = counterOf(partition, prefix);
      counter.keys = Math.max(0, counter.keys + keys);
      counter.bytes += bytes;
    },
  };
}
