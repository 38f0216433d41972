/** The revisions of a stored partition: which there were, what they hold, how they differ, and back to one of them. */
import type { JsonObject } from '../base/json.js';
import type { CatalogChange } from '../catalog/compare.js';
import type { ConfigSupport } from '../config/check.js';
import type { ConfigDocument, ConfigModule } from '../config/document.js';
import type { StoredDocument } from '../config/stored-document.js';
import type { CatalogStore, HistoryEntry, PartitionHead } from '../ports/catalog-store.js';
import type { PageQuery } from '../ports/page.js';
import type { BadRow } from '../ports/rows.js';
import { DaemonError } from '../protocol/errors.js';
import type { RowDifference } from './align-rows.js';
import { rowDifferences } from './align-rows.js';
import type { Applied, ChangeOptions } from './apply.js';
import { applyPlan } from './apply.js';
import { documentChanges, planDocument } from './plan.js';
import { readRevision, readSettingRows, readState } from './reading.js';

/** Fewer digits of a revision may name several by chance. */
const SHORTEST = 6;

/** All entries of a partition's history, newest first, page by page. */
async function* entriesOf(catalogs: CatalogStore, partition: string): AsyncGenerator<HistoryEntry> {
  let query: PageQuery = { limit: 1_000 };
  for (;;) {
    const { items, cursor } = await catalogs.history(partition, query);
    yield* items;
    if (cursor === undefined) return;
    query = { limit: 1_000, cursor };
  }
}

/**
 * Finds a revision by what people write: its digest, the beginning of it (from six digits on), or the id of its entry in the history.
 *
 * @returns the newest entry that served it
 * @throws DaemonError `revision_not_found`, also where the beginning fits several revisions; `store_failed`, `store_busy`
 */
export async function findRevision(catalogs: CatalogStore, partition: string, name: string): Promise<HistoryEntry> {
  const wanted = name.toLowerCase();
  const found = new Map<string, HistoryEntry>();
  for await (const entry of entriesOf(catalogs, partition)) {
    if (entry.id === wanted || entry.revision === wanted) return entry;
    if (wanted.length >= SHORTEST && entry.revision.startsWith(wanted) && !found.has(entry.revision))
      found.set(entry.revision, entry);
  }
  const [first] = found.values();
  if (first !== undefined && found.size === 1) return first;
  const why =
    found.size > 1
      ? `has ${found.size} revisions that begin with "${name}": write more of it`
      : wanted.length < SHORTEST
        ? `has no revision "${name}": write at least ${SHORTEST} digits of it`
        : `has no revision "${name}"`;
  throw new DaemonError('revision_not_found', `The partition "${partition}" ${why}.`);
}

/** A revision as a config, with ids in place of settings. @throws as {@link findRevision} */
export async function showRevision(
  catalogs: CatalogStore,
  partition: string,
  name: string,
): Promise<{ entry: HistoryEntry; document: StoredDocument }> {
  const entry = await findRevision(catalogs, partition, name);
  return { entry, document: await readRevision(catalogs, partition, entry.revision) };
}

/** How two revisions differ, with the settings that they have now. @throws as {@link findRevision} */
export async function diffRevisions(
  catalogs: CatalogStore,
  partition: string,
  before: string,
  after: string,
): Promise<CatalogChange[]> {
  const { settings } = await readSettingRows(catalogs, partition);
  const left = await showRevision(catalogs, partition, before);
  const right = await showRevision(catalogs, partition, after);
  return documentChanges({ document: left.document, settings }, { document: right.document, settings });
}

/**
 * Serves an older revision again, as a new entry of the history. Changes that break callers are made: it is what people need when they
 * need it.
 *
 * @param name what {@link findRevision} takes
 * @throws DaemonError `usage` where this revision is served already; `revision_not_found`, `conflict`, `store_failed`, `store_busy`
 */
export async function rollbackTo(
  catalogs: CatalogStore,
  partition: string,
  name: string,
  options: ChangeOptions,
): Promise<Applied> {
  const { entry, document } = await showRevision(catalogs, partition, name);
  const plan = planDocument(partition, await readState(catalogs, partition), document);
  if (plan.unchanged)
    throw new DaemonError('usage', `The partition "${partition}" serves the revision ${entry.revision} already.`);
  return applyPlan(catalogs, plan, { ...options, allowBreaking: true, action: 'rollback' });
}

/** The config's entry of a stored module with its setting. */
function inline(
  { setting_id, ...entry }: StoredDocument['modules'][number],
  settings: ReadonlyMap<string, JsonObject>,
): ConfigModule {
  const setting = settings.get(setting_id) ?? {};
  return (Object.keys(setting).length === 0 ? entry : { ...entry, setting }) as ConfigModule;
}

/**
 * What a partition has now, as a config. Applying it changes nothing.
 *
 * @param options.settings `ids`: entries of `modules` name their settings, whose values stay in the store; `inline`: they hold the
 *   values, secrets too. Default `ids`
 * @throws DaemonError `usage` where there is no such partition; `store_failed`, also where a setting that is asked for cannot be read;
 *   `store_busy`
 */
export async function exportConfig(
  catalogs: CatalogStore,
  partition: string,
  { settings = 'ids', support = {} }: { settings?: 'ids' | 'inline'; support?: Partial<ConfigSupport> } = {},
): Promise<ConfigDocument> {
  const state = await readState(catalogs, partition, support);
  if (state.from === 'none') throw new DaemonError('usage', `There is no partition "${partition}" in the store.`);
  // An export must not lose what it claims to hold.
  if (settings === 'inline') {
    for (const { row, reason } of state.badSettings.values())
      throw new DaemonError('store_failed', `The row ${row} cannot be read: ${reason}.`);
  }
  const lists = Object.entries(state.document).filter(([, value]) => !Array.isArray(value) || value.length > 0);
  const document = Object.fromEntries(lists) as ConfigDocument;
  return settings === 'ids'
    ? document
    : { ...document, modules: state.document.modules.map((entry) => inline(entry, state.settings)) };
}

/** What a partition serves, and whether its rows are what they should be. */
export interface PartitionStatus {
  /** `rows`: its rows are the catalog; `revisions`: a revision is; `none`: the partition is not there. */
  from: 'rows' | 'revisions' | 'none';
  head: PartitionHead | undefined;
  /** The entry that is served. */
  entry: HistoryEntry | undefined;
  /** How many functions are served. */
  functions: number;
  /** Rows that cannot be read: of settings, and, where rows are the catalog, of functions and modules. */
  bad: readonly BadRow[];
  /** Rows that somebody else changed since the revision was made, or that a crash left behind. They are not served. */
  rows: readonly RowDifference[];
}

/** Says what a partition serves, and which of its rows differ from it. @throws DaemonError `store_failed`, `store_busy` */
export async function partitionStatus(
  catalogs: CatalogStore,
  partition: string,
  { support = {} }: { support?: Partial<ConfigSupport> } = {},
): Promise<PartitionStatus> {
  const state = await readState(catalogs, partition, support);
  const { head, from, document } = state;
  const bad = [...state.bad, ...state.badSettings.values()];
  const [entry] = (await catalogs.history(partition, { limit: 1 })).items;
  const rows = from === 'revisions' ? rowDifferences(document, await catalogs.rows(partition)) : [];
  const { tools, resources, resource_templates, prompts } = document;
  const functions = tools.length + resources.length + resource_templates.length + prompts.length;
  return { from, head, entry, functions, bad, rows };
}
