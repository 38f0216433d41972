/** JSON values. */

/** Any JSON object whose members are not known yet. */
export type JsonObject = { [key: string]: unknown };

/** Whether a value is a JSON object: no array, not null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
