/**
 * Rules on the properties of objects.
 */
import type { JsonObject } from '../../base/json.js';
import { isObject } from '../../base/json.js';
import type { Where } from '../places.js';
import { pointer } from '../places.js';
import type { Compiler } from './compiler.js';
import { countOf, namesIn, regexOf, schemasIn } from './keyword-values.js';
import type { Path, Rule, Run, Seen } from './run.js';
import { inside, no, nounAt, problemsOf } from './run.js';
import { cut, MAX_DEPTH, namesOf, show, TooDeep } from './values.js';

/** A property that the schema names. */
interface Member {
  name: string;
  rule: Rule | undefined;
  required: boolean;
}

/** What happens to the properties that have no place of their own. */
interface Others {
  patterns: readonly [RegExp, Rule | undefined][];
  /** `true`: `additionalProperties` is there and lets all pass. */
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
      return [regexOf(source, place), compiler.rule(property, place)];
    }),
    rule: additionalProperties === undefined ? undefined : (compiler.rule(additionalProperties, at) ?? true),
    forbidden: additionalProperties === false,
  };
}

/** Says that a property is not known, and which ones are. */
function unknown(name: string, known: ReadonlySet<string>, run: Run, at: Path | undefined): false {
  return no(run, at, () => {
    const names = known.size === 0 ? 'none' : cut([...known].join(', '), 140);
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
    ...[run, at, seen]: Rest
  ): boolean => {
    let ok = true;
    for (const name in value) {
      if ((known.has(name) && patterns.length === 0) || !Object.hasOwn(value, name)) continue;
      const property = value[name];
      if (property === undefined) continue;
      let has = known.has(name);
      for (const [regex, its] of patterns) {
        if (!regex.test(name)) continue;
        has = true;
        seen?.names.add(name);
        if (its !== undefined && !its(property, run, inside(run, at, name), undefined)) ok = false;
      }
      if (!has && forbidden) ok = unknown(name, known, run, at);
      else if (!has && typeof rule === 'function' && !rule(property, run, inside(run, at, name), undefined)) ok = false;
      if (!ok && run.problems === undefined) return false;
    }
    if (seen !== undefined && rule !== undefined) seen.allNames = true;
    return ok;
  };

  return (value, run, at, seen) => {
    if (!isObject(value)) return true;
    const outside = run.levels;
    if ((run.levels = outside + 1) > MAX_DEPTH) throw new TooDeep();
    let ok = true;
    for (const { name, rule, required } of members) {
      const property = value[name];
      // A name such as `constructor` is on every object, and is an argument only where the object has it itself.
      if (property === undefined || !Object.hasOwn(value, name)) {
        if (required) ok = no(run, at, () => `missing required ${nounAt(run, at)} ${show(name)}`);
      } else {
        if (seen !== undefined && known.has(name)) seen.names.add(name);
        if (rule !== undefined && !rule(property, run, inside(run, at, name), undefined)) ok = false;
      }
      if (!ok && run.problems === undefined) break;
    }
    if (others !== undefined && (ok || run.problems !== undefined) && !checkOthers(value, others, run, at, seen)) ok = false;
    run.levels = outside;
    return ok;
  };
}

type Rest = [run: Run, at: Path | undefined, seen: Seen | undefined];

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
    let ok = true;
    if (names.length < least || names.length > most) {
      const bound = names.length < least ? `at least ${least}` : `at most ${most}`;
      ok = no(
        run,
        at,
        () =>
          `the number of ${nounAt(run, at) === 'argument' ? 'arguments' : 'properties'} must be ${bound}, got ${names.length}`,
      );
    }
    if (rule === undefined) return ok;
    for (const name of names) {
      if (run.problems === undefined) {
        if (!ok || !rule(name, run, undefined, undefined)) return false;
        continue;
      }
      for (const { words } of problemsOf(rule, name, run, undefined, undefined) ?? []) {
        ok = no(run, at, () => `the name of ${nounAt(run, at)} ${show(name)} ${words}`);
      }
    }
    return ok;
  };
}

/** `dependentRequired`, `dependentSchemas` and the older `dependencies`, which is both. */
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
  return (value, run, at, seen) => {
    if (!isObject(value)) return true;
    let ok = true;
    for (const [trigger, needed] of needs) {
      if (!has(value, trigger)) continue;
      for (const name of needed) {
        if (has(value, name)) continue;
        ok = no(run, at, () => `missing ${nounAt(run, at)} ${show(name)}, required where ${show(trigger)} is given`);
      }
    }
    for (const [trigger, rule] of applies) {
      if (has(value, trigger) && !rule(value, run, at, seen)) ok = false;
    }
    return ok;
  };
}

/** `unevaluatedProperties`; asked after every other keyword of the schema. */
export function otherNamesRule(schema: JsonObject, compiler: Compiler, where: Where): Rule | undefined {
  const { unevaluatedProperties } = schema;
  if (unevaluatedProperties === undefined || compiler.dialect.name === 'draft-07') return undefined;
  const rule = compiler.rule(unevaluatedProperties, pointer(where, 'unevaluatedProperties'));
  return (value, run, at, seen) => {
    if (!isObject(value) || seen === undefined || seen.allNames) return true;
    let ok = true;
    for (const name of rule === undefined ? [] : namesOf(value)) {
      if (seen.names.has(name)) continue;
      if (unevaluatedProperties === false) ok = unknown(name, seen.names, run, at);
      else if (rule !== undefined && !rule(value[name], run, inside(run, at, name), undefined)) ok = false;
    }
    seen.allNames = true;
    return ok;
  };
}
