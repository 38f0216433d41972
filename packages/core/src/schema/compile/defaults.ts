/**
 * Fills in the defaults of a schema, in a copy: the given value is not changed.
 */
import type { JsonObject } from '../../base/json.js';
import { isObject } from '../../base/json.js';
import { refOverrides } from '../keywords.js';
import type { Where } from '../places.js';
import { pointer } from '../places.js';
import { itemKeywords } from './arrays.js';
import type { Compiler } from './compiler.js';
import { targetOf } from './compiler.js';
import { copyOf, MAX_DEPTH, setOwn, TooDeep } from './values.js';

/** Returns the value with its defaults; the value itself if nothing is missing. */
export type Filler = (value: unknown, depth: number) => unknown;

/** A search for defaults, in properties and items, also behind `$ref` and in `allOf`. */
interface Search {
  readonly compiler: Pick<Compiler, 'dialect' | 'places'>;
  /** The fillers of what references lead to. */
  targets: Map<unknown, { fill: Filler | undefined }> | undefined;
  found: number;
}

/**
 * The filler of a schema; `undefined` if it has no defaults.
 *
 * Defaults inside `anyOf`, `oneOf`, `not` and `if` are ignored: whether they apply depends on the value that they would change.
 */
export function fillerOf(schema: unknown, compiler: Pick<Compiler, 'dialect' | 'places'>): Filler | undefined {
  const search: Search = { compiler, targets: undefined, found: 0 };
  const fill = fillerIn(schema, search, '#');
  // A schema that refers to itself has fillers even if they have nothing to fill in.
  return search.found === 0 ? undefined : fill;
}

function fillerIn(schema: unknown, search: Search, where: Where): Filler | undefined {
  if (!isObject(schema)) return undefined;
  const behind = schema.$ref === undefined ? undefined : targetFiller(schema, search, where);
  if (refOverrides(schema, search.compiler.dialect)) return behind;
  const fillers = [behind, propertiesFiller(schema, search, where), itemsFiller(schema, search, where)];
  if (Array.isArray(schema.allOf)) {
    schema.allOf.forEach((each, i) => fillers.push(fillerIn(each, search, pointer(where, 'allOf', i))));
  }
  return inTurn(fillers);
}

function targetFiller(schema: JsonObject, search: Search, where: Where): Filler {
  const target = targetOf(schema, '$ref', search.compiler.places, where);
  search.targets ??= new Map();
  let slot = search.targets.get(target.schema);
  if (slot === undefined) {
    // Stored before it is made, because it may refer to itself.
    search.targets.set(target.schema, (slot = { fill: undefined }));
    slot.fill = fillerIn(target.schema, search, target.where);
  }
  const found = slot;
  return (value, depth) => (found.fill === undefined ? value : found.fill(value, depth));
}

function inTurn(candidates: readonly (Filler | undefined)[]): Filler | undefined {
  const fillers = candidates.filter((fill) => fill !== undefined);
  const [first, second] = fillers;
  if (first === undefined || second === undefined) return first;
  return (value, depth) => fillers.reduce((filled, fill) => fill(filled, depth), value);
}

function propertiesFiller({ properties }: JsonObject, search: Search, where: Where): Filler | undefined {
  if (!isObject(properties)) return undefined;
  const members: { name: string; initial: unknown; fill: Filler | undefined }[] = [];
  for (const [name, property] of Object.entries(properties)) {
    // Copied now, so that a default that is nested too deeply to be copied is an error of the schema.
    const initial = isObject(property) ? copyOf(property.default) : undefined;
    const fill = fillerIn(property, search, pointer(where, 'properties', name));
    if (initial !== undefined) search.found += 1;
    if (initial !== undefined || fill !== undefined) members.push({ name, initial, fill });
  }
  if (members.length === 0) return undefined;
  return (value, depth) => {
    if (!isObject(value)) return value;
    if (depth > MAX_DEPTH) throw new TooDeep();
    let filled = value;
    for (const { name, initial, fill } of members) {
      const given = Object.hasOwn(value, name) ? value[name] : undefined;
      if (given === undefined && initial === undefined) continue;
      const start = given === undefined ? copyOf(initial) : given;
      const whole = fill === undefined ? start : fill(start, depth + 1);
      if (whole === given) continue;
      if (filled === value) filled = { ...value };
      setOwn(filled, name, whole);
    }
    return filled;
  };
}

function itemsFiller(schema: JsonObject, search: Search, where: Where): Filler | undefined {
  const { first: firstKeyword = '', others: othersKeyword } = itemKeywords(schema, search.compiler.dialect);
  const first = schema[firstKeyword];
  const list = Array.isArray(first) ? first.map((each, i) => fillerIn(each, search, pointer(where, firstKeyword, i))) : [];
  const rest = fillerIn(schema[othersKeyword], search, pointer(where, othersKeyword));
  if (rest === undefined && list.every((fill) => fill === undefined)) return undefined;
  return (value, depth) => {
    if (!Array.isArray(value)) return value;
    if (depth > MAX_DEPTH) throw new TooDeep();
    let filled: unknown[] = value;
    for (const [i, item] of value.entries()) {
      const fill = i < list.length ? list[i] : rest;
      const whole = fill === undefined ? item : fill(item, depth + 1);
      if (whole === item) continue;
      if (filled === value) filled = [...value];
      filled[i] = whole;
    }
    return filled;
  };
}
