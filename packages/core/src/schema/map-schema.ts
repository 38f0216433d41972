/** Copies of JSON Schemas with changed parts. */
import { withNumberTexts } from '../base/exact-numbers.js';

/** Keywords whose value is an object of schemas by name. */
export const SCHEMAS_BY_NAME: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
]);

/** Keywords whose value is a schema or a list of schemas. */
export const SCHEMAS: ReadonlySet<string> = new Set([
  'items',
  'prefixItems',
  'additionalItems',
  'unevaluatedItems',
  'additionalProperties',
  'unevaluatedProperties',
  'propertyNames',
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'if',
  'then',
  'else',
  'contains',
]);

/**
 * A copy of an object or list with changed members; the value itself if nothing changes.
 *
 * @param change gets each member and its key, and returns the new member. Of an object, members that become undefined are left out
 */
export function mapped(value: unknown, change: (member: unknown, key: string) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  let changed = false;
  const members = Object.entries(value).map(([key, member]): [string, unknown] => {
    const next = change(member, key);
    if (next !== member) changed = true;
    return [key, next];
  });
  if (!changed) return value;
  const copy = Array.isArray(value)
    ? members.map(([, member]) => member)
    : Object.fromEntries(members.filter(([, member]) => member !== undefined));
  return withNumberTexts(copy, value);
}
