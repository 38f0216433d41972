/**
 * The places of a schema: its resources, their anchors, and where a reference leads. Nothing is ever fetched.
 */
import type { JsonObject } from '../../base/json.js';
import { isObject } from '../../base/json.js';
import { DaemonError } from '../../protocol/errors.js';
import type { Rule } from './run.js';
import { show } from './values.js';

/** The dialects of JSON Schema that this server speaks, oldest first. */
export const DIALECTS = ['draft-07', '2019-09', '2020-12'] as const;

/** One dialect. */
export type Dialect = (typeof DIALECTS)[number];

/** What the makers of rules ask of the compiler. */
export interface Compiler {
  readonly dialect: Dialect;
  readonly index: Index;
  /** The rule of a subschema; `undefined` where it lets everything pass. */
  rule(schema: unknown, where: Where): Rule | undefined;
  /** The rule of a schema that may be under way, for references: ask it when the check runs. */
  late(target: Target): { rule: Rule | undefined };
  /** Whether runs keep their scope; a reference that depends on the way to it asks for that. */
  readonly scoped: boolean;
  needScope(): void;
}

/** A part of a schema with a URI of its own. */
export interface Resource {
  readonly uri: string;
  readonly root: unknown;
  readonly anchors: Map<string, unknown>;
  readonly dynamicAnchors: Map<string, unknown>;
}

/** Where a reference leads. */
export interface Target {
  readonly schema: unknown;
  readonly resource: Resource;
  readonly where: Where;
}

/** A place in a schema. It becomes a JSON pointer only where there is a mistake to tell. */
export type Where = string | { readonly up: Where; readonly keyword: string; readonly member: string | number | undefined };

/** The place of a keyword, or of one of its members. */
export function pointer(where: Where, keyword: string, member?: string | number): Where {
  return { up: where, keyword, member };
}

function pointerText(where: Where): string {
  if (typeof where === 'string') return where;
  const { up, keyword, member } = where;
  const escaped = member === undefined ? '' : `/${String(member).replaceAll('~', '~0').replaceAll('/', '~1')}`;
  return `${pointerText(up)}/${keyword}${escaped}`;
}

/** The error of a schema that cannot be used, with the place of the mistake. */
export function schemaError(where: Where, words: string, cause?: unknown): DaemonError {
  const text = `The schema cannot be used: ${pointerText(where)}: ${words}`;
  return new DaemonError('schema_invalid', text, cause === undefined ? {} : { cause });
}

/** The dialect that a schema names; 2020-12 where it names none. */
export function dialectOf(schema: unknown): Dialect {
  const named = isObject(schema) ? schema.$schema : undefined;
  if (named === undefined) return '2020-12';
  const match = /^https?:\/\/json-schema\.org\/(draft-0[67]|draft\/(2019-09|2020-12))\/schema#?$/.exec(String(named));
  if (match === null) {
    throw schemaError('#/$schema', `${show(named)} is not spoken here; write it in 2020-12, 2019-09 or draft-07, and name that`);
  }
  return (match[2] as Dialect | undefined) ?? 'draft-07';
}

/** Keywords whose value is a schema, a list of schemas or either, and those whose value holds schemas by name. */
const NESTED = (
  'additionalItems additionalProperties allOf anyOf contains contentSchema else if items not oneOf prefixItems propertyNames then ' +
  'unevaluatedItems unevaluatedProperties'
).split(' ');
const NAMED = ['$defs', 'definitions', 'dependencies', 'dependentSchemas', 'patternProperties', 'properties'];

/** A base for schemas without a URI: relative references of theirs can be compared, and lead nowhere else. */
const NO_URI = 'schema:/';

/** Knows every subschema's resource. Made at the first reference, because most schemas have none. */
export class Index {
  readonly #root: unknown;
  readonly #dialect: Dialect;
  #maps: { resources: Map<string, Resource>; owners: Map<unknown, Resource> } | undefined;

  constructor(root: unknown, dialect: Dialect) {
    this.#root = root;
    this.#dialect = dialect;
  }

