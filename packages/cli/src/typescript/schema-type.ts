/**
 * From a JSON Schema (2020-12, 2019-09 or draft-07) to a TypeScript type. Every value that the schema accepts has the type; where
 * TypeScript cannot say what the schema says, the type is wider. docs/types.md lists where.
 *
 * Our own code, because json-schema-to-typescript 16 reads older drafts: of `prefixItems` with `items: false` it makes `never[]`, it
 * loses the members of a `$ref` with `properties` beside it, it does not find an `$anchor`, it asks the network for an `$id`, and two
 * definitions that consist of each other become types that do not compile.
 */
import type { JsonObject, SchemaReferences } from '@mcp-daemon/core';
import { isObject, schemaReferences } from '@mcp-daemon/core';

import { arrayType, objectType } from './container-type.js';
import type { Names } from './names.js';
import { pascalCase } from './names.js';
import { docLines } from './print.js';
import type { Type } from './type.js';
import {
  ANY_ARRAY,
  ANY_OBJECT,
  intersection,
  isUnknown,
  literal,
  namesInPlace,
  NEVER,
  text,
  union,
  UNKNOWN,
  withoutNames,
} from './type.js';

/** A type of the file, with a name. */
export interface Declaration {
  readonly name: string;
  readonly type: Type;
  readonly doc: readonly string[];
}

/** The types of JSON values. An `integer` of JSON Schema is a number. */
const JSON_TYPES = ['string', 'number', 'boolean', 'null', 'array', 'object'] as const;
type JsonType = (typeof JSON_TYPES)[number];

/** The types that a value may still have. */
type Allowed = ReadonlySet<JsonType>;
const ALL: Allowed = new Set(JSON_TYPES);
/** For schemas whose values are objects, such as arguments. */
export const OBJECTS: Allowed = new Set(['object']);

/** How deep subschemas are converted; below it, anything is accepted. Recursion of JavaScript is not endless. */
const MAX_DEPTH = 100;

/** The keywords that say more than "an array" and "an object". */
const ARRAY_KEYWORDS = ['items', 'prefixItems'];
const OBJECT_KEYWORDS = ['properties', 'required', 'additionalProperties', 'patternProperties'];

function jsonTypeOf(value: unknown): JsonType {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : (typeof value as JsonType);
}

/** The types that a schema leaves of those that are allowed. Of a `type` with a word that is no type, nothing is believed. */
function typesOf({ type }: JsonObject, allowed: Allowed): Allowed {
  if (type === undefined) return allowed;
  const named: unknown[] = (Array.isArray(type) ? type : [type]).map((each: unknown) => (each === 'integer' ? 'number' : each));
  if (!named.every((each) => JSON_TYPES.some((known) => known === each))) return allowed;
  return new Set([...allowed].filter((each) => named.includes(each)));
}

