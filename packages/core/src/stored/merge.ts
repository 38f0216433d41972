/** Adds a config to another one. */
import { skillName } from '../catalog/compare-skills.js';
import type { ConfigDocument, ConfigSkill } from '../config/document.js';
import type { StoredDocument } from '../config/stored-document.js';
import { FUNCTION_LISTS } from '../config/stored-document.js';

/** Entries of both lists; of two with one key, the one of `after`, in the place of the one of `before`. */
function merged<T>(before: readonly T[], after: readonly T[], keyOf: (entry: T) => string): T[] {
  const all = new Map(before.map((entry) => [keyOf(entry), entry]));
  for (const entry of after) all.set(keyOf(entry), entry);
  return [...all.values()];
}

/**
 * What a partition has, with what a config names in place of what it had under that name. All else stays.
 *
 * @param before what the partition has
 * @param after a config without mistakes
 */
export function mergedDocument(before: StoredDocument, after: ConfigDocument): ConfigDocument {
  const given = new Set(FUNCTION_LISTS.flatMap(([list]) => (after[list] ?? []).map(({ name }) => name)));
  const lists = Object.fromEntries(
    FUNCTION_LISTS.map(([list]) => {
      const added: readonly { name: string }[] = after[list] ?? [];
      const own = new Set(added.map(({ name }) => name));
      // A name that is another kind's now is gone from its old list.
      const kept = (before[list] as readonly { name: string }[]).filter(({ name }) => own.has(name) || !given.has(name));
      return [list, merged(kept, added, ({ name }) => name)];
    }),
  );
  const header = (['name', 'version', 'title', 'instructions', 'quotas'] as const).flatMap((key) => {
    const value = after[key] ?? before[key];
    return value === undefined ? [] : [[key, value]];
  });
  const skills = merged<ConfigSkill>(before.skills ?? [], after.skills ?? [], ({ path }) => skillName(path));
  return {
    ...(Object.fromEntries(header) as ConfigDocument),
    ...(lists as ConfigDocument),
    ...(skills.length === 0 ? {} : { skills }),
    module_links: merged<NonNullable<ConfigDocument['module_links']>[number]>(
      before.module_links,
      after.module_links ?? [],
      ({ name }) => name,
    ),
    modules: merged<NonNullable<ConfigDocument['modules']>[number]>(
      before.modules,
      after.modules ?? [],
      ({ module_name, class_name }) => `${module_name}\n${class_name || ''}`,
    ),
  };
}

/** Entries in the order that another list has them in; those that it has not come last. */
function ordered<T>(entries: readonly T[], like: readonly T[], keyOf: (entry: T) => string): T[] {
  const place = new Map(like.map((entry, index) => [keyOf(entry), index]));
  const at = (entry: T): number => place.get(keyOf(entry)) ?? like.length;
  return entries.toSorted((a, b) => at(a) - at(b));
}

/** The lists of a document in the order of another one: rows have none. */
export function inOrderOf(document: StoredDocument, like: StoredDocument): StoredDocument {
  const name = (entry: { name: string }): string => entry.name;
  return {
    ...document,
    tools: ordered(document.tools, like.tools, name),
    resources: ordered(document.resources, like.resources, name),
    resource_templates: ordered(document.resource_templates, like.resource_templates, name),
    prompts: ordered(document.prompts, like.prompts, name),
    module_links: ordered(document.module_links, like.module_links, name),
    modules: ordered(document.modules, like.modules, ({ module_name, class_name }) => `${module_name}\n${class_name ?? ''}`),
  };
}
