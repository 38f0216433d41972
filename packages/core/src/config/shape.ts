/**
 * Small checks that the config's tables of keys are made of. Each looks at one value and adds what is wrong with it.
 */
import { isObject } from '../base/json.js';
import { Suggester } from '../base/nearest.js';
import { describe, MistakeList, quote } from '../schema/mistakes.js';
import { isNote } from './document.js';

/** What this build of the daemon can do. */
export interface ConfigSupport {
  /** Values of a module's `source` besides none. */
  sources: readonly string[];
  /** Values of `isolation`. */
  isolations: readonly string[];
}

/** One check of a whole document. */
export class CheckRun {
  readonly list = new MistakeList();
  readonly suggester = new Suggester();
  readonly support: ConfigSupport;

  constructor(support: ConfigSupport) {
    this.support = support;
  }
}

/** Looks at one value, which is not null; the list's path is at it. */
export type ValueCheck = (value: unknown, run: CheckRun) => void;

/** The members of one kind of object. */
export interface Shape {
  /** What the object is, with its article: `a tool`. */
  what: string;
  required: readonly string[];
  members: ReadonlyMap<string, ValueCheck>;
  /** What to say of some unknown keys. */
  hints?: Readonly<Record<string, string>>;
  /** What members must be together; runs where the object is one. */
  together?: (value: Record<string, unknown>, run: CheckRun) => void;
}

/** Makes a shape from its members; names that end with `!` are required. */
export function shape(what: string, members: Record<string, ValueCheck>, more: Pick<Shape, 'hints' | 'together'> = {}): Shape {
  const names = Object.keys(members);
  return {
    what,
    required: names.filter((name) => name.endsWith('!')).map((name) => name.slice(0, -1)),
    members: new Map(Object.entries(members).map(([name, check]) => [name.replace(/!$/, ''), check])),
    ...more,
  };
}

function unknownKey(key: string, { what, members, hints }: Shape, run: CheckRun): void {
  const hint = hints !== undefined && Object.hasOwn(hints, key) ? `: ${hints[key]}` : '';
  const suggestion = hint === '' ? run.suggester.hint(key, members.keys()) : '';
  const advice = hint === '' && suggestion === '' ? ': remove it, or begin its name with "x-" if it is for you alone' : '';
  run.list.add(`${quote(key)} is no key of ${what}${hint}${suggestion}${advice}`, key);
}

/** Checks an object's members, one by one and then together. */
export function checkShape(value: unknown, of: Shape, run: CheckRun): void {
  const { list } = run;
  if (!isObject(value)) return list.add(`must be an object (${of.what}), got ${describe(value)}`);
  for (const key in value) {
    const check = of.members.get(key);
    const member = value[key];
    if (check === undefined) {
      if (!isNote(key)) unknownKey(key, of, run);
    } else if (member !== null && member !== undefined) {
      list.path.push(key);
      check(member, run);
      list.path.pop();
    }
  }
  for (const key of of.required) {
    if (value[key] === undefined) list.add(`${of.what} needs ${quote(key)}`);
    else if (value[key] === null) list.add(`${of.what} needs a ${quote(key)}, got null`, key);
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

/** A value for which `is` holds. */
export const plain =
  (is: (value: unknown) => boolean, wanted: string): ValueCheck =>
  (value, run) => {
    if (!is(value)) run.list.add(`must be ${wanted}, got ${describe(value)}`);
  };

export const anyString = plain((value) => typeof value === 'string', 'a string');
export const filled = plain((value) => typeof value === 'string' && value !== '', 'a string that is not empty');
export const bool = plain((value) => typeof value === 'boolean', 'true or false');
export const anyObject = plain(isObject, 'an object');

/** A string that a function finds nothing wrong with. */
export const stringWith =
  (problemOf: (text: string) => string | undefined): ValueCheck =>
  (value, run) => {
    if (typeof value !== 'string') return anyString(value, run);
    const problem = problemOf(value);
    if (problem !== undefined) run.list.add(`${problem}; got ${describe(value)}`);
  };

/** One of some strings. */
export const oneOf =
  (values: readonly string[]): ValueCheck =>
  (value, run) => {
    if (typeof value === 'string' && values.includes(value)) return;
    const hint = typeof value === 'string' ? run.suggester.hint(value, values) : '';
    run.list.add(`must be one of ${values.map((word) => JSON.stringify(word)).join(', ')}; got ${describe(value)}${hint}`);
  };
