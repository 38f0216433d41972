/** The skills of a catalog: their entries for clients, their files as resources, their folders as lists. */
import type { Awaitable } from '../base/awaitable.js';
import type { JsonObject } from '../base/json.js';
import type { CatalogDefinition, FileBinding, LinkBinding, ResourceDefinition, SkillReference } from '../ports/definition.js';
import type { Logger } from '../ports/logger.js';
import type { Skill, SkillFile, SkillListener, SkillSource } from '../ports/skills.js';
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
   * The skills of a partition's catalog, in its order. One that cannot be read is left out, and logged once.
   *
   * @param held the scopes of the caller; skills that need others are left out. Default: all
   */
  of(partition: string, catalog: CatalogDefinition, held?: HeldScopes): Promise<readonly ServedSkill[]>;
  /** The resource that a file of a skill is; undefined: no skill has such a file. */
  resource(partition: string, catalog: CatalogDefinition, uri: string): Promise<ResourceDefinition | undefined>;
  /** Skills in bundles are looked for again. */
  forget(): void;
  /** Ends watching. */
  close(): Awaitable<void>;
}

/** What {@link createSkills} takes. */
export interface SkillsOptions {
  /** Undefined: no skills are served. */
  source: SkillSource | undefined;
  logger: Logger;
  /** A skill beside the config file has changed. */
  onChange: SkillListener;
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

/** Problems that are remembered, so that each is logged once. */
const MAX_REPORTED = 1_000;

/** Creates the skills of a daemon. */
export function createSkills({ source, logger, onChange }: SkillsOptions): Skills {
  source?.watch?.(onChange);
  const reported = new Map<string, string>();
  /**
   * Skills of bundles, by reference and partition. A bundle does not change under its digest, so its skills are read once. Those of
   * a catalog that is not served any more are dropped with it.
   */
  let known = new WeakMap<SkillReference, Map<string, Promise<Skill>>>();

  /** A skill of a bundle. @throws DaemonError as `SkillSource.load` */
  async function ofBundle(reference: SkillReference, partition: string, from: SkillSource): Promise<Skill> {
    const byPartition = known.get(reference) ?? new Map<string, Promise<Skill>>();
    known.set(reference, byPartition);
    const before = byPartition.get(partition);
    if (before !== undefined) return before;
    const loading = from.load(reference, partition);
    byPartition.set(partition, loading);
    const drop = (): void => {
      if (byPartition.get(partition) === loading) byPartition.delete(partition);
    };
    try {
      const skill = await loading;
      if (skill.bundle === undefined || skill.bundle.digest === null) drop();
      return skill;
    } catch (error) {
      drop(); // the next request tries again
      throw error;
    }
  }

  async function load(reference: SkillReference, partition: string, from: SkillSource): Promise<ServedSkill | undefined> {
    const { path, scopes, module } = reference;
    const key = JSON.stringify([module === undefined ? '' : partition, module?.module_name, path]);
    try {
      const skill = await (module === undefined ? from.load(reference, partition) : ofBundle(reference, partition, from));
      reported.delete(key);
      return scopes === undefined ? skill : { ...skill, scopes };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (reported.get(key) !== why) {
        const place = module === undefined ? '' : ` of the module "${module.module_name}"`;
        logger.error({ skill: path, partition }, `the skill "${path}"${place} is not served: ${why}`);
      }
      if (reported.size >= MAX_REPORTED) reported.clear();
      reported.set(key, why);
      return undefined;
    }
  }

  async function of(partition: string, { skills = [] }: CatalogDefinition, held?: HeldScopes): Promise<readonly ServedSkill[]> {
    if (source === undefined) return [];
    const loaded = await Promise.all(skills.map((skill) => load(skill, partition, source)));
    const byName = new Map<string, ServedSkill>();
    for (const skill of loaded) if (skill !== undefined && !byName.has(skill.name)) byName.set(skill.name, skill);
    return [...byName.values()].filter(({ scopes }) => hasScopes(scopes, held));
  }

  function forget(): void {
    known = new WeakMap();
  }

  /** How a file of a skill in a bundle is read; nothing for files beside the config file. */
  function reading(skill: ServedSkill, file: SkillFile): Pick<FileBinding, 'read' | 'digest'> {
    const { bundle } = skill;
    if (bundle === undefined || source?.read === undefined) return {};
    const { read } = source;
    return {
      async read() {
        try {
          return await read(skill, file);
        } catch (error) {
          forget(); // the extracted files may have been removed: they are fetched again
          throw error;
        }
      },
      ...(bundle.digest === null ? {} : { digest: bundle.digest }),
    };
  }

  /** The function of a file. Its record has the name of the skill. */
  function definitionOf(skill: ServedSkill, file: SkillFile): ResourceDefinition {
    const { name, description, scopes } = skill;
    const { uri, path, size, mimeType } = file;
    const type = mimeType === undefined ? {} : { mimeType };
    return {
      ...{ kind: 'resource', name, uri, size, binding: { kind: 'file', path, ...type, ...reading(skill, file) }, ...type },
      ...(uri === skill.uri ? { description } : {}),
      ...(scopes === undefined ? {} : { scopes }),
    };
  }

  return {
    of,
    forget,
    close: () => source?.close?.(),
    async resource(partition, catalog, uri) {
      for (const skill of await of(partition, catalog)) {
        const file = skill.files.find(({ uri: own }) => own === uri);
        if (file !== undefined) return definitionOf(skill, file);
      }
      return undefined;
    },
  };
}

/** The scopes that a caller needs to read a file of a skill. The name of a skill is that of its folder, so nothing has to be read. */
export const scopesOfSkill = ({ skills = [] }: CatalogDefinition, uri: string): readonly string[] | undefined =>
  skills.find(({ path }) => uri.startsWith(`skill://${path.slice(path.lastIndexOf('/') + 1)}/`))?.scopes;

/** Whether a catalog has a skill in the bundle of a matching module. */
export const hasSkillOf = ({ skills = [] }: CatalogDefinition, which: (link: LinkBinding) => boolean): boolean =>
  skills.some(({ module }) => module !== undefined && which(module));
