/**
 * Prints changes between two catalogs, and the history of a partition.
 */
import type { CatalogChange, ConfigPlan, HistoryEntry } from '@mcp-daemon/core';

import type { Paint } from '../terminal/terminal.js';
import { oneLine, plural, table } from '../terminal/text.js';

const MARKS = { added: ['green', '+'], removed: ['red', '-'], changed: ['yellow', '~'] } as const;
/** Characters of a revision that people read; the beginning is enough to name it. */
const SHORT = 12;
/** Longest text of a value on a line. */
const MAX_VALUE = 160;

const valueText = (value: unknown): string => oneLine(JSON.stringify(value) ?? '', MAX_VALUE);

/** The line of one change. */
function changeLine({ kind, path, before, after, breaking }: CatalogChange, paint: Paint): string {
  const [colour, mark] = MARKS[kind];
  // Values of settings are masked on both sides.
  const isHidden = JSON.stringify(before) === JSON.stringify(after);
  const values = kind !== 'changed' ? '' : isHidden ? ': changed (hidden)' : `: ${valueText(before)} -> ${valueText(after)}`;
  const why = breaking === undefined ? '' : `  ${paint('red', `BREAKING: ${breaking}`)}`;
  return `${paint(colour, mark)} ${path}${values}${why}`;
}

/** What a change of a partition means that serves no revision yet. */
const FIRST = {
  none: ', which is new',
  rows: ', which serves its rows: this makes its first revision',
  revisions: '',
} as const;

/** The lines of changes. */
export const changeLines = (changes: readonly CatalogChange[], paint: Paint): string[] =>
  changes.map((change) => changeLine(change, paint));

/** What a plan would do, line by line. */
export function planLines(
  { changes, settings, bad, badSettings, unchanged, breaking, partition, from }: ConfigPlan,
  paint: Paint,
): string[] {
  const unreadable = badSettings.map(
    ({ row, reason }) =>
      `${paint('red', 'unreadable')} row ${row} (${reason}): functions of classes that need it are not served. "settings set --create" replaces it`,
  );
  if (unchanged) return [...unreadable, `no changes: the partition "${partition}" serves this already`];
  const lines = [...unreadable, ...changeLines(changes, paint)];
  for (const { setting_id, kind } of settings) {
    if (kind === 'added') lines.push(`${paint('green', '+')} setting ${setting_id}`);
    else lines.push(`  setting ${setting_id} keeps the value that it was given in the store`);
  }
  for (const { row, reason } of bad)
    lines.push(`${paint('yellow', '~')} row ${row} cannot be read (${reason}), and is replaced or removed`);
  if (changes.length === 0) lines.push('only the order of entries changes');
  const broken = breaking.length === 0 ? '' : `; ${breaking.length} of them can break callers`;
  lines.push('', `${plural(changes.length, 'change')} for the partition "${partition}"${FIRST[from]}${broken}`);
  return lines;
}

/** What `--json` prints of a plan. Values of settings are masked. */
export function planReport({
  partition,
  from,
  base,
  revision,
  unchanged,
  changes,
  breaking,
  settings,
  bad,
  badSettings,
  functions,
}: ConfigPlan): object {
  return {
    partition,
    from,
    base,
    revision,
    unchanged,
    functions,
    breaking: breaking.length,
    changes,
    settings,
    bad,
    badSettings,
  };
}

/** What is printed as JSON, with times as ISO 8601 in place of milliseconds, as in the JSON of calls. */
export function isoTimes<T extends { created_at: number | null; updated_at?: number | null }>(entry: T): object {
  const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
  const { created_at, updated_at } = entry;
  return { ...entry, created_at: iso(created_at), ...(updated_at === undefined ? {} : { updated_at: iso(updated_at) }) };
}

/** The beginning of a revision. */
export const shortRevision = (revision: string): string => revision.slice(0, SHORT);

/** The history as a table, newest first. */
export function historyTable(entries: readonly HistoryEntry[], current: string | null, paint: Paint, width?: number): string[] {
  const rows = entries.map(({ id, revision, created_at, action, author, functions, note, source }) => [
    id === current ? '*' : ' ',
    shortRevision(revision),
    new Date(created_at).toISOString().replace(/\.\d+Z$/, 'Z'),
    action,
    author,
    String(functions),
    source ?? '',
    note ?? '',
  ]);
  const [head = '', ...lines] = table(
    [['', 'REVISION', 'WHEN', 'ACTION', 'AUTHOR', 'FUNCTIONS', 'SOURCE', 'NOTE'], ...rows],
    width,
  );
  return [paint('bold', head), ...lines];
}
