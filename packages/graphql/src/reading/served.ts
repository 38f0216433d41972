/** What a partition serves, in the form of rows, wherever its catalog comes from: what is served is what is listed. */
import type {
  Awaitable,
  BadRow,
  CatalogDefinition,
  CatalogRows,
  CatalogStore,
  Daemon,
  FunctionRow,
  JsonObject,
  ModuleRow,
  SettingRow,
  StoredDocument,
} from '@mcp-daemon/core';
import { DaemonError, definitionRows, documentOf, isObject, LINK_KEY, rowsOf } from '@mcp-daemon/core';

import { andThen } from '../base/deadline.js';

/** Where the catalog of a partition comes from. */
export type Origin = 'FILE' | 'ROWS' | 'REVISIONS' | 'NONE';

/** What a partition serves. */
export interface Served {
  readonly origin: Origin;
  readonly partition: string;
  /** The digest of the revision, or of the content of a config file. Null: rows are served, or there is nothing. */
  readonly revision: string | null;
  /** Sorted by name. */
  readonly functions: readonly FunctionRow[];
  /** Sorted by name. */
  readonly modules: readonly ModuleRow[];
  readonly functionByName: ReadonlyMap<string, FunctionRow>;
  readonly moduleByName: ReadonlyMap<string, ModuleRow>;
  /** The settings of a config file; undefined: they are in the store. */
  readonly settings: readonly SettingRow[] | undefined;
  /** Rows that are not served. Computed when it is first asked for. */
  readonly bad: () => readonly BadRow[];
  /** Functions of each module. Computed when it is first asked for. */
  readonly functionsOf: (module: string) => readonly FunctionRow[];
  /** Classes that are built with each setting, as `module.Class`. Computed when it is first asked for. */
  readonly classesWith: (setting: string) => readonly string[];
}

/** Computes a value when it is first asked for. */
function lazy<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

const NO_BAD: readonly BadRow[] = [];

interface Parts {
  origin: Origin;
  partition: string;
  revision: string | null;
  functions: readonly FunctionRow[];
  modules: readonly ModuleRow[];
  settings?: readonly SettingRow[];
  bad?: () => readonly BadRow[];
}

function servedOf({ origin, partition, revision, functions, modules, settings, bad = () => NO_BAD }: Parts): Served {
  const byModule = lazy(() => {
    const found = new Map<string, FunctionRow[]>();
    for (const row of functions) {
      if (row.module_name === null) continue;
      const rows = found.get(row.module_name);
      if (rows === undefined) found.set(row.module_name, [row]);
      else rows.push(row);
    }
    return found;
  });
  const bySetting = lazy(() => {
    const found = new Map<string, string[]>();
    for (const { module_name, classes } of modules) {
      for (const { class_name, setting_id: id } of classes) {
        if (!id) continue;
        found.set(id, [...(found.get(id) ?? []), class_name ? `${module_name}.${class_name}` : module_name]);
      }
    }
    return found;
  });
  return {
    ...{ origin, partition, revision, functions, modules, settings },
    functionByName: new Map(functions.map((row) => [row.name, row])),
    moduleByName: new Map(modules.map((row) => [row.module_name, row])),
    bad: lazy(bad),
    functionsOf: (module) => byModule().get(module) ?? [],
    classesWith: (setting) => bySetting().get(setting) ?? [],
  };
}

/** The keys of `data` for clients: without what the link says. */
export function shownData(row: FunctionRow): JsonObject | null {
  if (row.data === null || !Object.hasOwn(row.data, LINK_KEY)) return row.data;
  const { [LINK_KEY]: _, ...data } = row.data;
  return data;
}

/** What the link of a function says beside its code. */
export function shownLink(row: FunctionRow): JsonObject {
  const link = row.data?.[LINK_KEY];
  if (!isObject(link)) return {};
  const { auto_return_type: _, ...shown } = link;
  return shown;
}

/** What the return value becomes; null: chosen by the value. The engine's rows cannot say that, so ours say `text`. */
export function shownReturnType(row: FunctionRow): string | null {
  const link = row.data?.[LINK_KEY];
  const isAuto = isObject(link) && link['auto_return_type'] === true && row.return_type === 'text';
  return isAuto ? null : row.return_type || null;
}

/** The rows of a revision, with the times and authors of the stored rows: the text of a revision has none. */
function revisionRows(text: string, stored: CatalogRows): { functions: FunctionRow[]; modules: ModuleRow[] } {
  const { functions, modules } = rowsOf(JSON.parse(text) as StoredDocument);
  const functionRows = new Map(stored.functions.map((row) => [row.name, row]));
  const moduleRows = new Map(stored.modules.map((row) => [row.module_name, row]));
  const audit = { updated_by: null, created_at: null, updated_at: null };
  const auditOf = (row: FunctionRow | ModuleRow | undefined): typeof audit | object => {
    if (row === undefined) return audit;
    const { updated_by, created_at, updated_at } = row;
    return { updated_by, created_at, updated_at };
  };
  return {
    functions: functions.map((row) => ({ ...row, ...auditOf(functionRows.get(row.name)) })),
    modules: modules.map((row) => ({ ...row, ...auditOf(moduleRows.get(row.module_name)) })),
  };
}

