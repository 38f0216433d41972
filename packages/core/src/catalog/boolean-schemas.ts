/**
 * Replaces property schemas that are `true` or `false`. Some clients accept only objects, and reject the whole tool list of a
 * server because of one such schema.
 */
import { withNumberTexts } from '../base/exact-numbers.js';
import { isObject } from '../base/json.js';

/** Keywords whose value is an object of schemas by name. */
const MAPS = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);
/** Keywords whose value is a schema or a list of schemas. */
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

/** A copy of an object or list with changed members; the value itself if nothing changes. */
function mapped(value: unknown, change: (member: unknown, key: string) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  let changed = false;
  const members = Object.entries(value).map(([key, member]): [string, unknown] => {
    const next = change(member, key);
    if (next !== member) changed = true;
    return [key, next];
  });
  if (!changed) return value;
  const copy = Array.isArray(value) ? members.map(([, member]) => member) : Object.fromEntries(members);
  return withNumberTexts(copy, value);
}

/**
 * The same schema with objects in place of boolean property schemas: `{}` for `true`, `{ "not": {} }` for `false`. They mean the
 * same. Returns the schema itself if there is nothing to replace. The input is not changed.
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
