/**
 * Rules on the properties of objects.
 */
import type { JsonObject } from '../../base/json.js';
import { isObject } from '../../base/json.js';
import type { TextPattern } from '../../base/text-pattern.js';
import { truncate } from '../../base/truncate.js';
import type { Where } from '../places.js';
import { pointer } from '../places.js';
import type { Compiler } from './compiler.js';
import { countOf, namesIn, patternOf, schemasIn } from './keyword-values.js';
import type { Evaluated, Path, Rule, Run } from './run.js';
import { inside, invalid, nounAt, problemsOf, spend, stops } from './run.js';
import { MAX_DEPTH, namesOf, show, TooDeep } from './values.js';

const ANY_NAME: TextPattern = { longest: Infinity, quick: /^/, safe: Infinity, test: () => true };

/** A property that the schema names. */
interface Member {
  name: string;
  rule: Rule | undefined;
  required: boolean;
}

/** The rules of properties that are not named in `properties`. */
interface Others {
  patterns: readonly [TextPattern, Rule | undefined][];
  /** `true`: `additionalProperties` accepts everything. */
  rule: Rule | true | undefined;
  forbidden: boolean;
}

function membersOf(schema: JsonObject, compiler: Compiler, where: Where): { members: Member[]; known: Set<string> } {
  const required = new Set(schema.required === undefined ? [] : namesIn(schema.required, pointer(where, 'required')));
  const members: Member[] = [];
  const known = new Set<string>();
  for (const [name, property] of schemasIn(schema, 'properties', where)) {
    known.add(name);
    const rule = compiler.rule(property, pointer(where, 'properties', name));
    members.push({ name, rule, required: required.delete(name) });
  }
  for (const name of required) members.push({ name, rule: undefined, required: true });
  return { members, known };
}

function othersOf(schema: JsonObject, compiler: Compiler, where: Where): Others | undefined {
  const { additionalProperties, patternProperties } = schema;
  if (additionalProperties === undefined && patternProperties === undefined) return undefined;
  const at = pointer(where, 'additionalProperties');
  return {
    patterns: schemasIn(schema, 'patternProperties', where).map(([source, property]) => {
      const place = pointer(where, 'patternProperties', source);
      // A name that cannot be compared may have the pattern, and no schema is for it.
      const pattern = patternOf(source, place);
      return pattern === undefined ? [ANY_NAME, undefined] : [pattern, compiler.rule(property, place)];
    }),
    rule: additionalProperties === undefined ? undefined : (compiler.rule(additionalProperties, at) ?? true),
    forbidden: additionalProperties === false,
  };
}

/** Reports an unknown property, with the known ones. */
function unknown(name: string, known: ReadonlySet<string>, run: Run, at: Path | undefined): false {
  return invalid(run, at, () => {
    const names = known.size === 0 ? 'none' : truncate([...known].join(', '), 140);
    return `unknown ${nounAt(run, at)} ${show(name)} (known: ${names})`;
  });
}

/** `properties`, `required`, `patternProperties` and `additionalProperties`. */
export function objectRule(schema: JsonObject, compiler: Compiler, where: Where): Rule | undefined {
  if (schema.properties === undefined && schema.required === undefined && schema.patternProperties === undefined) {
    if (schema.additionalProperties === undefined) return undefined;
  }
  const { members, known } = membersOf(schema, compiler, where);
  const others = othersOf(schema, compiler, where);
  if (members.length === 0 && others === undefined) return undefined;

  const checkOthers = (
    value: Record<string, unknown>,
    { patterns, rule, forbidden }: Others,
    ...[run, at, evaluated]: Rest
  ): boolean => {
    let ok = true;
    for (const name in value) {
      if ((known.has(name) && patterns.length === 0) || !Object.hasOwn(value, name)) continue;
      const property = value[name];
      if (property === undefined) continue;
      spend(run, 1 + patterns.length);
      let has = known.has(name);
      for (const [regex, its] of patterns) {
        const fits = name.length <= regex.safe ? regex.quick.test(name) : regex.test(name, (steps) => spend(run, steps));
        // A name that is too long for its pattern is undefined here: it may have the pattern.
        if (fits === false) continue;
        has = true;
        evaluated?.names.add(name);
        if (its !== undefined && !its(property, run, inside(run, at, name), undefined)) ok = false;
      }
      if (!has && forbidden) ok = unknown(name, known, run, at);
      else if (!has && typeof rule === 'function' && !rule(property, run, inside(run, at, name), undefined)) ok = false;
      if (!ok && stops(run)) return false;
    }
    if (evaluated !== undefined && rule !== undefined) evaluated.allNames = true;
    return ok;
  };

  return (value, run, at, evaluated) => {
    if (!isObject(value)) return true;
    const outside = run.levels;
    if ((run.levels = outside + 1) > MAX_DEPTH) throw new TooDeep();
    let ok = true;
    spend(run, 1 + members.length);
    for (const { name, rule, required } of members) {
      const property = value[name];
      // Every object inherits names such as `constructor`: only own properties count.
      if (property === undefined || !Object.hasOwn(value, name)) {
        if (required) ok = invalid(run, at, () => `missing required ${nounAt(run, at)} ${show(name)}`);
      } else {
        if (evaluated !== undefined && known.has(name)) evaluated.names.add(name);
        if (rule !== undefined && !rule(property, run, inside(run, at, name), undefined)) ok = false;
      }
      if (!ok && stops(run)) break;
    }
    if (others !== undefined && (ok || !stops(run)) && !checkOthers(value, others, run, at, evaluated)) ok = false;
    run.levels = outside;
    return ok;
  };
}

