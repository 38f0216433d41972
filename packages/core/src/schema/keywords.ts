/**
 * The keywords of the JSON Schema dialects that tools may be described in, and what their values must be.
 */

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
  name: '2020-12' | '2019-09' | 'draft-07';
  keywords: ReadonlyMap<string, KeywordRule>;
  anchor: RegExp;
}

const SHARED: [KeywordRule, string][] = [
  ['schema', 'additionalProperties propertyNames contains if then else not'],
  ['schemas', 'allOf anyOf oneOf'],
  ['schemaMap', 'properties definitions'],
  ['patternMap', 'patternProperties'],
  ['schemaOrNames', 'dependencies'],
  ['types', 'type'],
  ['number', 'maximum exclusiveMaximum minimum exclusiveMinimum'],
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
  ['schema', 'items'],
  ['schemas', 'prefixItems'],
  // Of 2019-09: without effect any more, but the meta-schema still looks at them.
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

function keywords(...tables: [KeywordRule, string][][]): ReadonlyMap<string, KeywordRule> {
  return new Map(tables.flat().flatMap(([rule, names]) => names.split(' ').map((name) => [name, rule] as const)));
}

const DIALECT_2020: Dialect = {
  name: '2020-12',
  keywords: keywords(SHARED, SINCE_2019, ONLY_2020),
  anchor: /^[A-Za-z_][-A-Za-z0-9._]*$/,
};

const DIALECT_2019: Dialect = {
  name: '2019-09',
  keywords: keywords(SHARED, SINCE_2019, ONLY_2019),
  anchor: /^[A-Za-z][-A-Za-z0-9.:_]*$/,
};

const DIALECT_07: Dialect = { name: 'draft-07', keywords: keywords(SHARED, ONLY_07), anchor: /^[A-Za-z][-A-Za-z0-9.:_]*$/ };

/** What `$schema` may say, without scheme and empty fragment. */
const BY_URI: Record<string, Dialect> = {
  'json-schema.org/draft/2020-12/schema': DIALECT_2020,
  'json-schema.org/draft/2019-09/schema': DIALECT_2019,
  'json-schema.org/draft-07/schema': DIALECT_07,
};

/** The dialects in a sentence. */
export const DIALECTS =
  '"https://json-schema.org/draft/2020-12/schema" (the default), "https://json-schema.org/draft/2019-09/schema" or "http://json-schema.org/draft-07/schema#"';

/**
 * The dialect that a schema is written in.
 *
 * @param uri the value of `$schema`; undefined: 2020-12, as the protocol says
 * @returns undefined where it is none of ours
 */
export function dialectOf(uri: unknown): Dialect | undefined {
  if (uri === undefined) return DIALECT_2020;
  if (typeof uri !== 'string') return undefined;
  const key = uri.replace(/^https?:\/\//, '').replace(/#$/, '');
  return Object.hasOwn(BY_URI, key) ? BY_URI[key] : undefined;
}
