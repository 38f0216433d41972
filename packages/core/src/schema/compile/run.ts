/**
 * One run of a check: where it is in the value, what it has seen of it, and the problems it has found.
 *
 * Every rule serves two runs. The first only asks whether a value fits: it stops at the first mistake, makes no paths and no
 * texts. Only a value that does not fit is checked again, by a run that keeps its problems.
 */
import { cut } from './values.js';

/** Problems that one check reports at most. */
export const MAX_PROBLEMS = 10;

/** Characters of one problem. */
const MAX_PROBLEM_LENGTH = 300;

/** Where a value is; the root has no path. */
export interface Path {
  up: Path | undefined;
  key: string | number;
}

/** One thing that is wrong. */
export interface Problem {
  at: Path | undefined;
  words: string;
  instead?: Instead;
}

/** What would have been right, where that is a type or one of some values: the alternatives of `anyOf` are compared by it. */
export interface Instead {
  types?: readonly string[];
  values?: readonly unknown[];
  /** The value that is none of these. */
  given?: unknown;
}

/** The state of one run. */
export interface Run {
  /** Absent: only the verdict is wanted. */
  problems: Problem[] | undefined;
  /** What a property of the root is called. */
  readonly noun: 'argument' | 'property';
  /** Arrays and objects around the value that is being checked. */
  levels: number;
  /** References that are being followed. */
  refs: number;
  /** The schema resources that the run has entered, outermost first: what `$dynamicRef` looks through. */
  readonly scope: unknown[];
}

/** Which parts of one array or object its schema has looked at; kept only for the `unevaluated` keywords. */
export class Seen {
  readonly names = new Set<string>();
  allNames = false;
  readonly items = new Set<number>();
  /** Items before this place are all seen. */
  upTo = 0;

  /** Takes over what an alternative that fits has seen. */
  add(other: Seen): void {
    for (const name of other.names) this.names.add(name);
    for (const item of other.items) this.items.add(item);
    if (other.allNames) this.allNames = true;
    if (other.upTo > this.upTo) this.upTo = other.upTo;
  }
}

/** A compiled schema, or a part of one: whether the value fits. */
export type Rule = (value: unknown, run: Run, at: Path | undefined, seen: Seen | undefined) => boolean;

/** The path of a member, where the run keeps paths at all. */
export function inside(run: Run, up: Path | undefined, key: string | number): Path | undefined {
  return run.problems === undefined ? undefined : { up, key };
}

/** The answer of a rule that the value breaks. The words are made only where somebody reads them. */
export function no(run: Run, at: Path | undefined, words: () => string, instead?: Instead): false {
  if (run.problems !== undefined && run.problems.length < MAX_PROBLEMS) {
    run.problems.push(instead === undefined ? { at, words: words() } : { at, words: words(), instead });
  }
  return false;
}

/** The verdict of a rule without a trace in the run's problems. */
export function fits(rule: Rule, value: unknown, run: Run, seen: Seen | undefined): boolean {
  const { problems } = run;
  run.problems = undefined;
  const ok = rule(value, run, undefined, seen);
  run.problems = problems;
  return ok;
}

/** The problems of a rule apart from the run's own; `undefined` where the value fits. */
export function problemsOf(
  rule: Rule,
  value: unknown,
  run: Run,
  at: Path | undefined,
  seen: Seen | undefined,
): Problem[] | undefined {
  const { problems } = run;
  const own: Problem[] = [];
  run.problems = own;
  const ok = rule(value, run, at, seen);
  run.problems = problems;
  return ok ? undefined : own;
}

/** What a property is called here: an argument at the top of arguments. */
export function nounAt(run: Run, at: Path | undefined): Run['noun'] {
  return at === undefined ? run.noun : 'property';
}

/** A path as its reader would write it: `items[2].qty`. */
export function pathText(at: Path): string {
  let text = '';
  for (let step: Path | undefined = at; step !== undefined; step = step.up) {
    const { key } = step;
    if (typeof key === 'number') text = `[${key}]${text}`;
    else if (/^[\p{L}\p{N}_$-]{1,60}$/u.test(key)) text = `${step.up === undefined ? '' : '.'}${key}${text}`;
    else text = `[${JSON.stringify(cut(key, 60))}]${text}`;
    // The end of a long path tells more than its beginning.
    if (text.length > 120) return `…${text.slice(-120)}`;
  }
  return text;
}

/** A problem as one sentence. */
export function sentence({ at, words }: Problem): string {
  return cut(at === undefined ? words : `${pathText(at)}: ${words}`, MAX_PROBLEM_LENGTH);
}
