/** Catalogs of partitions in this process's memory. They end with the process. */
import { compareText } from '../base/order.js';
import { uuidv7 } from '../base/uuid.js';
import type { CatalogStore, HistoryEntry, PartitionHead, StoredPartition } from '../ports/catalog-store.js';
import type { Page, PageQuery } from '../ports/page.js';
import type { AuditFields, FunctionRow, ModuleRow, SettingRow } from '../ports/rows.js';
import { DaemonError } from '../protocol/errors.js';
import { fromCursor, pageLimit, toCursor } from '../records/paging.js';

/** What is stored of one partition. */
interface Partition {
  head: PartitionHead | undefined;
  readonly entries: Map<string, HistoryEntry>;
  readonly texts: Map<string, string>;
  readonly functions: Map<string, FunctionRow>;
  readonly modules: Map<string, ModuleRow>;
  readonly settings: Map<string, SettingRow>;
}

/** The catalogs that {@link createMemoryCatalogStore} makes. */
export interface MemoryCatalogStore extends CatalogStore {
  /** Forgets everything; use after it is refused (`closed`). A second call does nothing. */
  close(): void;
}

/** One page of entries that are sorted by a key. */
function pageOf<T>(all: readonly T[], keyOf: (item: T) => string, order: typeof compareText, query: PageQuery): Page<T> {
  const limit = pageLimit(query);
  const after = fromCursor(query);
  const sorted = [...all].sort((a, b) => order(keyOf(a), keyOf(b)));
  const left = after === undefined ? sorted : sorted.filter((item) => order(keyOf(item), after) > 0);
  const page: Page<T> = { items: structuredClone(left.slice(0, limit)) };
  const last = page.items.at(-1);
  if (last !== undefined && left.length > limit) page.cursor = toCursor(keyOf(last));
  return page;
}

const descending = (a: string, b: string): number => compareText(b, a);

/** Writes rows with the times and the author that stores give them. */
function put<T extends AuditFields>(rows: Map<string, T>, key: string, row: T, author: string): void {
  const now = Date.now();
  const created_at = rows.get(key)?.created_at ?? now;
  rows.set(key, { ...structuredClone(row), updated_by: author, created_at, updated_at: now });
}

const sorted = <T>(rows: Map<string, T>): T[] =>
  structuredClone([...rows].sort(([a], [b]) => compareText(a, b)).map(([, row]) => row));

/** Creates an empty store of catalogs in memory. Its methods throw as the port says. */
export function createMemoryCatalogStore(): MemoryCatalogStore {
  const partitions = new Map<string, Partition>();
  let closed = false;

  function find(partition: string): Partition | undefined {
    if (closed) throw new DaemonError('closed', 'The store is closed.');
    return partitions.get(partition);
  }

  function use(partition: string): Partition {
    let found = find(partition);
    if (found === undefined) {
      found = {
        ...{ head: undefined, entries: new Map(), texts: new Map() },
        ...{ functions: new Map(), modules: new Map(), settings: new Map() },
      };
      partitions.set(partition, found);
    }
    return found;
  }

  const isThere = ({ head, functions, modules }: Partition): boolean =>
    head !== undefined || functions.size > 0 || modules.size > 0;

  return {
    partitions(query = {}) {
      find('');
      const all = [...partitions]
        .filter(([, state]) => isThere(state))
        .map(([partition, { head }]): StoredPartition => ({ partition, head }));
      return pageOf(all, ({ partition }) => partition, compareText, query);
    },
    head(partition) {
      const head = find(partition)?.head;
      return head === undefined ? undefined : { ...head };
    },
    commit(partition, { entry, text }) {
      const state = find(partition);
      if (state?.head !== undefined && state.entries.has(entry.id)) return { ...state.head };
      if ((state?.head?.entry ?? null) !== entry.parent) return undefined;
      const known = text ?? state?.texts.get(entry.revision);
      if (known === undefined) throw new DaemonError('usage', `The text of the revision ${entry.revision} is not known.`);
      const { entries, texts } = use(partition);
      texts.set(entry.revision, known);
      entries.set(entry.id, { ...entry });
      const head: PartitionHead = { entry: entry.id, revision: entry.revision, version: uuidv7() };
      use(partition).head = head;
      return { ...head };
    },
    touch(partition) {
      const state = use(partition);
      state.head = { entry: null, revision: null, ...state.head, version: uuidv7() };
      return { ...state.head };
    },
    text: (partition, revision) => find(partition)?.texts.get(revision),
    history(partition, query = {}) {
      return pageOf([...(find(partition)?.entries.values() ?? [])], ({ id }) => id, descending, query);
    },
    rows(partition) {
      const { functions = new Map<string, FunctionRow>(), modules = new Map<string, ModuleRow>() } = find(partition) ?? {};
      return { functions: sorted(functions), modules: sorted(modules), bad: [] };
    },
    writeRows(partition, changes, author) {
      const { putFunctions = [], deleteFunctions = [], putModules = [], deleteModules = [] } = changes;
      const { functions, modules } = use(partition);
      for (const row of putFunctions) put(functions, row.name, row, author);
      for (const row of putModules) put(modules, row.module_name, row, author);
      const [written, writtenModules] = [
        new Set(putFunctions.map(({ name }) => name)),
        new Set(putModules.map((row) => row.module_name)),
      ];
      for (const name of deleteFunctions) if (!written.has(name)) functions.delete(name);
      for (const name of deleteModules) if (!writtenModules.has(name)) modules.delete(name);
    },
    setting(partition, id) {
      const row = find(partition)?.settings.get(id);
      return row === undefined ? undefined : structuredClone(row);
    },
    settings: (partition, query = {}) =>
      pageOf([...(find(partition)?.settings.values() ?? [])], ({ setting_id: id }) => id, compareText, query),
    putSetting(partition, { setting_id, setting }, author) {
      const row: SettingRow = { setting_id, setting, updated_by: author, created_at: null, updated_at: null };
      put(use(partition).settings, setting_id, row, author);
    },
    deleteSetting: (partition, id) => find(partition)?.settings.delete(id) ?? false,
    close() {
      closed = true;
      partitions.clear();
    },
  };
}
