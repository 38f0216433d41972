/** Brings the rows of a partition in line with its revision, and finds those that differ. */
import { equalJson } from '../base/equality.js';
import { rowsOf } from '../config/rows.js';
import type { StoredDocument } from '../config/stored-document.js';
import type { CatalogStore } from '../ports/catalog-store.js';
import type { AuditFields, CatalogRows, RowChanges } from '../ports/rows.js';
import { readRevision } from './reading.js';

/** A row that differs from the revision that is served. */
export interface RowDifference {
  /** The row's table and key, as `mcp-functions/hello`. */
  row: string;
  /** `missing`: the revision has it; `added`: the revision has it not; `changed`; `unreadable`. */
  kind: 'missing' | 'added' | 'changed' | 'unreadable';
  /** Who wrote the row, where it is there. */
  updated_by: string | null;
  /** When, in milliseconds since 1970. */
  updated_at: number | null;
}

const UNKNOWN = { updated_by: null, updated_at: null };

/** Whether two rows are equal in all but their times and their author. */
function equalRows<T extends AuditFields>(a: T, b: T): boolean {
  const same = { updated_by: null, created_at: null, updated_at: null };
  return equalJson({ ...a, ...same }, { ...b, ...same });
}

function differences<T extends AuditFields>(
  table: string,
  wanted: readonly T[],
  there: readonly T[],
  keyOf: (row: T) => string,
): RowDifference[] {
  const rows = new Map(there.map((row) => [keyOf(row), row]));
  const found: RowDifference[] = [];
  for (const row of wanted) {
    const other = rows.get(keyOf(row));
    const name = `${table}/${keyOf(row)}`;
    if (other === undefined) found.push({ row: name, kind: 'missing', ...UNKNOWN });
    else if (!equalRows(row, other))
      found.push({ row: name, kind: 'changed', updated_by: other.updated_by, updated_at: other.updated_at });
    rows.delete(keyOf(row));
  }
  for (const [key, { updated_by, updated_at }] of rows)
    found.push({ row: `${table}/${key}`, kind: 'added', updated_by, updated_at });
  return found;
}

/** How the rows of a partition differ from a document, functions first, each sorted by name. */
export function rowDifferences(document: StoredDocument, rows: CatalogRows): RowDifference[] {
  const wanted = rowsOf(document);
  const unreadable = new Set(rows.bad.map(({ row }) => row));
  const found = [
    ...differences('mcp-functions', wanted.functions, rows.functions, ({ name }) => name),
    ...differences('mcp-modules', wanted.modules, rows.modules, ({ module_name }) => module_name),
  ];
  return [
    ...found.filter(({ row }) => !unreadable.has(row)),
    ...[...unreadable].map((row) => ({ row, kind: 'unreadable' as const, ...UNKNOWN })),
  ];
}

/** What has to be written so that rows and document are the same. */
export function rowChanges(document: StoredDocument, rows: CatalogRows): Required<RowChanges> {
  const wanted = rowsOf(document);
  const changes = { putFunctions: [], deleteFunctions: [], putModules: [], deleteModules: [] } as {
    [K in keyof RowChanges]-?: RowChanges[K] extends readonly (infer T)[] | undefined ? T[] : never;
  };
  const functions = new Map(wanted.functions.map((row) => [`mcp-functions/${row.name}`, row]));
  const modules = new Map(wanted.modules.map((row) => [`mcp-modules/${row.module_name}`, row]));
  for (const { row } of rowDifferences(document, rows)) {
    const key = row.slice(row.indexOf('/') + 1);
    const [fn, module] = [functions.get(row), modules.get(row)];
    if (fn !== undefined) changes.putFunctions.push(fn);
    else if (module !== undefined) changes.putModules.push(module);
    else if (row.startsWith('mcp-functions/')) changes.deleteFunctions.push(key);
    else if (row.startsWith('mcp-modules/')) changes.deleteModules.push(key);
  }
  return changes;
}

/** How many rows were written and removed. */
export interface AlignedRows {
  written: number;
  removed: number;
}

const ROUNDS = 20;
/** Rows that are written in one step, after which progress is told. */
const STEP = 500;

/** Parts of changes, of at most {@link STEP} rows each; removed rows come first. */
function partsOf(changes: Required<RowChanges>): RowChanges[] {
  const keys = ['deleteFunctions', 'deleteModules', 'putModules', 'putFunctions'] as const;
  const all = keys.flatMap((key) => changes[key].map((row) => ({ key, row })));
  const parts: RowChanges[] = [];
  for (let from = 0; from < all.length; from += STEP) {
    const part = all.slice(from, from + STEP);
    const of = (wanted: string): unknown[] => part.filter(({ key }) => key === wanted).map(({ row }) => row);
    parts.push(Object.fromEntries(keys.map((key) => [key, of(key)])) as RowChanges);
  }
  return parts;
}

/**
 * Brings the rows of a partition in line with the revision that it serves; does nothing where it serves its rows. When another revision
 * is committed meanwhile, the rows are brought in line with that one. Finishes what a crash left undone.
 *
 * @param onProgress called after each few hundred rows
 * @throws DaemonError `store_failed`, `store_busy`
 */
export async function alignRows(
  catalogs: CatalogStore,
  partition: string,
  author: string,
  onProgress?: (step: 'rows', done: number, total: number) => void,
): Promise<AlignedRows> {
  const done: AlignedRows = { written: 0, removed: 0 };
  let entry: string | null | undefined;
  for (let round = 0; round < ROUNDS; round += 1) {
    const head = await catalogs.head(partition);
    if (typeof head?.revision !== 'string' || head.entry === entry) return done;
    entry = head.entry;
    const document = await readRevision(catalogs, partition, head.revision);
    const changes = rowChanges(document, await catalogs.rows(partition));
    const [written, removed] = [
      changes.putFunctions.length + changes.putModules.length,
      changes.deleteFunctions.length + changes.deleteModules.length,
    ];
    if (written + removed === 0) return done;
    let step = 0;
    for (const part of partsOf(changes)) {
      await catalogs.writeRows(partition, part, author);
      onProgress?.('rows', Math.min(written + removed, (step += STEP)), written + removed);
    }
    done.written += written;
    done.removed += removed;
  }
  return done; // commits come faster than rows can be written: whoever made the last one goes on
}
