/**
 * The catalogs of the store. A file of its own in the command's build, because a sidecar of a config file does not need it.
 */
import type { Logger, Store, StoredSource } from '@mcp-daemon/core';
import { createCachedStore, createStoredSource, DaemonError } from '@mcp-daemon/core';

/**
 * Opens the catalogs of a store. Its reads are cached.
 *
 * @throws DaemonError `store_failed` if the store keeps records only
 */
export function openStoredCatalogs(store: Store, logger: Logger): StoredSource {
  const { catalogs } = createCachedStore(store);
  if (catalogs === undefined) throw new DaemonError('store_failed', `The ${store.name} store keeps no catalogs.`);
  return createStoredSource({ catalogs, logger });
}
