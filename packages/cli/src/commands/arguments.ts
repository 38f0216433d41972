/**
 * Parses the arguments of `call`: one JSON object, or name=value pairs.
 */
import type { FunctionDefinition, JsonObject, ToolDefinition } from '@mcp-daemon/core';
import { compileSchema, didYouMean, isObject } from '@mcp-daemon/core';

import { UsageError } from '../errors.js';

function parseObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`[arguments]: not valid JSON: ${why}\nWrite '{"name":"Ada"}' or name=Ada`, { hint: false });
  }
  if (!isObject(value)) throw new UsageError(`[arguments]: must be a JSON object such as '{"name":"Ada"}'`, { hint: false });
  return value;
}

/** Whether an argument may have a value, by the schema of the tool. */
type Fits = (value: unknown) => boolean;

/** The check of one argument; undefined where its schema allows anything. */
function checkOf(definition: FunctionDefinition | undefined, name: string): Fits | undefined {
  if (definition?.kind === 'prompt') return (value) => typeof value === 'string';
  if (definition?.kind !== 'tool') return undefined;
  const { inputSchema } = definition;
  const properties = inputSchema['properties'];
  const schema = isObject(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined;
  if (!isObject(schema) || Object.keys(schema).length === 0) return undefined;
  // Keep only the properties, and the definitions that they refer to.
  const kept = ['$schema', '$id', '$defs', 'definitions', 'properties'].filter((key) => Object.hasOwn(inputSchema, key));
  const check = compileSchema(Object.fromEntries(kept.map((key) => [key, inputSchema[key]])));
  return (value) => check({ [name]: value }).ok;
}

/**
 * Converts a value to what the schema allows: JSON where it fits, else the text as it is. A JSON string in quotes is the text too,
 * because a string needs no quotes here.
 */
function valueOf(text: string, fits: Fits | undefined): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  if (fits === undefined) return value;
  return (typeof value === 'string' || !fits(value)) && fits(text) ? text : value;
}

/**
 * Parses the arguments.
 *
 * @param words the words of the command line: `{"a":1}`, or `a=1 b=2`
 * @param definition the function that is called; undefined where it is not known
 * @throws UsageError where they are neither
 */
export function readArguments(words: readonly string[], definition: FunctionDefinition | undefined): JsonObject {
  const [first] = words;
  if (first === undefined) return {};
  if (words.length === 1 && /^\s*[[{"]/.test(first)) return parseObject(first);
  const pairs: [string, unknown][] = words.map((word) => {
    const at = word.indexOf('=');
    if (at < 1) throw new UsageError(`[arguments]: must be name=value pairs or one JSON object, not "${word}"`, { hint: false });
    const name = word.slice(0, at);
    return [name, valueOf(word.slice(at + 1), checkOf(definition, name))];
  });
  return Object.fromEntries(pairs);
}

/** The keywords of a schema that says with `properties` alone which arguments a tool has. */
const PLAIN = new Set(['$schema', '$defs', 'title', 'description', 'type', 'properties', 'required']);

/** Notes on arguments that the tool allows and does not declare: they are probably mistyped. */
export function undeclaredArguments({ name, inputSchema }: ToolDefinition, values: JsonObject): string[] {
  const { properties } = inputSchema;
  if (!isObject(properties) || !Object.keys(inputSchema).every((key) => PLAIN.has(key))) return [];
  const declared = Object.keys(properties);
  return Object.keys(values)
    .filter((key) => !declared.includes(key))
    .map((key) => `"${name}" declares no argument "${key}"${didYouMean(key, declared)}`);
}
