/**
 * What hosts make of an input schema before they show it to their model, as docs/hosts.md says. The schemas here have no
 * alternatives at the root and no references.
 */
import { isDeepStrictEqual } from 'node:util';

/** The schema with each property's schema changed, at all depths. */
function eachProperty(schema, change) {
  const { properties, items, ...rest } = schema;
  return {
    ...rest,
    ...(items && { items: change(eachProperty(items, change)) }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, property]) => [name, change(eachProperty(property, change))]),
      ),
    }),
  };
}

const without = (schema, ...keywords) => Object.fromEntries(Object.entries(schema).filter(([name]) => !keywords.includes(name)));

/** Nothing is changed. */
export const same = (schema) => schema;

/** Codex: no limits, patterns, formats and defaults. */
export const bare = (schema) =>
  eachProperty(schema, (property) => without(property, 'default', 'format', 'pattern', 'minLength', 'minimum', 'maximum'));

/** Gemini CLI: `nullable` for the type "null", and an argument of its own, with any description. */
export function withWaiting(schema, seen) {
  const { properties, ...rest } = eachProperty(schema, ({ type, ...others }) =>
    Array.isArray(type) && type.includes('null')
      ? { ...others, type: type.find((one) => one !== 'null'), nullable: true }
      : { ...others, type },
  );
  const description = String(seen?.properties?.wait_for_previous?.description);
  return { ...rest, properties: { ...properties, wait_for_previous: { type: 'boolean', description } } };
}

const MOVED = ['minLength', 'maxLength', 'pattern', 'minimum', 'maximum', 'format'];

/** Copilot CLI: limits, patterns and formats are moved into the description. */
export const described = (schema) =>
  eachProperty(schema, (property) => {
    const moved = MOVED.filter((name) => Object.hasOwn(property, name)).map(
      (name) => `${name}: ${JSON.stringify(property[name])}`,
    );
    if (moved.length === 0) return property;
    const { description } = property;
    return {
      ...without(property, ...MOVED),
      description: `${description === undefined ? '' : `${description}\n\n`}{${moved.join(', ')}}`,
    };
  });

/** opencode, AI SDK: the root is closed. */
export const closed = (schema) => ({ ...schema, additionalProperties: false });

/** OpenAI Agents SDK: the root is open. */
export const opened = (schema) => ({ ...schema, additionalProperties: true });

/** Continue: nothing is said about other names at the root. */
export const unsaid = (schema) => without(schema, 'additionalProperties');

/**
 * Mastra: all properties are required, with `null` for those that were not, and the root is closed. Limits and formats become
 * sentences, so of the properties only the names are compared.
 */
export function nullable(schema, seen) {
  const names = Object.keys(schema.properties);
  const { properties = {}, required = [], additionalProperties } = seen ?? {};
  const isAsSaid =
    isDeepStrictEqual(Object.keys(properties), names) && isDeepStrictEqual(required, names) && additionalProperties === false;
  return isAsSaid ? seen : schema;
}
