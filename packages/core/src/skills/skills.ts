/** The skills of a catalog: their entries for clients, their files as resources, their folders as lists. */
import type { JsonObject } from '../base/json.js';
import type { CatalogDefinition, ResourceDefinition, SkillReference } from '../ports/definition.js';
import type { Logger } from '../ports/logger.js';
import type { Skill, SkillFile, SkillSource } from '../ports/skills.js';
import type { HeldScopes } from '../protocol/scopes.js';
import { hasScopes } from '../protocol/scopes.js';

/** A skill of a catalog. */
export interface ServedSkill extends Skill {
  /** The scopes that a caller needs to see and to read it. Absent: none. */
  scopes?: readonly string[];
}

/** Skills of catalogs. */
export interface Skills {
  /**
   * The skills of a catalog, in its order. One that cannot be read is left out, and logged once.
   *
   * @param held the scopes of the caller; skills that need others are left out. Default: all
   */
  of(catalog: CatalogDefinition, held?: HeldScopes): Promise<readonly ServedSkill[]>;
  /** The resource that a file of a skill is; undefined: no skill has such a file. */
  resource(catalog: CatalogDefinition, uri: string): Promise<ResourceDefinition | undefined>;
}

/** What {@link createSkills} takes. */
export interface SkillsOptions {
  /** Undefined: no skills are served. */
  source: SkillSource | undefined;
  logger: Logger;
}

/** The entry of a skill, as clients get it. */
export const skillEntry = ({ uri, frontmatter, files }: Skill): JsonObject => ({
  uri,
  frontmatter,
  resources: files.map(({ uri: file, digest, size }) => ({ uri: file, digest, size })),
});

/** The URI of the folder of a skill, or of a folder in it: without a slash at its end. */
const folderOf = (uri: string): string => uri.slice(0, uri.lastIndexOf('/'));

/** The skill that a folder belongs to: its own one, or one below it. @param uri with or without a slash at its end */
export function skillOfFolder<S extends Skill>(skills: readonly S[], uri: string): S | undefined {
  const folder = uri.replace(/\/$/, '');
  return skills.find(({ uri: own }) => folder === folderOf(own) || folder.startsWith(`${folderOf(own)}/`));
}

/**
 * What is directly in a folder of a skill: files, and folders with the media type `inode/directory`.
 *
 * @returns undefined: it is no folder of a skill
 */
export function folderContent(skill: Skill, uri: string): JsonObject[] | undefined {
  const folder = uri.replace(/\/$/, '');
  const found = new Map<string, JsonObject>();
  for (const { uri: file, size, mimeType } of skill.files) {
    if (!file.startsWith(`${folder}/`)) continue;
    const [name = '', ...deeper] = file.slice(folder.length + 1).split('/');
    const at = `${folder}/${name}`;
    if (deeper.length === 0)
      found.set(at, { uri: at, name: decodeURIComponent(name), ...(mimeType === undefined ? {} : { mimeType }), size });
    else found.set(at, { uri: at, name: decodeURIComponent(name), mimeType: 'inode/directory' });
  }
  return found.size === 0 ? undefined : [...found.values()];
}

/** Creates the skills of a daemon. */
export function createSkills({ source, logger }: SkillsOptions): Skills {
  const reported = new Map<string, string>();

  async function load({ path, scopes }: SkillReference, from: SkillSource): Promise<ServedSkill | undefined> {
    try {
      const skill = await from.load(path);
      reported.delete(path);
      return scopes === undefined ? skill : { ...skill, scopes };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (reported.get(path) !== why) logger.error({ skill: path }, `the skill "${path}" is not served: ${why}`);
      reported.set(path, why);
      return undefined;
    }
  }

  async function of({ skills = [] }: CatalogDefinition, held?: HeldScopes): Promise<readonly ServedSkill[]> {
    if (source === undefined) return [];
    const loaded = await Promise.all(skills.map((skill) => load(skill, source)));
    const byName = new Map<string, ServedSkill>();
    for (const skill of loaded) if (skill !== undefined && !byName.has(skill.name)) byName.set(skill.name, skill);
    return [...byName.values()].filter(({ scopes }) => hasScopes(scopes, held));
  }

  /** The function of a file. Its record has the name of the skill. */
  function definitionOf({ name, description, scopes }: ServedSkill, file: SkillFile, isManifest: boolean): ResourceDefinition {
    const { uri, path, size, mimeType } = file;
    const type = mimeType === undefined ? {} : { mimeType };
    return {
      ...{ kind: 'resource', name, uri, size, binding: { kind: 'file', path, ...type }, ...type },
      ...(isManifest ? { description } : {}),
      ...(scopes === undefined ? {} : { scopes }),
    };
  }

  return {
    of,
    async resource(catalog, uri) {
      for (const skill of await of(catalog)) {
        const file = skill.files.find(({ uri: own }) => own === uri);
        if (file !== undefined) return definitionOf(skill, file, uri === skill.uri);
      }
      return undefined;
    },
  };
}
