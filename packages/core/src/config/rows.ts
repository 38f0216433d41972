/** Between configs and the rows of the Python engine's tables, both ways. What we write is read back without a loss. */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import { compareText } from '../base/order.js';
import type { AuditFields, BadRow, CatalogRows, FunctionRow, ModuleRow } from '../ports/rows.js';
import { readPath } from '../schema/mistakes.js';
import type { ConfigSupport } from './check.js';
import { inspectConfig } from './check.js';
import type { ConfigFunction, LinkType } from './document.js';
import { engineData } from './engine-data.js';
import type { StoredDocument, StoredLink, StoredModule } from './stored-document.js';
import { FUNCTION_LISTS, settingIdOf } from './stored-document.js';

/** The key in a row's `data` that holds what the engine's row has no place for. A row with this key was written by us. */
export const LINK_KEY = 'io.mcp-daemon/link';

const NOT_SET: AuditFields = { updated_by: null, created_at: null, updated_at: null };

const EVERYTHING: ConfigSupport = {
  sources: ['zip', 's3', 'mcp'],
  isolations: ['none', 'process'],
  settingIds: true,
  files: false,
};

const LISTS = new Map<string, (typeof FUNCTION_LISTS)[number][0]>(FUNCTION_LISTS.map(([list, kind]) => [kind, list]));

function functionRow(entry: ConfigFunction, link: StoredLink): FunctionRow {
  const { name, description, annotations, ...data } = entry as ConfigFunction & { annotations?: unknown };
  const { type, name: _, module_name, class_name, function_name, return_type, is_async, ...extra } = link;
  // The engine fails without a return type. Ours may be absent, which is not the same as `text`.
  const more: JsonObject = return_type === undefined ? { ...extra, auto_return_type: true } : extra;
  return {
    name,
    mcp_type: type,
    description: description ?? null,
    data: { ...data, [LINK_KEY]: more },
    annotations: annotations ?? null,
    module_name,
    class_name: class_name ?? null,
    function_name,
    return_type: return_type ?? 'text',
    is_async: is_async ?? null,
    ...NOT_SET,
  };
}

function moduleRow(entries: readonly StoredModule[]): ModuleRow {
  const [first] = entries as [StoredModule];
  return {
    module_name: first.module_name,
    package_name: first.package_name,
    classes: entries.map(({ class_name, setting_id }) => ({ class_name: class_name ?? null, setting_id })),
    source: first.source ?? null,
    sha256: first.sha256 ?? null,
    isolation: first.isolation ?? null,
    ...NOT_SET,
  };
}

/**
 * The rows of a stored config. Name, version, title and instructions of the server have no row: only revisions keep them.
 *
 * @returns rows without times, sorted by name
 */
export function rowsOf(document: StoredDocument): { functions: FunctionRow[]; modules: ModuleRow[] } {
  const links = new Map(document.module_links.map((link) => [link.name, link]));
  const functions = FUNCTION_LISTS.flatMap(([list]) =>
    document[list].flatMap((entry) => {
      const link = links.get(entry.name);
      return link === undefined ? [] : [functionRow(entry, link)];
    }),
  );
  const modules = new Map<string, StoredModule[]>();
  for (const entry of document.modules) modules.set(entry.module_name, [...(modules.get(entry.module_name) ?? []), entry]);
  return {
    functions: functions.sort((a, b) => compareText(a.name, b.name)),
    modules: [...modules.values()].map(moduleRow).sort((a, b) => compareText(a.module_name, b.module_name)),
  };
}

/** A row as entries of a config, or why it cannot be one. */
type Read = { list: (typeof FUNCTION_LISTS)[number][0]; entry: ConfigFunction; link: StoredLink } | string;

function readFunction(row: FunctionRow): Read {
  const list = LISTS.get(row.mcp_type);
  if (list === undefined) return `mcp_type ${JSON.stringify(row.mcp_type)} is none of ${[...LISTS.keys()].join(', ')}`;
  const type = row.mcp_type as LinkType;
  const { name, description, annotations, module_name, class_name, function_name, return_type, is_async } = row;
  if (!module_name || !function_name) return 'it names no code: module_name or function_name is missing';
  const { [LINK_KEY]: extra, ...own } = row.data ?? {};
  const data = isObject(extra) ? own : engineData(type, own);
  if (type === 'tool' && data['inputSchema'] === undefined) return 'data has no inputSchema';
  const { auto_return_type, ...more } = isObject(extra) ? extra : ({} as JsonObject);
  const returns = (auto_return_type === true && return_type === 'text') || !return_type ? {} : { return_type };
  return {
    list,
    entry: {
      ...(description === null ? {} : { description }),
      ...data,
      ...(annotations === null || annotations === undefined ? {} : { annotations }),
      name,
    } as ConfigFunction,
    link: {
      ...more,
      ...{ type, name, module_name, function_name },
      ...(class_name ? { class_name } : {}),
      ...returns,
      ...(is_async === null ? {} : { is_async }),
    } as StoredLink,
  };
}

