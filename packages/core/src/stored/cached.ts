/**
 * A store whose reads are kept for a time and shared. What depends on each other goes together: a changed module takes its functions and
 * settings along, a changed function its lists of calls. Heads are never kept: they say when the rest is to be read again.
 */
import type { Awaitable } from '../base/awaitable.js';
import { andThen } from '../base/awaitable.js';
import type { CacheStats } from '../base/cache.js';
import { createCache } from '../base/cache.js';
import { canonicalJson } from '../base/equality.js';
import type { CallStatistics } from '../ports/call-statistics.js';
import type { CallRecord, CallStore, Store, StoreStats } from '../ports/calls.js';
import type { CatalogStore, PartitionHead } from '../ports/catalog-store.js';
import type { CatalogRows, RowChanges } from '../ports/rows.js';
import { DaemonError } from '../protocol/errors.js';

/** What {@link createCachedStore} takes. */
export interface CachedStoreOptions {
  /** Milliseconds for which revisions, histories, rows and settings are kept. Default 30 minutes. */
  ttlMs?: number;
  /**
   * Milliseconds for which lists and counts of calls are kept, and the rows of a partition that has no revision: others write them, and
   * nothing says so. Default 2,000.
   */
  callsTtlMs?: number;
  /**
   * Milliseconds for which what has expired is still given while the store fails; revisions, histories, rows and settings also while they
   * are read again. Default 30 minutes.
   */
  staleMs?: number;
  /** Most entries. Default 10,000. */
  maxEntries?: number;
  /** The clock, in milliseconds. Default `Date.now`. */
  now?: () => number;
}

/** What the caches of a store have counted. */
export interface CachedStoreStats {
  /** Revisions, histories, rows and settings. */
  catalogs: CacheStats;
  /** Lists and counts of calls. */
  calls: CacheStats;
}

/** What {@link CachedStore.purge} drops of a partition; without members: everything. */
export interface PurgeKey {
  /** A module with its functions, their lists of calls, and its settings. */
  module?: string;
  /** A function with its lists of calls. */
  function?: string;
  /** A setting. */
  setting?: string;
}

/** A store whose reads are kept. */
export interface CachedStore extends Store {
  /** Drops what is kept of a partition (default: of all), or a part of it. */
  purge(partition?: string, key?: PurgeKey): void;
  stats(): CachedStoreStats;
}

const key = (...parts: readonly unknown[]): string => JSON.stringify(parts);
const PARTITIONS = key('partitions');
const rootOf = (partition: string): string => key('partition', partition);
const functionKey = (partition: string, name: string): string => key('function', partition, name);
const settingKey = (partition: string, id: string): string => key('setting', partition, id);

/** Only a store that fails keeps what it gave before: any other error is an answer. */
const keepAfter = (error: unknown): boolean =>
  !(error instanceof DaemonError) || error.code === 'store_failed' || error.code === 'store_busy';

/**
 * Keeps the reads of a store. Reads in flight are shared; what has expired is given while it is read again, and while the store fails. What
 * is written through this store, and what its heads say that others wrote, is read again.
 *
 * It is for those who show what is stored. Before they read of a partition they ask for its head, which drops what is out of date. Plans,
 * imports and sources of catalogs take the store itself: they must not work on what others have changed meanwhile.
 *
 * Values are shared by all who read them: they must not be changed.
 */
