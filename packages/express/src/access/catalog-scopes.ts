/** The scopes that a partition's functions need, for the metadata of RFC 9728, which everybody may read. */
import type { CatalogCache } from '@mcp-daemon/core';

/** How many catalogs are loaded at a time for callers without a token. The metadata of others lacks the scopes then. */
const MAX_LOADING = 4;

/** The scopes of a partition's catalog, sorted; none where there is no such partition. */
export type CatalogScopes = (partition: string) => Promise<readonly string[]>;

/** Creates the reader. @param catalogs the daemon's catalogs */
export function createCatalogScopes(catalogs: CatalogCache): CatalogScopes {
  let loading = 0;
  return async (partition) => {
    if (catalogs.status(partition) === undefined) {
      if (loading >= MAX_LOADING) return [];
      loading += 1;
      try {
        await catalogs.check(partition);
      } catch {
        return []; // there is no such partition, or it cannot be loaded, which the catalog logs
      } finally {
        loading -= 1;
      }
    }
    const { functions = [], skills = [] } = catalogs.status(partition)?.definition ?? {};
    return [...new Set([...functions, ...skills].flatMap(({ scopes = [] }) => scopes))].sort();
  };
}
