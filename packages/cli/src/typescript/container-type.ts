/**
 * The types of JSON Schemas of objects and arrays.
 */
import type { JsonObject, SchemaReferences } from '@mcp-daemon/core';
import { isObject } from '@mcp-daemon/core';

import { docLines } from './print.js';
import type { Element, Member, Type } from './type.js';
import { ANY_OBJECT, NEVER, text, union, UNKNOWN } from './type.js';

/** A schema, and what its conversion needs. */
export interface Container {
  readonly schema: JsonObject;
  readonly dialect: SchemaReferences['dialect'];
  /** The type of a subschema's values. */
  convert(subschema: unknown): Type;
}

/** Tuples that are longer are arrays, because a reader would count in vain. */
const MAX_TUPLE = 50;

/**
 * What TypeScript believes every object to have: an optional member with one of these names, left out, is what an object inherits.
 */
const INHERITED: ReadonlySet<string> = new Set([
  ...['constructor', 'hasOwnProperty', 'isPrototypeOf', 'propertyIsEnumerable', 'toLocaleString', 'toString', 'valueOf'],
]);

const count = (value: unknown): number | undefined => (typeof value === 'number' && value >= 0 ? value : undefined);

/** The schemas of the first items, and of all others. */
function itemsOf({ schema, dialect }: Container): { first: readonly unknown[]; others: unknown } {
  const { items, prefixItems, additionalItems } = schema;
  if (dialect === '2020-12' && Array.isArray(prefixItems)) return { first: prefixItems, others: items ?? true };
  // A list in `items` is of an older draft, where 2020-12 has `prefixItems`.
  if (Array.isArray(items)) return { first: items, others: dialect === '2020-12' ? true : (additionalItems ?? true) };
  return { first: [], others: items ?? true };
}

/** Whether a type holds names of types in arrays or tuples, and not only in objects. */
function hasNamesInArrays(type: Type, isInside = false): boolean {
  if (type.kind === 'name') return isInside;
  if (type.kind === 'array') return hasNamesInArrays(type.items, true);
  if (type.kind === 'tuple')
    return [...type.elements.map((element) => element.type), type.rest ?? UNKNOWN].some((each) => hasNamesInArrays(each, true));
  return (type.kind === 'union' || type.kind === 'intersection') && type.members.some((each) => hasNamesInArrays(each, isInside));
}

/** The type of a schema's arrays: a tuple where the schema says what the first items are. */
export function arrayType(container: Container): Type {
  const { schema, convert } = container;
  const { first, others } = itemsOf(container);
  const least = count(schema['minItems']) ?? 0;
  const most = count(schema['maxItems']) ?? Infinity;
  const rest = convert(others);
  if (first.length > MAX_TUPLE) return { kind: 'array', items: union([...first.map(convert), rest]) };
  if (first.length === 0) return rest === NEVER ? { kind: 'tuple', elements: [] } : { kind: 'array', items: rest };
  const elements = first.slice(0, most).map((item, index): Element => ({ type: convert(item), isOptional: index >= least }));
  // If such a name leads back here, TypeScript finds a circle behind "?" and "...", where it would find none elsewhere.
  const loose = [...elements.filter(({ isOptional }) => isOptional).map(({ type }) => type), rest];
  if (loose.some((type) => hasNamesInArrays(type)))
    return { kind: 'array', items: union([...elements.map(({ type }) => type), rest]) };
  const isClosed = rest === NEVER || most <= first.length;
  return isClosed ? { kind: 'tuple', elements } : { kind: 'tuple', elements, rest };
}

/** What a doc comment says of a member. */
function docOf(schema: unknown): string[] {
  if (!isObject(schema)) return [];
  const { description, title, deprecated } = schema;
  const lines = docLines(typeof description === 'string' ? description : typeof title === 'string' ? title : undefined);
  if (schema['default'] !== undefined) lines.push(...docLines(`@default ${JSON.stringify(schema['default'])}`));
  if (deprecated === true) lines.push('@deprecated');
  return lines;
}

/** The type of members that `properties` does not name; undefined where the schema says nothing about them. */
function otherMembers({ schema, convert }: Container): Type | undefined {
  const { additionalProperties, patternProperties, unevaluatedProperties } = schema;
  const patterns = isObject(patternProperties) ? Object.values(patternProperties).map(convert) : [];
  if (additionalProperties === undefined) {
    if (patterns.length > 0 || (unevaluatedProperties !== undefined && unevaluatedProperties !== false)) return UNKNOWN;
    return undefined;
  }
  const others = convert(additionalProperties);
  return patterns.length === 0 && others === NEVER ? undefined : union([...patterns, others]);
}

/** The type of a schema's objects. */
export function objectType(container: Container): Type {
  const { schema, convert } = container;
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const required = new Set(
    Array.isArray(schema['required']) ? schema['required'].filter((name) => typeof name === 'string') : [],
  );
  const others = otherMembers(container);
  const named = Object.entries(properties).map(([name, subschema]): Member => {
    const isOptional = !required.has(name);
    const type = isOptional && INHERITED.has(name) ? UNKNOWN : convert(subschema);
    return { name, type, isOptional, doc: docOf(subschema) };
  });
  const isClosed = schema['additionalProperties'] === false;
  const unnamed = [...required].filter((name) => !Object.hasOwn(properties, name));
  const more = unnamed.map((name): Member => ({
    name,
    type: others ?? (isClosed ? NEVER : UNKNOWN),
    isOptional: false,
    doc: [],
  }));
  const members = [...named, ...more];
  if (members.length === 0)
    return others === undefined
      ? isClosed
        ? { ...ANY_OBJECT, index: NEVER }
        : ANY_OBJECT
      : { kind: 'object', members, index: others };
  if (others === undefined) return { kind: 'object', members };
  // TypeScript wants the type of all members to include those of the members with a name.
  const optional = members.some(({ isOptional }) => isOptional) ? [text('undefined')] : [];
  return { kind: 'object', members, index: union([others, ...members.map(({ type }) => type), ...optional]) };
}
