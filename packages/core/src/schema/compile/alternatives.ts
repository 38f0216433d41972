/**
 * `anyOf` and `oneOf`: which alternatives a value matches, and why it matches none.
 */
import type { JsonObject } from '../../base/json.js';
import { isObject } from '../../base/json.js';
import { truncate } from '../../base/truncate.js';
import type { Resource, Where } from '../places.js';
import { pointer } from '../places.js';
import type { Compiler } from './compiler.js';
import { all, ALWAYS, rulesOf } from './logic.js';
import type { Path, Problem, Rule, Run } from './run.js';
import { Evaluated, inside, invalid, isValid, pathText, problemsOf, problemText, spend } from './run.js';
import { typeMessage, typeRule, valueMessage, valueRule } from './scalars.js';
import { got } from './values.js';

/** One schema of `anyOf` or `oneOf`. */
interface Alternative {
  readonly rule: Rule;
  /** A part of the rule that is quick, and tells most alternatives apart, such as `properties: { kind: { const: "circle" } }`. */
  readonly guard: Rule | undefined;
  /** The type of the alternative, and its guard: by these an explanation knows which alternatives were not meant. */
  readonly kind: Rule | undefined;
}

function alternativesOf(schema: JsonObject, keyword: string, compiler: Compiler, where: Where): Alternative[] | undefined {
  const rules = rulesOf(schema, keyword, compiler, where);
  return rules?.map((rule, i) => {
    const at = pointer(where, keyword, i);
    const target = behindReferences((schema[keyword] as unknown[])[i], compiler);
    const guard = target && guardOf(target, at);
    const kind = all([target && typeRule(target, at), guard].filter((part) => part !== undefined));
    return { rule: rule ?? ALWAYS, guard, kind };
  });
}

/** References in a row that are followed to find a guard. */
const MAX_HOPS = 8;

/** The quick rule of an alternative: what `const` and `enum` say of its properties. */
function guardOf(schema: JsonObject, where: Where): Rule | undefined {
  if (!isObject(schema.properties)) return undefined;
  const fixed: { name: string; rule: Rule }[] = [];
  for (const [name, property] of Object.entries(schema.properties)) {
    if (!isObject(property) || property.$ref !== undefined) continue;
    const rule = valueRule(property, pointer(where, 'properties', name));
    if (rule !== undefined) fixed.push({ name, rule });
  }
  if (fixed.length === 0) return undefined;
  return (value, run, at) => {
    if (!isObject(value)) return true;
    return fixed.every(({ name, rule }) => {
      const property = Object.hasOwn(value, name) ? value[name] : undefined;
      return property === undefined || rule(property, run, inside(run, at, name), undefined);
    });
  };
}

/** The schema that an alternative is, or that its `$ref` leads to. */
function behindReferences(alternative: unknown, { places }: Compiler): JsonObject | undefined {
  let schema: unknown = alternative;
  for (let hops = 0; isObject(schema) && typeof schema.$ref === 'string'; hops++) {
    if (hops === MAX_HOPS) return undefined;
    const from: Resource | undefined = places.of(schema)?.resource;
    const target = from && places.resolve(schema.$ref, from);
    if (target === undefined || typeof target === 'string') return undefined;
    schema = target.schema;
  }
  return isObject(schema) ? schema : undefined;
}

/** Whether a run that collects problems finds at most one alternative of the value's kind. */
function isAlone(alternatives: readonly Alternative[], value: unknown, run: Run): boolean {
  if (run.problems === undefined) return false;
  return alternatives.filter(({ kind }) => kind === undefined || isValid(kind, value, run, undefined)).length <= 1;
}

/** `anyOf`. */
export function anyOfRule(schema: JsonObject, compiler: Compiler, where: Where): Rule | undefined {
  const alternatives = alternativesOf(schema, 'anyOf', compiler, where);
  if (alternatives === undefined) return undefined;
  return (value, run, at, evaluated) => {
    const failed: Problem[][] = [];
    const alone = isAlone(alternatives, value, run);
    let ok = false;
    for (const alternative of alternatives) {
      const own = evaluated && new Evaluated();
      const problems = attempt(alternative, alone, value, run, at, own);
      if (problems !== undefined) {
        failed.push(problems);
        continue;
      }
      ok = true;
      // The unevaluated keywords need what every matching alternative has evaluated. Without them one match is enough.
      if (own === undefined) return true;
      evaluated?.add(own);
    }
    return ok || explain(failed, value, run, at);
  };
}

