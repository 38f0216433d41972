/**
 * The catalogs of all partitions. A catalog is loaded at the first request, cached, and loaded again when its source reports a
 * change. Each new catalog is compared with the previous one, so that clients are notified of what changed.
 */
import type { Awaitable } from '../base/awaitable.js';
import { andThen, attempt } from '../base/awaitable.js';
import type { Cache } from '../base/cache.js';
import { createCache } from '../base/cache.js';
import type { CatalogSource } from '../ports/catalogs.js';
import type { CatalogDefinition } from '../ports/definition.js';
import type { Logger } from '../ports/logger.js';
import { DaemonError, quoted } from '../protocol/errors.js';
import type { CatalogCache } from './cached.js';
import type { CatalogDiff } from './diff.js';
import { diffCatalogs } from './diff.js';
import type { Finish, Snapshot } from './snapshot.js';
import { createSnapshot } from './snapshot.js';

/** The catalogs of all partitions. */
export interface Catalog {
  /**
   * The current snapshot of a partition; without a promise if it is loaded. If the source fails, the last good catalog is served.
   *
   * @throws DaemonError `invalid_request` if there is no such partition, `internal_error` if it could never be loaded
   */
  snapshot(partition: string): Awaitable<Snapshot>;
  /** The snapshot of a catalog that is not served, for a replay. The same for the same object. */
  of(definition: CatalogDefinition): Snapshot;
  /**
   * Loads a partition's catalog again. New requests wait for it. Does nothing for a partition that was never requested. It never
   * throws: a failure of the source is logged, and the load is retried later.
   */
  refresh(partition: string): void;
  /** The partitions with a loaded catalog, and these catalogs. */
  loaded(): [partition: string, definition: CatalogDefinition][];
  /** What is cached, to look at and to drop. */
  readonly cache: CatalogCache;
  /** Stops watching, and closes the source. */
  close(): Awaitable<void>;
}

/** What {@link createCatalog} takes. */
export interface CatalogOptions {
  source: CatalogSource;
  /** Entries of one list page. */
  pageSize: number;
  finish: Finish;
  logger: Logger;
  /** Catalogs that are known before the first request, by partition. The first change is compared with them. */
  known?: ReadonlyMap<string, CatalogDefinition>;
  /** Called when a partition gets another catalog. `gone` is true if the partition does not exist any more. */
  onChange?: (partition: string, diff: CatalogDiff, gone: boolean) => void;
  /** Milliseconds that a snapshot is served before it is loaded again. Default 30 minutes. */
  ttlMs?: number;
  /** Milliseconds until a failed load is retried. Default 10 seconds. */
  retryMs?: number;
  /** Number of partitions whose catalogs are cached. The oldest is dropped first. Default 10,000. */
  maxPartitions?: number;
}

/** A snapshot is served for so long if neither the options nor the source say otherwise. */
const TTL_MS = 30 * 60_000;
/** How much longer than `keepMs` a catalog is served while it is loaded again: a source watches it for at least twice that time. */
const STALE_PART = 0.8;

/** The catalog of a removed partition. */
const NOTHING: CatalogDefinition = { revision: '', functions: [] };

interface Partition {
  readonly name: string;
  /** The snapshot that is served; {@link NOTHING} for a removed partition, undefined before the first load. */
  served: CatalogDefinition | undefined;
  /** Number of the newest load. Only that load may change what is served. */
  load: number;
  /** Set while the source fails. */
  retry: NodeJS.Timeout | undefined;
}

/** For how long a source wants a partition's catalog to be served; undefined: it does not say. */
const keepMsOf = ({ keepMs }: CatalogSource, partition: string): number | undefined =>
  typeof keepMs === 'function' ? keepMs(partition) : keepMs;

