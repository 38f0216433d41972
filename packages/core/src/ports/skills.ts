/**
 * The port of skills: folders of instructions for agents, served as resources.
 *
 * @see https://github.com/modelcontextprotocol/ext-skills (specification/stable/skills.mdx)
 * @see https://agentskills.io/specification
 */
import type { JsonObject } from '../base/json.js';

/** One file of a skill. */
export interface SkillFile {
  /** `skill://refunds/references/policy.md`. */
  uri: string;
  /** Where a `FileSource` finds it. */
  path: string;
  /** `sha256:` and 64 hexadecimal digits. */
  digest: string;
  /** Bytes. */
  size: number;
  /** Absent: not known. */
  mimeType?: string;
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
}

/** Reads skills. */
export interface SkillSource {
  /**
   * Reads a skill. Only files that changed since the last time are read.
   *
   * @param path the folder of the skill, relative, with `/` between its parts
   * @throws DaemonError `config_invalid` that says what is wrong with the skill
   */
  load(path: string): Promise<Skill>;
}

/** Files of one skill, `SKILL.md` included. */
export const MAX_SKILL_FILES = 512;
/** Bytes of all files of one skill. */
export const MAX_SKILL_BYTES = 16 * 1024 * 1024;
