/**
 * Compares two JSON Schemas keyword by keyword, and follows references. Each change has its effect on the values that are accepted. An
 * effect is never understated: where no value is said to be refused, none is.
 *
 * Members that an object's schema does not declare, where it declares others, are taken for members that nobody sends: else adding an
 * optional argument would break callers.
 */
import { equalJson } from '../base/equality.js';
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import { compareText } from '../base/order.js';
import { dialectOf } from '../schema/keywords.js';
import type { PathStep } from '../schema/mistakes.js';
import { Places } from '../schema/places.js';
import type { Effect } from './schema-effects.js';
import { both, COMPOUND, keywordEffect, reversed } from './schema-effects.js';

/** One change of a schema. */
export interface SchemaChange {
  /** The steps from the schema's root, through the references on the way. */
  steps: readonly PathStep[];
  /** The last step that is a keyword. */
  keyword: string;
  /** Undefined: there was none. */
  before: unknown;
  /** Undefined: there is none any more. */
  after: unknown;
  effect: Effect;
}

/** Keywords whose schemas are applied to the same value as the schema around them. */
const IN_PLACE = [
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'if',
  'then',
  'else',
  'dependentSchemas',
  'patternProperties',
  'dependencies',
  '$ref',
];
/** Keywords under which the effect of a change cannot be told from the effect of its parts. */
const UNSURE = ['if', 'then', 'else', 'additionalItems', 'unevaluatedProperties', 'unevaluatedItems'];
const OPAQUE = new Set(['oneOf', 'not', 'contains', 'propertyNames', 'dependentSchemas', ...UNSURE]);
/** Keywords that make the effect of others depend on the whole schema. */
const UNCLEAR = /"(?:unevaluated(?:Properties|Items)|\$(?:dynamicRef|recursiveRef|id)|dependencies)":/;

const isOpenEnded = (schema: unknown): boolean =>
  schema === undefined || schema === true || (isObject(schema) && Object.keys(schema).length === 0);

/** Where a comparison is. */
interface At {
  readonly steps: readonly PathStep[];
  /** Every effect is `either` here. */
  readonly opaque: boolean;
  /** Other schemas are applied to the same value: what this one does not declare may be declared there. */
  readonly inPlace: boolean;
}

class Comparison {
  readonly changes: SchemaChange[] = [];
  readonly #places: readonly [Places, Places];
  /** Pairs that are being compared or were: schemas may refer to themselves. */
  readonly #seen = new Map<object, Map<object, Set<string>>>();

  constructor(before: JsonObject, after: JsonObject) {
    const places = (schema: JsonObject): Places =>
      new Places(schema, dialectOf(schema['$schema']) ?? (dialectOf(undefined) as never));
    this.#places = [places(before), places(after)];
  }

