/** The source of the catalogs of a daemon. */
import type { CatalogSource } from '../ports/catalogs.js';
import type { CatalogDefinition } from '../ports/definition.js';
import { DaemonError } from '../protocol/errors.js';
import type { FixedCatalogSource } from './fixed.js';
import { createFixedSource } from './fixed.js';

/** The options of a daemon that name its catalogs. */
export interface CatalogSourceOptions {
  catalog?: CatalogDefinition;
  catalogs?: CatalogSource;
}

/**
 * The source that the options name.
 *
 * @param partition the partition of `catalog`
 * @throws DaemonError `usage` unless there is one of `catalog` and `catalogs`
 */
export function sourceOf(
  { catalog, catalogs }: CatalogSourceOptions,
  partition: string,
): {
  source: CatalogSource;
  /** The source of `catalog`, which can be updated. */
  fixed?: FixedCatalogSource;
  /** The catalogs that are known before the first request. */
  known: ReadonlyMap<string, CatalogDefinition>;
} {
  if (catalogs !== undefined && catalog === undefined) return { source: catalogs, known: new Map() };
  if (catalogs !== undefined || catalog === undefined)
    throw new DaemonError('usage', 'createDaemon takes either "catalog" or "catalogs".');
  const fixed = createFixedSource(partition, catalog);
  return { source: fixed, fixed, known: new Map([[partition, catalog]]) };
}
