/**
 * Rules on the items of arrays.
 */
import type { JsonObject } from '../../base/json.js';
import type { Dialect } from '../keywords.js';
import type { Where } from '../places.js';
import { pointer } from '../places.js';
import type { Compiler } from './compiler.js';
import { schemaError } from './compiler.js';
import { countOf, schemaList } from './keyword-values.js';
import type { Rule } from './run.js';
import { inside, invalid, isValid, spend, stops } from './run.js';
import { count } from './scalars.js';
import { duplicateItems, MAX_DEPTH, TooDeep } from './values.js';

/** The keywords of the first items and of all others: 2020-12 has new names for them. */
export function itemKeywords(
  { items, prefixItems }: JsonObject,
  dialect: Dialect,
): { first: string | undefined; others: string | undefined } {
  // A list in `items` is of an older draft, where 2020-12 has `prefixItems`.
  const isOld = Array.isArray(items) && prefixItems === undefined;
  if (dialect.name === '2020-12')
    return isOld ? { first: 'items', others: undefined } : { first: 'prefixItems', others: 'items' };
  return Array.isArray(items) ? { first: 'items', others: 'additionalItems' } : { first: undefined, others: 'items' };
}

/** `prefixItems` and `items`; before 2020-12 `items` and `additionalItems`. */
export function itemsRule(schema: JsonObject, compiler: Compiler, where: Where): Rule | undefined {
  if (schema.items === undefined && schema.prefixItems === undefined) return undefined;
  const { first: firstKeyword = '', others: othersKeyword } = itemKeywords(schema, compiler.dialect);
  if (othersKeyword === 'items' && Array.isArray(schema.items)) {
    throw schemaError(pointer(where, 'items'), 'must be a schema: in 2020-12 a list of schemas is called prefixItems');
  }
  const list = schemaList(schema, firstKeyword, where) ?? [];
  const first = list.map((item, i) => compiler.rule(item, pointer(where, firstKeyword, i)));
  const others = othersKeyword === undefined ? undefined : schema[othersKeyword];
  const rule = others === undefined ? undefined : compiler.rule(others, pointer(where, othersKeyword ?? ''));
  return (value, run, at, evaluated) => {
    if (!Array.isArray(value)) return true;
    const outside = run.levels;
    if ((run.levels = outside + 1) > MAX_DEPTH) throw new TooDeep();
    let ok = true;
    if (others === false && value.length > first.length) {
      ok = invalid(run, at, () => `must have at most ${count(first.length, 'item')}, got ${value.length}`);
    }
    spend(run, 1 + value.length);
    const end = rule === undefined || others === false ? Math.min(first.length, value.length) : value.length;
    for (let i = 0; i < end && (ok || !stops(run)); i++) {
      const its = i < first.length ? first[i] : rule;
      if (its !== undefined && !its(value[i], run, inside(run, at, i), undefined)) ok = false;
    }
    if (evaluated !== undefined) evaluated.upTo = Math.max(evaluated.upTo, others === undefined ? first.length : Infinity);
    run.levels = outside;
    return ok;
  };
}

/** Steps for each object or array that is compared with the others of its list: this takes as long as so many simple steps. */
const STEPS_TO_COMPARE = 80;

const isCompound = (item: unknown): boolean => typeof item === 'object' && item !== null;

/** `minItems`, `maxItems` and `uniqueItems`. */
export function sizeRule(schema: JsonObject, _compiler: Compiler, where: Where): Rule | undefined {
  const least = countOf(schema, 'minItems', where) ?? 0;
  const most = countOf(schema, 'maxItems', where) ?? Infinity;
  const unique = schema.uniqueItems === true;
  if (least === 0 && most === Infinity && !unique) return undefined;
  return (value, run, at) => {
    if (!Array.isArray(value)) return true;
    let ok = true;
    if (value.length < least) ok = invalid(run, at, () => `must have at least ${count(least, 'item')}, got ${value.length}`);
    if (value.length > most) ok = invalid(run, at, () => `must have at most ${count(most, 'item')}, got ${value.length}`);
    // Not for an array that is too long already: the limit is there to avoid comparing so many items.
    if (ok && unique) spend(run, value.length + STEPS_TO_COMPARE * value.filter(isCompound).length);
    const pair = ok && unique ? duplicateItems(value) : undefined;
    return pair === undefined
      ? ok
      : invalid(run, at, () => `must not have duplicate items: [${pair[0]}] and [${pair[1]}] are equal`);
  };
}

/** `contains`, `minContains` and `maxContains`. */
export function containsRule(schema: JsonObject, compiler: Compiler, where: Where): Rule | undefined {
  const { contains } = schema;
  if (contains === undefined) return undefined;
  const rule = compiler.rule(contains, pointer(where, 'contains'));
  const counts = compiler.dialect.name !== 'draft-07';
  const least = (counts ? countOf(schema, 'minContains', where) : undefined) ?? 1;
  const most = (counts ? countOf(schema, 'maxContains', where) : undefined) ?? Infinity;
  const evaluates = compiler.dialect.name === '2020-12';
  return (value, run, at, evaluated) => {
    if (!Array.isArray(value)) return true;
    const outside = run.levels;
    if ((run.levels = outside + 1) > MAX_DEPTH) throw new TooDeep();
    spend(run, value.length);
    let found = 0;
    for (const [i, item] of value.entries()) {
      if (rule !== undefined && !isValid(rule, item, run, undefined)) continue;
      found += 1;
      if (evaluates) evaluated?.items.add(i);
    }
    run.levels = outside;
    if (found >= least && found <= most) return true;
    return invalid(run, at, () => {
      const bound = found < least ? `at least ${count(least, 'item')}` : `at most ${count(most, 'item')}`;
      return `must have ${bound} matching "contains", got ${found}`;
    });
  };
}

/** `unevaluatedItems`, which runs after all other keywords of the schema. */
export function unevaluatedItemsRule(schema: JsonObject, compiler: Compiler, where: Where): Rule | undefined {
  const { unevaluatedItems } = schema;
  if (unevaluatedItems === undefined || compiler.dialect.name === 'draft-07') return undefined;
  const rule = compiler.rule(unevaluatedItems, pointer(where, 'unevaluatedItems'));
  return (value, run, at, evaluated) => {
    if (!Array.isArray(value) || evaluated === undefined) return true;
    let ok = true;
    for (let i = evaluated.upTo; rule !== undefined && i < value.length; i++) {
      spend(run, 1);
      if (!evaluated.items.has(i) && !rule(value[i], run, inside(run, at, i), undefined)) ok = false;
    }
    evaluated.upTo = Infinity;
    return ok;
  };
}
