/**
 * Checks JSON Schemas before anyone relies on them: against the rules of their dialect, and against what a server must not do
 * (fetch what they refer to, follow them without end). One walk, no library: a catalog has thousands of them.
 *
 * @see https://json-schema.org/draft/2020-12/json-schema-validation
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic#json-schema-usage
 */
import { isObject } from '../base/json.js';
import type { Mistake } from '../protocol/errors.js';
import { HeaderNames } from './header-check.js';
import type { Dialect, KeywordRule } from './keywords.js';
import { dialectOf, DIALECTS } from './keywords.js';
import type { PathStep } from './mistakes.js';
import { describe, MistakeList, quote } from './mistakes.js';
import { checkReferences } from './references.js';

/** Subschemas may be nested this deep: a validator walks them recursively. */
export const MAX_SCHEMA_DEPTH = 64;

/** Subschemas that one schema may have. */
export const MAX_SUBSCHEMAS = 10_000;

/** `input`: a tool's arguments, always an object; `output`: its structured result, of any type. */
export type SchemaRole = 'input' | 'output';

const TYPES = ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'];
const TYPE_NAMES = new Set<unknown>(TYPES);
const WORDS = TYPES.map((type) => `"${type}"`).join(', ');

type Check = (walk: Walk, value: unknown) => void;

/** One schema's walk. */
class Walk {
  readonly #list: MistakeList;
  #dialect: Dialect;
  #count = 0;
  #depth = 0;
  /** Whether any reference was seen: most schemas have none, and need no second look. */
  refers = false;
  /** Only where `x-mcp-header` has a meaning. */
  readonly #headers: HeaderNames | undefined;
  /** Whether only `properties` lead here. */
  #reachable = true;

  constructor(list: MistakeList, dialect: Dialect, headers: HeaderNames | undefined) {
    this.#list = list;
    this.#dialect = dialect;
    this.#headers = headers;
  }

  get dialect(): Dialect {
    return this.#dialect;
  }

  add(message: string, ...below: PathStep[]): void {
    this.#list.add(message, ...below);
  }

  /** Checks the schema that the list's path is at. */
  schema(value: unknown): void {
    if (typeof value === 'boolean') return;
    if (!isObject(value)) return this.add(`must be a schema: an object, true or false; got ${describe(value)}`);
    if (++this.#count > MAX_SUBSCHEMAS) {
      if (this.#count === MAX_SUBSCHEMAS + 1) this.add(`the schema has more than ${MAX_SUBSCHEMAS} subschemas: simplify it`);
      return;
    }
    if (this.#depth === MAX_SCHEMA_DEPTH)
      return this.add(`schemas are nested more than ${MAX_SCHEMA_DEPTH} deep: simplify it, or name parts in $defs`);
    this.#depth++;
    this.#keywords(value);
    this.#depth--;
  }

  #keywords(schema: Record<string, unknown>): void {
    const { path } = this.#list;
    const { keywords } = this.#dialect;
    const reachable = this.#reachable;
    for (const key in schema) {
      const rule = keywords.get(key);
      if (rule === undefined) {
        if (key === 'x-mcp-header') this.#headers?.check(this.#list, schema, reachable && this.#depth > 1);
        continue;
      }
      path.push(key);
      this.#reachable = reachable && key === 'properties';
      CHECKS[rule](this, schema[key]);
      path.pop();
    }
    this.#reachable = reachable;
  }

  /** Checks a subschema one step below. */
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
    this.schema(value);
  }