  #add({ steps, opaque }: At, keyword: string, before: unknown, after: unknown, effect: Effect): void {
    this.changes.push({ steps, keyword, before, after, effect: opaque && effect !== 'none' ? 'either' : effect });
  }

  #isNew(before: object, after: object, { opaque, inPlace }: At): boolean {
    let inner = this.#seen.get(before);
    if (inner === undefined) this.#seen.set(before, (inner = new Map()));
    let ways = inner.get(after);
    if (ways === undefined) inner.set(after, (ways = new Set()));
    const way = `${opaque} ${inPlace}`;
    if (ways.has(way)) return false;
    ways.add(way);
    return true;
  }

  /** Where a reference leads; undefined where that cannot be told. */
  #target(schema: JsonObject, side: 0 | 1): unknown {
    const places = this.#places[side];
    const from = places.of(schema);
    const uri = schema['$ref'];
    if (from === undefined || typeof uri !== 'string') return undefined;
    const target = places.resolve(uri, from.resource);
    return typeof target === 'string' ? undefined : target.schema;
  }

  compare(before: unknown, after: unknown, at: At, keyword: string): void {
    if (isOpenEnded(before) && isOpenEnded(after)) return;
    if (before === after && typeof before === 'boolean') return;
    if (before === false || after === false)
      return this.#add(at, keyword, before, after, both(after === false, before === false));
    const [left, right] = [isObject(before) ? before : {}, isObject(after) ? after : {}];
    if (isObject(before) && isObject(after) && !this.#isNew(before, after, at)) return;
    if (!isObject(before) || !isObject(after)) {
      // From anything to a schema, or back: one change says it better than one a keyword.
      return this.#add(at, keyword, before, after, isObject(before) ? 'wider' : 'narrower');
    }
    const shared =
      at.inPlace ||
      [left, right].some((schema) =>
        IN_PLACE.some((name) => name in schema && !(name === '$ref' && Object.keys(schema).length === 1)),
      );
    const names = [...new Set([...Object.keys(left), ...Object.keys(right)])].sort(compareText);
    for (const name of names) {
      const below = { ...at, steps: [...at.steps, name] };
      if (name === '$defs' || name === 'definitions') continue; // what refers to them is compared
      if (COMPOUND.has(name)) this.#compound(name, left, right, { ...below, inPlace: shared });
      else if (!equalJson(left[name], right[name]))
        this.#add(below, name, left[name], right[name], keywordEffect(name, left[name], right[name]));
    }
  }

  #compound(name: string, before: JsonObject, after: JsonObject, at: At): void {
    const [left, right] = [before[name], after[name]];
    const below: At = { ...at, opaque: at.opaque || OPAQUE.has(name) };
    switch (name) {
      case '$ref':
        return this.#reference(before, after, at);
      case 'properties':
        return this.#properties(before, after, at);
      case 'patternProperties':
      case 'dependentSchemas':
        return this.#map(name, left, right, below);
      case 'prefixItems':
        return this.#tuple(left, right, at);
      case 'allOf':
        return this.#branches(left, right, { ...below, inPlace: true }, name, 'narrower');
      case 'anyOf':
      case 'oneOf':
        return this.#branches(left, right, { ...below, inPlace: true }, name, 'wider');
      case 'items':
        if (Array.isArray(left) || Array.isArray(right)) {
          if (!equalJson(left, right)) this.#add(at, name, left, right, 'either');
          else this.#tuple(left, right, at);
          return;
        }
    }
    if ((left === undefined || right === undefined) && left !== right && OPAQUE.has(name)) {
      const effect = left === undefined ? 'narrower' : 'wider';
      return this.#add(at, name, left, right, UNSURE.includes(name) ? 'either' : effect);
    }
    this.compare(left, right, { ...below, inPlace: IN_PLACE.includes(name) }, name);
  }

  #reference(before: JsonObject, after: JsonObject, at: At): void {
    const [left, right] = [this.#target(before, 0), this.#target(after, 1)];
    if (left === undefined || right === undefined) {
      const alone = Object.keys(before).length <= 1 && Object.keys(after).length <= 1;
      const effect = before['$ref'] === undefined && !alone ? 'narrower' : 'either';
      if (before['$ref'] !== after['$ref']) this.#add(at, '$ref', before['$ref'], after['$ref'], effect);
      return;
    }
    this.compare(left, right, at, '$ref');
  }

  #properties(before: JsonObject, after: JsonObject, at: At): void {
    const [left, right] = [before['properties'], after['properties']].map((value) => (isObject(value) ? value : {})) as [
      JsonObject,
      JsonObject,
    ];
    for (const name of [...new Set([...Object.keys(left), ...Object.keys(right)])].sort(compareText)) {
      const below = { ...at, steps: [...at.steps, name], inPlace: false };
      const [was, is] = [Object.hasOwn(left, name), Object.hasOwn(right, name)];
      if (was && is) this.#property(name, left[name], right[name], below, after);
      else if (was) this.#add(below, 'properties', left[name], undefined, 'either');
      else this.#add(below, 'properties', undefined, right[name], addedProperty(before, right[name], at));
    }
  }

  #property(name: string, before: unknown, after: unknown, at: At, parent: JsonObject): void {
    this.compare(before, after, at, 'properties');
    const required = Array.isArray(parent['required']) && parent['required'].includes(name);
    if (!required || !isObject(before) || !isObject(after) || before['default'] === undefined || after['default'] !== undefined)
      return;
    // The default was filled in where the argument was missing.
    const own = this.changes.find(
      ({ steps, keyword }) => keyword === 'default' && steps.length === at.steps.length + 1 && steps.at(-2) === name,
    );
    if (own !== undefined) own.effect = 'either';
  }

  /** Schemas by name, each of which only narrows. */
  #map(keyword: string, before: unknown, after: unknown, at: At): void {
    const [left, right] = [isObject(before) ? before : {}, isObject(after) ? after : {}];
    for (const name of [...new Set([...Object.keys(left), ...Object.keys(right)])].sort(compareText)) {
      const below = { ...at, steps: [...at.steps, name] };
      const [was, is] = [Object.hasOwn(left, name), Object.hasOwn(right, name)];
      if (was && is) this.compare(left[name], right[name], { ...below, inPlace: true }, keyword);
      else this.#add(below, keyword, left[name], right[name], 'either'); // `additionalProperties` depends on the patterns
    }
  }

  #tuple(before: unknown, after: unknown, at: At): void {
    const [left, right] = [Array.isArray(before) ? before : [], Array.isArray(after) ? after : []];
    if (left.length !== right.length) return this.#add(at, 'prefixItems', before, after, 'either');
    left.forEach((item, index) =>
      this.compare(item, right[index], { ...at, steps: [...at.steps, index], inPlace: false }, 'prefixItems'),
    );
  }

  /** @param more what another branch does */
  #branches(before: unknown, after: unknown, at: At, keyword: string, more: Effect): void {
    if (!Array.isArray(before) || !Array.isArray(after)) {
      return this.#add(at, keyword, before, after, before === undefined ? 'narrower' : after === undefined ? 'wider' : 'either');
    }
    const left = [...(before as unknown[])];
    const rest = (after as unknown[]).map((branch, index) => ({ branch, index }));
    const pairs: [unknown, { branch: unknown; index: number }][] = [];
    // Equal branches first, so that a branch that is inserted is one change. They are compared too: their references may lead elsewhere.
    const unmatched = left.filter((branch) => {
      const found = rest.findIndex((other) => equalJson(other.branch, branch));
      if (found < 0) return true;
      pairs.push([branch, ...rest.splice(found, 1)] as [unknown, { branch: unknown; index: number }]);
      return false;
    });
    while (unmatched.length > 0 && rest.length > 0)
      pairs.push([unmatched.shift(), rest.shift() as { branch: unknown; index: number }]);
    pairs.sort(([, a], [, b]) => a.index - b.index);
    for (const [branch, { branch: other, index }] of pairs)
      this.compare(branch, other, { ...at, steps: [...at.steps, index] }, keyword);
    for (const branch of unmatched) this.#add(at, keyword, branch, undefined, reversed(more));
    for (const { branch, index } of rest) this.#add({ ...at, steps: [...at.steps, index] }, keyword, undefined, branch, more);
  }
}

