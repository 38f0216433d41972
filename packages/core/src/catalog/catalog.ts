/**
 * The catalogs of all partitions: loaded at the first request, kept for a time, and loaded again when their source says that
 * they changed. Each new catalog is compared with the one before it, so that clients hear what changed.
 */
import type { Awaitable } from '../base/awaitable.js';
import { attempt } from '../base/awaitable.js';
import type { Cache } from '../base/cache.js';
import { createCache } from '../base/cache.js';
import type { CatalogSource } from '../ports/catalogs.js';
import type { CatalogDefinition } from '../ports/definition.js';
import type { Logger } from '../ports/logger.js';
import { DaemonError } from '../protocol/errors.js';
import type { CatalogDiff } from './diff.js';
import { diffCatalogs } from './diff.js';
import type { Finish, Snapshot } from './snapshot.js';
import { createSnapshot } from './snapshot.js';

/** The catalogs of all partitions. */
export interface Catalog {
  /**
   * What a partition offers now; at once where it is loaded. When a source fails, the last catalog that it gave is still
   * served.
   *
   * @throws DaemonError `invalid_request` where there is no such partition, `internal_error` where it could never be loaded
   */
  snapshot(partition: string): Awaitable<Snapshot>;
  /**
   * Loads a partition's catalog again. Requests that come from now on wait for it. A partition that was never asked for is left
   * alone. It throws nothing: a source that fails is logged, and asked again a little later.
   */
  refresh(partition: string): void;
  /** The partitions whose catalogs are known now, with their catalogs. */
  loaded(): [partition: string, definition: CatalogDefinition][];
  /** Ends watching, and closes the source. */
  close(): Awaitable<void>;
}

/** What {@link createCatalog} takes. */
export interface CatalogOptions {
  source: CatalogSource;
  /** Entries of one list page. */
  pageSize: number;
  finish: Finish;
  logger: Logger;
  /** Catalogs that are known before the first request, by partition: the first change is compared with them. */
  known?: ReadonlyMap<string, CatalogDefinition>;
  /** Called when another catalog of a partition is served; `gone` where the partition does not exist any more. */
  onChange?: (partition: string, diff: CatalogDiff, gone: boolean) => void;
  /** Milliseconds that a snapshot is served before its source is asked again. Default 30 minutes. */
  ttlMs?: number;
  /** Milliseconds until a source that failed is asked again. Default 10 seconds. */
  retryMs?: number;
  /** Partitions whose catalogs are kept; the oldest goes first. Default 10,000. */
  maxPartitions?: number;
}

/** For how much longer than `keepMs` a catalog is served while it is loaded again: a source watches it for at least twice that time. */
const STALE_PART = 0.8;

/** The catalog of a partition that has gone away. */
const NOTHING: CatalogDefinition = { revision: '', functions: [] };

interface Partition {
  readonly name: string;
  /** What it served last; {@link NOTHING} when it has gone away, undefined before its first load. */
  served: CatalogDefinition | undefined;
  /** Number of its newest load: only that one may change what is served. */
  load: number;
  /** Set while its source fails. */
  retry: NodeJS.Timeout | undefined;
}

/** Creates the catalogs of a daemon. */
export function createCatalog(options: CatalogOptions): Catalog {
  const { source, pageSize, finish, logger, known = new Map(), onChange } = options;
  const { ttlMs, retryMs = 10_000, maxPartitions = 10_000 } = options;
  const { keepMs } = source;
  const cache: Cache<Snapshot> = createCache({
    maxEntries: maxPartitions,
    ...(keepMs === undefined ? {} : { ttlMs: keepMs, staleMs: keepMs * STALE_PART }),
    ...(ttlMs === undefined ? {} : { ttlMs }),
  });
  // A catalog that its source still holds unchanged keeps its snapshot, and so its pages and checks.
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

  /** Serves this catalog from now on. */
  function serve(partition: Partition, definition: CatalogDefinition): void {
    const { name, served: before } = partition;
    partition.served = definition;
    if (before === undefined) {
      // Here, not where a name is first asked for: names that do not exist must not push out those that do.
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
      throw new DaemonError('invalid_request', `There is no partition "${partition.name}".`);
    }
    let snapshot: Snapshot;
    try {
      snapshot = snapshotOf(definition);
    } catch (error) {
      if (definition === partition.served) throw error; // the first one, given by the program: there is no better one
      return keepLast(partition, error);
    }
    recovered(partition);
    serve(partition, definition);
    return snapshot;
  }

  /** The source has failed. @throws DaemonError `internal_error` where it never gave a catalog */
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
    /** An answer that a newer load has overtaken is ignored. */
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
      if (error instanceof DaemonError) return; // logged where it happened, or the partition has gone, which is no failure
      logger.error({ partition: name, error: String(error) }, `a change of the catalog of partition "${name}" failed`);
    });
  }

  const unwatch = source.watch?.(refresh);

  return {
    snapshot,
    refresh,
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