  /** Whether `$schema` of a subschema may stand where it is: one schema speaks one dialect. */
  inner(uri: unknown): void {
    if (this.#depth > 1 && dialectOf(uri) !== this.#dialect)
      this.add(`must be the dialect of the whole schema (${this.#dialect.name}), got ${describe(uri)}`);
  }
}

function expectObject(walk: Walk, value: unknown, of: string): value is Record<string, unknown> {
  if (isObject(value)) return true;
  walk.add(`must be an object of ${of}, got ${describe(value)}`);
  return false;
}

const schemaMap: Check = (walk, value) => {
  if (expectObject(walk, value, 'schemas')) for (const key in value) walk.below(key, value[key]);
};

const schemas: Check = (walk, value) => {
  if (!Array.isArray(value) || value.length === 0)
    return walk.add(`must be a list of at least one schema, got ${Array.isArray(value) ? 'an empty one' : describe(value)}`);
  for (const [index, schema] of value.entries()) walk.below(index, schema);
};

const names: Check = (walk, value) => {
  if (!Array.isArray(value)) return walk.add(`must be a list of names, got ${describe(value)}`);
  const seen = new Set<unknown>();
  for (const [index, name] of value.entries()) {
    if (typeof name !== 'string') walk.add(`must be a name, got ${describe(name)}`, index);
    else if (seen.has(name)) walk.add(`${quote(name)} stands twice in the list: remove one`, index);
    seen.add(name);
  }
};

const typeProblem = (value: unknown): string | undefined =>
  TYPE_NAMES.has(value) ? undefined : `must be one of ${WORDS}, got ${describe(value)}`;

const types: Check = (walk, value) => {
  if (!Array.isArray(value)) return addProblem(walk, typeProblem(value));
  if (value.length === 0) walk.add(`must name at least one of ${WORDS}`);
  for (const [index, type] of value.entries()) {
    addProblem(walk, typeProblem(type), index);
    if (value.indexOf(type) < index) walk.add(`${describe(type)} stands twice in the list: remove one`, index);
  }
};

/** Compiles a pattern the way validators do. */
function regexProblem(pattern: string): string | undefined {
  try {
    new RegExp(pattern, 'u');
    return undefined;
  } catch (error) {
    return `${quote(pattern)} is no regular expression: ${error instanceof Error ? error.message.replace(/^.*\/u?: /, '') : 'it does not compile'}`;
  }
}

function eachBelow(walk: Walk, value: Record<string, unknown>, check: Check): void {
  for (const key in value) {
    walk.enter(key);
    check(walk, value[key]);
    walk.leave();
  }
}

/** Numbers that JSON can hold: `1e999` reads as Infinity. */
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** A check of one plain type. */
const plain =
  (is: (value: unknown) => boolean, wanted: string): Check =>
  (walk, value) => {
    if (!is(value)) walk.add(`must be ${wanted}, got ${describe(value)}`);
  };

const string = plain((value) => typeof value === 'string', 'a string');
const schema: Check = (walk, value) => walk.schema(value);
const NOT_IN_REFERENCE = /[\s<>"{}|\\^`\p{Cc}]|%(?![0-9A-Fa-f]{2})/u;

const reference: Check = (walk, value) => {
  walk.refers = true;
  if (typeof value !== 'string') string(walk, value);
  else if (NOT_IN_REFERENCE.test(value))
    walk.add(`must be a URI reference, got ${describe(value)}: percent-encode what is no URI character`);
};

const CHECKS: Record<KeywordRule, Check> = {
  schema,
  schemas,
  schemaMap,
  names,
  types,
  string,
  schemaOrSchemas: (walk, value) => (Array.isArray(value) ? schemas : schema)(walk, value),
  schemaOrNames: (walk, value) => {
    if (expectObject(walk, value, 'schemas or lists of names'))
      eachBelow(walk, value, (_, member) => (Array.isArray(member) ? names : schema)(walk, member));
  },
  patternMap: (walk, value) => {
    schemaMap(walk, value);
    if (isObject(value)) for (const key in value) addProblem(walk, regexProblem(key), key);
  },
  nameLists: (walk, value) => {
    if (expectObject(walk, value, 'lists of names')) eachBelow(walk, value, names);
  },
  number: plain(isNumber, 'a number'),
  positive: plain((value) => isNumber(value) && value > 0, 'a number above 0'),
  count: plain((value) => Number.isInteger(value) && (value as number) >= 0, 'a whole number from 0 up'),
  boolean: plain((value) => typeof value === 'boolean', 'true or false'),
  list: plain(Array.isArray, 'a list'),
  pattern: (walk, value) => (typeof value === 'string' ? addProblem(walk, regexProblem(value)) : string(walk, value)),
  anchor: (walk, value) => {
    if (typeof value !== 'string' || !walk.dialect.anchor.test(value))
      walk.add(`must be a name of letters, digits, "-", "_" and "." that begins with a letter, got ${describe(value)}`);
  },
  id: (walk, value) => {
    reference(walk, value);
    // Until draft-07, "#name" was how an anchor was written.
    if (typeof value === 'string' && walk.dialect.name !== 'draft-07' && /#./.test(value))
      walk.add(`must have no fragment, got ${describe(value)}: name a place with $anchor`);
  },
  ref: reference,
  dialect: (walk, value) => walk.inner(value),
  vocabulary: (walk, value) => {
    if (expectObject(walk, value, 'true and false, by URI')) eachBelow(walk, value, (_, member) => CHECKS.boolean(walk, member));
  },
};

function addProblem(walk: Walk, problem: string | undefined, ...below: PathStep[]): void {
  if (problem !== undefined) walk.add(problem, ...below);
}

/** What a schema's root must be besides a schema. */
function checkRoot(list: MistakeList, schema: unknown, role: SchemaRole): schema is Record<string, unknown> {
  if (!isObject(schema)) {
    list.add(`must be a JSON Schema, which is an object; got ${describe(schema)}`);
    return false;
  }
  if (role === 'input' && schema['type'] !== 'object') {
    if (schema['type'] === undefined) list.add('needs "type": "object": arguments are always an object');
    else list.add(`must be "object": arguments are always an object; got ${describe(schema['type'])}`, 'type');
  }
  return true;
}

/**
 * Adds the mistakes of the schema that the list's path is at. The schema is left as it is.
 *
 * @param role what the schema describes
 */
export function addSchemaMistakes(list: MistakeList, schema: unknown, role: SchemaRole): void {
  if (!checkRoot(list, schema, role)) return;
  const dialect = dialectOf(schema['$schema']);
  if (dialect === undefined) return list.add(`must be ${DIALECTS}; got ${describe(schema['$schema'])}`, '$schema');
  const before = list.found.length;
  const walk = new Walk(list, dialect, role === 'input' ? new HeaderNames() : undefined);
  walk.schema(schema);
  // A broken schema is not searched for what it refers to: its mistakes come first.
  if (walk.refers && list.found.length === before) checkReferences(list, schema, dialect, (found) => walk.referred(found));
}

/**
 * Checks a JSON Schema: dialects 2020-12 (the default), 2019-09 and draft-07. The schema is left as it is.
 *
 * @param schema the schema; anything but an object is a mistake
 * @param path where the schema is, for the paths of mistakes
 * @param role `input`: the root must say `"type": "object"`, and `x-mcp-header` is checked
 * @returns all mistakes; none for a good schema
 * @example checkSchema({ type: 'objekt' }, '$.tools[0].outputSchema') // [{ path: '$.tools[0].outputSchema.type', message: … }]
 */
export function checkSchema(schema: unknown, path = '$', role: SchemaRole = 'output'): Mistake[] {
  const list = new MistakeList(path);
  addSchemaMistakes(list, schema, role);
  return list.found;
}
