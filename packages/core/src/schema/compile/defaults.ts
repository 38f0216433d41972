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
import type { Budget, Rule } from './run.js';
import { budgetFor, spend } from './run.js';
import { copyOf, MAX_DEPTH, setOwn, TooComplex, TooDeep } from './values.js';

/** Returns the value with its defaults; the value itself if nothing is missing. */
export type Filler = (value: unknown, depth: number, budget: Budget) => unknown;

/** Whether a rule accepts a value. */
export type Accepts = (rule: Rule, value: unknown) => boolean;

type FillCompiler = Pick<Compiler, 'dialect' | 'places' | 'rule'>;

/** A search for defaults, in properties and items, also behind `$ref` and in `allOf`. */
interface Search {
  readonly compiler: FillCompiler;
  readonly accepts: Accepts;
  /** The fillers of what references lead to. */
  targets: Map<unknown, { follow: Filler; fill: Filler | undefined }> | undefined;
  found: number;
}

/**
 * The filler of a schema; `undefined` if it has no defaults.
 *
 * A default that its own schema refuses is left out: it is an annotation, and must not make an optional argument a required one.
 * Defaults inside `anyOf`, `oneOf`, `not` and `if` are ignored: whether they apply depends on the value that they would change.
 */
export function fillerOf(schema: unknown, compiler: FillCompiler, accepts: Accepts): Filler | undefined {
  const search: Search = { compiler, accepts, targets: undefined, found: 0 };
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
    const made: { follow: Filler; fill: Filler | undefined } = {
      fill: undefined,
      follow(value, depth, budget) {
        spend(budget, 1);
        return made.fill === undefined ? value : made.fill(value, depth, budget);
      },
    };
    // Stored before it is made, because it may refer to itself.
    search.targets.set(target.schema, (slot = made));
    slot.fill = fillerIn(target.schema, search, target.where);
  }
  return slot.follow;
}

function inTurn(candidates: readonly (Filler | undefined)[]): Filler | undefined {
  // What was filled in once need not be filled in again.
  const fillers = [...new Set(candidates)].filter((fill) => fill !== undefined);
  const [first, second] = fillers;
  if (first === undefined || second === undefined) return first;
  return (value, depth, budget) => fillers.reduce((filled, fill) => fill(filled, depth, budget), value);
}

/** A property with a default, or with defaults inside. */
interface Member {
  readonly name: string;
  readonly fill: Filler | undefined;
  /** The default, whole and checked; undefined if there is none, or if it does not fit. Made at its first use. */
  initial(): unknown;
}

/** A default with the defaults inside it; undefined if the property's own schema refuses it. */
function fitting(initial: unknown, property: JsonObject, search: Search, where: Where, fill: Filler | undefined): unknown {
  try {
    const whole = fill === undefined ? initial : fill(copyOf(initial), 0, budgetFor(initial));
    const rule = search.compiler.rule(property, where);
    return rule === undefined || search.accepts(rule, whole) ? whole : undefined;
  } catch (error) {
    if (error instanceof TooDeep || error instanceof TooComplex || error instanceof RangeError) return undefined;
    throw error;
  }
}

function memberOf(name: string, property: unknown, search: Search, where: Where): Member | undefined {
  // Copied now, so that a default that is nested too deeply to be copied is an error of the schema.
  const initial = isObject(property) ? copyOf(property.default) : undefined;
  const fill = fillerIn(property, search, where);
  if (initial === undefined || !isObject(property)) return fill && { name, fill, initial: () => undefined };
  search.found += 1;
  let known: { value: unknown } | undefined;
  return {
    name,
    fill,
    // Not at once: what the property refers to may still be being compiled.
    initial: () => (known ??= { value: fitting(initial, property, search, where, fill) }).value,
  };
}

function propertiesFiller({ properties }: JsonObject, search: Search, where: Where): Filler | undefined {
  if (!isObject(properties)) return undefined;
  const members = Object.entries(properties)
    .map(([name, property]) => memberOf(name, property, search, pointer(where, 'properties', name)))
    .filter((member) => member !== undefined);
  if (members.length === 0) return undefined;
  return (value, depth, budget) => {
    if (!isObject(value)) return value;
    if (depth > MAX_DEPTH) throw new TooDeep();
    spend(budget, members.length);
    let filled = value;
    for (const { name, fill, initial } of members) {
      const given = Object.hasOwn(value, name) ? value[name] : undefined;
      let whole = given;
      if (given === undefined) whole = copyOf(initial());
      else if (fill !== undefined) whole = fill(given, depth + 1, budget);
      if (whole === given) continue;
      if (filled === value) filled = { ...value };
      setOwn(filled, name, whole);
    }
    return filled;
  };
}

function itemsFiller(schema: JsonObject, search: Search, where: Where): Filler | undefined {
  const { first: firstKeyword = '', others: othersKeyword = '' } = itemKeywords(schema, search.compiler.dialect);
  const first = firstKeyword === '' ? undefined : schema[firstKeyword];
  const list = Array.isArray(first) ? first.map((each, i) => fillerIn(each, search, pointer(where, firstKeyword, i))) : [];
  const rest = othersKeyword === '' ? undefined : fillerIn(schema[othersKeyword], search, pointer(where, othersKeyword));
  if (rest === undefined && list.every((fill) => fill === undefined)) return undefined;
  return (value, depth, budget) => {
    if (!Array.isArray(value)) return value;
    if (depth > MAX_DEPTH) throw new TooDeep();
    spend(budget, value.length);
    let filled: unknown[] = value;
    for (const [i, item] of value.entries()) {
      const fill = i < list.length ? list[i] : rest;
      const whole = fill === undefined ? item : fill(item, depth + 1, budget);
      if (whole === item) continue;
      if (filled === value) filled = [...value];
      filled[i] = whole;
    }
    return filled;
  };
}
