/**
 * Property schemas that are `true` or `false`, for clients that want objects: they lose all tools of a server for one of them.
 */
import { isObject } from '../base/json.js';

/** Keywords that hold schemas by name. */
const MAPS = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);
/** Keywords that hold a schema or a list of schemas. */
const SCHEMAS = new Set([
  'items',
  'prefixItems',
  'additionalProperties',
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'if',
  'then',
  'else',
  'contains',
]);

const asObject = (schema: unknown): unknown => (schema === true ? {} : schema === false ? { not: {} } : withoutBooleans(schema));

/** An object or list whose members are changed; itself if none is. */
function mapped(value: unknown, change: (member: unknown, key: string) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  let changed = false;
  const members = Object.entries(value).map(([key, member]): [string, unknown] => {
    const next = change(member, key);
    if (next !== member) changed = true;
    return [key, next];
  });
  if (!changed) return value;
  return Array.isArray(value) ? members.map(([, member]) => member) : Object.fromEntries(members);
}

/**
 * A schema whose properties are all objects: `true` is written `{}`, and `false` `{ "not": {} }`, which mean the same. The schema
 * itself, if it has no such property. It is not changed.
 *
 * @example withoutBooleans({ properties: { a: true } }) // { properties: { a: {} } }
 */
export function withoutBooleans(schema: unknown): unknown {
  if (!isObject(schema)) return schema;
  return mapped(schema, (value, keyword) => {
    if (MAPS.has(keyword)) return mapped(value, keyword === 'properties' ? asObject : withoutBooleans);
    if (!SCHEMAS.has(keyword)) return value;
    return Array.isArray(value) ? mapped(value, withoutBooleans) : withoutBooleans(value);
  });
}
