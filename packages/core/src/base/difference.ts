/**
 * The structural difference of two JSON values: which members were added, removed or changed, each by its JSON path.
 *
 * A text that holds JSON is compared by what it holds, because functions often return JSON as text: a member that changes with
 * every call can then be ignored in the text, too.
 */
import { equalJson } from './equality.js';
import type { Step } from './json-path.js';
import { ALL, parsePath } from './json-path.js';
import { pathText } from './path-text.js';

/** One difference. */
export interface Difference {
  /** JSON path, such as `$.content[0].text`. */
  path: string;
  kind: 'added' | 'removed' | 'changed';
  /** The value before. Absent: it was added. */
  before?: unknown;
  /** The value after. Absent: it was removed. */
  after?: unknown;
}

/** Which paths are not compared. Made by {@link ignoredPaths}. */
export interface IgnoredPaths {
  has(path: readonly (string | number)[]): boolean;
}

interface Pattern {
  /** Whether the steps may begin anywhere. */
  deep: boolean;
  steps: readonly Step[];
}

function patternOf(text: string): Pattern | undefined {
  const deep = !text.startsWith('$') || text.startsWith('$..');
  const from = text.startsWith('$..') ? `$.${text.slice(3)}` : deep ? `$.${text}` : text;
  const steps = parsePath(from);
  return steps === undefined || steps.length === 0 ? undefined : { deep, steps };
}

const fits = (step: Step | undefined, at: string | number | undefined): boolean => step === ALL || step === at;

/**
 * Reads the paths of members that are not compared.
 *
 * @param texts `$.meta.time` and `$.items[*].id` from the root; `$..time`, or `time` alone, at any depth
 * @returns the paths; the first text that is no path, as `wrong`
 */
export function ignoredPaths(texts: readonly string[]): { paths: IgnoredPaths } | { wrong: string } {
  const patterns: Pattern[] = [];
  for (const text of texts) {
    const pattern = patternOf(text);
    if (pattern === undefined) return { wrong: text };
    patterns.push(pattern);
  }
  const paths: IgnoredPaths = {
    has: (path) =>
      patterns.some(({ deep, steps }) => {
        const skipped = path.length - steps.length;
        if (skipped < 0 || (!deep && skipped > 0)) return false;
        return steps.every((step, index) => fits(step, path[skipped + index]));
      }),
  };
  return { paths };
}

/** What {@link differences} takes. */
export interface DifferenceOptions {
  ignore?: IgnoredPaths;
  /** Stop after this many differences. Default 1,000. */
  most?: number;
}

/** Values are compared to this depth; below it they are compared as a whole. */
const MAX_DEPTH = 200;

type Members = Readonly<Record<string, unknown>>;
type Path = readonly (string | number)[];

const isMembers = (value: unknown): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The object or array that a text holds; undefined: it holds none. */
function heldBy(text: unknown): object | undefined {
  if (typeof text !== 'string' || !/^\s*[[{]/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined; // it only looks like JSON
  }
}

/** Compares two values, and collects what differs. */
class Comparison {
  readonly found: Difference[] = [];
  readonly #ignore: IgnoredPaths | undefined;
  readonly #most: number;

  constructor({ ignore, most = 1_000 }: DifferenceOptions) {
    this.#ignore = ignore;
    this.#most = most;
  }

  #add(path: Path, kind: Difference['kind'], values: Pick<Difference, 'before' | 'after'>): void {
    if (this.found.length < this.#most) this.found.push({ path: pathText(path), kind, ...values });
  }

  /** A member that one of the values does not have. */
  #alone(path: Path, kind: 'added' | 'removed', value: unknown): void {
    if (this.#ignore?.has(path) === true) return;
    this.#add(path, kind, kind === 'added' ? { after: value } : { before: value });
  }

  compare(before: unknown, after: unknown, path: Path): void {
    if (before === after || this.found.length >= this.#most || this.#ignore?.has(path) === true) return;
    if (path.length < MAX_DEPTH) {
      if (Array.isArray(before) && Array.isArray(after)) return this.#lists(before, after, path);
      if (isMembers(before) && isMembers(after)) return this.#members(before, after, path);
      const [left, right] = [heldBy(before), heldBy(after)];
      if (left !== undefined && right !== undefined && Array.isArray(left) === Array.isArray(right))
        return this.compare(left, right, path);
    } else if (equalJson(before, after)) return;
    this.#add(path, 'changed', { before, after });
  }

  #members(before: Members, after: Members, path: Path): void {
    for (const name of Object.keys(before)) {
      if (before[name] === undefined) continue;
      const there = Object.hasOwn(after, name) && after[name] !== undefined;
      if (there) this.compare(before[name], after[name], [...path, name]);
      else this.#alone([...path, name], 'removed', before[name]);
    }
    for (const name of Object.keys(after))
      if (after[name] !== undefined && (!Object.hasOwn(before, name) || before[name] === undefined))
        this.#alone([...path, name], 'added', after[name]);
  }

  #isEqual(before: unknown, after: unknown, path: Path): boolean {
    if (before === after) return true;
    const inner = new Comparison({ most: 1, ...(this.#ignore === undefined ? {} : { ignore: this.#ignore }) });
    inner.compare(before, after, path);
    return inner.found.length === 0;
  }

  /** Elements are compared by position, after what is equal at the end was left out: an inserted element is one difference. */
  #lists(before: readonly unknown[], after: readonly unknown[], path: Path): void {
    let left = before.length;
    let right = after.length;
    let at = 0;
    if (left !== right) {
      while (at < Math.min(left, right) && this.#isEqual(before[at], after[at], [...path, at])) at += 1;
      while (left > at && right > at && this.#isEqual(before[left - 1], after[right - 1], [...path, right - 1])) {
        left -= 1;
        right -= 1;
      }
    }
    for (; at < left || at < right; at += 1) {
      if (at >= left) this.#alone([...path, at], 'added', after[at]);
      else if (at >= right) this.#alone([...path, at], 'removed', before[at]);
      else this.compare(before[at], after[at], [...path, at]);
    }
  }
}

/**
 * Compares two JSON values.
 *
 * @returns what differs, in the order of the members; empty: nothing that is compared
 */
export function differences(before: unknown, after: unknown, options: DifferenceOptions = {}): Difference[] {
  const comparison = new Comparison(options);
  comparison.compare(before, after, []);
  return comparison.found;
}
