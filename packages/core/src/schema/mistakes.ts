/**
 * Collects the mistakes of a document while it is walked. The path is a stack, and becomes text only for a mistake, so that a
 * correct document costs almost nothing.
 */
import { pathText as formatPath } from '../base/path-text.js';
import type { Mistake } from '../protocol/errors.js';

export { formatPath };

/** One step of a JSON path: a member's name or an element's index. */
export type PathStep = string | number;

const STEP = /\.([A-Za-z_$][\w$-]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/uy;

/**
 * The steps of a path that {@link formatPath} made.
 *
 * @returns the steps up to the first one that cannot be read
 */
export function readPath(path: string): PathStep[] {
  const steps: PathStep[] = [];
  STEP.lastIndex = 1;
  for (let found = STEP.exec(path); found !== null; found = STEP.exec(path)) {
    const [, name, index, quoted] = found;
    if (name !== undefined) steps.push(name);
    else if (index !== undefined) steps.push(Number(index));
    else steps.push(JSON.parse(quoted ?? '""') as string);
  }
  return steps;
}

/** The mistakes found so far, and where the walk is. */
export class MistakeList {
  readonly found: Mistake[] = [];
  /** Parts that are served, but are probably a mistake, or not supported by every client. */
  readonly warnings: Mistake[] = [];
  /** The steps from `base` to the current value. Code that pushes a step also pops it. */
  readonly path: PathStep[] = [];
  readonly #base: string;

  constructor(base = '$') {
    this.#base = base;
  }

  /** Adds a mistake of the current value, or of something below it. */
  add(message: string, ...below: PathStep[]): void {
    this.found.push({ path: this.pathTo(...below), message });
  }

  /** Adds a warning about the current value, or about something below it. */
  warn(message: string, ...below: PathStep[]): void {
    this.warnings.push({ path: this.pathTo(...below), message });
  }

  /** Adds a warning at these steps from the base, independent of the current value. */
  warnAt(steps: readonly PathStep[], message: string): void {
    this.warnings.push({ path: formatPath(steps, this.#base), message });
  }

  /** Adds a mistake at these steps from the base, independent of the current value. */
  addAt(steps: readonly PathStep[], message: string): void {
    this.found.push({ path: formatPath(steps, this.#base), message });
  }

  /** The path of the current value, or of something below it, as text. */
  pathTo(...below: PathStep[]): string {
    return formatPath([...this.path, ...below], this.#base);
  }
}

const MAX_QUOTED = 40;

/** A value for a message: `the string "x"`, `a list`, `null`. Long strings are cut. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return `the string ${quote(value)}`;
  if (typeof value === 'number' || typeof value === 'boolean') return `${typeof value === 'number' ? 'the number ' : ''}${value}`;
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** Strings in quotes with commas between them: `"a", "b"`. */
export function quoteAll(texts: readonly string[]): string {
  return texts.map((text) => JSON.stringify(text)).join(', ');
}

/** A text in quotes, cut if it is long. */
export function quote(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);
}
