/**
 * The config file: from its text to a catalog, or to a list of all that is wrong with it.
 */
import type { Mistake } from '../protocol/errors.js';
import { ConfigError } from '../protocol/errors.js';
import { describe, readPath } from '../schema/mistakes.js';
import type { ConfigSupport } from './check.js';
import { inspectConfig } from './check.js';
import type { ConfigDocument } from './document.js';
import { lineCounter, offsetOf, scanJson, toMistakes } from './json-scan.js';
import type { Config } from './normalize.js';
import { normalizeConfig } from './normalize.js';

/** How a config is read. */
export interface ParseOptions {
  /** The file's path, for the error's message. */
  file?: string;
  /** What this build can do. Default: code from installed packages and files, in this process. */
  support?: Partial<ConfigSupport>;
}

/** Whether a quote is part of a string: an odd number of backslashes stands before it. */
function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text[first - 1] === '\\') first--;
  return (at - first) % 2 === 1;
}

/**
 * An upper bound of the keys in a JSON text: the quotes that a colon follows. Where an object has more of them than members,
 * a key may stand twice; `JSON.parse` keeps the last one and says nothing.
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

/** Why a text is not JSON. */
function syntaxMistakes(text: string, error: unknown): Mistake[] {
  const { syntax } = scanJson(text);
  if (syntax.length > 0) return toMistakes(text, syntax);
  // The scan and JSON.parse agree on what JSON is (a test holds it); should they not, the platform has the last word.
  return [{ path: '$', message: error instanceof Error ? error.message : describe(error) }];
}

/** Adds lines and columns to mistakes of a text that is JSON. */
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
 * @returns the catalog, and what the file says of the server
 * @throws ConfigError with every mistake, in the order of the file, each with its JSON path, line and column
 * @example const { definition } = parseConfig(await readFile(file, 'utf8'), { file });
 */
export function parseConfig(text: string, { file, support }: ParseOptions = {}): Config {
  const document = parseJson(text, file);
  const { mistakes, keys } = inspectConfig(document, support);
  const suspicious = mistakes.length > 0 || keysAtMost(text) !== keys;
  const all = suspicious ? located(text, mistakes) : [];
  if (all.length > 0) throw new ConfigError(all, file);
  return normalizeConfig(document as ConfigDocument);
}
