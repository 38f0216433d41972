/** What importing a config into a partition would change. Reads, and writes nothing. */
import { equalJson } from '../base/equality.js';
import type { JsonObject } from '../base/json.js';
import { compareText } from '../base/order.js';
import type { CatalogChange } from '../catalog/compare.js';
import { compareCatalogs } from '../catalog/compare.js';
import { maskSetting } from '../catalog/mask.js';
import type { ConfigSupport } from '../config/check.js';
import { checkConfig } from '../config/check.js';
import type { ConfigDocument } from '../config/document.js';
import type { StoredDocument } from '../config/stored-document.js';
import { FUNCTION_LISTS, revisionDigest, revisionText, storedDocument, storeMistakes } from '../config/stored-document.js';
import type { CatalogStore } from '../ports/catalog-store.js';
import type { BadRow } from '../ports/rows.js';
import type { Mistake } from '../protocol/errors.js';
import { ConfigError } from '../protocol/errors.js';
import { formatPath } from '../schema/mistakes.js';
import { mergedDocument } from './merge.js';
import type { StoredState } from './reading.js';
import { definitionOf, readState } from './reading.js';

/** What becomes of one setting that a config holds. Values are masked. */
export interface SettingChange {
  setting_id: string;
  /** `added`: it is new; `kept`: the store has another value under this id, which somebody gave it since, and which stays. */
  kind: 'added' | 'kept';
  /** The value in the store. */
  before?: JsonObject;
  /** The value in the config. */
  after: JsonObject;
}

/** What importing a config would change. */
export interface ConfigPlan {
  partition: string;
  /** Where the catalog comes from now; `none`: the partition is new. */
  from: 'rows' | 'revisions' | 'none';
  /** The entry that it was made on; null: there is none. Applying it fails once there is another. */
  base: string | null;
  /** The revision that it leads to. */
  revision: string;
  /** Whether the partition serves this revision already. */
  unchanged: boolean;
  /** Field by field, in a stable order; see `compareCatalogs`. May be empty where only the order of entries is another. */
  changes: readonly CatalogChange[];
  /** Those of the changes that break callers. */
  breaking: readonly CatalogChange[];
  settings: readonly SettingChange[];
  /** Rows that are not served now because they cannot be read: applying the plan removes or replaces them. */
  bad: readonly BadRow[];
  /** Settings that cannot be read: applying the plan leaves them as they are, and functions of classes that need one are not served. */
  badSettings: readonly BadRow[];
  /** How many functions the partition will have. */
  functions: number;
  /** What is to be stored. */
  document: StoredDocument;
  /** The revision's text. */
  text: string;
  /** Settings to be written, by id. */
  newSettings: ReadonlyMap<string, JsonObject>;
}

/** What {@link planConfig} takes. */
export interface PlanOptions {
  /** Keeps what the config does not name. Default: false, the config is the whole catalog. */
  merge?: boolean;
  /** What the daemons that will serve it support. Default: as `checkConfig`. */
  support?: Partial<ConfigSupport>;
}

/** Throws where there are mistakes. @throws ConfigError (`config_invalid`) */
function refuse(mistakes: readonly Mistake[]): void {
  if (mistakes.length > 0) throw new ConfigError(mistakes);
}

/** @throws ConfigError (`config_invalid`) */
function checked(document: ConfigDocument, support: Partial<ConfigSupport>): void {
  refuse(checkConfig(document, { support: { ...support, settingIds: true, files: false } }));
  refuse(storeMistakes(document));
}

/** Mistakes of `setting_id`s that no row has. */
function unknownSettings({ modules }: ConfigDocument, { settings, badSettings }: StoredState): Mistake[] {
  return (modules ?? []).flatMap(({ setting_id }, index) =>
    !setting_id || settings.has(setting_id) || badSettings.has(setting_id)
      ? []
      : [
          {
            path: formatPath(['modules', index, 'setting_id']),
            message: `the partition has no setting ${JSON.stringify(setting_id)}: give its values as "setting" ("config export --with-settings" prints those of another partition)`,
          },
        ],
  );
}

