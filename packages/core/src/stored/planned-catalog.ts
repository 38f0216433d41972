/** The catalog that a plan leads to. */
import type { CatalogStore } from '../ports/catalog-store.js';
import type { CatalogDefinition } from '../ports/definition.js';
import type { ConfigPlan } from './plan.js';
import { definitionOf, readSettingRows } from './reading.js';

/** The catalog that a partition will have when a plan is applied, with its settings. @throws DaemonError `store_failed`, `store_busy` */
export async function plannedCatalog(catalogs: CatalogStore, plan: ConfigPlan): Promise<CatalogDefinition> {
  const { settings } = await readSettingRows(catalogs, plan.partition);
  return definitionOf(plan.document, new Map([...plan.newSettings, ...settings]), plan.revision);
}
