/**
 * Finds all mistakes of a config at once. The keys of each entry are in `keys.ts`, the checks between entries in `names.ts`.
 */
import { isObject } from '../base/json.js';
import { ISOLATIONS } from '../ports/definition.js';
import type { Mistake } from '../protocol/errors.js';
import type { MistakeList, PathStep } from '../schema/mistakes.js';
import { describe } from '../schema/mistakes.js';
import { checkApps } from './app-check.js';
import { checkAsync } from './async-check.js';
import { MAX_JSON_DEPTH } from './json-scan.js';
import { FILE } from './keys.js';
import { checkNames } from './names.js';
import type { ConfigSupport } from './shape.js';
import { CheckRun, checkShape } from './shape.js';
import { checkSkills } from './skill-check.js';

export type { ConfigSupport } from './shape.js';

/** Code from installed packages, files and bundles, in the daemon's process and in processes of its own. */
const BASIC_SUPPORT: ConfigSupport = { sources: ['zip', 's3', 'mcp'], isolations: ISOLATIONS };

/** Whether a value without members can be written as JSON. Undefined counts as a member that is left out. */
function isPlain(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value !== 'function' && typeof value !== 'symbol' && typeof value !== 'bigint';
}

/** Checks that every value is JSON, and not nested so deeply that recursive code would fail on it. */
class JsonWalk {
  /** Members of all objects seen so far. */
  keys = 0;
  readonly #list: MistakeList;

  constructor(list: MistakeList) {
    this.#list = list;
  }

  /** Checks the value that the list's path is at. */
  value(value: unknown): void {
    if (typeof value === 'object' && value !== null) this.#inside(value);
    else if (!isPlain(value)) this.#list.add(`${describe(value)} cannot be written as JSON`);
  }

  #inside(value: object): void {
    const { path } = this.#list;
    if (path.length >= MAX_JSON_DEPTH) return this.#list.add(`nested more than ${MAX_JSON_DEPTH} levels deep`);
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index++) this.#below(index, value[index]);
      return;
    }
    for (const key in value) {
      this.keys++;
      this.#below(key, (value as Record<string, unknown>)[key]);
    }
  }

  #below(step: PathStep, value: unknown): void {
    if (typeof value !== 'object' && isPlain(value)) return;
    this.#list.path.push(step);
    this.value(value);
    this.#list.path.pop();
  }
}

/** What {@link inspectConfig} found. */
export interface Inspection {
  mistakes: Mistake[];
  /** Parts of the config that are served, but should be checked. */
  warnings: Mistake[];
  /** How many members all objects of the document have in total. */
  keys: number;
}

/** {@link checkConfig}, and the number of keys, so that the parser can detect duplicate keys. */
export function inspectConfig(document: unknown, support: Partial<ConfigSupport> = {}): Inspection {
  const run = new CheckRun({ ...BASIC_SUPPORT, ...support });
  const walk = new JsonWalk(run.list);
  if (!isObject(document)) {
    run.list.add(`the config must be an object { … }, got ${describe(document)}`);
    return { mistakes: run.list.found, warnings: [], keys: 0 };
  }
  walk.value(document);
  // After a mistake here the document may contain itself, so no other check may follow it.
  if (run.list.found.length === 0) {
    checkShape(document, FILE, run);
    checkNames(document, run);
    checkApps(document, run);
    checkSkills(document, run);
    checkAsync(document, run);
  }
  return { mistakes: run.list.found, warnings: run.list.warnings, keys: walk.keys };
}

/**
 * Checks a config that a program holds as an object.
 *
 * @param document any value; `null` members count as absent
 * @param options.support what this version supports. Default: code from installed packages, files and bundles, in this process
 * @returns all mistakes, without lines and columns; none for a correct config
 * @example const mistakes = checkConfig({ tools: [{ name: 'hello' }] });
 */
export function checkConfig(document: unknown, options: { support?: Partial<ConfigSupport> } = {}): Mistake[] {
  return inspectConfig(document, options.support).mistakes;
}
