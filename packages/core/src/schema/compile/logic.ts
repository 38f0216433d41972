/**
 * Rules that combine the rules of other schemas: combinations, conditions and references.
 */
import type { JsonObject } from '../../base/json.js';
import type { Place, Resource, Where } from '../places.js';
import { pointer } from '../places.js';
import type { Compiler } from './compiler.js';
import { targetOf } from './compiler.js';
import { schemaList } from './keyword-values.js';
import type { Rule } from './run.js';
import { Evaluated, invalid, isValid, remember, remembered, spend, stops } from './run.js';
import { got, TooDeep } from './values.js';

/** How many references may be followed inside each other: a circle that never goes down into the value ends here. */
const MAX_REFS = 1_000;

/** The rule of a schema that accepts everything. */
export const ALWAYS: Rule = () => true;

/** A rule that accepts what all of some rules accept. A run that collects problems applies them all. */
export function all(rules: readonly Rule[]): Rule | undefined {
  const [first, second] = rules;
  if (first === undefined || second === undefined) return first;
  return (value, run, at, evaluated) => {
    let ok = true;
    for (const rule of rules) {
      if (rule(value, run, at, evaluated)) continue;
      if (stops(run)) return false;
      ok = false;
    }
    return ok;
  };
}

/** The rules of the schemas in a list such as `anyOf`; `undefined` for those that accept everything. */
export function rulesOf(schema: JsonObject, keyword: string, compiler: Compiler, where: Where): (Rule | undefined)[] | undefined {
  return schemaList(schema, keyword, where)?.map((each, i) => compiler.rule(each, pointer(where, keyword, i)));
}

/** `allOf`. */
export function allOfRule(schema: JsonObject, compiler: Compiler, where: Where): Rule | undefined {
  return all((rulesOf(schema, 'allOf', compiler, where) ?? []).filter((rule) => rule !== undefined));
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

/**
 * A rule that a reference leads to. It is counted, so that circles of references end. In a check that takes many steps it
 * remembers its verdicts: a value that several alternatives refer to is looked at once, not once for each way to it.
 */
function follow(slot: { rule: Rule | undefined }, resource: Resource, scoped: boolean): Rule {
  return (value, run, at, evaluated) => {
    const { rule } = slot;
    if (rule === undefined) return true;
    spend(run, 1);
    const plain = evaluated === undefined && !scoped;
    if (plain && run.verdicts !== undefined) {
      const verdict = remembered(run, slot, value);
      // A run that collects problems must look for them.
      if (verdict === true || (verdict === false && run.problems === undefined)) return verdict;
    }
    if (++run.refs > MAX_REFS) throw new TooDeep();
    if (scoped) run.scope.push(resource);
    const ok = rule(value, run, at, evaluated);
    if (scoped) run.scope.pop();
    run.refs -= 1;
    if (plain) remember(run, slot, value, ok);
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
