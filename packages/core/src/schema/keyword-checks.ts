/**
 * The checks of keywords' values. Each looks at one value and adds its mistakes.
 */
import { isObject } from '../base/json.js';
import { Suggester } from '../base/nearest.js';
import { inspectPattern } from '../base/text-pattern.js';
import type { Dialect, KeywordRule } from './keywords.js';
import type { PathStep } from './mistakes.js';
import { describe, quote, quoteAll } from './mistakes.js';

/** The walk through a schema, as the checks use it. */
export interface SchemaWalk {
  readonly dialect: Dialect;
  /** The keyword whose value is checked. */
  readonly keyword: string;
  /** Adds a mistake of the current value, or of something below it. */
  add(message: string, ...below: PathStep[]): void;
  /** Adds a warning of the current value, or of something below it. */
  warn(message: string, ...below: PathStep[]): void;
  /** Checks the schema that is the current value. */
  schema(value: unknown): void;
  /** Checks a schema one step below the current value. */
  below(step: PathStep, value: unknown): void;
  /** Goes one step down; {@link leave} goes back. */
  enter(step: PathStep): void;
  leave(): void;
  /** Notes that the schema has an `$id` or a reference. */
  foundReference(): void;
  /** Checks the `$schema` of a subschema. */
  innerDialect(uri: unknown): void;
}

/** Checks the value of one keyword, which is the walk's current value. */
export type KeywordCheck = (walk: SchemaWalk, value: unknown) => void;

const TYPES = ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'];
const TYPE_NAMES = new Set<unknown>(TYPES);

/** Names of types in other languages, which are too short or too different to be found by their letters. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  str: 'string',
  text: 'string',
  char: 'string',
  date: 'string',
  int: 'integer',
  long: 'integer',
  float: 'number',
  double: 'number',
  decimal: 'number',
  bool: 'boolean',
  list: 'array',
  tuple: 'array',
  dict: 'object',
  map: 'object',
  struct: 'object',
  none: 'null',
  nil: 'null',
};

/** Adds a mistake if the value is not an object. */
function expectObject(walk: SchemaWalk, value: unknown, of: string): value is Record<string, unknown> {
  if (isObject(value)) return true;
  walk.add(`must be an object of ${of}, got ${describe(value)}`);
  return false;
}

const schemaMap: KeywordCheck = (walk, value) => {
  if (expectObject(walk, value, 'schemas')) for (const key in value) walk.below(key, value[key]);
};

const schemas: KeywordCheck = (walk, value) => {
  if (!Array.isArray(value) || value.length === 0)
    return walk.add(`must be a list of at least one schema, got ${Array.isArray(value) ? 'an empty one' : describe(value)}`);
  for (const [index, schema] of value.entries()) walk.below(index, schema);
};

const names: KeywordCheck = (walk, value) => {
  if (!Array.isArray(value)) return walk.add(`must be a list of names, got ${describe(value)}`);
  const seen = new Set<unknown>();
  for (const [index, name] of value.entries()) {
    if (typeof name !== 'string') walk.add(`must be a name, got ${describe(name)}`, index);
    else if (seen.has(name)) walk.add(`${quote(name)} is listed twice: remove one`, index);
    seen.add(name);
  }
};

function typeProblem(value: unknown): string | undefined {
  if (TYPE_NAMES.has(value)) return undefined;
  const name = typeof value === 'string' ? value : '';
  const lower = name.toLowerCase();
  const other = Object.hasOwn(OTHER_NAMES, lower) ? OTHER_NAMES[lower] : new Suggester().nearest(name, TYPES);
  const advice = other === undefined ? '' : `; did you mean "${other}"?`;
  return `must be one of ${quoteAll(TYPES)}; got ${describe(value)}${advice}`;
}

const types: KeywordCheck = (walk, value) => {
  if (!Array.isArray(value)) return addProblem(walk, typeProblem(value));
  if (value.length === 0) walk.add(`must have at least one of ${quoteAll(TYPES)}`);
  for (const [index, type] of value.entries()) {
    addProblem(walk, typeProblem(type), index);
    if (value.indexOf(type) < index) walk.add(`${describe(type)} is listed twice: remove one`, index);
  }
};

