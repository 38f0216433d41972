/**
 * The form of a config in which it is stored: settings are apart from it, and every class that a link names has an entry of its own
 * in `modules`. Equal catalogs have an equal form, however their files are written.
 */
import { createHash } from 'node:crypto';

import { canonicalJson, exactCanonicalJson } from '../base/equality.js';
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import type { Mistake } from '../protocol/errors.js';
import { formatPath } from '../schema/mistakes.js';
import type {
  ConfigCompletionFunction,
  ConfigCompletions,
  ConfigDocument,
  ConfigFunction,
  ConfigLink,
  ConfigModule,
  ConfigNotes,
  ConfigPrompt,
  ConfigQuotas,
  ConfigResource,
  ConfigResourceTemplate,
  ConfigSkill,
  ConfigTool,
  LinkType,
  Optional,
} from './document.js';
import { isNote } from './document.js';
import { ModuleIndex } from './modules.js';
import { limitsOf } from './process-limits.js';

/** An entry of `modules` as it is stored: its setting is a row of its own. */
export interface StoredModule extends ConfigNotes {
  module_name: string;
  class_name?: string;
  package_name: string;
  setting_id: string;
  source?: string;
  sha256?: string;
  isolation?: string;
}

/** A link as it is stored: its type is the kind of its function. */
export interface StoredLink extends ConfigLink {
  type: LinkType;
}

/** A config as it is stored. It is a `ConfigDocument` too, without notes, nulls and settings. */
export interface StoredDocument extends ConfigNotes {
  name?: string;
  version?: string;
  title?: string;
  instructions?: string;
  quotas?: Optional<ConfigQuotas>;
  /** Those in bundles: a stored config has no folder. */
  skills?: ConfigSkill[];
  tools: ConfigTool[];
  resources: ConfigResource[];
  resource_templates: ConfigResourceTemplate[];
  prompts: ConfigPrompt[];
  module_links: StoredLink[];
  modules: StoredModule[];
}

/** The lists of functions in a document, and the kind that each declares. */
export const FUNCTION_LISTS = [
  ['tools', 'tool'],
  ['resources', 'resource'],
  ['resource_templates', 'resource_template'],
  ['prompts', 'prompt'],
] as const;

/** A config apart from its settings. */
export interface StoredConfig {
  document: StoredDocument;
  /** The settings that the config's text holds, by their ids. Those that it names by `setting_id` are not here. */
  settings: ReadonlyMap<string, JsonObject>;
}

/** Chooses the id of a setting; undefined: the usual one. */
export type ChooseSettingId = (module: string, className: string | undefined, setting: JsonObject) => string | undefined;

const ID_DIGITS = 12;

/**
 * The id of a setting that a config's text holds. The same content has the same id, so that importing a file twice makes no second row,
 * and an older revision still refers to its own setting.
 *
 * @example settingIdOf('weather', 'Weather', { unit: 'C' }) // 'weather.Weather-6f0c…' with 12 hexadecimal digits
 */
export function settingIdOf(module: string, className: string | undefined, setting: JsonObject): string {
  const digest = createHash('sha256').update(canonicalJson(setting), 'utf8').digest('hex');
  return `${className === undefined ? module : `${module}.${className}`}-${digest.slice(0, ID_DIGITS)}`;
}

/** The members of an entry that are neither notes nor null. */
function bare<T extends object>(entry: T): T {
  const kept = Object.entries(entry).filter(([key, value]) => value !== null && value !== undefined && !isNote(key));
  return Object.fromEntries(kept) as T;
}

/** The parts of a `modules` entry that say where its code is. */
const codeOf = (entry: ConfigModule): Omit<StoredModule, 'module_name' | 'class_name' | 'setting_id'> => ({
  package_name: entry.package_name || entry.module_name,
  ...(typeof entry.source === 'string' ? { source: entry.source } : {}),
  ...(entry.sha256 ? { sha256: entry.sha256.toLowerCase() } : {}),
  ...(entry.isolation ? { isolation: entry.isolation } : {}),
});

/**
 * What keeps a config without mistakes from being stored: a stored module has one place of code, whatever its class.
 *
 * @returns the mistakes, without lines and columns
 */
export function storeMistakes({ modules }: ConfigDocument): Mistake[] {
  const first = new Map<string, { index: number; code: string }>();
  const found: Mistake[] = [];
  for (const [index, entry] of (modules ?? []).entries()) {
    const code = canonicalJson(codeOf(entry));
    const before = first.get(entry.module_name);
    if (before === undefined) first.set(entry.module_name, { index, code });
    else if (before.code !== code) {
      const other = formatPath(['modules', before.index]);
      const message = `has other code than ${other}: a stored module has one package_name, source, sha256 and isolation for all of its classes`;
      found.push({ path: formatPath(['modules', index]), message });
    }
  }
  return found;
}

function completionsOf(byName: Optional<Record<string, Optional<ConfigCompletions>>>): ConfigCompletionFunction[] {
  return Object.values(byName ?? {}).filter((entry): entry is ConfigCompletionFunction => isObject(entry));
}

/** All code that a config names. */
function codeUses(document: ConfigDocument): ConfigCompletionFunction[] {
  return [
    ...(document.module_links ?? []),
    ...(document.resource_templates ?? []).flatMap(({ completions }) => completionsOf(completions)),
    ...(document.prompts ?? []).flatMap((prompt) =>
      (prompt.arguments ?? [])
        .map(({ completions }) => completions)
        .filter((entry): entry is ConfigCompletionFunction => isObject(entry)),
    ),
  ];
}

