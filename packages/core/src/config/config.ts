/**
 * Reads a config file: its text becomes a catalog, or a list of all its mistakes.
 */
import type { Mistake } from '../protocol/errors.js';
import { ConfigError } from '../protocol/errors.js';
import { describe, readPath } from '../schema/mistakes.js';
import type { ConfigSupport } from './check.js';
import { inspectConfig } from './check.js';
import type { ConfigDocument } from './document.js';
import { lineCounter, offsetOf, toMistakes } from './json-position.js';
import { scanJson } from './json-scan.js';
import type { Config } from './normalize.js';
import { normalizeConfig } from './normalize.js';

/** How a config is read. */
export interface ParseOptions {
  /** The file's path, for the error's message. */
  file?: string;
  /** What this version supports. Default: code from installed packages and files, in this process. */
  support?: Partial<ConfigSupport>;
}

/** Whether a quote is escaped: it has an odd number of backslashes before it. */
function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text[first - 1] === '\\') first--;
  return (at - first) % 2 === 1;
}

/**
 * An upper bound of the number of keys in a JSON text: quotes before a colon. If it is more than the parsed document has
 * members, there may be a duplicate key, of which `JSON.parse` silently keeps the last.
 */
function keysAtMost(text: string): number {
  let count = 0;
  for (let at = text.indexOf(':'); at !== -1; at = text.indexOf(':', at + 1)) {
    let before = at - 1;
    while (before >= 0 && ' \t\r\n'.includes(text[before] ?? '')) before--;
    if (text[before] === '"' && !isEscaped(text, before)) count++;
  }
  return count;
}

/** The mistakes of a text that is not JSON. */
function syntaxMistakes(text: string, error: unknown): Mistake[] {
  const { syntax } = scanJson(text);
  if (syntax.length > 0) return toMistakes(text, syntax);
  // The scan accepts exactly what JSON.parse accepts (a test checks this). Should it not, report the error of JSON.parse.
  return [{ path: '$', message: error instanceof Error ? error.message : describe(error) }];
}

/** The mistakes of a text that is JSON, with lines and columns and in the order of the text. Adds duplicate keys. */
function located(text: string, mistakes: readonly Mistake[]): Mistake[] {
  const { root, duplicates } = scanJson(text);
  if (root === undefined) return [...mistakes];
  const position = lineCounter(text);
  const found = mistakes.map((mistake) => ({ ...mistake, ...position(offsetOf(root, readPath(mistake.path))) }));
  const all = [...found, ...toMistakes(text, duplicates)];
  return all.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

function parseJson(text: string, file: string | undefined): unknown {
  try {
    return JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
  } catch (error) {
    throw new ConfigError(syntaxMistakes(text, error), file);
  }
}

/**
 * Reads a config file's text.
 *
 * @param text JSON, with or without a byte order mark
 * @returns the catalog, and the server's name, version and title
 * @throws ConfigError (`config_invalid`) with all mistakes in the order of the file, each with JSON path, line and column
 * @example const { definition } = parseConfig(await readFile(file, 'utf8'), { file });
 */
export function parseConfig(text: string, { file, support }: ParseOptions = {}): Config {
  const document = parseJson(text, file);
  const { mistakes, keys } = inspectConfig(document, support);
  const needsScan = mistakes.length > 0 || keysAtMost(text) !== keys;
  const all = needsScan ? located(text, mistakes) : [];
  if (all.length > 0) throw new ConfigError(all, file);
  return normalizeConfig(document as ConfigDocument);
}
