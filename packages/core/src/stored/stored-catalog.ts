/** The catalog of a stored partition: what it serves now, or one of its revisions. */
import type { CatalogStore } from '../ports/catalog-store.js';
import type { CatalogDefinition } from '../ports/definition.js';
import { showRevision } from './history.js';
import { definitionOf, readSettingRows, readState, withoutSettings } from './reading.js';

/**
 * Reads the catalog of a partition, with the settings that it has now.
 *
 * @param revision the beginning of the digest of a revision, or the id of its entry. Default: what is served
 * @returns undefined if the store does not have the partition
 * @throws DaemonError `revision_not_found`, `store_failed`, `store_busy`
 */
export async function storedCatalog(
  catalogs: CatalogStore,
  partition: string,
  revision?: string,
): Promise<CatalogDefinition | undefined> {
  if (revision !== undefined) {
    const { entry, document } = await showRevision(catalogs, partition, revision);
    const { settings, bad } = await readSettingRows(catalogs, partition);
    return definitionOf(withoutSettings(document, bad), settings, entry.revision);
  }
  const { from, head, document, settings, badSettings } = await readState(catalogs, partition);
  if (from === 'none') return undefined;
  return definitionOf(withoutSettings(document, badSettings), settings, head?.revision ?? undefined);
}
