/**
 * One run of a check: where it is in the value, which parts it has evaluated, and the problems it has found.
 *
 * Every rule works in two kinds of run. The first only decides whether the value is valid: it stops at the first problem and
 * makes no paths and no messages. Only an invalid value is checked again, by a run that collects problems.
 */
import { truncate } from '../../base/truncate.js';
import { TooComplex } from './values.js';

/** Maximum number of problems that one check reports. */
export const MAX_PROBLEMS = 10;

/**
 * The steps that one check may take: objects, items, alternatives and references. A schema whose alternatives refer to
 * themselves can ask for a number of steps that doubles with each level of the value.
 */
export const MAX_STEPS = 1_000_000;

/** Steps that are added for each value inside the checked one, so that large values with simple schemas are no problem. */
const STEPS_PER_VALUE = 10;

/** After this many steps, a run caches the results of references. Before that, caching costs more than it saves. */
const REMEMBER_AFTER = 1_000;

/** Maximum number of characters of one problem. */
const MAX_PROBLEM_LENGTH = 300;

/** Where a value is. The root has no path. */
export interface Path {
  up: Path | undefined;
  key: string | number;
}

/** One thing that is wrong. */
export interface Problem {
  at: Path | undefined;
  message: string;
  instead?: Instead;
}

/**
 * The type or the values that would have been valid, if the problem is about these. Used to compare the alternatives of `anyOf`.
 */
export interface Instead {
  types?: readonly string[];
  values?: readonly unknown[];
  /** The value that is none of these. */
  given?: unknown;
}

/** The state of one run. The second run of a check continues with what the first has left of the budget. */
export interface Run extends Budget {
  /** Absent: the run only decides whether the value is valid. */
  problems: Problem[] | undefined;
  /** What messages call a property of the root. */
  readonly noun: 'argument' | 'property';
  /** Arrays and objects around the value that is being checked. */
  levels: number;
  /** References that are being followed. */
  refs: number;
  /** How many alternatives are being explained, one inside the other. */
  explaining: number;
  /** The schema resources that the run has entered, outermost first. `$dynamicRef` searches them. */
  scope: unknown[];
}

/** The steps of one check, and what it remembers. Shared by both runs of the check. */
export interface Budget {
  /** Steps that are left. */
  left: number;
  /** The checked value. */
  readonly whole: unknown;
  /** Whether the steps for the size of the value have been added. */
  extended: boolean;
  /** Verdicts by rule and value, for rules that references lead to. */
  verdicts: Map<object, Map<unknown, boolean>> | undefined;
}

/** A budget for the check of one value. */
export const budgetFor = (value: unknown): Budget => ({ left: MAX_STEPS, whole: value, extended: false, verdicts: undefined });

/** Counts steps. @throws TooComplex when there are none left */
export function spend(budget: Budget, steps: number): void {
  if ((budget.left -= steps) < 0) extend(budget);
}

/** Adds the steps for the size of the value, once. @throws TooComplex */
function extend(budget: Budget): void {
  if (!budget.extended) budget.left += STEPS_PER_VALUE * sizeOf(budget.whole);
  budget.extended = true;
  if (budget.left < 0) throw new TooComplex();
}

/** How many values are inside a value, itself included. */
function sizeOf(value: unknown): number {
  let size = 0;
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    size += 1;
    // Not `push(...values)`: a list may have more items than a call may have arguments.
    if (typeof next === 'object' && next !== null) for (const inner of Object.values(next)) open.push(inner);
  }
  return size;
}

/** The verdict that a rule gave on this value before; undefined if there is none. */
export function remembered({ verdicts }: Budget, rule: object, value: unknown): boolean | undefined {
  return verdicts?.get(rule)?.get(value);
}

/** Remembers a verdict, in a check that takes many steps. */
export function remember(budget: Budget, rule: object, value: unknown, verdict: boolean): void {
  if (budget.left > MAX_STEPS - REMEMBER_AFTER) return;
  budget.verdicts ??= new Map();
  let known = budget.verdicts.get(rule);
  if (known === undefined) budget.verdicts.set(rule, (known = new Map()));
  known.set(value, verdict);
}

/** Whether a rule stops at a problem: the run only decides, or has found as many problems as are reported. */
export function stops({ problems }: Run): boolean {
  return problems === undefined || problems.length >= MAX_PROBLEMS;
}

/** Which parts of one array or object its schema has evaluated. Only kept for the `unevaluated` keywords. */
export class Evaluated {
  readonly names = new Set<string>();
  allNames = false;
  readonly items = new Set<number>();
  /** All items before this index are evaluated. */
  upTo = 0;

  /** Adds what a matching alternative has evaluated. */
  add(other: Evaluated): void {
    for (const name of other.names) this.names.add(name);
    for (const item of other.items) this.items.add(item);
    if (other.allNames) this.allNames = true;
    if (other.upTo > this.upTo) this.upTo = other.upTo;
  }
}

/** A compiled schema, or a part of one: returns whether the value is valid. */
export type Rule = (value: unknown, run: Run, at: Path | undefined, evaluated: Evaluated | undefined) => boolean;

/** The path of a member, if the run collects problems. */
export function inside(run: Run, up: Path | undefined, key: string | number): Path | undefined {
  return run.problems === undefined ? undefined : { up, key };
}

/** The result of a rule that the value breaks. The message is only made in a run that collects problems. */
export function invalid(run: Run, at: Path | undefined, message: () => string, instead?: Instead): false {
  if (run.problems !== undefined && run.problems.length < MAX_PROBLEMS) {
    run.problems.push(instead === undefined ? { at, message: message() } : { at, message: message(), instead });
  }
  return false;
}

/** Whether a value is valid by a rule, without adding to the run's problems. */
export function isValid(rule: Rule, value: unknown, run: Run, evaluated: Evaluated | undefined): boolean {
  const { problems } = run;
  run.problems = undefined;
  const ok = rule(value, run, undefined, evaluated);
  run.problems = problems;
  return ok;
}

/** The problems of a rule, apart from the run's own; `undefined` if the value is valid. */
export function problemsOf(
  rule: Rule,
  value: unknown,
  run: Run,
  at: Path | undefined,
  evaluated: Evaluated | undefined,
): Problem[] | undefined {
  const { problems } = run;
  const own: Problem[] = [];
  run.problems = own;
  const ok = rule(value, run, at, evaluated);
  run.problems = problems;
  return ok ? undefined : own;
}

/** What messages call a property here: `argument` at the top of a tool's arguments. */
export function nounAt(run: Run, at: Path | undefined): Run['noun'] {
  return at === undefined ? run.noun : 'property';
}

/** A path as text: `items[2].qty`. */
export function pathText(at: Path): string {
  let text = '';
  for (let step: Path | undefined = at; step !== undefined; step = step.up) {
    const { key } = step;
    if (typeof key === 'number') text = `[${key}]${text}`;
    else if (/^[\p{L}\p{N}_$-]{1,60}$/u.test(key)) text = `${step.up === undefined ? '' : '.'}${key}${text}`;
    else text = `[${JSON.stringify(truncate(key, 60))}]${text}`;
    // The end of a long path says more than its beginning.
    if (text.length > 120) return `…${text.slice(-120)}`;
  }
  return text;
}

/** A problem as one message: `items[2].qty: must be >= 1, got 0`. */
export function problemText({ at, message }: Problem): string {
  return truncate(at === undefined ? message : `${pathText(at)}: ${message}`, MAX_PROBLEM_LENGTH);
}
