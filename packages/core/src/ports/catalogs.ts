/** Where catalogs come from. */
import type { Awaitable } from '../base/awaitable.js';
import type { CatalogDefinition } from './definition.js';

/** Where a partition's catalog comes from. */
export interface CatalogSource {
  /** The partition's catalog, or undefined where there is no such partition. */
  load(partition: string): Awaitable<CatalogDefinition | undefined>;
}
