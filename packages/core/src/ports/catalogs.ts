/** Where catalogs come from. Adapters pass one contract suite (`contract/catalogs.ts`). */
import type { Awaitable } from '../base/awaitable.js';
import type { CatalogDefinition } from './definition.js';

/** Where the catalogs of all partitions come from. */
export interface CatalogSource {
  /**
   * The newest catalog of a partition, or undefined where there is no such partition. Caching is the caller's work. While
   * nothing has changed, the same object may be returned again: the caller then keeps what it made from it.
   *
   * @throws anything, where the catalog cannot be read. It is logged; clients get a general message.
   */
  load(partition: string): Awaitable<CatalogDefinition | undefined>;
  /**
   * Calls `listener` with the name of each partition whose catalog has changed, has appeared or has gone away, after `load` gives
   * the new one. A source without this method is asked again every 30 minutes.
   *
   * @returns a function that removes the listener; `close` removes all of them
   */
  watch?(listener: (partition: string) => void): () => void;
  /**
   * Milliseconds after which `load` is to be called again, while the catalog that it gave is still served. So a source that asks a store
   * for changes knows which partitions are in use. Default: 30 minutes, and requests wait for the answer.
   */
  readonly keepMs?: number;
  /** Ends watchers and connections; no listener is called after it. A second call does nothing. */
  close?(): Awaitable<void>;
}
