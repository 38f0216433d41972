/** The skills of a catalog: their entries for clients, their files as resources, their folders as lists. */
import type { JsonObject } from '../base/json.js';
import type { CatalogDefinition, ResourceDefinition } from '../ports/definition.js';
import type { Logger } from '../ports/logger.js';
import type { Skill, SkillFile, SkillSource } from '../ports/skills.js';

/** Skills of catalogs. */
export interface Skills {
  /** The skills of a catalog, in its order. One that cannot be read is left out, and logged once. */
  of(catalog: CatalogDefinition): Promise<readonly Skill[]>;
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

/**
 * What is directly in a folder of a skill: files, and folders with the media type `inode/directory`.
 *
 * @returns undefined: it is no folder of a skill
 */
export function folderContent(skills: readonly Skill[], uri: string): JsonObject[] | undefined {
  const folder = uri.replace(/\/$/, '');
  const skill = skills.find(({ uri: own }) => folder === folderOf(own) || folder.startsWith(`${folderOf(own)}/`));
  if (skill === undefined) return undefined;
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

  async function load(path: string, from: SkillSource): Promise<Skill | undefined> {
    try {
      const skill = await from.load(path);
      reported.delete(path);
      return skill;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (reported.get(path) !== why) logger.error({ skill: path }, `the skill "${path}" is not served: ${why}`);
      reported.set(path, why);
      return undefined;
    }
  }

  async function of({ skills = [] }: CatalogDefinition): Promise<readonly Skill[]> {
    if (source === undefined) return [];
    const loaded = await Promise.all(skills.map(({ path }) => load(path, source)));
    const byName = new Map<string, Skill>();
    for (const skill of loaded) if (skill !== undefined && !byName.has(skill.name)) byName.set(skill.name, skill);
    return [...byName.values()];
  }

  /** The function of a file. Its record has the name of the skill. */
  function definitionOf({ name, description }: Skill, file: SkillFile, isManifest: boolean): ResourceDefinition {
    const { uri, path, size, mimeType } = file;
    const type = mimeType === undefined ? {} : { mimeType };
    return {
      ...{ kind: 'resource', name, uri, size, binding: { kind: 'file', path, ...type }, ...type },
      ...(isManifest ? { description } : {}),
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
