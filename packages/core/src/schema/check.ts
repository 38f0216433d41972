/**
 * Checks JSON Schemas before they are used: against the rules of their dialect, and for what a server must not do (fetch what
 * they refer to, follow references without end). One walk and no library, because a catalog can have thousands of schemas.
 *
 * @see https://json-schema.org/draft/2020-12/json-schema-validation
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic#json-schema-usage
 */
import { isObject } from '../base/json.js';
import type { Mistake } from '../protocol/errors.js';
import { HeaderNames } from './header-check.js';
import type { SchemaWalk } from './keyword-checks.js';
import { KEYWORD_CHECKS } from './keyword-checks.js';
import type { Dialect } from './keywords.js';
import { dialectOf, DIALECTS } from './keywords.js';
import { listedOutput } from './listed-output.js';
import type { PathStep } from './mistakes.js';
import { describe, MistakeList } from './mistakes.js';
import { checkReferences } from './references.js';
import { warnOfRequired, warnOfRoot, warnOfSize } from './warnings.js';

/** How deeply subschemas may be nested. Validators walk them recursively. */
export const MAX_SCHEMA_DEPTH = 64;

/** The number of subschemas that one schema may have. */
export const MAX_SUBSCHEMAS = 10_000;

/**
 * `input`: a tool's arguments, always an object; `untyped input`: the same, and the type may be left out; `output`: its structured
 * result, of any type.
 */
export type SchemaRole = 'input' | 'untyped input' | 'output';

/** Keywords whose schemas are applied to the same value as the schema around them, and need not be complete. */
const IN_PLACE = new Set(['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', 'dependentSchemas', 'dependencies']);

/** The walk through one schema. */
class Walk implements SchemaWalk {
  readonly #list: MistakeList;
  #dialect: Dialect;
  #count = 0;
  #depth = 0;
  #hasReferences = false;
  /** Absent for output schemas, in which `x-mcp-header` has no meaning. */
  readonly #headers: HeaderNames | undefined;
  /** Whether the path to the current schema consists of `properties` alone. */
  #reachable = true;
  /** Whether the current schema is applied to a value together with the schema around it. */
  #inPlace = false;
  #hasDefaults = false;
  keyword = '';

  constructor(list: MistakeList, dialect: Dialect, headers: HeaderNames | undefined) {
    this.#list = list;
    this.#dialect = dialect;
    this.#headers = headers;
  }

  get dialect(): Dialect {
    return this.#dialect;
  }

  /** Whether the schema has an `$id` or a reference. Most have none, and need no second walk. */
  get hasReferences(): boolean {
    return this.#hasReferences;
  }

  /** Whether the schema has a `default` anywhere. */
  get hasDefaults(): boolean {
    return this.#hasDefaults;
  }

  foundReference(): void {
    this.#hasReferences = true;
  }

  add(message: string, ...below: PathStep[]): void {
    this.#list.add(message, ...below);
  }

  warn(message: string, ...below: PathStep[]): void {
    this.#list.warn(message, ...below);
  }

