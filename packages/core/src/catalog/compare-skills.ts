/** Compares the skills of two catalogs, by name. A part of `compare.ts`. */
import { equalJson } from '../base/equality.js';
import type { JsonObject } from '../base/json.js';
import { compareText } from '../base/order.js';
import type { CatalogDefinition, LinkBinding, SkillReference } from '../ports/definition.js';
import type { PathStep } from '../schema/mistakes.js';
import { without } from './schema-effects.js';

/** Notes a change. @param breaking why callers may fail; undefined: they do not */
type Add = (steps: readonly PathStep[], before: unknown, after: unknown, breaking?: string) => void;

/** The name of a skill: that of its folder. */
export const skillName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** Skills by name; of two with one name the first is served. */
function byName({ skills = [] }: CatalogDefinition): Map<string, SkillReference> {
  const found = new Map<string, SkillReference>();
  for (const skill of skills) if (!found.has(skillName(skill.path))) found.set(skillName(skill.path), skill);
  return found;
}

/** A skill as its config entry. */
const entryOf = ({ path, module, scopes }: SkillReference): JsonObject => ({
  path,
  ...(module === undefined ? {} : { module_name: module.module_name }),
  ...(scopes === undefined ? {} : { scopes }),
});

/** The modules of a catalog's skills, by name. */
export function skillModules({ skills = [] }: CatalogDefinition): Map<string, LinkBinding> {
  const found = new Map<string, LinkBinding>();
  for (const { module } of skills) if (module !== undefined) found.set(module.module_name, module);
  return found;
}

/** Calls `add` for each change of a skill. What is in a skill's files is not compared: only where they are, and who may read them. */
export function compareSkills(before: CatalogDefinition, after: CatalogDefinition, add: Add): void {
  const [left, right] = [byName(before), byName(after)];
  for (const name of [...new Set([...left.keys(), ...right.keys()])].sort(compareText)) {
    const [old, now] = [left.get(name), right.get(name)];
    if (old === undefined || now === undefined) {
      const gone = now === undefined ? 'the skill is gone' : undefined;
      add(['skills', name], old && entryOf(old), now && entryOf(now), gone);
      continue;
    }
    const [was, is] = [entryOf(old), entryOf(now)];
    for (const field of ['path', 'module_name', 'scopes']) {
      if (equalJson(was[field], is[field])) continue;
      const more = field === 'scopes' ? without(now.scopes ?? [], old.scopes ?? []) : [];
      const needed = more.map((scope) => JSON.stringify(scope)).join(', ');
      add(['skills', name, field], was[field], is[field], more.length === 0 ? undefined : `callers need ${needed} now`);
    }
  }
}
