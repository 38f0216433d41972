/**
 * A read-through cache: entries expire, concurrent requests for a key share one load, and purging a parent purges its children. On
 * demand, an entry that has expired is still given while it is loaded again, and while that fails.
 */
import type { Awaitable } from './awaitable.js';

interface Entry<V> {
  value: Awaitable<V>;
  /** When the value was asked for, in milliseconds. */
  loaded: number;
  parents: readonly string[];
  /** A load that will replace it is running. */
  renewing: boolean;
}

/** What {@link createCache} takes. */
export interface CacheOptions {
  /** Milliseconds after which an entry expires. Default 30 minutes. */
  ttlMs?: number;
  /**
   * Milliseconds after its end for which an entry is still given, while one load in the background replaces it. Default 0: it is loaded
   * again at the next request, which waits.
   */
  staleMs?: number;
  /** Whether an entry that has expired stays, for `staleMs`, when loading it again failed with this error. Default: never. */
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
  /** Those of the hits whose entry had expired. */
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
  /** Drops a key and all its children. The result of a load in flight is not kept. */
  purge(key: string): void;
  /** Drops everything. */
  clear(): void;
  /** Number of entries. */
  readonly size: number;
  /** Counts, and ages. */
  stats(): CacheStats;
}

/** Creates an empty cache. */
export function createCache<V>(options: CacheOptions = {}): Cache<V> {
  const { ttlMs = 30 * 60_000, staleMs = 0, keepAfter = () => false, maxEntries = 10_000, now = Date.now } = options;
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

  /** Loads an entry again while the old one is given. What was purged meanwhile stays so. */
  function renew(key: string, old: Entry<V>, load: () => Awaitable<V>): void {
    old.renewing = true;
    const began = now();
    const failed = (error: unknown): void => {
      failures += 1;
      old.renewing = false;
      if (entries.get(key) === old && !keepAfter(error)) forget(key);
    };
    const done = (value: V): void => {
      if (entries.get(key) === old) keep(key, { value, loaded: began, parents: old.parents, renewing: false });
    };
    try {
      const value = load();
      if (value instanceof Promise) value.then(done, failed);
      else done(value);
    } catch (error) {
      failed(error);
    }
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
    const entry: Entry<V> = { value, loaded: now(), parents, renewing: false };
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
      if (age < ttlMs) {
        hits += 1;
        return known.value;
      }
      if (age >= ttlMs + staleMs || known.value instanceof Promise) return loadNow(key, load, parents);
      hits += 1;
      stale += 1;
      const { value } = known;
      if (!known.renewing) renew(key, known, load);
      return value;
    },
    peek(key) {
      const known = entries.get(key);
      return known === undefined || known.value instanceof Promise || now() - known.loaded >= ttlMs ? undefined : known.value;
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
