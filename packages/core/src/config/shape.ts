/**
 * The checks that the config's tables of keys are built from. Each looks at one value and adds its mistakes.
 */
import { isObject } from '../base/json.js';
import { Suggester } from '../base/nearest.js';
import { describe, MistakeList, quote, quoteAll } from '../schema/mistakes.js';
import { isNote } from './document.js';

/** What this version of the daemon supports. */
export interface ConfigSupport {
  /** Allowed values of a module's `source`, besides leaving it out. */
  sources: readonly string[];
  /** Allowed values of `isolation`. */
  isolations: readonly string[];
  /** Whether an entry of `modules` may name a stored setting by `setting_id`. Default: false, as a file is served without a store. */
  settingIds?: boolean;
  /** Whether resources may be files. Default: true; false for configs that come from elsewhere than a file of this machine. */
  files?: boolean;
}

/** One check of a whole document. */
export class CheckRun {
  readonly list = new MistakeList();
  readonly suggester = new Suggester();
  readonly support: ConfigSupport;
  /** Top-level keys that are misspelled in the file, by their right names. */
  readonly misspelled = new Set<string>();

  constructor(support: ConfigSupport) {
    this.support = support;
  }
}

/** Checks one value, which is not null; the list's path is at it. */
export type ValueCheck = (value: unknown, run: CheckRun) => void;

/** The members of one kind of object. */
export interface Shape {
  /** What the object is, with an article: `a tool`. */
  what: string;
  required: readonly string[];
  members: ReadonlyMap<string, ValueCheck>;
  /** Advice for unknown keys that people are known to write. */
  hints?: Readonly<Record<string, string>>;
  /**
   * What to do with unknown keys that are not misspelled. Users copy entries from lists of other servers, which may have other
   * keys. Default: they are mistakes.
   */
  unknown?: 'left out' | 'passed on';
  /** Checks members against each other. */
  together?: (value: Record<string, unknown>, run: CheckRun) => void;
}

/** Makes a shape from its members. Names that end with `!` are required. */
export function shape(
  what: string,
  members: Record<string, ValueCheck>,
  more: Pick<Shape, 'hints' | 'together' | 'unknown'> = {},
): Shape {
  const names = Object.keys(members);
  return {
    what,
    required: names.filter((name) => name.endsWith('!')).map((name) => name.slice(0, -1)),
    members: new Map(Object.entries(members).map(([name, check]) => [name.replace(/!$/, ''), check])),
    ...more,
  };
}

/** @returns the key that was probably meant */
function reportUnknownKey(key: string, { members, hints, unknown, what }: Shape, run: CheckRun): string | undefined {
  const hint = hints !== undefined && Object.hasOwn(hints, key) ? hints[key] : undefined;
  const meant = hint === undefined ? run.suggester.nearest(key, members.keys()) : undefined;
  if (hint === undefined && meant === undefined && unknown !== undefined) {
    const advice =
      unknown === 'left out' ? 'it is left out; what clients should get belongs in _meta' : 'it is passed on as it is';
    run.list.warn(`unknown key ${quote(key)} of ${what}: ${advice}`, key);
    return undefined;
  }
  let advice = `: ${hint ?? 'remove it, or start its name with "x-" to keep it as a note'}`;
  if (meant !== undefined) advice = `; did you mean ${JSON.stringify(meant)}?`;
  run.list.add(`unknown key ${quote(key)}${advice}`, key);
  return meant;
}

/** Checks an object's members, one by one and then together. A misspelled key is one mistake, not also a missing key. */
export function checkShape(value: unknown, of: Shape, run: CheckRun): void {
  const { list } = run;
  if (!isObject(value)) return list.add(`must be an object (${of.what}), got ${describe(value)}`);
  let misspelled: Set<string> | undefined;
  for (const key in value) {
    const check = of.members.get(key);
    const member = value[key];
    if (check === undefined) {
      const meant = isNote(key) ? undefined : reportUnknownKey(key, of, run);
      if (meant !== undefined) (misspelled ??= list.path.length === 0 ? run.misspelled : new Set()).add(meant);
    } else if (member !== null && member !== undefined) {
      list.path.push(key);
      check(member, run);
      list.path.pop();
    }
  }
  for (const key of of.required) {
    if (value[key] === null) list.add(`${of.what} needs a ${quote(key)}, got null`, key);
    else if (value[key] === undefined && misspelled?.has(key) !== true) list.add(`${of.what} needs ${quote(key)}`);
  }
  of.together?.(value, run);
}

/** An object of a shape. */
export const object =
  (of: Shape): ValueCheck =>
  (value, run) =>
    checkShape(value, of, run);

/** A list whose elements pass a check. */
export const listOf =
  (check: ValueCheck, what: string): ValueCheck =>
  (value, run) => {
    if (!Array.isArray(value)) return run.list.add(`must be a list of ${what}, got ${describe(value)}`);
    for (let index = 0; index < value.length; index++) {
      run.list.path.push(index);
      check(value[index], run);
      run.list.path.pop();
    }
  };

/** An object whose members, whatever their names, pass a check or are null. */
export const mapOf =
  (check: ValueCheck): ValueCheck =>
  (value, run) => {
    if (!isObject(value)) return anyObject(value, run);
    for (const key in value) {
      if (value[key] === null || value[key] === undefined) continue;
      run.list.path.push(key);
      check(value[key], run);
      run.list.path.pop();
    }
  };

/** A value for which `is` returns true. */
export const plain =
  (is: (value: unknown) => boolean, wanted: string): ValueCheck =>
  (value, run) => {
    if (!is(value)) run.list.add(`must be ${wanted}, got ${describe(value)}`);
  };

/** Any string. */
export const anyString = plain((value) => typeof value === 'string', 'a string');
/** A string of at least one character. */
export const nonEmptyString = plain((value) => typeof value === 'string' && value !== '', 'a non-empty string');
/** `true` or `false`. */
export const bool = plain((value) => typeof value === 'boolean', 'true or false');
/** Any object. */
export const anyObject = plain(isObject, 'an object');

/**
 * A string that `problemOf` finds nothing wrong with.
 *
 * @param warningOf what is served, but should be written in another way
 */
export const stringWith =
  (problemOf: (text: string) => string | undefined, warningOf?: (text: string) => string | undefined): ValueCheck =>
  (value, run) => {
    if (typeof value !== 'string') return anyString(value, run);
    const problem = problemOf(value);
    if (problem !== undefined) return run.list.add(`${problem}; got ${describe(value)}`);
    const warning = warningOf?.(value);
    if (warning !== undefined) run.list.warn(`${warning}; got ${describe(value)}`);
  };

/** Hosts cut longer texts before their model sees them. */
const LONGEST_TEXT = 4_096;

/** A text that models read. */
export const modelText = stringWith(
  () => undefined,
  ({ length }) => (length > LONGEST_TEXT ? `has ${length} characters: some hosts cut it after ${LONGEST_TEXT}` : undefined),
);

/** One of some strings. */
export const oneOf =
  (values: readonly string[]): ValueCheck =>
  (value, run) => {
    if (typeof value === 'string' && values.includes(value)) return;
    const hint = typeof value === 'string' ? run.suggester.hint(value, values) : '';
    run.list.add(`must be one of ${quoteAll(values)}; got ${describe(value)}${hint}`);
  };