  schema(value: unknown): void {
    if (typeof value === 'boolean') return;
    if (!isObject(value)) return this.add(`must be a schema (an object, true or false), got ${describe(value)}`);
    if (++this.#count > MAX_SUBSCHEMAS) {
      if (this.#count === MAX_SUBSCHEMAS + 1) this.add(`the schema has more than ${MAX_SUBSCHEMAS} subschemas: simplify it`);
      return;
    }
    if (this.#depth === MAX_SCHEMA_DEPTH)
      return this.add(`schemas are nested more than ${MAX_SCHEMA_DEPTH} levels deep: simplify it, or move parts to $defs`);
    this.#depth++;
    this.#keywords(value);
    this.#depth--;
  }

  #keywords(schema: Record<string, unknown>): void {
    const { path } = this.#list;
    const { keywords } = this.#dialect;
    const [reachable, inPlace] = [this.#reachable, this.#inPlace];
    if (!inPlace) warnOfRequired(this.#list, schema);
    if (schema['nullable'] === true)
      this.warn('has no effect in JSON Schema: write "type": ["string", "null"] for a string that may be null', 'nullable');
    if (schema['default'] !== undefined) this.#hasDefaults = true;
    for (const key in schema) {
      const rule = keywords.get(key);
      if (rule === undefined) {
        if (key === 'x-mcp-header') this.#headers?.check(this.#list, schema, reachable && this.#depth > 1);
        continue;
      }
      path.push(key);
      this.#reachable = reachable && key === 'properties';
      this.#inPlace = IN_PLACE.has(key);
      this.keyword = key;
      KEYWORD_CHECKS[rule](this, schema[key]);
      path.pop();
    }
    this.#reachable = reachable;
    this.#inPlace = inPlace;
  }

  below(step: PathStep, value: unknown): void {
    this.enter(step);
    this.schema(value);
    this.leave();
  }

  enter(step: PathStep): void {
    this.#list.path.push(step);
  }

  leave(): void {
    this.#list.path.pop();
  }

  /** Checks a schema that only a reference leads to. */
  referred(value: unknown): void {
    this.#reachable = false;
    this.#inPlace = true;
    this.schema(value);
  }

  innerDialect(uri: unknown): void {
    if (this.#depth > 1 && dialectOf(uri) !== this.#dialect)
      this.add(`must be the dialect of the whole schema (${this.#dialect.name}), got ${describe(uri)}`);
  }
}

/** What {@link addSchemaMistakes} found besides mistakes. */
export interface SchemaFindings {
  /** Whether the schema has a `default` anywhere. */
  readonly hasDefaults: boolean;
}

const NO_FINDINGS: SchemaFindings = { hasDefaults: false };

/** Checks what only the root of a schema must be. */
function checkRoot(list: MistakeList, schema: unknown, role: SchemaRole): schema is Record<string, unknown> {
  if (!isObject(schema)) {
    list.add(`must be a JSON Schema (an object), got ${describe(schema)}`);
    return false;
  }
  if (role === 'output') return true;
  const { type } = schema;
  if (type === undefined && role === 'untyped input')
    list.warn('has no "type": "object", which is added for clients: write it, because arguments are always an object');
  else if (type === undefined) list.add('needs "type": "object": arguments are always an object');
  else if (type !== 'object') list.add(`must be "object": arguments are always an object; got ${describe(type)}`, 'type');
  warnOfRoot(list, schema);
  return true;
}

/**
 * Adds the mistakes and warnings of the schema that the list's path is at. Does not change the schema.
 *
 * @param role what the schema describes
 */
export function addSchemaMistakes(list: MistakeList, schema: unknown, role: SchemaRole): SchemaFindings {
  if (!checkRoot(list, schema, role)) return NO_FINDINGS;
  const named = schema['$schema'];
  const dialect = dialectOf(named);
  if (dialect === undefined) {
    list.add(`must be ${DIALECTS}; got ${describe(named)}`, '$schema');
    return NO_FINDINGS;
  }
  if (typeof named === 'string' && named.includes('draft-04'))
    list.warn('draft-04 is read as draft-07: write "http://json-schema.org/draft-07/schema#"', '$schema');
  const before = list.found.length;
  const walk = new Walk(list, dialect, role === 'output' ? undefined : new HeaderNames());
  walk.schema(schema);
  // References of a schema with other mistakes are not followed.
  if (walk.hasReferences && list.found.length === before) checkReferences(list, schema, dialect, (found) => walk.referred(found));
  if (role !== 'output' && list.found.length === before) warnOfSize(list, schema);
  if (role === 'output' && list.found.length === before && listedOutput(schema, 'modern') === undefined)
    list.warn(
      'is not shown to clients, because the official SDKs cannot compile it: they know no empty enum, no patterns but those of JavaScript, and no references into tuples or unknown keywords',
    );
  return walk;
}

/**
 * Checks a JSON Schema of dialect 2020-12 (the default), 2019-09 or draft-07. Does not change the schema.
 *
 * @param schema the schema; anything but an object is a mistake
 * @param path where the schema is, for the paths of mistakes. Default `$`
 * @param role `input`: the root must have `"type": "object"`, and `x-mcp-header` is checked. Default `output`
 * @returns all mistakes; none for a correct schema
 * @example checkSchema({ type: 'objekt' }, '$.tools[0].outputSchema') // [{ path: '$.tools[0].outputSchema.type', message: … }]
 */
export function checkSchema(schema: unknown, path = '$', role: SchemaRole = 'output'): Mistake[] {
  const list = new MistakeList(path);
  addSchemaMistakes(list, schema, role);
  return list.found;
}
