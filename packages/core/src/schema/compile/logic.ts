/**
 * Rules that combine the rules of other schemas: combinations, conditions and references.
 */
import type { JsonObject } from '../../base/json.js';
import type { Place, Resource, Where } from '../places.js';
import { pointer } from '../places.js';
import type { Compiler } from './compiler.js';
import { targetOf } from './compiler.js';
import { schemaList } from './keyword-values.js';
import type { Path, Problem, Rule, Run } from './run.js';
import { Evaluated, invalid, isValid, pathText, problemsOf, problemText } from './run.js';
import { typeMessage, valueMessage } from './scalars.js';
import { got, TooDeep, truncate } from './values.js';

/** How many references may be followed inside each other: a circle that never goes down into the value ends here. */
const MAX_REFS = 1_000;

const ALWAYS: Rule = () => true;

/** A rule that accepts what all of some rules accept. A run that collects problems applies them all. */
export function all(rules: readonly Rule[]): Rule | undefined {
  const [first, second] = rules;
  if (first === undefined || second === undefined) return first;
  return (value, run, at, evaluated) => {
    let ok = true;
    for (const rule of rules) {
      if (rule(value, run, at, evaluated)) continue;
      if (run.problems === undefined) return false;
      ok = false;
    }
    return ok;
  };
}

function rulesOf(schema: JsonObject, keyword: string, compiler: Compiler, where: Where): (Rule | undefined)[] | undefined {
  return schemaList(schema, keyword, where)?.map((each, i) => compiler.rule(each, pointer(where, keyword, i)));
}

/** `allOf`. */
export function allOfRule(schema: JsonObject, compiler: Compiler, where: Where): Rule | undefined {
  return all((rulesOf(schema, 'allOf', compiler, where) ?? []).filter((rule) => rule !== undefined));
}

/** `anyOf`. */
export function anyOfRule(schema: JsonObject, compiler: Compiler, where: Where): Rule | undefined {
  const rules = rulesOf(schema, 'anyOf', compiler, where)?.map((rule) => rule ?? ALWAYS);
  if (rules === undefined) return undefined;
  return (value, run, at, evaluated) => {
    const failed: Problem[][] = [];
    let ok = false;
    for (const rule of rules) {
      const own = evaluated && new Evaluated();
      const problems = attempt(rule, value, run, at, own);
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
  const rules = rulesOf(schema, 'oneOf', compiler, where)?.map((rule) => rule ?? ALWAYS);
  if (rules === undefined) return undefined;
  return (value, run, at, evaluated) => {
    const failed: Problem[][] = [];
    const matching: number[] = [];
    for (const [i, rule] of rules.entries()) {
      const own = evaluated && new Evaluated();
      const problems = attempt(rule, value, run, at, own);
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
    return invalid(run, at, () => `must match exactly one of ${rules.length} alternatives, matches ${matching.join(' and ')}`);
  };
}

const NO_PROBLEMS: Problem[] = [];

/** The problems of one alternative; `undefined` if the value matches it. */
function attempt(
  rule: Rule,
  value: unknown,
  run: Run,
  at: Path | undefined,
  evaluated: Evaluated | undefined,
): Problem[] | undefined {
  if (run.problems !== undefined) return problemsOf(rule, value, run, at, evaluated);
  return rule(value, run, at, evaluated) ? undefined : NO_PROBLEMS;
}

/** Reports why no alternative matches, by those that the value comes closest to. */
function explain(failed: readonly Problem[][], value: unknown, run: Run, at: Path | undefined): false {
  if (run.problems === undefined) return false;
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

/** `not`. */
export function notRule(schema: JsonObject, compiler: Compiler, where: Where): Rule | undefined {
  if (schema.not === undefined) return undefined;
  const rule = compiler.rule(schema.not, pointer(where, 'not')) ?? ALWAYS;
  return (value, run, at) =>
    !isValid(rule, value, run, undefined) || invalid(run, at, () => `must not match the schema in "not", got ${got(value)}`);
}

/** `if`, `then` and `else`. */
export function ifRule(schema: JsonObject, compiler: Compiler, where: Where): Rule | undefined {
  if (schema.if === undefined) return undefined;
  const branch = (keyword: string): Rule =>
    (schema[keyword] === undefined ? undefined : compiler.rule(schema[keyword], pointer(where, keyword))) ?? ALWAYS;
  const [condition, then, otherwise] = [branch('if'), branch('then'), branch('else')];
  return (value, run, at, evaluated) => {
    const own = evaluated && new Evaluated();
    if (!isValid(condition, value, run, own)) return otherwise(value, run, at, evaluated);
    if (own !== undefined) evaluated?.add(own);
    return then(value, run, at, evaluated);
  };
}

/** A rule that a reference leads to. It is counted, so that circles of references end. */
function follow(slot: { rule: Rule | undefined }, resource: Resource, scoped: boolean): Rule {
  return (value, run, at, evaluated) => {
    const { rule } = slot;
    if (rule === undefined) return true;
    if (++run.refs > MAX_REFS) throw new TooDeep();
    if (scoped) run.scope.push(resource);
    const ok = rule(value, run, at, evaluated);
    if (scoped) run.scope.pop();
    run.refs -= 1;
    return ok;
  };
}

/** `$ref`. */
export function refRule(schema: JsonObject, compiler: Compiler, where: Where): Rule | undefined {
  if (schema.$ref === undefined) return undefined;
  const target = targetOf(schema, '$ref', compiler.places, where);
  return follow(compiler.deferred(target), target.resource, compiler.scoped);
}

/** `$dynamicRef`, and `$recursiveRef` of 2019-09: they lead to the outermost resource entered that has the anchor. */
export function dynamicRefRule(schema: JsonObject, compiler: Compiler, where: Where): Rule | undefined {
  const { dialect, places } = compiler;
  const keyword = dialect.name === '2020-12' ? '$dynamicRef' : '$recursiveRef';
  if (schema[keyword] === undefined || !dialect.keywords.has(keyword)) return undefined;
  const fixed = targetOf(schema, keyword, places, where);
  const ref = String(schema[keyword]);
  const name = ref.slice(ref.indexOf('#') + 1);
  const anchored = (resource: Resource): Place | undefined => {
    if (dialect.name === '2020-12') return resource.dynamicAnchors.get(name);
    const { root } = resource;
    return typeof root === 'object' && root.$recursiveAnchor === true
      ? { schema: root, resource, where: resource.where }
      : undefined;
  };
  const plain = follow(compiler.deferred(fixed), fixed.resource, compiler.scoped);
  // Only a reference that leads to a dynamic anchor by itself can lead elsewhere.
  if (anchored(fixed.resource)?.schema !== fixed.schema) return plain;
  const resources = places.resources();
  if (resources.length === 1) return plain;
  compiler.needScope();
  const targets = new Map<unknown, Rule>();
  for (const resource of resources) {
    const target = anchored(resource);
    if (target !== undefined) targets.set(resource, follow(compiler.deferred(target), resource, true));
  }
  return (value, run, at, evaluated) => {
    const outermost = run.scope.find((resource) => targets.has(resource));
    return (targets.get(outermost) ?? plain)(value, run, at, evaluated);
  };
}