/** Separates a config from its settings. */
class Modules {
  readonly settings = new Map<string, JsonObject>();
  readonly #choose: ChooseSettingId;

  constructor(choose: ChooseSettingId) {
    this.#choose = choose;
  }

  #id(module: string, className: string | undefined, setting: JsonObject): string {
    const id = this.#choose(module, className, setting) ?? settingIdOf(module, className, setting);
    this.settings.set(id, setting);
    return id;
  }

  #entry(entry: ConfigModule): StoredModule {
    const { module_name, setting, setting_id } = entry;
    const class_name = entry.class_name || undefined;
    const id = setting_id || this.#id(module_name, class_name, setting ?? {});
    return { module_name, ...(class_name === undefined ? {} : { class_name }), setting_id: id, ...codeOf(entry) };
  }

  /** The entries of the document, then one for each class that its code names without an entry of its own. */
  all(document: ConfigDocument): StoredModule[] {
    const given = (document.modules ?? []).map((entry) => this.#entry(entry));
    const index = new ModuleIndex(given);
    const all = new Map(given.map((entry) => [`${entry.module_name}\n${entry.class_name ?? ''}`, entry]));
    for (const use of codeUses(document)) {
      const { module_name } = use;
      const class_name = use.class_name || undefined;
      const key = `${module_name}\n${class_name ?? ''}`;
      if (all.has(key)) continue;
      const { entry, ownSetting } = index.match(module_name, class_name);
      const setting_id = ownSetting ? entry?.setting_id : undefined;
      all.set(key, {
        module_name,
        ...(class_name === undefined ? {} : { class_name }),
        setting_id: setting_id ?? this.#id(module_name, class_name, {}),
        ...codeOf(entry ?? { module_name }),
      });
    }
    return [...all.values()];
  }
}

/** A function without what its link says: the Python engine keeps `is_async` of both in one place. */
function storedFunction<T extends ConfigFunction>(entry: T): T {
  const { is_async: _, ...rest } = bare(entry);
  return rest as T;
}

/** An empty list of scopes is the same as none. */
function storedSkill(entry: ConfigSkill): ConfigSkill {
  const { scopes, ...rest } = bare(entry);
  return scopes?.length ? { ...rest, scopes } : rest;
}

/** The Python engine cannot list a tool without a schema. */
function storedTool(entry: ConfigTool): ConfigTool {
  const tool = storedFunction(entry);
  return tool.inputSchema === undefined ? { ...tool, inputSchema: { type: 'object' } } : tool;
}

/**
 * Brings a config into the form in which it is stored. Its objects are shared, and not changed.
 *
 * @param document a config in which neither `checkConfig` nor {@link storeMistakes} finds a mistake
 * @param choose chooses ids of settings in place of {@link settingIdOf}
 */
export function storedDocument(document: ConfigDocument, choose: ChooseSettingId = () => undefined): StoredConfig {
  const { name, version, title, instructions, quotas, skills } = document;
  const functions = new Map<string, { kind: LinkType; is_async: Optional<boolean> }>();
  for (const [list, kind] of FUNCTION_LISTS)
    for (const { name: called, is_async } of document[list] ?? []) functions.set(called, { kind, is_async });
  const modules = new Modules(choose);
  const entries = new ModuleIndex(document.modules ?? []);
  const stored: StoredDocument = {
    ...(bare({ name, version, title, instructions, quotas }) as Partial<StoredDocument>),
    ...(skills?.length ? { skills: skills.map(storedSkill) } : {}),
    tools: (document.tools ?? []).map(storedTool),
    resources: (document.resources ?? []).map(storedFunction),
    resource_templates: (document.resource_templates ?? []).map(storedFunction),
    prompts: (document.prompts ?? []).map(storedFunction),
    module_links: (document.module_links ?? []).map((link) => {
      const { class_name, return_type, ...rest } = bare(link);
      // Rows of modules have no limits, so each link has those of its module.
      const limits = limitsOf(entries.match(link.module_name, class_name).entry?.limits, link.limits);
      const { kind, is_async } = functions.get(link.name) ?? { kind: link.type ?? 'tool', is_async: undefined };
      return {
        ...(is_async === null || is_async === undefined ? {} : { is_async }),
        ...rest,
        ...(limits === undefined ? {} : { limits: { ...limits } }),
        type: kind,
        ...(class_name ? { class_name } : {}),
        ...(return_type ? { return_type } : {}),
      };
    }),
    modules: modules.all(document),
  };
  return { document: stored, settings: modules.settings };
}

/** The text of a revision: the same for equal documents. */
export const revisionText = (document: StoredDocument): string => exactCanonicalJson(document);

/** What names a revision: the SHA-256 of its text, in hex. */
export const revisionDigest = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');

/**
 * A config whose settings are in place again, for `normalizeConfig`.
 *
 * @param settings by id; a setting that is missing counts as empty
 */
export function withSettings(document: StoredDocument, settings: ReadonlyMap<string, JsonObject>): ConfigDocument {
  const modules = document.modules.map(({ setting_id, ...entry }): ConfigModule => ({
    ...entry,
    setting: settings.get(setting_id) ?? {},
  }));
  return { ...document, modules } as ConfigDocument;
}
