/**
 * Warnings about schemas that are correct, but do not say what was probably meant, or are shown by hosts as something else.
 */
import { isObject } from '../base/json.js';
import { Suggester } from '../base/nearest.js';
import type { MistakeList } from './mistakes.js';
import { quote } from './mistakes.js';

/** Keywords besides `properties` that may define a name. */
const OTHER_PROPERTIES = ['patternProperties', '$ref', '$dynamicRef', 'allOf', 'anyOf', 'oneOf', 'if', 'dependentSchemas'];

/** Warns of names in `required` that are not properties of the schema. The list's path is at the schema. */
export function warnOfRequired(list: MistakeList, schema: Record<string, unknown>): void {
  const { required, properties, additionalProperties } = schema;
  if (!Array.isArray(required) || !isObject(properties) || isObject(additionalProperties)) return;
  if (OTHER_PROPERTIES.some((keyword) => schema[keyword] !== undefined)) return;
  for (const [index, name] of required.entries()) {
    if (typeof name !== 'string' || Object.hasOwn(properties, name)) continue;
    const hint = new Suggester().hint(name, Object.keys(properties)) || ': declare it in properties, or remove it';
    list.warn(`${quote(name)} is required, but is not one of the properties${hint}`, 'required', index);
  }
}

/** Hosts leave out all descriptions in schemas with more bytes than this. */
const MOST_BYTES = 5_000;

/** What these hosts drop before they count. Members with objects are properties of that name. */
const UNCOUNTED = new Set(
  '$comment $id $schema default examples exclusiveMaximum exclusiveMinimum format maxItems maxLength maximum minItems minLength minimum pattern title uniqueItems'.split(
    ' ',
  ),
);

/** The bytes of a schema, as hosts count them. */
const bytesOf = (schema: Record<string, unknown>): number =>
  Buffer.byteLength(
    JSON.stringify(schema, (key, value: unknown) => (UNCOUNTED.has(key) && !isObject(value) ? undefined : value)),
  );

/** Warns of what hosts do not show to their model as it is. The list's path is at the schema of a tool's arguments. */
export function warnOfRoot(list: MistakeList, schema: Record<string, unknown>): void {
  for (const keyword of ['anyOf', 'oneOf']) {
    if (schema[keyword] !== undefined)
      list.warn(
        'some hosts drop alternatives at the top level of arguments: put them into a property, or describe them in words',
        keyword,
      );
  }
  const { additionalProperties } = schema;
  if (isObject(additionalProperties) && Object.keys(additionalProperties).length > 0)
    list.warn(
      'some hosts drop free names at the top level of arguments: put them into a property of type object',
      'additionalProperties',
    );
}

/** Warns of a schema that hosts show without its descriptions. The list's path is at the schema of a tool's arguments. */
export function warnOfSize(list: MistakeList, schema: Record<string, unknown>): void {
  const bytes = bytesOf(schema);
  if (bytes > MOST_BYTES)
    list.warn(`has ${bytes} bytes: some hosts drop all descriptions of arguments in schemas of more than ${MOST_BYTES}`);
}
