/**
 * The port of skills: folders of instructions for agents, served as resources.
 *
 * @see https://github.com/modelcontextprotocol/ext-skills (specification/stable/skills.mdx)
 * @see https://agentskills.io/specification
 */
import type { Awaitable } from '../base/awaitable.js';
import type { JsonObject } from '../base/json.js';
import type { LinkBinding, SkillReference } from './definition.js';

/** One file of a skill. */
export interface SkillFile {
  /** `skill://refunds/references/policy.md`. */
  uri: string;
  /** Its path, with `/` between its parts: below the folder of the config file, or below `SkillBundle.folder`. */
  path: string;
  /** `sha256:` and 64 hexadecimal digits. */
  digest: string;
  /** Bytes. */
  size: number;
  /** Absent: not known. */
  mimeType?: string;
}

/** The extracted bundle that a skill is in. */
export interface SkillBundle {
  /** The absolute path of the folder that the paths of its files start in. */
  folder: string;
  /** SHA-256 of the archive; null: not known, and the files may change at any time. */
  digest: string | null;
}

/** A skill, as its folder is now. */
export interface Skill {
  /** The name in its frontmatter, which is the name of its folder too. */
  name: string;
  description: string;
  /** The URI of its `SKILL.md`. */
  uri: string;
  /** The frontmatter of `SKILL.md`, as it was written. */
  frontmatter: JsonObject;
  /** All files, `SKILL.md` first, then by path. */
  files: readonly SkillFile[];
  /** Absent: its folder is beside the config file. */
  bundle?: SkillBundle;
}

/**
 * Called when a skill beside the config file has changed since it was read before.
 *
 * @param path the path of its folder, as in the config
 * @param uris its files that are new, changed or gone; all of them if it cannot be served any more
 */
export type SkillListener = (path: string, uris: readonly string[]) => void;

/** Reads skills. */
export interface SkillSource {
  /**
   * Reads a skill. Only files that changed since the last time are read.
   *
   * @param partition whose copy of a bundle is read
   * @throws DaemonError `config_invalid` that says what is wrong with the skill; `module_not_found`, `module_failed`, `store_failed`
   *   or `store_busy` if its bundle cannot be used
   */
  load(reference: SkillReference, partition: string): Promise<Skill>;
  /**
   * Reads a file of a skill in a bundle. Files beside the config file are read by the daemon's `files`.
   *
   * @throws DaemonError `internal_error`: it is gone, too large, or has other content than its digest says
   */
  read?(skill: Skill, file: SkillFile): Promise<Uint8Array>;
  /** Watches the skills that are read from now on. @returns ends it */
  watch?(listener: SkillListener): { close(): void };
  /** Ends all watching. A second call does nothing. */
  close?(): Awaitable<void>;
}

/** The extracted files of a bundle. */
export interface BundleFolders {
  /** The folders that paths in the bundle may start in: its root, and the one folder that holds everything, if there is one. */
  folders: readonly string[];
  /** SHA-256 of the archive; null: the package was extracted by others, and may change at any time. */
  digest: string | null;
}

/** Finds the files of bundles. */
export interface BundleLocator {
  /**
   * The newest version of the bundle of a module, extracted.
   *
   * @throws DaemonError `module_not_found`, `module_failed`, `store_failed`, `store_busy`
   */
  foldersOf(link: LinkBinding, partition: string): Promise<BundleFolders>;
}

/** Files of one skill, `SKILL.md` included. */
export const MAX_SKILL_FILES = 512;
/** Bytes of all files of one skill. */
export const MAX_SKILL_BYTES = 16 * 1024 * 1024;
