/** Copies the catalog of one partition: settings, history, texts and rows. */
import type { Awaitable } from '../base/awaitable.js';
import { equalJson } from '../base/equality.js';
import type { CatalogStore, HistoryEntry } from '../ports/catalog-store.js';
import type { Page, PageQuery } from '../ports/page.js';
import type { AuditFields, CatalogRows, RowChanges, SettingRow } from '../ports/rows.js';
import type { CopiedPartition, CopyOptions } from './copy-report.js';
import { readSettingRows } from './reading.js';

type Control = { signal: AbortSignal | undefined } & Required<Pick<CopyOptions, 'onProgress'>>;

/** Written where a row does not say who wrote it. */
const UNKNOWN_AUTHOR = 'copy';

async function all<T>(list: (query: PageQuery) => Awaitable<Page<T>>): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ limit: 1_000, ...(cursor === undefined ? {} : { cursor }) });
    found.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}

/** Whether two rows are equal in all but what stores set: times and author. */
function equalRows(a: AuditFields, b: AuditFields | undefined): boolean {
  const same = { updated_by: null, created_at: null, updated_at: null };
  return b !== undefined && equalJson({ ...a, ...same }, { ...b, ...same });
}

/** Entries that the target lacks, oldest first; undefined if its history is another one. */
function missingEntries(source: readonly HistoryEntry[], target: readonly HistoryEntry[]): HistoryEntry[] | undefined {
  const oldestFirst = source.toReversed();
  const same = target.toReversed().every((entry, index) => equalJson(entry, oldestFirst[index]));
  return same ? oldestFirst.slice(target.length) : undefined;
}

const settingsOf = (catalogs: CatalogStore, partition: string): Promise<SettingRow[]> =>
  all((query) => catalogs.settings(partition, query));

async function copySettings(
  source: CatalogStore,
  target: CatalogStore,
  report: CopiedPartition,
  { signal, onProgress }: Control,
): Promise<void> {
  const { partition, settings } = report;
  const there = new Map((await settingsOf(target, partition)).map((row) => [row.setting_id, row]));
  const rows = await settingsOf(source, partition);
  const { bad } = await readSettingRows(source, partition);
  for (const { row, reason } of bad.values()) report.differences.push(`row ${row} cannot be read (${reason}), and is not copied`);
  for (const row of rows) {
    signal?.throwIfAborted();
    settings.found += 1;
    if (!equalRows(row, there.get(row.setting_id))) {
      const { setting_id, setting } = row;
      await target.putSetting(partition, { setting_id, setting }, row.updated_by ?? UNKNOWN_AUTHOR);
      settings.written += 1;
    }
    onProgress({ partition, step: 'settings', done: settings.found, total: rows.length });
  }
}

async function copyHistory(
  source: CatalogStore,
  target: CatalogStore,
  report: CopiedPartition,
  missing: readonly HistoryEntry[],
  { signal, onProgress }: Control,
): Promise<void> {
  const { partition, revisions } = report;
  const known = revisions.found - missing.length;
  for (const entry of missing) {
    signal?.throwIfAborted();
    const text = await source.text(partition, entry.revision);
    if (text === undefined) {
      report.differences.push(
        `revision ${entry.revision}: its text is missing in the source, so it and all later ones are not copied`,
      );
      return;
    }
    if ((await target.commit(partition, { entry, text })) === undefined) {
      report.differences.push('the partition was changed in the target during the copy');
      return;
    }
    revisions.written += 1;
    onProgress({ partition, step: 'revisions', done: known + revisions.written, total: revisions.found });
  }
}

/** Rows of one table that the target lacks, or has otherwise, by who wrote them. */
function changedRows<T extends AuditFields>(
  source: readonly T[],
  target: readonly T[],
  key: (row: T) => string,
): Map<string, T[]> {
  const there = new Map(target.map((row) => [key(row), row]));
  const found = new Map<string, T[]>();
  for (const row of source) {
    if (equalRows(row, there.get(key(row)))) continue;
    const author = row.updated_by ?? UNKNOWN_AUTHOR;
    found.set(author, [...(found.get(author) ?? []), row]);
  }
  return found;
}

