/** The port of catalog sources. Adapters pass one contract suite (`contract/catalogs.ts`). */
import type { Awaitable } from '../base/awaitable.js';
import type { CatalogDefinition } from './definition.js';

/** What a source has counted since its start. */
export interface CatalogSourceStats {
  /** Partitions that the store is asked about now. */
  watched: number;
  /** Reads of the store. */
  reads: number;
}

/** The source of the catalogs of all partitions. */
export interface CatalogSource {
  /**
   * The newest catalog of a partition, or undefined if there is no such partition. The caller does the caching. If nothing has
   * changed, the source may return the same object again: the caller then keeps what it computed from it.
   *
   * @throws any error, if the catalog cannot be read. The error is logged; clients get a general message.
   */
  load(partition: string): Awaitable<CatalogDefinition | undefined>;
  /**
   * Calls `listener` with the name of each partition whose catalog was changed, added or removed. `load` must already return the
   * new state at that time. Without this method, catalogs are loaded again every 30 minutes.
   *
   * @returns a function that removes the listener; `close` removes all of them
   */
  watch?(listener: (partition: string) => void): () => void;
  /**
   * Milliseconds after which `load` is called again, while the catalog that it gave is still served. A source that polls a store
   * learns from it which partitions are in use. A function says it of one partition. Default, also for undefined: 30 minutes, and
   * requests wait for the answer.
   */
  readonly keepMs?: number | ((partition: string) => number | undefined);
  /**
   * Reads again what the source knows of a partition, whether it seems to have changed or not, and calls listeners if it has. Does nothing
   * for a partition that the source does not know. Default: `load` alone says what is new.
   *
   * @throws any error, if it cannot be read; what was known stays
   */
  refresh?(partition: string): Awaitable<void>;
  /** What the source has counted. It is cheap. Default: the source has no store that it asks. */
  stats?(): CatalogSourceStats;
  /** Closes watchers and connections. No listener is called after it. A second call does nothing. */
  close?(): Awaitable<void>;
}
