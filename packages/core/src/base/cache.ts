/**
 * A read-through cache: entries expire, concurrent requests for a key share one load, and purging a parent purges its children. On
 * demand, an entry that has expired is still given while it is loaded again, and while that fails.
 */
import type { Awaitable } from './awaitable.js';
import { attempt } from './awaitable.js';

interface Entry<V> {
  value: Awaitable<V>;
  /** When the value was asked for, in milliseconds. */
  loaded: number;
  parents: readonly string[];
  /** The load that will replace it, while one runs. */
  renewing: Promise<V> | undefined;
}

/** What {@link createCache} takes. */
export interface CacheOptions {
  /** Milliseconds after which an entry expires, or a function that says so of one key. Default 30 minutes. */
  ttlMs?: number | ((key: string) => number);
  /**
   * Milliseconds after its end for which an entry is still given, while one load in the background replaces it. Default 0: it is loaded
   * again at the next request, which waits. A function says it of one key.
   */
  staleMs?: number | ((key: string) => number);
  /** Milliseconds after that for which an entry is given where loading it again fails; requests wait for the load. Default 0. */
  rescueMs?: number;
  /** Whether a failure with this error leaves an expired entry in use, as `staleMs` and `rescueMs` allow. Default: never. */
  keepAfter?: (error: unknown) => boolean;
  /** Maximum number of entries; the oldest is dropped first. Default 10,000. */
  maxEntries?: number;
  /** The clock, in milliseconds. Default `Date.now`. */
  now?: () => number;
}

/** What a cache has counted since its start. */
export interface CacheStats {
  /** Requests that were answered from the cache. */
  hits: number;
  /** Requests that were given an entry that had expired. */
  stale: number;
  /** Requests that had to load. */
  misses: number;
  /** Loads that failed, in the background too. */
  failures: number;
  /** Entries now. */
  entries: number;
  /** Age of the oldest entry, in milliseconds; 0 where there is none. */
  oldestMs: number;
}

/** A cache of values of one type. */
export interface Cache<V> {
  /**
   * Returns the value of a key, or calls `load` if there is none. A failed load is not cached.
   *
   * @param parents keys whose purge also purges this one
   * @throws what `load` throws
   */
  get(key: string, load: () => Awaitable<V>, ...parents: string[]): Awaitable<V>;
  /** The value of a key where it is there, loaded and not expired. Does not count. */
  peek(key: string): V | undefined;
  /** Milliseconds since the value of a key was asked for; undefined if it is not there. Does not count. */
  age(key: string): number | undefined;
  /** Drops a key and all its children. The result of a load in flight is not kept. */
  purge(key: string): void;
  /** Drops everything. */
  clear(): void;
  /** Number of entries. */
  readonly size: number;
  /** Counts, and ages. */
  stats(): CacheStats;
}

const ofKey = (time: number | ((key: string) => number), key: string): number => (typeof time === 'function' ? time(key) : time);

/** Creates an empty cache. */
export function createCache<V>(options: CacheOptions = {}): Cache<V> {
  const {
    ttlMs = 30 * 60_000,
    staleMs = 0,
    rescueMs = 0,
    keepAfter = () => false,
    maxEntries = 10_000,
    now = Date.now,
  } = options;
  const entries = new Map<string, Entry<V>>();
  const children = new Map<string, Set<string>>();
  let [hits, stale, misses, failures] = [0, 0, 0, 0];

  const forget = (key: string): void => {
    const entry = entries.get(key);
    if (entry === undefined) return;
    entries.delete(key);
    for (const parent of entry.parents) {
      const siblings = children.get(parent);
      siblings?.delete(key);
      if (siblings?.size === 0) children.delete(parent);
    }
  };

  const purge = (key: string): void => {
    forget(key);
    const below = children.get(key);
    if (below === undefined) return;
    children.delete(key); // first, so that a cycle of parents ends
    for (const child of below) purge(child);
  };

  const keep = (key: string, entry: Entry<V>): void => {
    forget(key);
    entries.set(key, entry);
    for (const parent of entry.parents) {
      const siblings = children.get(parent);
      if (siblings) siblings.add(key);
      else children.set(parent, new Set([key]));
    }
    if (entries.size <= maxEntries) return;
    const oldest = entries.keys().next(); // a Map keeps the order of insertion
    if (!oldest.done) forget(oldest.value);
  };

  /**
   * Loads an entry again. What was purged meanwhile stays so.
   *
   * @returns the new value, or the old one where loading failed and the old one may still be used
   * @throws what `load` throws, if the old value may no longer be given
   */
  function renew(key: string, old: Entry<V>, load: () => Awaitable<V>): Awaitable<V> {
    const began = now();
    const failed = (error: unknown): Awaitable<V> => {
      failures += 1;
      old.renewing = undefined;
      if (keepAfter(error)) {
        stale += 1;
        return old.value;
      }
      if (entries.get(key) === old) forget(key);
      throw error;
    };
    const done = (value: V): V => {
      if (entries.get(key) === old) keep(key, { value, loaded: began, parents: old.parents, renewing: undefined });
      return value;
    };
    try {
      const value = load();
      if (!(value instanceof Promise)) return done(value);
      return (old.renewing = value.then(done, failed));
    } catch (error) {
      return failed(error);
    }
  }

  /** The old value at once, while it is loaded again in the background: what fails there is counted. */
  function giveStale(key: string, old: Entry<V>, load: () => Awaitable<V>): Awaitable<V> {
    const { value } = old;
    if (old.renewing !== undefined) return value;
    const renewed = attempt(() => renew(key, old, load));
    if (renewed instanceof Promise) renewed.catch(() => undefined);
    return value;
  }

  function loadNow(key: string, load: () => Awaitable<V>, parents: readonly string[]): Awaitable<V> {
    misses += 1;
    let value: Awaitable<V>;
    try {
      value = load();
    } catch (error) {
      failures += 1;
      throw error;
    }
    const entry: Entry<V> = { value, loaded: now(), parents, renewing: undefined };
    keep(key, entry);
    if (value instanceof Promise) {
      value.then(
        (loaded) => {
          entry.value = loaded;
        },
        () => {
          failures += 1;
          if (entries.get(key) === entry) forget(key);
        },
      );
    }
    return value;
  }

  return {
    get(key, load, ...parents) {
      const known = entries.get(key);
      if (known === undefined) return loadNow(key, load, parents);
      const age = now() - known.loaded;
      const ttl = ofKey(ttlMs, key);
      if (age < ttl) {
        hits += 1;
        return known.value;
      }
      const stillGiven = ttl + ofKey(staleMs, key);
      // Never loaded in all that time: whoever comes now does not wait for that load.
      if (known.value instanceof Promise || age >= stillGiven + rescueMs) return loadNow(key, load, parents);
      if (age < stillGiven) {
        hits += 1;
        stale += 1;
        return giveStale(key, known, load);
      }
      misses += 1;
      return known.renewing ?? renew(key, known, load);
    },
    peek(key) {
      const known = entries.get(key);
      return known === undefined || known.value instanceof Promise || now() - known.loaded >= ofKey(ttlMs, key)
        ? undefined
        : known.value;
    },
    age(key) {
      const known = entries.get(key);
      return known === undefined ? undefined : now() - known.loaded;
    },
    purge,
    clear() {
      entries.clear();
      children.clear();
    },
    get size() {
      return entries.size;
    },
    stats() {
      const time = now();
      let oldestMs = 0;
      for (const { loaded } of entries.values()) oldestMs = Math.max(oldestMs, time - loaded);
      return { hits, stale, misses, failures, entries: entries.size, oldestMs };
    },
  };
}
