/** Changes the catalog of a stored partition: each change is a new revision, whole or not there at all. */
import type { JsonObject } from '../base/json.js';
import { uuidv7 } from '../base/uuid.js';
import type { CatalogChange } from '../catalog/compare.js';
import type { ConfigDocument } from '../config/document.js';
import type { CatalogStore, HistoryEntry, RevisionAction } from '../ports/catalog-store.js';
import { ConfigError, DaemonError } from '../protocol/errors.js';
import type { AlignedRows } from './align-rows.js';
import { alignRows } from './align-rows.js';
import { conflictOf } from './conflict.js';
import { inOrderOf } from './merge.js';
import type { ConfigPlan, PlanOptions } from './plan.js';
import { planConfig, planDocument } from './plan.js';
import { readRevision, readRows, readState } from './reading.js';

/** Who changes a partition, and why. */
export interface ChangeOptions {
  author: string;
  /** Default: none. */
  note?: string;
  /** Where the change comes from, as a file's path. Default: none. */
  source?: string;
  /** The time, in milliseconds since 1970. Default `Date.now`. */
  now?: () => number;
}

/** What {@link applyPlan} takes. */
export interface ApplyOptions extends ChangeOptions {
  /** Whether changes that break callers are made. Default: false, they are refused. */
  allowBreaking?: boolean;
  /** What the history calls it. Default `apply`. */
  action?: RevisionAction;
  /** Called as settings and rows are written, which takes a while for a large catalog. Default: nothing is called. */
  onProgress?: (step: 'settings' | 'rows', done: number, total: number) => void;
}

/** What was done. */
export interface Applied {
  plan: ConfigPlan;
  /** The new entry of the history; undefined where nothing had to change. */
  entry: HistoryEntry | undefined;
  /** The rows that were brought in line; undefined where that failed. */
  rows: AlignedRows | undefined;
  /** Why the rows could not be brought in line. The new revision is served all the same, and `alignRows` or the next change finishes them. */
  rowsError?: unknown;
}

const time = (uuid: string): number => Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16);