type Rest = [run: Run, at: Path | undefined, evaluated: Evaluated | undefined];

/** `minProperties`, `maxProperties` and `propertyNames`. */
export function namesRule(schema: JsonObject, compiler: Compiler, where: Where): Rule | undefined {
  const least = countOf(schema, 'minProperties', where) ?? 0;
  const most = countOf(schema, 'maxProperties', where) ?? Infinity;
  const { propertyNames } = schema;
  const rule = propertyNames === undefined ? undefined : compiler.rule(propertyNames, pointer(where, 'propertyNames'));
  if (least === 0 && most === Infinity && rule === undefined) return undefined;
  return (value, run, at) => {
    if (!isObject(value)) return true;
    const names = namesOf(value);
    spend(run, names.length);
    let ok = true;
    if (names.length < least || names.length > most) {
      const [bound, limit] = names.length < least ? ['least', least] : ['most', most];
      ok = invalid(run, at, () => {
        const noun = nounAt(run, at);
        const plural = noun === 'argument' ? 'arguments' : 'properties';
        return `must have at ${bound} ${limit} ${limit === 1 ? noun : plural}, got ${names.length}`;
      });
    }
    if (rule === undefined) return ok;
    for (const name of names) {
      if (run.problems === undefined) {
        if (!ok || !rule(name, run, undefined, undefined)) return false;
        continue;
      }
      if (!ok && stops(run)) return false;
      for (const { message } of problemsOf(rule, name, run, undefined, undefined) ?? []) {
        ok = invalid(run, at, () => `the name of ${nounAt(run, at)} ${show(name)} ${message}`);
      }
    }
    return ok;
  };
}

/** `dependentRequired`, `dependentSchemas` and the older `dependencies`, which combines both. */
export function dependentRule(schema: JsonObject, compiler: Compiler, where: Where): Rule | undefined {
  const { dependencies, dependentRequired, dependentSchemas } = schema;
  if ((dependencies ?? dependentRequired ?? dependentSchemas) === undefined) return undefined;
  const needs: [trigger: string, needed: readonly string[]][] = [];
  const applies: [trigger: string, rule: Rule][] = [];
  for (const keyword of compiler.dialect.name === 'draft-07'
    ? ['dependencies']
    : ['dependencies', 'dependentRequired', 'dependentSchemas']) {
    for (const [trigger, dependent] of schemasIn(schema, keyword, where)) {
      const place = pointer(where, keyword, trigger);
      if (keyword === 'dependentRequired' || (keyword === 'dependencies' && Array.isArray(dependent))) {
        needs.push([trigger, namesIn(dependent, place)]);
        continue;
      }
      const rule = compiler.rule(dependent, place);
      if (rule !== undefined) applies.push([trigger, rule]);
    }
  }
  const has = (value: Record<string, unknown>, name: string): boolean => Object.hasOwn(value, name) && value[name] !== undefined;
  return (value, run, at, evaluated) => {
    if (!isObject(value)) return true;
    let ok = true;
    for (const [trigger, needed] of needs) {
      if (!has(value, trigger)) continue;
      for (const name of needed) {
        if (has(value, name)) continue;
        ok = invalid(run, at, () => `missing ${nounAt(run, at)} ${show(name)}, required when ${show(trigger)} is given`);
      }
    }
    for (const [trigger, rule] of applies) {
      if (has(value, trigger) && !rule(value, run, at, evaluated)) ok = false;
    }
    return ok;
  };
}

/** `unevaluatedProperties`, which runs after all other keywords of the schema. */
export function unevaluatedPropertiesRule(schema: JsonObject, compiler: Compiler, where: Where): Rule | undefined {
  const { unevaluatedProperties } = schema;
  if (unevaluatedProperties === undefined || compiler.dialect.name === 'draft-07') return undefined;
  const rule = compiler.rule(unevaluatedProperties, pointer(where, 'unevaluatedProperties'));
  return (value, run, at, evaluated) => {
    if (!isObject(value) || evaluated === undefined || evaluated.allNames) return true;
    let ok = true;
    for (const name of rule === undefined ? [] : namesOf(value)) {
      if (evaluated.names.has(name)) continue;
      spend(run, 1);
      if (unevaluatedProperties === false) ok = unknown(name, evaluated.names, run, at);
      else if (rule !== undefined && !rule(value[name], run, inside(run, at, name), undefined)) ok = false;
    }
    evaluated.allNames = true;
    return ok;
  };
}
