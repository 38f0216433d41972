/**
 * Everything that can be wrong with a config, found in one go. The shape of each entry is in `keys.ts`, what holds between
 * entries in `names.ts`.
 */
import { isObject } from '../base/json.js';
import type { Mistake } from '../protocol/errors.js';
import type { MistakeList, PathStep } from '../schema/mistakes.js';
import { describe } from '../schema/mistakes.js';
import { MAX_JSON_DEPTH } from './json-scan.js';
import { FILE } from './keys.js';
import { checkNames } from './names.js';
import type { ConfigSupport } from './shape.js';
import { CheckRun, checkShape } from './shape.js';

export type { ConfigSupport } from './shape.js';

/** A build that loads installed packages and files into its own process. */
const BASIC_SUPPORT: ConfigSupport = { sources: [], isolations: ['none'] };

/** Whether a value without members can be written as JSON; undefined is a member left out. */
function isPlain(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value !== 'function' && typeof value !== 'symbol' && typeof value !== 'bigint';
}

/** Looks at every value once: that it is JSON, and not so deep that something recursive fails on it. */
class JsonWalk {
  /** Members of all objects seen so far. */
  keys = 0;
  readonly #list: MistakeList;

  constructor(list: MistakeList) {
    this.#list = list;
  }

  /** Looks at the value that the list's path is at. */
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

/** What a check found besides mistakes. */
export interface CheckResult {
  mistakes: Mistake[];
  /** How many members all objects of the document have together. */
  keys: number;
}

/** {@link checkConfig}, with what the parser wants to know besides. */
export function inspectConfig(document: unknown, support: Partial<ConfigSupport> = {}): CheckResult {
  const run = new CheckRun({ ...BASIC_SUPPORT, ...support });
  const walk = new JsonWalk(run.list);
  if (!isObject(document)) {
    run.list.add(`the config must be an object, { … }, got ${describe(document)}`);
    return { mistakes: run.list.found, keys: 0 };
  }
  walk.value(document);
  // Nothing else is safe to look at: it may be a circle.
  if (run.list.found.length === 0) {
    checkShape(document, FILE, run);
    checkNames(document, run);
  }
  return { mistakes: run.list.found, keys: walk.keys };
}

/**
 * Checks a config that a program holds as an object.
 *
 * @param document anything; `null` members count as absent
 * @param options what this build can do. Default: code from installed packages and files, in this process
 * @returns all mistakes, without lines and columns; none for a good config
 * @example const mistakes = checkConfig({ tools: [{ name: 'hello' }] });
 */
export function checkConfig(document: unknown, options: { support?: Partial<ConfigSupport> } = {}): Mistake[] {
  return inspectConfig(document, options.support).mistakes;
}
