/** Changes single functions and modules of a stored partition, as the Python engine's API does. */
import type { ConfigSupport } from '../config/check.js';
import type { ConfigDocument, ConfigModule } from '../config/document.js';
import { documentOf, rowsOf } from '../config/rows.js';
import type { StoredDocument } from '../config/stored-document.js';
import type { CatalogStore, HistoryEntry } from '../ports/catalog-store.js';
import type { BadRow, CatalogRows, ModuleRow, RowChanges } from '../ports/rows.js';
import type { Mistake } from '../protocol/errors.js';
import { ConfigError } from '../protocol/errors.js';
import type { ChangeOptions } from './apply.js';
import { editConfig } from './apply.js';
import { inOrderOf } from './merge.js';

/** What {@link editRows} takes. */
export interface EditRowsOptions extends ChangeOptions {
  /** What the daemons that serve the partition support. Default: as `checkConfig`. */
  support?: Partial<ConfigSupport>;
}

/** What {@link editRows} did. */
export interface EditedRows {
  /** Where the change was made. A partition that was not there before has rows. */
  from: 'rows' | 'revisions';
  /** The new entry of the history; undefined where rows were changed, or nothing had to change. */
  entry: HistoryEntry | undefined;
}

/** The support that a config is checked by if nothing else is said; rows are read with more. */
const BASIC: ConfigSupport = { sources: ['zip', 's3'], isolations: ['none'] };

const mistakesOf = (bad: readonly BadRow[]): Mistake[] => bad.map(({ row, reason }) => ({ path: row, message: reason }));

function changed<T>(before: readonly T[], put: readonly T[], gone: readonly string[], keyOf: (row: T) => string): T[] {
  const all = new Map(before.map((row) => [keyOf(row), row]));
  for (const key of gone) all.delete(key);
  for (const row of put) all.set(keyOf(row), row);
  return [...all.values()];
}

function withChanges(rows: CatalogRows, changes: RowChanges): CatalogRows {
  const { putFunctions = [], deleteFunctions = [], putModules = [], deleteModules = [] } = changes;
  const replaced = new Set([
    ...putFunctions.map(({ name }) => `mcp-functions/${name}`),
    ...deleteFunctions.map((name) => `mcp-functions/${name}`),
    ...putModules.map((row) => `mcp-modules/${row.module_name}`),
    ...deleteModules.map((name) => `mcp-modules/${name}`),
  ]);
  return {
    functions: changed(rows.functions, putFunctions, deleteFunctions, ({ name }) => name),
    modules: changed(rows.modules, putModules, deleteModules, (row) => row.module_name),
    bad: rows.bad.filter(({ row }) => !replaced.has(row)),
  };
}

/** Entries of classes for which no setting was chosen get an empty one. */
function withEmptySettings(document: StoredDocument, modules: readonly ModuleRow[]): ConfigModule[] {
  const without = new Set(
    modules.flatMap(({ module_name, classes }) =>
      (classes.length === 0 ? [{ class_name: null, setting_id: null }] : classes).flatMap(({ class_name, setting_id }) =>
        setting_id ? [] : [`${module_name}\n${class_name ?? ''}`],
      ),
    ),
  );
  return document.modules.map(({ setting_id, ...entry }): ConfigModule => {
    const isEmpty = without.has(`${entry.module_name}\n${entry.class_name ?? ''}`);
    return isEmpty ? { ...entry, setting: {} } : { ...entry, setting_id };
  });
}

/** @throws ConfigError with the rows that no config can have */
function changedDocument(
  document: StoredDocument,
  edit: (rows: CatalogRows) => RowChanges,
  support: ConfigSupport,
): ConfigDocument {
  const changes = edit({ ...rowsOf(document), bad: [] });
  const read = documentOf(withChanges({ ...rowsOf(document), bad: [] }, changes), { support });
  if (read.bad.length > 0) throw new ConfigError(mistakesOf(read.bad));
  const ordered = inOrderOf(read.document, document);
  return { ...document, ...ordered, modules: withEmptySettings(ordered, changes.putModules ?? []) } as ConfigDocument;
}

/** Mistakes of settings that modules name, and that are not there. */
async function unknownSettings(catalogs: CatalogStore, partition: string, modules: readonly ModuleRow[]): Promise<Mistake[]> {
  const found: Mistake[] = [];
  for (const { module_name, classes } of modules) {
    for (const { setting_id: id } of classes) {
      if (!id || (await catalogs.setting(partition, id)) !== undefined) continue;
      found.push({ path: `mcp-modules/${module_name}`, message: `the partition has no setting ${JSON.stringify(id)}` });
    }
  }
  return found;
}

/**
 * Makes a single change of a partition's functions and modules. In a partition with revisions the change is a revision of its own, and
 * is made again if others change the partition meanwhile; in any other it changes rows. What can break callers is changed, too: the
 * caller has named the function.
 *
 * @param edit gets the rows that are served and returns what to write and remove. Called again after a conflict. It may throw
 * @throws ConfigError (`config_invalid`) if a row could not be served after the change; DaemonError `conflict`, `store_failed`,
 *   `store_busy`; what `edit` throws
 * @example await editRows(store.catalogs, 'acme', () => ({ deleteFunctions: ['hello'] }), { author: 'ada' });
 */
export async function editRows(
  catalogs: CatalogStore,
  partition: string,
  edit: (rows: CatalogRows) => RowChanges,
  options: EditRowsOptions,
): Promise<EditedRows> {
  const support = { ...BASIC, ...options.support };
  const head = await catalogs.head(partition);
  if (typeof head?.revision === 'string') {
    const change = (document: ConfigDocument): ConfigDocument => changedDocument(document as StoredDocument, edit, support);
    const { entry } = await editConfig(catalogs, partition, change, { ...options, allowBreaking: true });
    return { from: 'revisions', entry };
  }
  const rows = await catalogs.rows(partition);
  const changes = edit(rows);
  const { putFunctions = [], putModules = [] } = changes;
  const missing = await unknownSettings(catalogs, partition, putModules);
  const known = new Set(documentOf(rows, { support }).bad.map(({ row, reason }) => `${row}\n${reason}`));
  const { document, bad } = documentOf(withChanges(rows, changes), { support });
  const mistakes = [...missing, ...mistakesOf(bad.filter(({ row, reason }) => !known.has(`${row}\n${reason}`)))];
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  // In the form that an import would write, so that every key of the row is read again as it was given.
  const functions = new Map(rowsOf(document).functions.map((row) => [row.name, row]));
  const written = { ...changes, putFunctions: putFunctions.map((row) => functions.get(row.name) ?? row) };
  await catalogs.writeRows(partition, written, options.author);
  await catalogs.touch(partition);
  return { from: 'rows', entry: undefined };
}
