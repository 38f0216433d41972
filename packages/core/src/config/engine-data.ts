/**
 * Reads `data` of function rows that the Python engine wrote. Its GraphQL API writes keys in snake_case, those of JSON Schema too, and some
 * numbers and booleans as text.
 */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import type { FunctionKind } from '../ports/definition.js';
import { dialectOf } from '../schema/keywords.js';

const COMMON = ['title', 'icons', '_meta'];

/** The keys of `data` that are read, by kind. The engine ignores all others, so they must not make a row unreadable here. */
const KEYS: Record<FunctionKind, readonly string[]> = {
  tool: ['inputSchema', 'outputSchema', 'execution', ...COMMON],
  resource: ['uri', 'mimeType', 'size', ...COMMON],
  resource_template: ['uriTemplate', 'mimeType', 'completions', ...COMMON],
  prompt: ['arguments', ...COMMON],
};

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const DIALECT = dialectOf(undefined);
/** Keywords of two words, by their names in snake_case. */
const BY_SNAKE = new Map(
  ['additionalItems', ...(DIALECT?.keywords.keys() ?? [])].flatMap((keyword) =>
    snake(keyword) === keyword ? [] : [[snake(keyword), keyword]],
  ),
);
const NUMBERS = new Set(['number', 'exclusive', 'positive', 'count']);

/** A keyword's value; text where a number or a boolean belongs is read as such. */
function keywordValue(keyword: string, value: unknown): unknown {
  const rule = DIALECT?.keywords.get(keyword);
  if (typeof value !== 'string' || rule === undefined) return value;
  const isBoolean = value === 'true' || value === 'false';
  if (isBoolean && (rule === 'boolean' || rule === 'schema' || rule === 'exclusive')) return value === 'true';
  const number = Number(value);
  return NUMBERS.has(rule) && value.trim() !== '' && Number.isFinite(number) ? number : value;
}

/** `required` as the engine left it: it renames properties to snake_case, but not the names in this list. */
function requiredNames(names: unknown, properties: unknown): unknown {
  if (!Array.isArray(names) || !isObject(properties)) return names;
  return names.map((name: unknown) => {
    if (typeof name !== 'string' || Object.hasOwn(properties, name)) return name;
    return Object.hasOwn(properties, snake(name)) ? snake(name) : name;
  });
}

const MAX_DEPTH = 100;

/** A schema with its keywords as JSON Schema spells them. Names of properties, `enum`, `const` and `default` stay as they are. */
function engineSchema(schema: unknown, depth = 0): unknown {
  if (!isObject(schema) || depth > MAX_DEPTH) return schema;
  const inner = (value: unknown): unknown => engineSchema(value, depth + 1);
  const made: JsonObject = {};
  for (const [key, given] of Object.entries(schema)) {
    const proper = BY_SNAKE.get(key);
    const keyword = proper === undefined || Object.hasOwn(schema, proper) ? key : proper;
    const value = keywordValue(keyword, given);
    const holds = DIALECT?.applicators.get(keyword);
    if (holds === undefined) made[keyword] = value;
    else if (Array.isArray(value)) made[keyword] = value.map(inner);
    else if (holds === 'map' && isObject(value))
      made[keyword] = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, inner(member)]));
    else made[keyword] = inner(value);
  }
  if (made['required'] !== undefined) made['required'] = requiredNames(made['required'], made['properties']);
  return made;
}

/**
 * `data` of an engine's row as the keys of a config file's entry.
 *
 * @example engineData('resource', { uri: 'a://b', mime_type: 'text/plain' }) // { uri: 'a://b', mimeType: 'text/plain' }
 */
export function engineData(kind: FunctionKind, data: JsonObject): JsonObject {
  const made: JsonObject = {};
  for (const key of KEYS[kind]) {
    const value = data[key] ?? data[snake(key)];
    if (value === null || value === undefined) continue;
    made[key] = key.endsWith('Schema') ? engineSchema(value) : value;
  }
  return made;
}
