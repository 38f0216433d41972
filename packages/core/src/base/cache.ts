/**
 * A read-through cache: entries expire, concurrent requests for a key share one load, and purging a parent purges its children.
 */
import type { Awaitable } from './awaitable.js';

interface Entry<V> {
  value: Awaitable<V>;
  expires: number;
  parent: string | undefined;
}

/** What {@link createCache} takes. */
export interface CacheOptions {
  /** Milliseconds after which an entry expires. Default 30 minutes. */
  ttlMs?: number;
  /** Maximum number of entries; the oldest is dropped first. Default 10,000. */
  maxEntries?: number;
  /** The clock, in milliseconds. Default `Date.now`. */
  now?: () => number;
}

/** A cache of values of one type. */
export interface Cache<V> {
  /**
   * Returns the value of a key, or calls `load` if there is none. A failed load is not cached.
   *
   * @param parent key whose purge also purges this one
   * @throws what `load` throws
   */
  get(key: string, load: () => Awaitable<V>, parent?: string): Awaitable<V>;
  /** Drops a key and all its children. The result of a load in flight is not kept. */
  purge(key: string): void;
  /** Drops everything. */
  clear(): void;
  /** Number of entries. */
  readonly size: number;
}

/** Creates an empty cache. */
export function createCache<V>(options: CacheOptions = {}): Cache<V> {
  const { ttlMs = 30 * 60_000, maxEntries = 10_000, now = Date.now } = options;
  const entries = new Map<string, Entry<V>>();
  const children = new Map<string, Set<string>>();

  const forget = (key: string): void => {
    const entry = entries.get(key);
    if (entry === undefined) return;
    entries.delete(key);
    if (entry.parent === undefined) return;
    const siblings = children.get(entry.parent);
    siblings?.delete(key);
    if (siblings?.size === 0) children.delete(entry.parent);
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
    if (entry.parent !== undefined) {
      const siblings = children.get(entry.parent);
      if (siblings) siblings.add(key);
      else children.set(entry.parent, new Set([key]));
    }
    if (entries.size <= maxEntries) return;
    const oldest = entries.keys().next(); // a Map keeps the order of insertion
    if (!oldest.done) forget(oldest.value);
  };

  return {
    get(key, load, parent) {
      const known = entries.get(key);
      if (known !== undefined && known.expires > now()) return known.value;
      const value = load();
      const entry: Entry<V> = { value, expires: now() + ttlMs, parent };
      keep(key, entry);
      if (value instanceof Promise) {
        value.then(
          (loaded) => {
            entry.value = loaded;
          },
          () => {
            if (entries.get(key) === entry) forget(key);
          },
        );
      }
      return value;
    },
    purge,
    clear() {
      entries.clear();
      children.clear();
    },
    get size() {
      return entries.size;
    },
  };
}