/** A uuid that sorts after another one, although that one's clock may be ahead of ours. */
export function uuidAfter(before: string | null): string {
  const own = uuidv7();
  if (before === null || own > before) return own;
  const digits = (time(before) + 1).toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}${own.slice(13)}`;
}

const listed = (changes: readonly CatalogChange[]): string =>
  changes.map(({ path, breaking }) => `  ${path}: ${breaking ?? ''}`).join('\n');

/** Writes the settings of a plan that are not there yet. @returns those that were written */
async function writeSettings(
  catalogs: CatalogStore,
  { partition, newSettings }: ConfigPlan,
  { author, onProgress }: Pick<ApplyOptions, 'author' | 'onProgress'>,
): Promise<Map<string, JsonObject>> {
  const written = new Map<string, JsonObject>();
  let done = 0;
  for (const [setting_id, setting] of newSettings) {
    if ((await catalogs.setting(partition, setting_id)) === undefined) {
      await catalogs.putSetting(partition, { setting_id, setting }, author);
      written.set(setting_id, setting);
    }
    onProgress?.('settings', (done += 1), newSettings.size);
  }
  return written;
}

/** Those of some settings that the served revision does not use. */
async function unused(catalogs: CatalogStore, partition: string, ids: Iterable<string>): Promise<string[]> {
  const head = await catalogs.head(partition);
  const document = typeof head?.revision === 'string' ? await readRevision(catalogs, partition, head.revision) : undefined;
  const used = new Set(document?.modules.map(({ setting_id }) => setting_id));
  return [...ids].filter((id) => !used.has(id));
}

/**
 * Removes settings that were written for a revision that was not committed. Another import may have found one of them there and relied on
 * it: after a commit an import writes again what is missing of its own, and what is used meanwhile is written again here.
 */
async function withdrawSettings(
  catalogs: CatalogStore,
  partition: string,
  settings: ReadonlyMap<string, JsonObject>,
  author: string,
): Promise<void> {
  if (settings.size === 0) return;
  const removed = await unused(catalogs, partition, settings.keys());
  for (const id of removed) await catalogs.deleteSetting(partition, id);
  const still = new Set(await unused(catalogs, partition, removed));
  for (const [setting_id, setting] of settings) {
    const isMissing = removed.includes(setting_id) && !still.has(setting_id);
    if (isMissing && (await catalogs.setting(partition, setting_id)) === undefined)
      await catalogs.putSetting(partition, { setting_id, setting }, author);
  }
}

/**
 * Makes the change that a plan describes. Settings are written first, then the revision is committed in one step, then the rows are
 * brought in line. A crash leaves the old revision or the new one, each of them whole. After a lost race the settings that were written
 * for it are removed.
 *
 * @throws DaemonError `conflict` where the partition was changed since the plan was made, with the newer entries of the history as `data`;
 *   `breaking_changes`, with the changes as
 *   `data`; `store_failed`, `store_busy`
 */
export async function applyPlan(catalogs: CatalogStore, plan: ConfigPlan, options: ApplyOptions): Promise<Applied> {
  const { author, note = null, source = null, now = Date.now, allowBreaking = false, action = 'apply' } = options;
  const { partition, base, revision, text, breaking } = plan;
  let written: ReadonlyMap<string, JsonObject> = new Map();
  if (!plan.unchanged) {
    if (breaking.length > 0 && !allowBreaking) {
      const what = breaking.length === 1 ? 'This change breaks callers' : `${breaking.length} of these changes break callers`;
      throw new DaemonError('breaking_changes', `${what}:\n${listed(breaking)}`, { data: breaking });
    }
    written = await writeSettings(catalogs, plan, options);
  }
  const entry: HistoryEntry = {
    id: uuidAfter(base),
    parent: base,
    revision,
    action,
    author,
    note,
    source,
    created_at: now(),
    functions: plan.functions,
  };
  if (!plan.unchanged) {
    if ((await catalogs.commit(partition, { entry, text })) === undefined) {
      const conflict = await conflictOf(catalogs, partition, base);
      try {
        await withdrawSettings(catalogs, partition, written, author);
      } catch (cause) {
        const message = `${conflict.message} Settings that were written for it could not be removed.`;
        throw new DaemonError('conflict', message, { cause, data: conflict.data });
      }
      throw conflict;
    }
    // An import that lost against this one may have removed a setting which both of them need.
    await writeSettings(catalogs, plan, { author });
  }
  const result = { plan, entry: plan.unchanged ? undefined : entry };
  try {
    return { ...result, rows: await alignRows(catalogs, partition, author, options.onProgress) };
  } catch (rowsError) {
    return { ...result, rows: undefined, rowsError };
  }
}

/**
 * Imports a config into a partition: plans it, and applies the plan.
 *
 * @param options.base the entry that the partition must have now: that of a plan which was shown to somebody. Default: any
 * @throws ConfigError (`config_invalid`); DaemonError `conflict`, `breaking_changes`, `store_failed`, `store_busy`
 * @example await applyConfig(store.catalogs, 'acme', document, { author: 'ada', note: 'more tools', source: 'mcp.json' });
 */
export async function applyConfig(
  catalogs: CatalogStore,
  partition: string,
  document: ConfigDocument,
  options: ApplyOptions & PlanOptions & { base?: string | null },
): Promise<Applied> {
  const plan = await planConfig(catalogs, partition, document, options);
  if (options.base !== undefined && options.base !== plan.base) throw await conflictOf(catalogs, partition, options.base);
  return applyPlan(catalogs, plan, options);
}

const EDIT_ATTEMPTS = 5;

/**
 * Makes a single change of a partition's catalog, as a revision of its own. Where somebody else changes the partition meanwhile, the
 * change is made again on what that one left.
 *
 * @param edit gets the catalog as a config, and returns the changed one; called again after a conflict. What it gets must not be changed
 * @throws ConfigError (`config_invalid`); DaemonError `usage` where there is no such partition, `breaking_changes`, `conflict` where
 *   others keep changing it, `store_failed`, `store_busy`
 * @example await editConfig(store.catalogs, 'acme', (config) => ({ ...config, instructions: 'Be brief.' }), { author: 'ada' });
 */
export async function editConfig(
  catalogs: CatalogStore,
  partition: string,
  edit: (document: ConfigDocument) => ConfigDocument,
  options: ApplyOptions & Pick<PlanOptions, 'support'>,
): Promise<Applied> {
  for (let attempt = 1; ; attempt += 1) {
    const before = await readState(catalogs, partition, options.support);
    if (before.from === 'none') throw new DaemonError('usage', `There is no partition "${partition}" in the store.`);
    try {
      const document = edit(before.document as ConfigDocument);
      return await applyConfig(catalogs, partition, document, { action: 'edit', ...options, base: before.head?.entry ?? null });
    } catch (error) {
      if (!(error instanceof DaemonError) || error.code !== 'conflict' || attempt === EDIT_ATTEMPTS) throw error;
    }
  }
}

/** What {@link planAdoption} takes. */
export interface AdoptOptions extends Pick<PlanOptions, 'support'> {
  /** Whether rows that cannot be read may be left out, and so removed. Default: false, they are named. */
  leaveOut?: boolean;
}

/**
 * What {@link adoptRows} would change. Reads, and writes nothing.
 *
 * @throws ConfigError (`config_invalid`) with the rows that cannot be read; DaemonError `usage` where there are no rows, `store_failed`,
 *   `store_busy`
 */
export async function planAdoption(
  catalogs: CatalogStore,
  partition: string,
  { leaveOut = false, support = {} }: AdoptOptions = {},
): Promise<ConfigPlan> {
  const state = await readState(catalogs, partition, support);
  const { document, bad, from } = await readRows(catalogs, partition, support);
  if (from === 'none') throw new DaemonError('usage', `The partition "${partition}" has no rows.`);
  if (bad.length > 0 && !leaveOut) throw new ConfigError(bad.map(({ row, reason }) => ({ path: row, message: reason })));
  return planDocument(partition, state, { ...state.document, ...inOrderOf(document, state.document) });
}

/**
 * Makes a revision of the rows of a partition: of all that others changed in them since, or the first one, where there was none. What rows
 * do not hold (name, version, title and instructions of the server) stays.
 *
 * @throws as {@link planAdoption}; DaemonError `conflict`
 */
export async function adoptRows(
  catalogs: CatalogStore,
  partition: string,
  { leaveOut, support, ...options }: ChangeOptions & AdoptOptions,
): Promise<Applied> {
  const plan = await planAdoption(catalogs, partition, {
    ...(leaveOut === undefined ? {} : { leaveOut }),
    ...(support === undefined ? {} : { support }),
  });
  return applyPlan(catalogs, plan, { ...options, allowBreaking: true, action: 'adopt' });
}