/** What has to be written, by who wrote it in the source. */
function rowChanges(source: CatalogRows, target: CatalogRows): Map<string, RowChanges> {
  const functions = changedRows(source.functions, target.functions, ({ name }) => name);
  const modules = changedRows(source.modules, target.modules, ({ module_name }) => module_name);
  return new Map(
    [...new Set([...functions.keys(), ...modules.keys()])].map((author) => [
      author,
      { putFunctions: functions.get(author) ?? [], putModules: modules.get(author) ?? [] },
    ]),
  );
}

async function copyRows(
  source: CatalogStore,
  target: CatalogStore,
  report: CopiedPartition,
  { signal, onProgress }: Control,
): Promise<void> {
  const { partition, rows, differences } = report;
  const found = await source.rows(partition);
  rows.found = found.functions.length + found.modules.length;
  for (const { row, reason } of found.bad) differences.push(`row ${row} cannot be read (${reason}), and is not copied`);
  const changes = rowChanges(found, await target.rows(partition));
  for (const [author, change] of changes) {
    signal?.throwIfAborted();
    await target.writeRows(partition, change, author);
    rows.written += (change.putFunctions?.length ?? 0) + (change.putModules?.length ?? 0);
    onProgress({ partition, step: 'rows', done: rows.found, total: rows.found });
  }
}

/** Reads both catalogs again, and names what differs. */
async function checkCatalog(
  source: CatalogStore,
  target: CatalogStore,
  { partition, differences }: CopiedPartition,
): Promise<void> {
  const [head, other] = [await source.head(partition), await target.head(partition)];
  if ((head?.entry ?? null) !== (other?.entry ?? null)) differences.push(`serves another revision: ${other?.revision ?? 'none'}`);
  const history = await all((query) => target.history(partition, query));
  for (const revision of new Set(history.map((entry) => entry.revision))) {
    // The store compares the text with its digest.
    if ((await target.text(partition, revision)) === undefined) differences.push(`revision ${revision}: its text is missing`);
  }
  const compare = <T extends AuditFields>(
    what: string,
    left: readonly T[],
    right: readonly T[],
    key: (row: T) => string,
  ): void => {
    const there = new Map(right.map((row) => [key(row), row]));
    for (const row of left) {
      if (!there.has(key(row))) differences.push(`${what} ${key(row)} is missing`);
      else if (!equalRows(row, there.get(key(row)))) differences.push(`${what} ${key(row)} differs`);
      there.delete(key(row));
    }
    for (const name of there.keys()) differences.push(`${what} ${name} is only in the target`);
  };
  compare('setting', await settingsOf(source, partition), await settingsOf(target, partition), (row) => row.setting_id);
  const [rows, others] = [await source.rows(partition), await target.rows(partition)];
  compare('row mcp-functions', rows.functions, others.functions, ({ name }) => name);
  compare('row mcp-modules', rows.modules, others.modules, ({ module_name }) => module_name);
}

/**
 * Copies the catalog of a partition, and adds what was done, and what differs, to a report. Settings and rows of the source replace those
 * of the target. Times of settings and rows are those of the copy; the history's are kept.
 *
 * @throws DaemonError `store_failed`, `store_busy`; the signal's reason
 */
export async function copyCatalog(
  source: CatalogStore,
  target: CatalogStore,
  report: CopiedPartition,
  control: Control,
): Promise<void> {
  const { partition } = report;
  const history = await all((query) => source.history(partition, query));
  const missing = missingEntries(history, await all((query) => target.history(partition, query)));
  report.revisions.found = history.length;
  if (missing === undefined) {
    report.differences.push('the target has another history of this partition: its catalog is not copied');
    return;
  }
  // Before the revisions, which refer to them.
  await copySettings(source, target, report, control);
  await copyHistory(source, target, report, missing, control);
  await copyRows(source, target, report, control);
  const changed = report.settings.written + report.rows.written > 0;
  const lacksHead = (await source.head(partition)) !== undefined && (await target.head(partition)) === undefined;
  // So that servers which use the target read settings and rows again.
  if (lacksHead || (changed && (await target.head(partition)) !== undefined)) await target.touch(partition);
  await checkCatalog(source, target, report);
}