/** What a new member does to values that were accepted before. */
function addedProperty(before: JsonObject, schema: unknown, { inPlace }: At): Effect {
  const { additionalProperties: others, properties } = before;
  if (others === false && !inPlace) return 'wider';
  if (isOpenEnded(schema)) return others === undefined || others === true ? 'none' : 'either';
  return others === undefined && properties !== undefined && !inPlace ? 'none' : 'either';
}

/**
 * Compares two schemas.
 *
 * @returns the changes, in a stable order; none for equal schemas
 */
export function compareSchemas(before: JsonObject, after: JsonObject): SchemaChange[] {
  if (equalJson(before, after)) return [];
  const comparison = new Comparison(before, after);
  const dialects = [before, after].map((schema) => dialectOf(schema['$schema'])?.name);
  // Until draft-07 a reference turned off the keywords beside it.
  const old = dialects.includes('draft-07') && [before, after].some((schema) => JSON.stringify(schema).includes('"$ref":'));
  const opaque = old || dialects.includes(undefined) || [before, after].some((schema) => UNCLEAR.test(JSON.stringify(schema)));
  comparison.compare(before, after, { steps: [], opaque, inPlace: false }, '');
  const { changes } = comparison;
  if (!opaque) return changes.length > 0 ? changes : [whole(before, after, 'none')];
  const named = ['$defs', 'definitions'].every((key) => equalJson(before[key], after[key]));
  // Which members are declared counts where `unevaluatedProperties` is near.
  const doubtful = changes.map((change) => (COMPOUND.has(change.keyword) ? { ...change, effect: 'either' as const } : change));
  return named && doubtful.length > 0 ? doubtful : [...doubtful, whole(before, after, 'either')];
}

function whole(before: JsonObject, after: JsonObject, effect: Effect): SchemaChange {
  return { steps: [], keyword: '', before, after, effect };
}