/** Changes of what a catalog's definition does not hold. */
function otherChanges(before: StoredDocument, after: StoredDocument): CatalogChange[] {
  const found: CatalogChange[] = [];
  const compare = (path: string, left: unknown, right: unknown, name?: string): void => {
    if (left === right) return;
    const kind = left === undefined ? 'added' : right === undefined ? 'removed' : 'changed';
    const sides = { ...(left === undefined ? {} : { before: left }), ...(right === undefined ? {} : { after: right }) };
    found.push({ kind, ...(name === undefined ? {} : { name }), path, ...sides });
  };
  for (const key of ['name', 'version', 'title'] as const) compare(formatPath([key]), before[key], after[key]);
  const links = new Map(before.module_links.map((link) => [link.name, link]));
  for (const link of after.module_links.toSorted((a, b) => compareText(a.name, b.name))) {
    const old = links.get(link.name);
    if (old !== undefined)
      compare(
        formatPath(['module_links', link.name, 'isolation']),
        old.isolation ?? undefined,
        link.isolation ?? undefined,
        link.name,
      );
  }
  const modules = new Map(before.modules.map((entry) => [entry.module_name, entry]));
  for (const [name, entry] of [...new Map(after.modules.map((entry) => [entry.module_name, entry]))].sort(([a], [b]) =>
    compareText(a, b),
  )) {
    const old = modules.get(name);
    if (old !== undefined) compare(formatPath(['modules', name, 'isolation']), old.isolation, entry.isolation);
  }
  return found;
}

/** The changes between two stored documents, as they are served. */
export function documentChanges(
  before: { document: StoredDocument; settings: ReadonlyMap<string, JsonObject> },
  after: { document: StoredDocument; settings: ReadonlyMap<string, JsonObject> },
): CatalogChange[] {
  return [
    ...otherChanges(before.document, after.document),
    ...compareCatalogs(definitionOf(before.document, before.settings), definitionOf(after.document, after.settings)),
  ];
}

/** A plan from what a partition has to a document that is checked, and is apart from its settings. */
export function planDocument(
  partition: string,
  state: StoredState,
  document: StoredDocument,
  given: ReadonlyMap<string, JsonObject> = new Map(),
): ConfigPlan {
  // What cannot be read is somebody's, and is not overwritten.
  const newSettings = new Map([...given].filter(([id]) => !state.settings.has(id) && !state.badSettings.has(id)));
  const changes = documentChanges(state, { document, settings: new Map([...newSettings, ...state.settings]) });
  const settings = [...given]
    .sort(([a], [b]) => compareText(a, b))
    .flatMap(([setting_id, value]): SettingChange[] => {
      const stored = state.settings.get(setting_id);
      if (state.badSettings.has(setting_id)) return [];
      if (stored === undefined) return [{ setting_id, kind: 'added', after: maskSetting(value) }];
      return equalJson(stored, value)
        ? []
        : [{ setting_id, kind: 'kept', before: maskSetting(stored), after: maskSetting(value) }];
    });
  const text = revisionText(document);
  const revision = revisionDigest(text);
  return {
    partition,
    from: state.from,
    base: state.head?.entry ?? null,
    revision,
    unchanged: state.head?.revision === revision,
    changes,
    breaking: changes.filter(({ breaking }) => breaking !== undefined),
    settings,
    bad: state.bad,
    badSettings: [...state.badSettings.values()],
    functions: FUNCTION_LISTS.reduce((sum, [list]) => sum + document[list].length, 0),
    document,
    text,
    newSettings,
  };
}

/**
 * Says what importing a config into a partition would change.
 *
 * A setting in the config is stored under an id that is made of its content. Where the store has this id, its value stays: somebody
 * changed it since. A setting that equals the stored one of the same class keeps that one's id.
 *
 * @throws ConfigError (`config_invalid`) with all mistakes; DaemonError `store_failed`, `store_busy`
 * @example const plan = await planConfig(store.catalogs, 'acme', JSON.parse(text));
 */
export async function planConfig(
  catalogs: CatalogStore,
  partition: string,
  document: ConfigDocument,
  { merge = false, support = {} }: PlanOptions = {},
): Promise<ConfigPlan> {
  checked(document, support);
  const state = await readState(catalogs, partition, support);
  const whole = merge ? mergedDocument(state.document, document) : document;
  if (merge) checked(whole, support);
  refuse(unknownSettings(document, state));
  const ids = new Map(
    state.document.modules.map((entry) => [`${entry.module_name}\n${entry.class_name ?? ''}`, entry.setting_id]),
  );
  const stored = storedDocument(whole, (module, className, setting) => {
    const id = ids.get(`${module}\n${className ?? ''}`);
    return id !== undefined && equalJson(state.settings.get(id), setting) ? id : undefined;
  });
  return planDocument(partition, state, stored.document, stored.settings);
}
