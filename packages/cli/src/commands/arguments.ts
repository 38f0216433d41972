/**
 * Parses the arguments of `call`: one JSON object, or name=value pairs.
 */
import type { FunctionDefinition, JsonObject } from '@mcp-daemon/core';
import { isObject } from '@mcp-daemon/core';

import { UsageError } from '../errors.js';

type Schema = Readonly<Record<string, unknown>>;

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

/** The types of one argument in the schema; none where it has no type. */
function typesOf(definition: FunctionDefinition | undefined, name: string): readonly unknown[] {
  if (definition?.kind === 'prompt') return ['string'];
  if (definition?.kind !== 'tool') return [];
  const properties = definition.inputSchema['properties'];
  const schema = isObject(properties) ? properties[name] : undefined;
  const type = isObject(schema) ? (schema as Schema)['type'] : undefined;
  return Array.isArray(type) ? type : type === undefined ? [] : [type];
}

/** Converts a value to its type in the schema: a string stays as it is, everything else is JSON where it can be. */
function valueOf(text: string, types: readonly unknown[]): unknown {
  if (types.length === 1 && types[0] === 'string') return text;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  // Where the schema allows strings, a value of a type that it does not allow is a string.
  return types.includes('string') && !types.includes(typeof value) && value !== null ? text : value;
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
    return [name, valueOf(word.slice(at + 1), typesOf(definition, name))];
  });
  return Object.fromEntries(pairs);
}
