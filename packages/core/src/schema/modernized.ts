/** Writes what older drafts of JSON Schema or OpenAPI wrote, and this server understands, so that every validator reads the same. */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import type { Dialect } from './keywords.js';
import { refOverrides } from './keywords.js';

/** What may stand beside a `$ref` that turns off all other keywords. */
const BESIDE_REF: ReadonlySet<string> = new Set(
  '$ref $schema $id definitions title description examples readOnly writeOnly $comment'.split(' '),
);

/** Names that every object in JavaScript has, such as `constructor`: ajv finds them in every value. */
const isInherited = (name: string): boolean => name in Object.prototype;

const DEPENDENT = ['dependencies', 'dependentRequired', 'dependentSchemas'];

/** What is said of such names: properties become patterns; what depends on them is left out. */
function inherited(schema: JsonObject): JsonObject {
  const changes: JsonObject = {};
  for (const keyword of ['properties', ...DEPENDENT]) {
    const members = schema[keyword];
    if (!isObject(members)) continue;
    const names = Object.keys(members).filter(isInherited);
    if (names.length === 0) continue;
    changes[keyword] = Object.fromEntries(Object.entries(members).filter(([name]) => !isInherited(name)));
    if (keyword !== 'properties') continue;
    const patterns = Object.fromEntries(names.map((name) => [`^${name}$`, members[name]]));
    changes['patternProperties'] = { ...(schema['patternProperties'] as JsonObject | undefined), ...patterns };
  }
  return changes;
}

/** A number for the boolean with which draft-04 says whether a limit itself is excluded. */
function limits(schema: JsonObject): JsonObject {
  const changes: JsonObject = {};
  for (const [flag, limit] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (typeof schema[flag] !== 'boolean') continue;
    changes[flag] = schema[flag] ? schema[limit] : undefined;
    if (schema[flag]) changes[limit] = undefined;
  }
  return changes;
}

/**
 * One schema in the keywords of its dialect; the schemas in it are left as they are.
 *
 * @param keepsType whether `type` stays beside a `$ref` that turns it off
 * @returns the schema itself if there is nothing to change
 */
export function modernized(schema: JsonObject, dialect: Dialect, keepsType: boolean): JsonObject {
  const changes: JsonObject = { ...inherited(schema), ...limits(schema) };
  if (typeof schema['id'] === 'string') changes['id'] = undefined;
  // A keyword of OpenAPI. It has no effect here; ajv refuses it beside anything but `type`.
  if (schema['nullable'] !== undefined) changes['nullable'] = undefined;
  if (dialect.name === '2020-12') {
    if (schema['additionalItems'] !== undefined) changes['additionalItems'] = undefined;
    if (Array.isArray(schema['items'])) {
      changes['prefixItems'] = schema['items'];
      changes['items'] = undefined;
    }
  }
  if (refOverrides(schema, dialect)) {
    for (const keyword of Object.keys(schema))
      if ((dialect.keywords.has(keyword) || keyword === 'const') && !BESIDE_REF.has(keyword)) changes[keyword] = undefined;
    if (keepsType) delete changes['type'];
  }
  if (Object.keys(changes).length === 0) return schema;
  return Object.fromEntries(Object.entries({ ...schema, ...changes }).filter(([, member]) => member !== undefined));
}