/** Checks a regular expression, which is the current value or a name in it. */
function checkPattern(walk: SchemaWalk, pattern: string, ...below: PathStep[]): void {
  const { problem, warning } = inspectPattern(pattern);
  if (problem !== undefined) walk.add(`${quote(pattern)} ${problem}`, ...below);
  if (warning !== undefined) walk.warn(`the pattern ${quote(pattern)} ${warning}`, ...below);
}

function eachBelow(walk: SchemaWalk, value: Record<string, unknown>, check: KeywordCheck): void {
  for (const key in value) {
    walk.enter(key);
    check(walk, value[key]);
    walk.leave();
  }
}

/** Whether a value is a number that JSON can hold. JSON.parse reads `1e999` as Infinity. */
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** A check that a value is of one type. */
const plain =
  (is: (value: unknown) => boolean, wanted: string): KeywordCheck =>
  (walk, value) => {
    if (!is(value)) walk.add(`must be ${wanted}, got ${describe(value)}`);
  };

const string = plain((value) => typeof value === 'string', 'a string');
const number = plain(isNumber, 'a number');
const boolean = plain((value) => typeof value === 'boolean', 'true or false');
const schema: KeywordCheck = (walk, value) => walk.schema(value);
const NOT_IN_REFERENCE = /[\s<>"{}|\\^`\p{Cc}]|%(?![0-9A-Fa-f]{2})/u;

const reference: KeywordCheck = (walk, value) => {
  walk.foundReference();
  if (typeof value !== 'string') string(walk, value);
  else if (NOT_IN_REFERENCE.test(value))
    walk.add(`must be a URI reference, got ${describe(value)}: percent-encode other characters`);
};

/** The checks by the rule of the keyword. */
export const KEYWORD_CHECKS: Readonly<Record<KeywordRule, KeywordCheck>> = {
  schema,
  schemas,
  schemaMap,
  names,
  types,
  string,
  schemaOrSchemas: (walk, value) => {
    if (!Array.isArray(value)) return schema(walk, value);
    if (walk.dialect.name === '2020-12')
      walk.warn('is a list of schemas, as in older drafts: write "prefixItems" for it; clients may not understand "items" here');
    schemas(walk, value);
  },
  schemaOrNames: (walk, value) => {
    if (expectObject(walk, value, 'schemas or lists of names'))
      eachBelow(walk, value, (_, member) => (Array.isArray(member) ? names : schema)(walk, member));
  },
  patternMap: (walk, value) => {
    schemaMap(walk, value);
    if (isObject(value)) for (const key in value) checkPattern(walk, key, key);
  },
  nameLists: (walk, value) => {
    if (expectObject(walk, value, 'lists of names')) eachBelow(walk, value, names);
  },
  number,
  exclusive: (walk, value) => {
    if (typeof value !== 'boolean') return number(walk, value);
    const bound = walk.keyword === 'exclusiveMinimum' ? 'minimum' : 'maximum';
    const advice = value ? `write "${walk.keyword}": 0 for "${bound}": 0 with "${walk.keyword}": true` : 'remove it';
    walk.warn(`is a number since draft-06, got ${value}: ${advice}`);
  },
  positive: plain((value) => isNumber(value) && value > 0, 'a number above 0'),
  count: plain((value) => Number.isInteger(value) && (value as number) >= 0, 'a whole number from 0 up'),
  boolean,
  list: plain(Array.isArray, 'a list'),
  pattern: (walk, value) => (typeof value === 'string' ? checkPattern(walk, value) : string(walk, value)),
  anchor: (walk, value) => {
    if (typeof value !== 'string' || !walk.dialect.anchor.test(value))
      walk.add(`must be a name of letters, digits, "-", "_" and "." that starts with a letter, got ${describe(value)}`);
  },
  id: (walk, value) => {
    reference(walk, value);
    // In draft-07 "#name" is an anchor.
    if (typeof value === 'string' && walk.dialect.name !== 'draft-07' && /#./.test(value))
      walk.add(`must not have a fragment, got ${describe(value)}: use $anchor to name a place`);
  },
  ref: reference,
  dialect: (walk, value) => walk.innerDialect(value),
  vocabulary: (walk, value) => {
    if (expectObject(walk, value, 'true and false by URI')) eachBelow(walk, value, (_, member) => boolean(walk, member));
  },
};

function addProblem(walk: SchemaWalk, problem: string | undefined, ...below: PathStep[]): void {
  if (problem !== undefined) walk.add(problem, ...below);
}
