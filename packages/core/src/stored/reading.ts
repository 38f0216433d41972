/** Reads the catalog of a stored partition, from its revision or from its rows. */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import type { ConfigSupport } from '../config/check.js';
import { parseExactJson } from '../config/exact-parse.js';
import { normalizeConfig } from '../config/normalize.js';
import { documentOf } from '../config/rows.js';
import type { StoredDocument } from '../config/stored-document.js';
import { withSettings } from '../config/stored-document.js';
import type { CatalogStore, PartitionHead } from '../ports/catalog-store.js';
import type { CatalogDefinition } from '../ports/definition.js';
import type { PageQuery } from '../ports/page.js';
import type { BadRow } from '../ports/rows.js';
import { DaemonError } from '../protocol/errors.js';

/** The methods of a store that a catalog is read with. */
export type CatalogReads = Pick<CatalogStore, 'head' | 'text' | 'rows' | 'settings'>;

/** What a partition has now. */
export interface StoredState {
  head: PartitionHead | undefined;
  /** `rows`: its rows are the catalog; `revisions`: the revision of its head is; `none`: there is nothing yet. */
  from: 'rows' | 'revisions' | 'none';
  document: StoredDocument;
  /** All settings of the partition, by id. */
  settings: ReadonlyMap<string, JsonObject>;
  /** Rows that are left out. Only where the rows are the catalog. */
  bad: readonly BadRow[];
  /** Settings that cannot be read, by their ids. Functions of classes that need one are not served. */
  badSettings: ReadonlyMap<string, BadRow>;
}

/**
 * The document of a revision.
 *
 * @throws DaemonError `revision_not_found`; `store_failed` where its text is no config, `store_busy`
 */
export async function readRevision(catalogs: CatalogReads, partition: string, revision: string): Promise<StoredDocument> {
  const text = await catalogs.text(partition, revision);
  if (text === undefined) {
    throw new DaemonError('revision_not_found', `The partition "${partition}" has no text of the revision ${revision}.`);
  }
  let document: unknown;
  try {
    document = parseExactJson(text);
  } catch (cause) {
    throw new DaemonError('store_failed', `The revision ${revision} of the partition "${partition}" is not JSON.`, { cause });
  }
  if (!isObject(document))
    throw new DaemonError('store_failed', `The revision ${revision} of the partition "${partition}" is no config.`);
  return document as unknown as StoredDocument;
}

/** The settings of a partition. */
export interface SettingsRead {
  /** By id. */
  settings: Map<string, JsonObject>;
  /** Rows that cannot be read, by their ids. */
  bad: Map<string, BadRow>;
}

/** All settings of a partition, and those that cannot be read. @throws DaemonError `store_failed`, `store_busy` */
export async function readSettingRows(catalogs: CatalogReads, partition: string): Promise<SettingsRead> {
  const found: SettingsRead = { settings: new Map(), bad: new Map() };
  let query: PageQuery = { limit: 1_000 };
  for (;;) {
    const { items, bad = [], cursor } = await catalogs.settings(partition, query);
    for (const { setting_id, setting } of items) found.settings.set(setting_id, setting);
    for (const one of bad) found.bad.set(one.row.slice(one.row.indexOf('/') + 1), one);
    if (cursor === undefined) return found;
    query = { limit: 1_000, cursor };
  }
}

/**
 * A document without the functions whose class needs one of these settings: a class is not built without its setting. Skills need no
 * setting, so they stay, and their modules.
 */
export function withoutSettings(document: StoredDocument, ids: ReadonlyMap<string, unknown>): StoredDocument {
  const gone = document.modules.filter(({ setting_id }) => ids.has(setting_id));
  if (gone.length === 0) return document;
  const keyOf = (module: string, name: string | null | undefined): string => JSON.stringify([module, name ?? null]);
  const classes = new Set(gone.map(({ module_name, class_name }) => keyOf(module_name, class_name)));
  const links = document.module_links.filter(({ module_name, class_name }) => !classes.has(keyOf(module_name, class_name)));
  const names = new Set(links.map(({ name }) => name));
  const ofSkills = new Set(document.skills?.map(({ module_name }) => module_name));
  const kept = <T extends { name: string }>(functions: readonly T[]): T[] => functions.filter(({ name }) => names.has(name));
  return {
    ...document,
    tools: kept(document.tools),
    resources: kept(document.resources),
    resource_templates: kept(document.resource_templates),
    prompts: kept(document.prompts),
    module_links: links,
    modules: document.modules.filter((module) => !gone.includes(module) || ofSkills.has(module.module_name)),
  };
}

/** The rows of a partition as a document, whether they are its catalog or not. @throws DaemonError `store_failed`, `store_busy` */
export async function readRows(
  catalogs: CatalogReads,
  partition: string,
  support: Partial<ConfigSupport> = {},
): Promise<{ from: 'rows' | 'none'; document: StoredDocument; bad: readonly BadRow[] }> {
  const rows = await catalogs.rows(partition);
  const from = rows.functions.length + rows.modules.length + rows.bad.length === 0 ? 'none' : 'rows';
  return { from, ...documentOf(rows, { support }) };
}

/**
 * Reads what a partition has now. What cannot be read of its rows and settings is named in `bad` and `badSettings`.
 *
 * @param support what this daemon supports; see {@link documentOf}
 * @throws DaemonError `store_failed`, `store_busy`, `revision_not_found`
 */
export async function readState(
  catalogs: CatalogReads,
  partition: string,
  support: Partial<ConfigSupport> = {},
): Promise<StoredState> {
  const head = await catalogs.head(partition);
  if (typeof head?.revision === 'string') {
    const document = await readRevision(catalogs, partition, head.revision);
    const { settings, bad: badSettings } = await readSettingRows(catalogs, partition);
    return { head, from: 'revisions', document, settings, bad: [], badSettings };
  }
  const rows = await readRows(catalogs, partition, support);
  const { settings, bad: badSettings } = await readSettingRows(catalogs, partition);
  return { head, ...rows, settings, badSettings };
}

/** Ids of settings that a document names, and that are not there. */
export function missingSettings(document: StoredDocument, settings: ReadonlyMap<string, JsonObject>): string[] {
  return [...new Set(document.modules.map(({ setting_id }) => setting_id))].filter((id) => !settings.has(id));
}

/** The catalog of a stored document. @param revision how it is named; absent: by a digest of its content */
export function definitionOf(
  document: StoredDocument,
  settings: ReadonlyMap<string, JsonObject>,
  revision?: string,
): CatalogDefinition {
  const { definition } = normalizeConfig(withSettings(document, settings));
  return revision === undefined ? definition : { ...definition, revision };
}
