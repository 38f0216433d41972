/** The cache of catalogs, as administrators and metrics see it. */
import type { Awaitable } from '../base/awaitable.js';
import type { CacheStats } from '../base/cache.js';
import type { CatalogSourceStats } from '../ports/catalogs.js';
import type { CatalogDefinition } from '../ports/definition.js';

/** A catalog that is cached. */
export interface CachedCatalog {
  definition: CatalogDefinition;
  /** Milliseconds since the source was asked for it. */
  ageMs: number;
}

/** What the cache of catalogs and its source have counted since the start. */
export interface CatalogCacheStats extends CacheStats, CatalogSourceStats {}

/** The cached catalogs of all partitions. */
export interface CatalogCache {
  /** What is cached of a partition; undefined: nothing, as no request has needed it yet. Nothing is loaded. */
  status(partition: string): CachedCatalog | undefined;
  /**
   * Loads the catalog of a partition if it is not cached. Without a promise if it is.
   *
   * @throws DaemonError `invalid_request` if there is no such partition, `internal_error` if it could never be loaded
   */
  check(partition: string): Awaitable<void>;
  /**
   * Reads a partition again, also where nothing says that it has changed. Clients are notified of what changed.
   *
   * @throws DaemonError `invalid_request` if there is no such partition, `internal_error` if it cannot be loaded; any error of the source.
   *   What was served stays then
   */
  refresh(partition: string): Promise<CachedCatalog>;
  /**
   * Drops what is cached of a partition (default: of all). The next request loads it; if that fails, the last good catalog is served. The
   * source reads again what it knows; failures of that are logged.
   *
   * @returns the partitions of which something was cached
   */
  purge(partition?: string): Promise<string[]>;
  /** Counts. It takes time in proportion to the cached partitions. */
  stats(): CatalogCacheStats;
}
