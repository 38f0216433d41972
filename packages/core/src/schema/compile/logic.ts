/**
 * Rules made of the rules of other schemas: combinations, conditions and references.
 */
import type { JsonObject } from '../../base/json.js';
import type { Place, Resource, Where } from '../places.js';
import { pointer } from '../places.js';
import type { Compiler } from './compiler.js';
import { targetOf } from './compiler.js';
import { schemaList } from './keyword-values.js';
import type { Path, Problem, Rule, Run } from './run.js';
import { fits, no, pathText, problemsOf, Seen, sentence } from './run.js';
import { typeWords, valueWords } from './scalars.js';
import { cut, got, TooDeep } from './values.js';

/** References that lead to each other without going down into the value end here. */
const MAX_REFS = 1_000;

const ALWAYS: Rule = () => true;

/** A rule that holds where all of some rules do; a run that keeps problems asks them all. */
export function all(rules: readonly Rule[]): Rule | undefined {
  const [first, second] = rules;
  if (first === undefined || second === undefined) return first;
  return (value, run, at, seen) => {
    let ok = true;
    for (const rule of rules) {
      if (rule(value, run, at, seen)) continue;
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
  return (value, run, at, seen) => {
    const failed: Problem[][] = [];
    let ok = false;
    for (const rule of rules) {
      const own = seen && new Seen();
      const problems = attempt(rule, value, run, at, own);
      if (problems !== undefined) {
        failed.push(problems);
        continue;
      }
      ok = true;
      // What the other alternatives have seen counts as well, so they are all asked where that matters.
      if (own === undefined) return true;
      seen?.add(own);
    }
    return ok || explain(failed, value, run, at);
  };
}

/** `oneOf`. */
export function oneOfRule(schema: JsonObject, compiler: Compiler, where: Where): Rule | undefined {
  const rules = rulesOf(schema, 'oneOf', compiler, where)?.map((rule) => rule ?? ALWAYS);
  if (rules === undefined) return undefined;
  return (value, run, at, seen) => {
    const failed: Problem[][] = [];
    const fitting: number[] = [];
    for (const [i, rule] of rules.entries()) {
      const own = seen && new Seen();
      const problems = attempt(rule, value, run, at, own);
      if (problems !== undefined) {
        failed.push(problems);
        continue;
      }
      fitting.push(i + 1);
      if (fitting.length > 1 && run.problems === undefined) return false;
      if (own !== undefined) seen?.add(own);
    }
    if (fitting.length === 1) return true;
    if (fitting.length === 0) return explain(failed, value, run, at);
    return no(run, at, () => `must fit exactly one of ${rules.length} alternatives, fits numbers ${fitting.join(', ')}`);
  };
}

const NO_PROBLEMS: Problem[] = [];

/** The problems of one alternative; `undefined` where the value fits it. */
function attempt(rule: Rule, value: unknown, run: Run, at: Path | undefined, seen: Seen | undefined): Problem[] | undefined {
  if (run.problems !== undefined) return problemsOf(rule, value, run, at, seen);
  return rule(value, run, at, seen) ? undefined : NO_PROBLEMS;
}

/** Says why no alternative fits, by the alternatives that the value comes close to. */
function explain(failed: readonly Problem[][], value: unknown, run: Run, at: Path | undefined): false {
  if (run.problems === undefined) return false;
  const typed = failed.map((problems) => problems.find((problem) => problem.at === at && problem.instead?.types)?.instead?.types);
  const near = failed.filter((_, i) => typed[i] === undefined);
  if (near.length === 0) {
    const types = [...new Set(typed.flatMap((each) => each ?? []))];
    return no(run, at, () => typeWords(types, value), { types });
  }
  // Alternatives are often told apart by a constant, such as `kind: "circle"`: where it is right, the rest is meant.
  const fixed = near.map((problems) => problems.find((problem) => problem.instead?.values));
  const meant = near.filter((_, i) => fixed[i] === undefined);
  const [only = near[0]] = meant;
  if (only !== undefined && (meant.length === 1 || near.length === 1)) {
    for (const problem of only) no(run, problem.at, () => problem.words, problem.instead);
    return false;
  }
  const [first] = fixed;
  if (meant.length === 0 && first !== undefined && fixed.every((each) => each !== undefined && samePlace(each, first))) {
    const values = [...new Set(fixed.flatMap((each) => each?.instead?.values ?? []))];
    const given = first.instead?.given;
    return no(run, first.at, () => valueWords(values, given), { values, given });
  }
  const close = meant.length === 0 ? near : meant;
  const [[lead] = []] = close;
  if (lead !== undefined && close.every(([problem]) => problem && problem.words === lead.words && samePlace(problem, lead))) {
    return no(run, lead.at, () => lead.words);
  }
  const room = Math.max(30, Math.floor(200 / close.length));
  return no(run, at, () => {
    const words = (problem: Problem): string => cut(problem.at === at ? problem.words : sentence(problem), room);
    const list = close.flatMap(([problem], i) => (problem === undefined ? [] : [`(${i + 1}) ${words(problem)}`]));
    return `must fit one of ${failed.length} alternatives: ${list.join('; ')}`;
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
    !fits(rule, value, run, undefined) || no(run, at, () => `must not fit the schema in "not", got ${got(value)}`);
}

/** `if`, `then` and `else`. */
export function ifRule(schema: JsonObject, compiler: Compiler, where: Where): Rule | undefined {
  if (schema.if === undefined) return undefined;
  const branch = (keyword: string): Rule =>
    (schema[keyword] === undefined ? undefined : compiler.rule(schema[keyword], pointer(where, keyword))) ?? ALWAYS;
  const [condition, then, otherwise] = [branch('if'), branch('then'), branch('else')];
  return (value, run, at, seen) => {
    const own = seen && new Seen();
    if (!fits(condition, value, run, own)) return otherwise(value, run, at, seen);
    if (own !== undefined) seen?.add(own);
    return then(value, run, at, seen);
  };
}

/** A rule that is reached by a reference: counted, so that references in a circle end. */
function follow(slot: { rule: Rule | undefined }, resource: Resource, scoped: boolean): Rule {
  return (value, run, at, seen) => {
    const { rule } = slot;
    if (rule === undefined) return true;
    if (++run.refs > MAX_REFS) throw new TooDeep();
    if (scoped) run.scope.push(resource);
    const ok = rule(value, run, at, seen);
    if (scoped) run.scope.pop();
    run.refs -= 1;
    return ok;
  };
}

/** `$ref`. */
export function refRule(schema: JsonObject, compiler: Compiler, where: Where): Rule | undefined {
  if (schema.$ref === undefined) return undefined;
  const target = targetOf(schema, '$ref', compiler.places, where);
  return follow(compiler.late(target), target.resource, compiler.scoped);
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
  const plain = follow(compiler.late(fixed), fixed.resource, compiler.scoped);
  // Only a reference that leads to a dynamic anchor by itself can lead elsewhere.
  if (anchored(fixed.resource)?.schema !== fixed.schema) return plain;
  const resources = places.resources();
  if (resources.length === 1) return plain;
  compiler.needScope();
  const targets = new Map<unknown, Rule>();
  for (const resource of resources) {
    const target = anchored(resource);
    if (target !== undefined) targets.set(resource, follow(compiler.late(target), resource, true));
  }
  return (value, run, at, seen) => {
    const outermost = run.scope.find((resource) => targets.has(resource));
    return (targets.get(outermost) ?? plain)(value, run, at, seen);
  };
}