/** Partitions whose rows are kept, so that a request does not make them again. */
const MAX_KEPT = 100;

/** Reads what partitions serve. */
export interface ServedReader {
  /**
   * What a partition serves.
   *
   * @throws DaemonError `store_failed`, `store_busy`
   */
  read(catalogs: CatalogStore | undefined, partition: string): Awaitable<Served>;
  /** Whether the catalog of a partition comes from the config file, whatever the store has. */
  isFixed(partition: string): boolean;
}

/** What {@link createServedReader} takes. */
export interface ServedReaderOptions {
  daemon: Pick<Daemon, 'catalogs'>;
  /** The partition of the config file, or of the program's catalog. Undefined: there is none. */
  configPartition: string | undefined;
}

/** Creates a reader. It keeps the rows of the newest revisions. */
export function createServedReader({ daemon, configPartition }: ServedReaderOptions): ServedReader {
  const ofDefinition = new WeakMap<CatalogDefinition, Served>();
  const ofRows = new WeakMap<CatalogRows, Served>();
  const ofRevision = new Map<string, { version: string; rows: CatalogRows; served: Served }>();

  function fromDefinition(partition: string, definition: CatalogDefinition): Served {
    const known = ofDefinition.get(definition);
    if (known !== undefined) return known;
    const served = servedOf({ origin: 'FILE', partition, revision: definition.revision, ...definitionRows(definition) });
    ofDefinition.set(definition, served);
    return served;
  }

  const nothing = (partition: string): Served =>
    servedOf({ origin: 'NONE', partition, revision: null, functions: [], modules: [] });

  /** What the daemon serves of a partition that the store does not have. */
  async function fromDaemon(partition: string): Promise<Served> {
    const cached = daemon.catalogs.status(partition);
    if (cached !== undefined) return fromDefinition(partition, cached.definition);
    try {
      return fromDefinition(partition, (await daemon.catalogs.refresh(partition)).definition);
    } catch (error) {
      if (error instanceof DaemonError && error.code === 'invalid_request') return nothing(partition);
      throw error;
    }
  }

  function fromRows(partition: string, rows: CatalogRows): Served {
    const known = ofRows.get(rows);
    if (known !== undefined) return known;
    const bad = (): readonly BadRow[] => documentOf(rows).bad;
    const { functions, modules } = rows;
    const served = servedOf({ origin: 'ROWS', partition, revision: null, functions, modules, bad });
    ofRows.set(rows, served);
    return served;
  }

  function fromRevision(catalogs: CatalogStore, partition: string, revision: string, version: string): Awaitable<Served> {
    return andThen(catalogs.rows(partition), (rows): Awaitable<Served> => {
      const known = ofRevision.get(partition);
      const isKnown = known?.version === version && known.rows === rows && known.served.revision === revision;
      return isKnown ? known.served : readRevision(catalogs, { partition, revision, version, rows });
    });
  }

  interface Wanted {
    partition: string;
    revision: string;
    version: string;
    rows: CatalogRows;
  }

  async function readRevision(catalogs: CatalogStore, { partition, revision, version, rows }: Wanted): Promise<Served> {
    const text = await catalogs.text(partition, revision);
    if (text === undefined)
      throw new DaemonError('store_failed', `The partition "${partition}" has no text of the revision ${revision}.`);
    const served = servedOf({ origin: 'REVISIONS', partition, revision, ...revisionRows(text, rows) });
    ofRevision.delete(partition);
    ofRevision.set(partition, { version, rows, served });
    const [oldest] = ofRevision.keys();
    if (ofRevision.size > MAX_KEPT && oldest !== undefined) ofRevision.delete(oldest);
    return served;
  }

  return {
    isFixed: (partition) => partition === configPartition,
    read(catalogs, partition) {
      if (catalogs === undefined || partition === configPartition) {
        const cached = daemon.catalogs.status(partition);
        return cached === undefined ? fromDaemon(partition) : fromDefinition(partition, cached.definition);
      }
      return andThen(catalogs.head(partition), (head): Awaitable<Served> => {
        if (typeof head?.revision === 'string') return fromRevision(catalogs, partition, head.revision, head.version);
        return andThen(catalogs.rows(partition), (rows): Awaitable<Served> => {
          const isThere = rows.functions.length + rows.modules.length + rows.bad.length > 0;
          return isThere || head !== undefined ? fromRows(partition, rows) : fromDaemon(partition);
        });
      });
    },
  };
}
