/** The settings of a stored partition, which change without an import. */
import type { JsonObject } from '../base/json.js';
import { compareText } from '../base/order.js';
import { maskSetting } from '../catalog/mask.js';
import type { CatalogStore, PartitionHead } from '../ports/catalog-store.js';
import type { SettingRow } from '../ports/rows.js';
import { DaemonError } from '../protocol/errors.js';
import { readState } from './reading.js';

/** A setting as it is shown: its values are masked. */
export interface ShownSetting extends SettingRow {
  /** The classes that the served catalog builds with it, as `module.Class`. */
  classes: readonly string[];
  /** Why its row cannot be read; then it has no values. Absent: it can. */
  unreadable?: string;
}

const unknown = (partition: string, id: string): DaemonError =>
  new DaemonError('usage', `The partition "${partition}" has no setting "${id}".`);

/** The classes that use each setting of what is served. */
async function classesBySetting(catalogs: CatalogStore, partition: string): Promise<Map<string, string[]>> {
  const { document } = await readState(catalogs, partition);
  const found = new Map<string, string[]>();
  for (const { module_name, class_name, setting_id } of document.modules) {
    const name = class_name === undefined ? module_name : `${module_name}.${class_name}`;
    found.set(setting_id, [...(found.get(setting_id) ?? []), name]);
  }
  return found;
}

/** All settings of a partition with their values masked, by id, those that cannot be read too. @throws DaemonError `store_failed`, `store_busy` */
export async function listSettings(catalogs: CatalogStore, partition: string): Promise<ShownSetting[]> {
  const users = await classesBySetting(catalogs, partition);
  const shown: ShownSetting[] = [];
  let cursor: string | undefined;
  do {
    const page = await catalogs.settings(partition, cursor === undefined ? { limit: 1_000 } : { limit: 1_000, cursor });
    for (const row of page.items)
      shown.push({ ...row, setting: maskSetting(row.setting), classes: users.get(row.setting_id) ?? [] });
    for (const { row, reason } of page.bad ?? []) {
      const setting_id = row.slice(row.indexOf('/') + 1);
      const classes = users.get(setting_id) ?? [];
      shown.push({ setting_id, setting: {}, classes, unreadable: reason, updated_by: null, created_at: null, updated_at: null });
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  return shown.sort((a, b) => compareText(a.setting_id, b.setting_id));
}

/**
 * Gives a setting another value. Classes that are built with it are built anew at their next call, in every process; the revision stays.
 *
 * @param options.create whether the setting may be new. Default: false
 * @throws DaemonError `usage` where there is no such setting; `store_failed`, `store_busy`
 */
export async function changeSetting(
  catalogs: CatalogStore,
  partition: string,
  id: string,
  setting: JsonObject,
  { author, create = false }: { author: string; create?: boolean },
): Promise<PartitionHead> {
  if (!create && (await catalogs.setting(partition, id)) === undefined) throw unknown(partition, id);
  await catalogs.putSetting(partition, { setting_id: id, setting }, author);
  return catalogs.touch(partition);
}

/**
 * Removes a setting that nothing uses. Older revisions may still name it: their classes are then built with an empty setting.
 *
 * @throws DaemonError `usage` where the served catalog uses it, or there is none; `store_failed`, `store_busy`
 */
export async function removeSetting(catalogs: CatalogStore, partition: string, id: string): Promise<void> {
  const users = (await classesBySetting(catalogs, partition)).get(id);
  if (users !== undefined) throw new DaemonError('usage', `The setting "${id}" is used by ${users.join(', ')}.`);
  if (!(await catalogs.deleteSetting(partition, id))) throw unknown(partition, id);
}