export function createCachedStore(store: Store, options: CachedStoreOptions = {}): CachedStore {
  const { ttlMs, callsTtlMs = 2_000, staleMs = 30 * 60_000, maxEntries = 10_000, now = Date.now } = options;
  const shared = { keepAfter, maxEntries, now };
  const cache = createCache<unknown>({ ...shared, staleMs, ...(ttlMs === undefined ? {} : { ttlMs }) });
  const lists = createCache<unknown>({ ...shared, rescueMs: staleMs, ttlMs: callsTtlMs });
  /** The head of each partition whose reads are kept: another version drops them. */
  const versions = new Map<string, string>();
  /** The partitions whose head names a revision. */
  const revised = new Set<string>();

  const through = <T>(name: string, load: () => Awaitable<T>, ...parents: string[]): Awaitable<T> =>
    cache.get(name, load, ...parents) as Awaitable<T>;

  function purgeAll(partition: string): void {
    cache.purge(rootOf(partition));
    lists.purge(rootOf(partition));
  }

  function purgeFunction(partition: string, name: string): void {
    lists.purge(functionKey(partition, name));
    purgeRows(partition);
  }

  /** The rows that are kept of a partition: what depends on a module is read from them. */
  const knownRows = (partition: string): CatalogRows | undefined =>
    (cache.peek(key('rows', partition)) ?? lists.peek(key('rows', partition))) as CatalogRows | undefined;

  function purgeModule(partition: string, name: string): void {
    const rows = knownRows(partition);
    for (const row of rows?.functions ?? []) if (row.module_name === name) purgeFunction(partition, row.name);
    for (const module of rows?.modules ?? []) {
      if (module.module_name !== name) continue;
      for (const { setting_id: id } of module.classes) if (id !== null) cache.purge(settingKey(partition, id));
    }
    cache.purge(key('settings', partition));
    purgeRows(partition);
  }

  function purgeRows(partition: string): void {
    cache.purge(key('rows', partition));
    lists.purge(key('rows', partition));
  }

  function purgeChanged(partition: string, changes: RowChanges): void {
    const { putModules = [], deleteModules = [], putFunctions = [], deleteFunctions = [] } = changes;
    for (const { module_name: name } of putModules) purgeModule(partition, name);
    for (const name of deleteModules) purgeModule(partition, name);
    for (const { name } of putFunctions) purgeFunction(partition, name);
    for (const name of deleteFunctions) purgeFunction(partition, name);
    purgeRows(partition);
    cache.purge(PARTITIONS);
  }

  /** Drops what is kept where the head says that the partition was changed, by whatever process. */
  function seen(partition: string, head: PartitionHead | undefined): void {
    const version = head?.version ?? '';
    const before = versions.get(partition);
    if (before !== undefined && before !== version) {
      cache.purge(rootOf(partition));
      purgeRows(partition);
      cache.purge(PARTITIONS);
    }
    if (before !== version) versions.set(partition, version);
    if (typeof head?.revision === 'string') revised.add(partition);
    else revised.delete(partition);
  }

  const withHead = <T extends PartitionHead | undefined>(partition: string, head: Awaitable<T>): Awaitable<T> =>
    andThen(head, (known) => {
      if (known !== undefined) seen(partition, known);
      return known;
    });

  function cachedCatalogs(catalogs: CatalogStore): CatalogStore {
    return {
      head: (partition) =>
        andThen(catalogs.head(partition), (head) => {
          seen(partition, head);
          return head;
        }),
      commit: (partition, commit) => withHead(partition, catalogs.commit(partition, commit)),
      touch: (partition) => withHead(partition, catalogs.touch(partition)),
      partitions: (query = {}) => through(key('partitions', query), () => catalogs.partitions(query), PARTITIONS),
      text: (partition, revision) =>
        through(key('text', partition, revision), () => catalogs.text(partition, revision), rootOf(partition)),
      history: (partition, query = {}) =>
        through(key('history', partition, canonicalJson(query)), () => catalogs.history(partition, query), rootOf(partition)),
      rows(partition) {
        // Rows that are the catalog are written by others too, who change no head.
        const kept = revised.has(partition) ? cache : lists;
        return kept.get(key('rows', partition), () => catalogs.rows(partition), rootOf(partition)) as Awaitable<CatalogRows>;
      },
      writeRows: (partition, changes, author) =>
        andThen(catalogs.writeRows(partition, changes, author), () => purgeChanged(partition, changes)),
      setting: (partition, id) => through(settingKey(partition, id), () => catalogs.setting(partition, id), rootOf(partition)),
      settings: (partition, query = {}) =>
        through(
          key('settings', partition, canonicalJson(query)),
          () => catalogs.settings(partition, query),
          rootOf(partition),
          key('settings', partition),
        ),
      putSetting: (partition, row, author) =>
        andThen(catalogs.putSetting(partition, row, author), () => {
          cache.purge(settingKey(partition, row.setting_id));
          cache.purge(key('settings', partition));
        }),
      deleteSetting: (partition, id) =>
        andThen(catalogs.deleteSetting(partition, id), (was) => {
          cache.purge(settingKey(partition, id));
          cache.purge(key('settings', partition));
          return was;
        }),
    };
  }

  function purgeLists(rows: readonly CallRecord[]): void {
    if (lists.size === 0) return;
    for (const { partition_key: partition, name } of rows) {
      lists.purge(functionKey(partition, name));
      lists.purge(key('all calls', partition));
    }
  }

  /** The parents of a list of calls: its function, or all functions. */
  const listParents = (partition: string, name: string | undefined): string[] => [
    rootOf(partition),
    name === undefined ? key('all calls', partition) : functionKey(partition, name),
  ];

  function cachedCalls(calls: CallStore): CallStore {
    const purged = (count: Awaitable<number>): Awaitable<number> =>
      andThen(count, (removed) => {
        if (removed > 0) lists.clear();
        return removed;
      });
    const { shrink, lastPrune, pruned, delete: remove } = calls;
    return {
      ...calls,
      write: (rows) => andThen(calls.write(rows), () => purgeLists(rows)),
      list: (partition, query) =>
        lists.get(
          key('list', partition, canonicalJson(query)),
          () => calls.list(partition, query),
          ...listParents(partition, query.name),
        ) as ReturnType<CallStore['list']>,
      count: (partition, query, most) =>
        lists.get(
          key('count', partition, canonicalJson(query), most ?? null),
          () => calls.count(partition, query, most),
          ...listParents(partition, query.name),
        ) as Awaitable<number>,
      get: (partition, uuid) => calls.get(partition, uuid),
      getMany: (partition, uuids, more) => calls.getMany(partition, uuids, more),
      // Readers share one run, so one of them that leaves must not stop it.
      async statistics(partition, query, signal) {
        signal?.throwIfAborted();
        const counted = await lists.get(
          key('statistics', partition, canonicalJson(query)),
          () => calls.statistics(partition, query),
          ...listParents(partition, query.name),
        );
        signal?.throwIfAborted();
        return counted as CallStatistics;
      },
      find: (partition, part, most) => calls.find(partition, part, most),
      interrupt: () => purged(calls.interrupt()),
      prune: (partition, keep) => purged(calls.prune(partition, keep)),
      ...(shrink === undefined
        ? {}
        : { shrink: (bytes: number, withinMs?: number) => purged(shrink.call(calls, bytes, withinMs)) }),
      ...(remove === undefined
        ? {}
        : {
            delete: (partition: string, uuid: string) =>
              andThen(remove.call(calls, partition, uuid), (was) => {
                if (was) lists.clear(); // the name of its function is not known
                return was;
              }),
          }),
      ...(lastPrune === undefined ? {} : { lastPrune: () => lastPrune.call(calls) }),
      ...(pruned === undefined ? {} : { pruned: (at: number) => pruned.call(calls, at) }),
    };
  }

  return {
    name: store.name,
    owner: store.owner,
    get lost() {
      return store.lost ?? 0;
    },
    calls: cachedCalls(store.calls),
    ...(store.catalogs === undefined ? {} : { catalogs: cachedCatalogs(store.catalogs) }),
    // Not kept: it is for writers who need it as it is now.
    ...(store.state === undefined ? {} : { state: store.state }),
    ...(store.counts === undefined ? {} : { counts: () => store.counts?.() as StoreStats }),
    close: () => store.close(),
    purge(partition, part = {}) {
      if (partition === undefined) {
        cache.clear();
        return lists.clear();
      }
      if (part.module === undefined && part.function === undefined && part.setting === undefined) return purgeAll(partition);
      if (part.module !== undefined) purgeModule(partition, part.module);
      if (part.function !== undefined) purgeFunction(partition, part.function);
      if (part.setting !== undefined) {
        cache.purge(settingKey(partition, part.setting));
        cache.purge(key('settings', partition));
      }
    },
    stats: () => ({ catalogs: cache.stats(), calls: lists.stats() }),
  };
}