/** The engine ignores classes without a setting; here they have an empty one. */
function readModule({ module_name, package_name, classes, source, sha256, isolation }: ModuleRow): StoredModule[] {
  const code = {
    package_name: package_name || module_name,
    // An empty source is what the engine's imports write for bundles.
    ...(typeof source === 'string' ? { source } : {}),
    ...(sha256 ? { sha256 } : {}),
    ...(isolation ? { isolation } : {}),
  };
  return (classes.length === 0 ? [{ class_name: null, setting_id: null }] : classes).map(({ class_name, setting_id }) => ({
    module_name,
    ...(class_name ? { class_name } : {}),
    setting_id: setting_id || settingIdOf(module_name, class_name || undefined, {}),
    ...code,
  }));
}

/** What rows are as a config. */
export interface RowsRead {
  document: StoredDocument;
  /** Rows that are left out, each with the reason. */
  bad: readonly BadRow[];
}

/** Rows that are being read: those that are found to be bad go, and what depends on them. */
class Reading {
  readonly bad: BadRow[];
  #functions = new Map<string, Exclude<Read, string>>();
  #modules = new Map<string, StoredModule[]>();

  constructor(rows: CatalogRows) {
    this.bad = [...rows.bad];
    for (const row of rows.modules) this.#modules.set(row.module_name, readModule(row));
    for (const row of rows.functions) {
      const read = readFunction(row);
      if (typeof read === 'string') this.#report('mcp-functions', row.name, read);
      else this.#functions.set(row.name, read);
    }
  }

  #report(table: string, key: string, reason: string): void {
    this.bad.push({ row: `${table}/${key}`, reason });
  }

  /** Removes a function that has a mistake. */
  dropFunction(name: string, reason: string): void {
    if (this.#functions.delete(name)) this.#report('mcp-functions', name, reason);
  }

  /** Removes a module that has a mistake, and the functions whose code it is. */
  dropModule(module: string, reason: string): void {
    if (!this.#modules.delete(module)) return;
    this.#report('mcp-modules', module, reason);
    for (const [name, { link }] of this.#functions)
      if (link.module_name === module) this.dropFunction(name, `the row of its module "${module}" is bad`);
  }

  document(): StoredDocument {
    const made: StoredDocument = {
      ...{ tools: [], resources: [], resource_templates: [], prompts: [], module_links: [] },
      modules: [...this.#modules.values()].flat(),
    };
    for (const { list, entry, link } of this.#functions.values()) {
      (made[list] as ConfigFunction[]).push(entry);
      made.module_links.push(link);
    }
    return made;
  }
}

/**
 * Reads rows as a config. Rows that no config can have are left out, and named: the rest is served without them.
 *
 * @param options.support what this daemon supports; rows that ask for more are left out. Default: everything that a config can say
 */
export function documentOf(rows: CatalogRows, { support }: { support?: Partial<ConfigSupport> } = {}): RowsRead {
  const reading = new Reading(rows);
  for (;;) {
    const document = reading.document();
    const { mistakes } = inspectConfig(document, { ...EVERYTHING, ...support, settingIds: true, files: false });
    const before = reading.bad.length;
    for (const { path, message } of mistakes) {
      const [list, index] = readPath(path) as [keyof StoredDocument | undefined, number | undefined];
      if (list === undefined || index === undefined) continue; // that nothing is served at all, which is no mistake of a row
      const entry = (document[list] as unknown as Record<string, string>[])[index];
      const where = path.replace(/^\$\.\w+\[\d+\]\.?/, '');
      const reason = where === '' ? message : `${where}: ${message}`;
      if (list === 'modules') reading.dropModule(entry?.['module_name'] ?? '', reason);
      else reading.dropFunction(entry?.['name'] ?? '', reason);
    }
    if (reading.bad.length === before) return { document, bad: reading.bad };
  }
}