/** `oneOf`. */
export function oneOfRule(schema: JsonObject, compiler: Compiler, where: Where): Rule | undefined {
  const alternatives = alternativesOf(schema, 'oneOf', compiler, where);
  if (alternatives === undefined) return undefined;
  return (value, run, at, evaluated) => {
    const failed: Problem[][] = [];
    const alone = isAlone(alternatives, value, run);
    const matching: number[] = [];
    for (const [i, alternative] of alternatives.entries()) {
      const own = evaluated && new Evaluated();
      const problems = attempt(alternative, alone, value, run, at, own);
      if (problems !== undefined) {
        failed.push(problems);
        continue;
      }
      matching.push(i + 1);
      if (matching.length > 1 && run.problems === undefined) return false;
      if (own !== undefined) evaluated?.add(own);
    }
    if (matching.length === 1) return true;
    if (matching.length === 0) return explain(failed, value, run, at);
    return invalid(
      run,
      at,
      () => `must match exactly one of ${alternatives.length} alternatives, matches ${matching.join(' and ')}`,
    );
  };
}

/** How many alternatives are explained one inside the other; more are only named. The work would double with each level. */
const MAX_EXPLAINED = 2;

const NO_PROBLEMS: Problem[] = [];

/**
 * The problems of one alternative; `undefined` if the value matches it. Deep inside explanations no further one is made.
 *
 * @param alone whether the value is of no other alternative's kind. To explain one alternative alone doubles no work
 */
function attempt(
  { guard, kind, rule }: Alternative,
  alone: boolean,
  value: unknown,
  run: Run,
  at: Path | undefined,
  evaluated: Evaluated | undefined,
): Problem[] | undefined {
  spend(run, 1);
  if (run.problems === undefined) {
    const ok = (guard === undefined || guard(value, run, at, undefined)) && rule(value, run, at, evaluated);
    return ok ? undefined : NO_PROBLEMS;
  }
  if (run.explaining >= MAX_EXPLAINED) return isValid(rule, value, run, evaluated) ? undefined : NO_PROBLEMS;
  const other = kind && problemsOf(kind, value, run, at, undefined);
  if (other !== undefined) return other;
  const before = run.explaining;
  if (!alone) run.explaining += 1;
  const problems = problemsOf(rule, value, run, at, evaluated);
  run.explaining = before;
  return problems;
}

/** Reports why no alternative matches, with the problems of the closest alternatives. */
function explain(failed: readonly Problem[][], value: unknown, run: Run, at: Path | undefined): false {
  if (run.problems === undefined) return false;
  if (run.explaining >= MAX_EXPLAINED)
    return invalid(run, at, () => `must match one of ${failed.length} alternatives, got ${got(value)}`);
  const typed = failed.map((problems) => problems.find((problem) => problem.at === at && problem.instead?.types)?.instead?.types);
  const near = failed.filter((_, i) => typed[i] === undefined);
  if (near.length === 0) {
    const types = [...new Set(typed.flatMap((each) => each ?? []))];
    return invalid(run, at, () => typeMessage(types, value), { types });
  }
  // Alternatives often differ by a constant, such as `kind: "circle"`: the one with the right constant is meant.
  const fixed = near.map((problems) => problems.find((problem) => problem.instead?.values));
  const meant = near.filter((_, i) => fixed[i] === undefined);
  const [only = near[0]] = meant;
  if (only !== undefined && (meant.length === 1 || near.length === 1)) {
    for (const problem of only) invalid(run, problem.at, () => problem.message, problem.instead);
    return false;
  }
  const [first] = fixed;
  if (meant.length === 0 && first !== undefined && fixed.every((each) => each !== undefined && samePlace(each, first))) {
    const values = [...new Set(fixed.flatMap((each) => each?.instead?.values ?? []))];
    const given = first.instead?.given;
    return invalid(run, first.at, () => valueMessage(values, given), { values, given });
  }
  const close = meant.length === 0 ? near : meant;
  const [[lead] = []] = close;
  if (lead !== undefined && close.every(([problem]) => problem && problem.message === lead.message && samePlace(problem, lead))) {
    return invalid(run, lead.at, () => lead.message);
  }
  const room = Math.max(30, Math.floor(200 / close.length));
  return invalid(run, at, () => {
    const textOf = (problem: Problem): string => truncate(problem.at === at ? problem.message : problemText(problem), room);
    const list = close.flatMap(([problem], i) => (problem === undefined ? [] : [`(${i + 1}) ${textOf(problem)}`]));
    return `must match one of ${failed.length} alternatives: ${list.join('; ')}`;
  });
}

function samePlace(a: Problem, b: Problem): boolean {
  return a.at === b.at || (a.at !== undefined && b.at !== undefined && pathText(a.at) === pathText(b.at));
}
