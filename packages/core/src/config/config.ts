/**
 * Reads a config file: its text becomes a catalog, or a list of all its mistakes.
 */
import type { Mistake } from '../protocol/errors.js';
import { ConfigError } from '../protocol/errors.js';
import { describe, readPath } from '../schema/mistakes.js';
import type { ConfigSupport } from './check.js';
import { inspectConfig } from './check.js';
import type { ConfigDocument } from './document.js';
import { keepTexts, LONG_NUMBER } from './exact-parse.js';
import type { JsonNode, Spot } from './json-position.js';
import { lineCounter, offsetOf, toMistakes } from './json-position.js';
import { scanJson, withoutExtras } from './json-scan.js';
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

const parse = (text: string): unknown => JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);

/** A text as JSON, and its value; or the mistakes of a text that is not. */
type ParsedText = { json: string; document: unknown } | { mistakes: Mistake[] };

/** Parses JSON that may have comments and trailing commas. Only a text that has some is read more than once. */
function parseLenient(text: string): ParsedText {
  try {
    return { json: text, document: parse(text) };
  } catch (error) {
    const { syntax, extras } = scanJson(text);
    if (syntax.length > 0) return { mistakes: toMistakes(text, syntax) };
    const json = withoutExtras(text, extras);
    try {
      return { json, document: parse(json) };
    } catch {
      // The scan accepts exactly what JSON.parse accepts (a test checks this). Should it not, report the error of JSON.parse.
      return { mistakes: [{ path: '$', message: error instanceof Error ? error.message : describe(error) }] };
    }
  }
}

/** Adds lines and columns, and sorts by the order of the text. */
function located(text: string, root: JsonNode, mistakes: readonly Mistake[], spots: readonly Spot[]): Mistake[] {
  const position = lineCounter(text);
  const found = mistakes.map((mistake) => ({ ...mistake, ...position(offsetOf(root, readPath(mistake.path))) }));
  const all = [...found, ...toMistakes(text, spots)];
  return all.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

/**
 * Adds lines and columns to mistakes that were found in the document of a text.
 *
 * @param text a config's text without mistakes of syntax; of another text, the mistakes are returned as they are
 */
export function locateMistakes(text: string, mistakes: readonly Mistake[]): Mistake[] {
  const parsed = parseLenient(text);
  const root = 'json' in parsed ? scanJson(parsed.json).root : undefined;
  return root === undefined ? [...mistakes] : located(text, root, mistakes, []);
}

/** What a config's text is, and what is wrong with it. */
export interface ConfigReport {
  /** Absent if there are mistakes. */
  readonly config?: Config;
  /** The file as it is, without its comments. Absent if there are mistakes. */
  readonly document?: ConfigDocument;
  /** Nothing is served with one of these. In the order of the file, each with JSON path, line and column. */
  readonly mistakes: readonly Mistake[];
  /** Parts of the config that are served, but are probably a mistake, or not supported by every client. */
  readonly warnings: readonly Mistake[];
  /** Whether the text could not be parsed at all. */
  readonly isSyntax: boolean;
}

/**
 * Checks a config file's text, and reads it if it has no mistakes.
 *
 * @param text JSON, with or without a byte order mark; it may have line and block comments, and trailing commas
 * @example const { config, mistakes, warnings } = inspectConfigText(await readFile(file, 'utf8'));
 */
export function inspectConfigText(text: string, { support }: Pick<ParseOptions, 'support'> = {}): ConfigReport {
  const parsed = parseLenient(text);
  if ('mistakes' in parsed) return { mistakes: parsed.mistakes, warnings: [], isSyntax: true };
  const { json, document } = parsed;
  const inspection = inspectConfig(document, support);
  let { mistakes, warnings } = inspection;
  if (mistakes.length + warnings.length > 0 || keysAtMost(json) !== inspection.keys || LONG_NUMBER.test(json)) {
    const { root, duplicates, inexact } = scanJson(json);
    if (root !== undefined) {
      mistakes = located(text, root, mistakes, duplicates);
      warnings = located(text, root, warnings, inexact);
    }
    if (mistakes.length === 0) keepTexts(document, inexact);
  }
  if (mistakes.length > 0) return { mistakes, warnings, isSyntax: false };
  const valid = document as ConfigDocument;
  return { config: { ...normalizeConfig(valid), warnings }, document: valid, mistakes, warnings, isSyntax: false };
}

/**
 * Reads a config file's text.
 *
 * @param text JSON, with or without a byte order mark; it may have line and block comments, and trailing commas
 * @returns the catalog, the server's name, version and title, and the warnings about the file
 * @throws ConfigError (`config_invalid`) with all mistakes in the order of the file, each with JSON path, line and column
 * @example const { definition } = parseConfig(await readFile(file, 'utf8'), { file });
 */
export function parseConfig(text: string, { file, support }: ParseOptions = {}): Config {
  const { config, mistakes, isSyntax } = inspectConfigText(text, support === undefined ? {} : { support });
  if (config === undefined) throw new ConfigError(mistakes, file, { isSyntax });
  return config;
}
