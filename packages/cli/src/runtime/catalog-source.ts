/**
 * The catalogs of the store. A file of its own in the command's build, because a sidecar of a config file does not need it.
 */
import type { Logger, Store, StoredSource } from '@mcp-daemon/core';
import { createStoredSource, DaemonError } from '@mcp-daemon/core';

/**
 * Opens the catalogs of a store.
 *
 * @throws DaemonError `store_failed` if the store keeps records only
 */
export function openCatalogSource({ name, catalogs }: Store, logger: Logger): StoredSource {
  if (catalogs === undefined) throw new DaemonError('store_failed', `The ${name} store keeps no catalogs.`);
  return createStoredSource({ catalogs, logger });
}
