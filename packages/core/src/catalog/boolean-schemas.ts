/**
 * Replaces property schemas that are `true` or `false`. Some clients accept only objects, and reject the whole tool list of a
 * server because of one such schema.
 */
import { isObject } from '../base/json.js';
import { mapped, SCHEMAS, SCHEMAS_BY_NAME } from '../schema/map-schema.js';

const asObject = (schema: unknown): unknown => (schema === true ? {} : schema === false ? { not: {} } : withoutBooleans(schema));

/**
 * The same schema with objects in place of boolean property schemas: `{}` for `true`, `{ "not": {} }` for `false`. They mean the
 * same. Returns the schema itself if there is nothing to replace. The input is not changed.
 *
 * @example withoutBooleans({ properties: { a: true } }) // { properties: { a: {} } }
 */
export function withoutBooleans(schema: unknown): unknown {
  if (!isObject(schema)) return schema;
  return mapped(schema, (value, keyword) => {
    if (SCHEMAS_BY_NAME.has(keyword)) return mapped(value, keyword === 'properties' ? asObject : withoutBooleans);
    if (!SCHEMAS.has(keyword)) return value;
    return Array.isArray(value) ? mapped(value, withoutBooleans) : withoutBooleans(value);
  });
}
