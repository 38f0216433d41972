/** The frontmatter of a `SKILL.md`: YAML between two lines of `---`. */
import type { JsonObject } from '@mcp-daemon/core';
import { DaemonError, isObject } from '@mcp-daemon/core';
import { parse } from 'yaml';

const FRONTMATTER = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/;
/** Names of skills: lower-case words with single hyphens between them. */
const NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const MAX_NAME = 64;
const MAX_DESCRIPTION = 1_024;
/** Keys of `metadata` that only the protocol may define. */
const RESERVED = 'io.modelcontextprotocol/';

const refused = (why: string): DaemonError => new DaemonError('config_invalid', why);

/** What every skill says of itself. */
export interface Frontmatter {
  name: string;
  description: string;
  /** All of it, as it was written. */
  all: JsonObject;
}

/** Whether a `SKILL.md` is empty, or ends before its frontmatter does. */
export const isCutOff = (text: string): boolean =>
  !FRONTMATTER.test(text) && (/^\uFEFF?---/.test(text) || '---'.startsWith(text.trim()));

/**
 * Reads the frontmatter of a `SKILL.md`.
 *
 * @param folder the name of the skill's folder, which its name must be
 * @throws DaemonError `config_invalid`
 * @see https://agentskills.io/specification
 */
export function readFrontmatter(text: string, folder: string): Frontmatter {
  const found = FRONTMATTER.exec(text);
  if (found === null) throw refused('SKILL.md must begin with a line of ---, its frontmatter in YAML, and a line of ---');
  let all: unknown;
  try {
    // The core schema of YAML 1.2 has JSON's types only: a date stays a text.
    all = parse(found[1] ?? '', { schema: 'core', maxAliasCount: 10, prettyErrors: false, logLevel: 'error' });
  } catch (error) {
    throw refused(`the frontmatter of SKILL.md is not YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isObject(all)) throw refused('the frontmatter of SKILL.md must have keys: name and description');
  const { name, description, metadata } = all;
  if (typeof name !== 'string' || name.length > MAX_NAME || !NAME.test(name))
    throw refused(`"name" in SKILL.md must have at most ${MAX_NAME} lower-case letters, digits and single hyphens`);
  if (name !== folder) throw refused(`"name" in SKILL.md must be the name of its folder, "${folder}", not "${name}"`);
  if (typeof description !== 'string' || description.trim() === '' || description.length > MAX_DESCRIPTION)
    throw refused(`"description" in SKILL.md must be a text of 1 to ${MAX_DESCRIPTION} characters`);
  const reserved = isObject(metadata) ? Object.keys(metadata).find((key) => key.startsWith(RESERVED)) : undefined;
  if (reserved !== undefined) throw refused(`"metadata" in SKILL.md must not have "${reserved}": ${RESERVED} is reserved`);
  return { name, description, all };
}
