/**
 * The JSON Schema dialects that a tool's schemas may use: their keywords, what each keyword's value must be, and which keywords
 * hold subschemas. The check of schemas and the compiler both work from these tables.
 */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';

/** What a keyword's value must be. Keywords that are not listed may hold anything. */
export type KeywordRule =
  | 'schema'
  | 'schemas'
  | 'schemaOrSchemas'
  | 'schemaMap'
  | 'schemaOrNames'
  | 'patternMap'
  | 'types'
  | 'number'
  | 'exclusive'
  | 'positive'
  | 'count'
  | 'boolean'
  | 'string'
  | 'names'
  | 'nameLists'
  | 'list'
  | 'pattern'
  | 'anchor'
  | 'id'
  | 'ref'
  | 'dialect'
  | 'vocabulary';

/** One dialect. */
export interface Dialect {
  readonly name: '2020-12' | '2019-09' | 'draft-07';
  readonly keywords: ReadonlyMap<string, KeywordRule>;
  /** The keywords that hold subschemas, and how. */
  readonly applicators: ReadonlyMap<string, 'one' | 'list' | 'oneOrList' | 'map'>;
  /** What an anchor may look like. */
  readonly anchor: RegExp;
}

const SHARED: [KeywordRule, string][] = [
  ['schema', 'additionalProperties propertyNames contains if then else not'],
  ['schemas', 'allOf anyOf oneOf'],
  ['schemaMap', 'properties definitions'],
  ['patternMap', 'patternProperties'],
  ['schemaOrNames', 'dependencies'],
  ['types', 'type'],
  ['number', 'maximum minimum'],
  ['exclusive', 'exclusiveMaximum exclusiveMinimum'],
  ['positive', 'multipleOf'],
  ['count', 'maxLength minLength maxItems minItems maxProperties minProperties'],
  ['boolean', 'uniqueItems readOnly writeOnly'],
  ['string', 'title description format contentMediaType contentEncoding $comment'],
  ['names', 'required'],
  ['list', 'enum examples'],
  ['pattern', 'pattern'],
  ['id', '$id'],
  ['ref', '$ref'],
  ['dialect', '$schema'],
];

const SINCE_2019: [KeywordRule, string][] = [
  ['schema', 'unevaluatedItems unevaluatedProperties contentSchema'],
  ['schemaMap', '$defs dependentSchemas'],
  ['nameLists', 'dependentRequired'],
  ['count', 'maxContains minContains'],
  ['boolean', 'deprecated'],
  ['anchor', '$anchor'],
  ['vocabulary', '$vocabulary'],
];

const ONLY_2020: [KeywordRule, string][] = [
  // A list of schemas is `prefixItems` here. It is still accepted, because many schemas are of older drafts without declaring it.
  ['schemaOrSchemas', 'items'],
  ['schemas', 'prefixItems'],
  // From 2019-09: they have no effect any more, but the meta-schema still checks their types.
  ['anchor', '$dynamicAnchor $recursiveAnchor'],
  ['string', '$recursiveRef'],
  ['ref', '$dynamicRef'],
];

const ONLY_2019: [KeywordRule, string][] = [
  ['schema', 'additionalItems'],
  ['schemaOrSchemas', 'items'],
  ['boolean', '$recursiveAnchor'],
  ['ref', '$recursiveRef'],
];

const ONLY_07: [KeywordRule, string][] = [
  ['schema', 'additionalItems'],
  ['schemaOrSchemas', 'items'],
];

/** How each kind of keyword holds subschemas. */
const HOLDS: Partial<Record<KeywordRule, 'one' | 'list' | 'oneOrList' | 'map'>> = {
  schema: 'one',
  schemas: 'list',
  schemaOrSchemas: 'oneOrList',
  schemaMap: 'map',
  patternMap: 'map',
  schemaOrNames: 'map',
};

function dialect(name: Dialect['name'], anchor: RegExp, ...tables: [KeywordRule, string][][]): Dialect {
  const keywords = new Map(tables.flat().flatMap(([rule, names]) => names.split(' ').map((keyword) => [keyword, rule] as const)));
  const applicators = new Map(
    [...keywords].flatMap(([keyword, rule]) => {
      const holds = HOLDS[rule];
      return holds === undefined ? [] : [[keyword, holds] as const];
    }),
  );
  return { name, keywords, applicators, anchor };
}

const DIALECT_2020 = dialect('2020-12', /^[A-Za-z_][-A-Za-z0-9._]*$/, SHARED, SINCE_2019, ONLY_2020);
const DIALECT_2019 = dialect('2019-09', /^[A-Za-z][-A-Za-z0-9.:_]*$/, SHARED, SINCE_2019, ONLY_2019);
const DIALECT_07 = dialect('draft-07', /^[A-Za-z][-A-Za-z0-9.:_]*$/, SHARED, ONLY_07);

/**
 * The values of `$schema`, without the scheme and an empty fragment. Draft-06 is read as draft-07, which only adds keywords;
 * draft-04 too, with a warning.
 */
const BY_URI: Record<string, Dialect> = {
  'json-schema.org/draft/2020-12/schema': DIALECT_2020,
  'json-schema.org/draft/2019-09/schema': DIALECT_2019,
  'json-schema.org/draft-07/schema': DIALECT_07,
  'json-schema.org/draft-06/schema': DIALECT_07,
  'json-schema.org/draft-04/schema': DIALECT_07,
};

/** The supported values of `$schema`, for error messages. */
export const DIALECTS =
  '"https://json-schema.org/draft/2020-12/schema" (the default), "https://json-schema.org/draft/2019-09/schema" or "http://json-schema.org/draft-07/schema#"';

/**
 * The dialect that a schema is written in.
 *
 * @param uri the value of `$schema`; undefined: 2020-12, the protocol's default
 * @returns undefined for a dialect that is not supported
 */
export function dialectOf(uri: unknown): Dialect | undefined {
  if (uri === undefined) return DIALECT_2020;
  const key = typeof uri === 'string' ? /^https?:\/\/([^#]*)#?$/.exec(uri)?.[1] : undefined;
  return key !== undefined && Object.hasOwn(BY_URI, key) ? BY_URI[key] : undefined;
}

/** Whether a schema's `$ref` turns off its other keywords, as it does before 2019-09. */
export function refOverrides(schema: JsonObject, { name }: Dialect): boolean {
  return name === 'draft-07' && schema['$ref'] !== undefined;
}

/**
 * Calls `visit` for each direct subschema that is an object, in the order of the schema. Values of the wrong type are skipped.
 *
 * @param visit gets the subschema, the keyword that holds it, and its name or index there (undefined: it is the keyword's value)
 */
export function eachSubschema(
  schema: JsonObject,
  { applicators }: Dialect,
  visit: (subschema: JsonObject, keyword: string, member: string | number | undefined) => void,
): void {
  for (const keyword in schema) {
    const holds = applicators.get(keyword);
    if (holds === undefined) continue;
    const value = schema[keyword];
    if (Array.isArray(value)) {
      if (holds === 'list' || holds === 'oneOrList')
        for (let i = 0; i < value.length; i++) if (isObject(value[i])) visit(value[i] as JsonObject, keyword, i);
    } else if (isObject(value)) {
      if (holds === 'map') {
        for (const name in value) if (isObject(value[name])) visit(value[name], keyword, name);
      } else if (holds !== 'list') visit(value, keyword, undefined);
    }
  }
}