/** The part of a reference that a reader would call its target by: `Node` of `#/$defs/node`. */
function hintOf(reference: unknown): string {
  const last = /[^/#]*$/.exec(String(reference))?.[0] ?? '';
  // The escapes of JSON pointers and of URIs are no part of the name.
  return pascalCase(last.replace(/~[01]|%[0-9A-Fa-f]{2}/g, ' '));
}

/** What {@link declareSchema} takes. */
export interface SchemaOptions {
  /** The name of the type. */
  readonly name: string;
  /** Gives the names of further types. */
  readonly names: Names;
  /** The types that a value can have. Default: all. */
  readonly allowed?: Allowed;
  /** Lines of its doc comment. Default: the description of the schema. */
  readonly doc?: readonly string[];
}

/** Converts the subschemas of one schema. */
class Converter {
  readonly declarations: Declaration[] = [];
  readonly #references: SchemaReferences;
  readonly #base: string;
  readonly #names: Names;
  /** The names of subschemas that references lead to. */
  readonly #named = new Map<JsonObject, string>();
  #depth = 0;

  constructor(references: SchemaReferences, { name, names }: SchemaOptions) {
    this.#references = references;
    this.#base = name;
    this.#names = names;
  }

  /** Remembers the name of a schema that is declared by the caller. */
  know(schema: JsonObject, name: string): void {
    this.#named.set(schema, name);
  }

  /** The type of a schema's values. @param allowed the types that they can have. Default: all */
  type(schema: unknown, allowed: Allowed = ALL): Type {
    if (schema === false) return NEVER;
    if (!isObject(schema) || this.#depth >= MAX_DEPTH) return UNKNOWN;
    this.#depth += 1;
    try {
      return this.#typeOf(schema, allowed);
    } finally {
      this.#depth -= 1;
    }
  }

  #typeOf(schema: JsonObject, allowed: Allowed): Type {
    // Before 2019-09, nothing beside a reference counts.
    if (this.#references.dialect === 'draft-07' && schema['$ref'] !== undefined) return this.#target(schema, '$ref');
    const types = typesOf(schema, allowed);
    if (types.size === 0 || schema['not'] === true || isEmpty(schema['not'])) return NEVER;
    const values = valuesOf(schema, types);
    if (values !== undefined) return union(values.map(literal));
    const parts = this.#parts(schema, types);
    const has = (type: JsonType, keywords: readonly string[]): boolean =>
      types.has(type) && keywords.some((keyword) => schema[keyword] !== undefined);
    const container = { schema, dialect: this.#references.dialect, convert: (subschema: unknown) => this.type(subschema) };
    const array = has('array', ARRAY_KEYWORDS) ? arrayType(container) : undefined;
    const object = has('object', OBJECT_KEYWORDS) ? objectType(container) : undefined;
    if (array === undefined && object === undefined) {
      // Of `{ "type": "object", "anyOf": [...] }` the alternatives say it all.
      return parts.some((part) => !isUnknown(part)) ? intersection(parts) : plain(types);
    }
    return intersection([plain(types, array, object), ...parts]);
  }

  /** The types of further schemas that the same value has to match. */
  #parts(schema: JsonObject, types: Allowed): Type[] {
    const parts: Type[] = [];
    for (const keyword of ['$ref', '$dynamicRef', '$recursiveRef'] as const)
      if (schema[keyword] !== undefined) parts.push(this.#target(schema, keyword));
    const each = (keyword: string): Type[] | undefined =>
      Array.isArray(schema[keyword]) ? schema[keyword].map((one) => this.type(one, types)) : undefined;
    parts.push(...(each('allOf') ?? []));
    for (const keyword of ['anyOf', 'oneOf']) {
      const alternatives = each(keyword);
      if (alternatives !== undefined) parts.push(union(alternatives));
    }
    if (schema['if'] !== undefined && schema['then'] !== undefined && schema['else'] !== undefined)
      parts.push(union([this.type(schema['then'], types), this.type(schema['else'], types)]));
    return parts;
  }

  /** The type behind a reference, which gets a name of its own. */
  #target(schema: JsonObject, keyword: '$ref' | '$dynamicRef' | '$recursiveRef'): Type {
    const target = this.#references.follow(schema, keyword);
    if (target === undefined) return UNKNOWN;
    if (typeof target === 'boolean') return target ? UNKNOWN : NEVER;
    let name = this.#named.get(target);
    if (name === undefined) {
      name = this.#names.take(`${this.#base}${hintOf(schema[keyword]) || 'Root'}`);
      // Known before it is converted, because it may refer to itself.
      this.#named.set(target, name);
      const index = this.declarations.length;
      const type = this.type(target);
      this.declarations.splice(index, 0, { name, type, doc: docLines(descriptionOf(target)) });
    }
    return { kind: 'name', name };
  }
}

const isEmpty = (schema: unknown): boolean => isObject(schema) && Object.keys(schema).length === 0;

/** The description of a schema, else its title. */
export function descriptionOf({ description, title }: JsonObject): string | undefined {
  return typeof description === 'string' ? description : typeof title === 'string' ? title : undefined;
}

/** The type of all values of these types; of arrays and objects, more may be known. */
function plain(types: Allowed, array?: Type, object?: Type): Type {
  if (types.size === ALL.size && array === undefined && object === undefined) return UNKNOWN;
  const typeOf = (type: JsonType): Type =>
    type === 'array' ? (array ?? ANY_ARRAY) : type === 'object' ? (object ?? ANY_OBJECT) : text(type);
  return union([...types].map(typeOf));
}

/** The values that a schema lists; undefined where it lists none. */
function valuesOf(schema: JsonObject, types: Allowed): unknown[] | undefined {
  const listed = Object.hasOwn(schema, 'const') ? [schema['const']] : schema['enum'];
  return Array.isArray(listed) ? listed.filter((value) => types.has(jsonTypeOf(value))) : undefined;
}

/** Replaces what TypeScript refuses: names that consist of themselves, such as `type A = B; type B = A`. */
function withoutCircles(declarations: readonly Declaration[]): Declaration[] {
  const edges = new Map(declarations.map(({ name, type }) => [name, namesInPlace(type)]));
  const reaches = (from: string, wanted: string, seen = new Set<string>()): boolean => {
    if (from === wanted) return true;
    if (seen.has(from)) return false;
    seen.add(from);
    return (edges.get(from) ?? []).some((next) => reaches(next, wanted, seen));
  };
  return declarations.map((declaration) => {
    const circular = new Set((edges.get(declaration.name) ?? []).filter((next) => reaches(next, declaration.name)));
    return circular.size === 0 ? declaration : { ...declaration, type: withoutNames(declaration.type, circular) };
  });
}

/**
 * The types of a schema's values.
 *
 * @param schema a JSON Schema, which need not be valid: what is not understood is `unknown`
 * @returns the type of the whole schema, and then those that its references lead to
 */
export function declareSchema(schema: unknown, options: SchemaOptions): Declaration[] {
  const { name, allowed = ALL, doc = isObject(schema) ? docLines(descriptionOf(schema)) : [] } = options;
  const references = isObject(schema) ? schemaReferences(schema) : undefined;
  if (references === undefined) return [{ name, type: schema === false ? NEVER : plain(allowed), doc }];
  const converter = new Converter(references, options);
  // A reference to the whole schema leads to values of all types, unless it says that they are objects.
  if (isObject(schema) && (allowed === ALL || schema['type'] === 'object')) converter.know(schema, name);
  const type = converter.type(schema, allowed);
  return withoutCircles([{ name, type, doc }, ...converter.declarations]);
}