  /** Whether a schema begins a resource of its own. */
  begins(schema: JsonObject): boolean {
    if (schema === this.#root) return true;
    const { $id } = schema;
    return typeof $id === 'string' && !$id.startsWith('#') && !(this.#dialect === 'draft-07' && '$ref' in schema);
  }

  /** All resources of the schema. */
  all(): Resource[] {
    return [...this.#known().resources.values()];
  }

  #known(): { resources: Map<string, Resource>; owners: Map<unknown, Resource> } {
    if (this.#maps === undefined) {
      this.#maps = { resources: new Map(), owners: new Map() };
      this.#walk(this.#root, this.#resource(NO_URI, this.#root), '#');
    }
    return this.#maps;
  }

  /** The resource that a subschema belongs to. */
  owner(schema: unknown): Resource {
    const owner = this.#known().owners.get(schema);
    if (owner === undefined) throw new Error('a subschema that the index has not met');
    return owner;
  }

  /** Where a reference in a schema leads. */
  resolve(ref: unknown, schema: JsonObject, where: Where): Target {
    if (typeof ref !== 'string') throw schemaError(where, `must be a reference such as "#/$defs/name", got ${show(ref)}`);
    let resource = this.owner(schema);
    const hash = ref.indexOf('#');
    const address = hash === -1 ? ref : ref.slice(0, hash);
    if (address !== '') {
      const found = this.#known().resources.get(absolute(address, resource.uri) ?? '');
      if (found === undefined) {
        throw schemaError(where, `${show(ref)} is not inside this schema, and nothing is fetched; put it under $defs`);
      }
      resource = found;
    }
    const target = this.#fragment(hash === -1 ? '' : ref.slice(hash + 1), resource);
    if (target === undefined) throw schemaError(where, `${show(ref)} is not inside this schema`);
    return target;
  }

  #fragment(text: string, resource: Resource): Target | undefined {
    const fragment = decoded(text);
    if (fragment === undefined) return undefined;
    if (fragment === '') return { schema: resource.root, resource, where: '#' };
    if (!fragment.startsWith('/')) {
      const schema = resource.anchors.get(fragment);
      return schema === undefined ? undefined : { schema, resource, where: `#${fragment}` };
    }
    let schema: unknown = resource.root;
    for (const step of fragment.slice(1).split('/')) {
      const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
      if (typeof schema !== 'object' || schema === null || !Object.hasOwn(schema, key)) return undefined;
      schema = (schema as JsonObject)[key];
      // On the way down the pointer may enter a resource whose relative references have another base.
      resource = this.#known().owners.get(schema) ?? resource;
    }
    if (typeof schema !== 'boolean' && !isObject(schema)) return undefined;
    // A place that is no keyword's: it is a schema because a reference says so.
    if (!this.#known().owners.has(schema)) this.#walk(schema, resource, `#${fragment}`);
    return { schema, resource: this.#known().owners.get(schema) ?? resource, where: `#${fragment}` };
  }

  #resource(uri: string, root: unknown): Resource {
    const resource = { uri, root, anchors: new Map<string, unknown>(), dynamicAnchors: new Map<string, unknown>() };
    this.#known().resources.set(uri, resource);
    return resource;
  }

  #walk(schema: unknown, owner: Resource, where: Where): void {
    if (!isObject(schema) || this.#known().owners.has(schema)) return;
    const { $id, $anchor, $dynamicAnchor } = schema;
    let resource = owner;
    if (typeof $id === 'string' && this.begins(schema)) {
      const uri = absolute($id.replace(/#$/, ''), owner.uri);
      if (uri === undefined) throw schemaError(pointer(where, '$id'), `${show($id)} is not a URI`);
      resource = this.#resource(uri, schema);
    } else if (typeof $id === 'string' && $id.startsWith('#') && this.#dialect === 'draft-07' && !('$ref' in schema)) {
      resource.anchors.set($id.slice(1), schema);
    }
    this.#known().owners.set(schema, resource);
    if (typeof $anchor === 'string') resource.anchors.set($anchor, schema);
    if (typeof $dynamicAnchor === 'string' && this.#dialect === '2020-12') {
      resource.anchors.set($dynamicAnchor, schema);
      resource.dynamicAnchors.set($dynamicAnchor, schema);
    }
    for (const keyword of NESTED) {
      const nested = schema[keyword];
      if (Array.isArray(nested)) nested.forEach((each, i) => this.#walk(each, resource, pointer(where, keyword, i)));
      else if (nested !== undefined) this.#walk(nested, resource, pointer(where, keyword));
    }
    for (const keyword of NAMED) {
      const named = schema[keyword];
      if (!isObject(named)) continue;
      for (const name of Object.keys(named)) this.#walk(named[name], resource, pointer(where, keyword, name));
    }
  }
}

function absolute(address: string, base: string): string | undefined {
  try {
    return new URL(address, base).href;
  } catch {
    return undefined;
  }
}

function decoded(fragment: string): string | undefined {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return undefined;
  }
}

/** Whether a value is a whole number from 0 up: the value of `minItems` and its like. */
function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0;
}

/** The value of a keyword that counts. */
export function countOf(schema: JsonObject, keyword: string, where: Where): number | undefined {
  const value = schema[keyword];
  if (value === undefined || isCount(value)) return value;
  throw schemaError(pointer(where, keyword), `must be a whole number from 0 up, got ${show(value)}`);
}

/** A list of names, as `required` has it. */
export function namesIn(value: unknown, where: Where): readonly string[] {
  if (Array.isArray(value) && value.every((name) => typeof name === 'string')) return value;
  throw schemaError(where, `must be a list of names, got ${show(value)}`);
}

/** The schemas by name that a keyword such as `properties` holds. */
export function schemasIn(schema: JsonObject, keyword: string, where: Where): [name: string, schema: unknown][] {
  const value = schema[keyword];
  if (value === undefined) return [];
  if (!isObject(value)) throw schemaError(pointer(where, keyword), `must be an object of schemas, got ${show(value)}`);
  return Object.entries(value);
}

/** The list of schemas that a keyword such as `anyOf` holds. */
export function schemaList(schema: JsonObject, keyword: string, where: Where): readonly unknown[] | undefined {
  const value = schema[keyword];
  if (value === undefined || (Array.isArray(value) && value.length > 0)) return value;
  throw schemaError(pointer(where, keyword), `must be a list of schemas, got ${show(value)}`);
}

/** A regular expression of a schema; those that the Unicode mode refuses, such as `[\w-.]`, are taken without it. */
export function regexOf(source: unknown, where: Where): RegExp {
  if (typeof source !== 'string') throw schemaError(where, `must be a regular expression, got ${show(source)}`);
  try {
    return new RegExp(source, 'u');
  } catch {
    try {
      return new RegExp(source);
    } catch (cause) {
      throw schemaError(where, `${show(source)} is not a regular expression`, cause);
    }
  }
}