/** Creates the catalogs of a daemon. */
export function createCatalog(options: CatalogOptions): Catalog {
  const { source, pageSize, finish, logger, known = new Map(), onChange } = options;
  const { ttlMs, retryMs = 10_000, maxPartitions = 10_000 } = options;
  const cache: Cache<Snapshot> = createCache({
    maxEntries: maxPartitions,
    ttlMs: (name) => ttlMs ?? keepMsOf(source, name) ?? TTL_MS,
    staleMs: (name) => (keepMsOf(source, name) ?? 0) * STALE_PART,
  });
  // An unchanged catalog keeps its snapshot, with its list pages and compiled schemas.
  const snapshots = new WeakMap<CatalogDefinition, Snapshot>();
  const partitions = new Map<string, Partition>();
  let closed = false;
  for (const [name, served] of known) stateOf(name).served = served;

  function stateOf(name: string): Partition {
    const before = partitions.get(name);
    if (before !== undefined) return before;
    const made: Partition = { name, served: undefined, load: 0, retry: undefined };
    partitions.set(name, made);
    return made;
  }

  function forget(partition: Partition): void {
    clearTimeout(partition.retry);
    if (partitions.get(partition.name) === partition) partitions.delete(partition.name);
  }

  function snapshotOf(definition: CatalogDefinition): Snapshot {
    let snapshot = snapshots.get(definition);
    if (snapshot === undefined) snapshots.set(definition, (snapshot = createSnapshot(definition, pageSize, finish)));
    return snapshot;
  }

  /** Starts to serve this catalog. */
  function serve(partition: Partition, definition: CatalogDefinition): void {
    const { name, served: before } = partition;
    partition.served = definition;
    if (before === undefined) {
      // Evict here, not at the first request: partition names that do not exist must not evict those that do.
      const oldest = partitions.values().next(); // a Map keeps the order of insertion
      if (partitions.size > maxPartitions && !oldest.done) forget(oldest.value);
    }
    if (before === undefined || before === definition) return;
    onChange?.(name, diffCatalogs(before, definition), definition === NOTHING);
  }

  function recovered(partition: Partition): void {
    if (partition.retry === undefined) return;
    clearTimeout(partition.retry);
    partition.retry = undefined;
    logger.info({ partition: partition.name }, `the catalog of partition "${partition.name}" can be loaded again`);
  }

  /** @throws DaemonError `invalid_request`, `internal_error` */
  function accept(partition: Partition, definition: CatalogDefinition | undefined): Snapshot {
    if (definition === undefined) {
      recovered(partition);
      if (partition.served === undefined) forget(partition);
      else serve(partition, NOTHING);
      throw new DaemonError('invalid_request', `There is no partition "${quoted(partition.name)}".`);
    }
    let snapshot: Snapshot;
    try {
      snapshot = snapshotOf(definition);
    } catch (error) {
      if (definition === partition.served) throw error; // the first one, given by the program: there is no last good one
      return keepLast(partition, error);
    }
    recovered(partition);
    serve(partition, definition);
    return snapshot;
  }

  /** Handles a failure of the source. @throws DaemonError `internal_error` if it never gave a catalog */
  function keepLast(partition: Partition, cause: unknown): Snapshot {
    const { name, served } = partition;
    const error = cause instanceof Error ? cause.message : String(cause);
    const problem = `the catalog of partition "${name}" could not be loaded`;
    if (served === undefined || served === NOTHING) {
      if (served === undefined) forget(partition);
      logger.error({ partition: name, error }, `${problem}: ${error}`);
      const message = `The catalog of partition "${name}" could not be loaded. The server's log says why.`;
      throw new DaemonError('internal_error', message, { cause });
    }
    // Logged once, until it succeeds: a store that is down for an hour must not fill the log.
    if (partition.retry === undefined) {
      logger.error({ partition: name, error }, `${problem}, its last good one is still served: ${error}`);
    }
    clearTimeout(partition.retry);
    if (!closed) partition.retry = setTimeout(() => refresh(name), retryMs).unref();
    return snapshotOf(served);
  }

  function load(name: string): Awaitable<Snapshot> {
    const partition = stateOf(name);
    const number = (partition.load += 1);
    /** The result of a load is ignored if a newer load has begun. */
    const ifNewest = <T>(next: (partition: Partition, answer: T) => Awaitable<Snapshot>) => {
      return (answer: T): Awaitable<Snapshot> => (partition.load === number ? next(partition, answer) : snapshot(name));
    };
    const definition = attempt(() => source.load(name));
    return definition instanceof Promise
      ? definition.then(ifNewest(accept), ifNewest<unknown>(keepLast))
      : accept(partition, definition);
  }

  function snapshot(name: string): Awaitable<Snapshot> {
    return cache.get(name, () => load(name));
  }

  function refresh(name: string): void {
    if (closed || !partitions.has(name)) return;
    cache.purge(name);
    const loading = attempt(() => snapshot(name));
    if (!(loading instanceof Promise)) return;
    loading.catch((error: unknown) => {
      if (error instanceof DaemonError) return; // already logged, or the partition was removed, which is not a failure
      logger.error({ partition: name, error: String(error) }, `a change of the catalog of partition "${name}" failed`);
    });
  }

  /** Has the source read a partition again. A failure is logged; what is known is still served. */
  async function askSource(name: string): Promise<void> {
    try {
      await source.refresh?.(name);
    } catch (error) {
      logger.error({ partition: name, error: String(error) }, `partition "${name}" could not be read again: ${String(error)}`);
    }
  }

  const administered: CatalogCache = {
    status(name) {
      const ageMs = cache.age(name);
      const served = partitions.get(name)?.served;
      return ageMs === undefined || served === undefined || served === NOTHING ? undefined : { definition: served, ageMs };
    },
    check: (name) => andThen(snapshot(name), () => undefined),
    async refresh(name) {
      await source.refresh?.(name);
      cache.purge(name);
      const { definition } = await snapshot(name);
      if (partitions.get(name)?.retry !== undefined)
        throw new DaemonError('internal_error', `The catalog of partition "${quoted(name)}" could not be loaded again.`);
      return { definition, ageMs: cache.age(name) ?? 0 };
    },
    async purge(name) {
      const names = name === undefined ? [...partitions.keys()] : [name];
      const dropped = names.filter((one) => cache.age(one) !== undefined);
      for (const one of names) cache.purge(one);
      await Promise.all(names.map(askSource));
      return dropped;
    },
    stats: () => ({ ...cache.stats(), ...(source.stats?.() ?? { watched: 0, reads: 0 }) }),
  };

  const unwatch = source.watch?.(refresh);

  return {
    snapshot,
    of: snapshotOf,
    refresh,
    cache: administered,
    loaded: () =>
      [...partitions.values()].flatMap(({ name, served }) =>
        served === undefined || served === NOTHING ? [] : [[name, served] as [string, CatalogDefinition]],
      ),
    close() {
      closed = true;
      unwatch?.();
      for (const { retry } of partitions.values()) clearTimeout(retry);
      return source.close?.();
    },
  };
}
