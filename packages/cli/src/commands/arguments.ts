/**
 * The arguments of `call`, as they are typed: one JSON object, or pairs of name=value.
 */
import type { FunctionDefinition, JsonObject } from '@mcp-daemon/core';

import { UsageError } from '../errors.js';

type Schema = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

function parseObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`the arguments are not JSON: ${why}\nWrite them like '{"name":"Ada"}' or as name=Ada`, { hint: false });
  }
  if (!isObject(value)) throw new UsageError(`the arguments must be a JSON object, like '{"name":"Ada"}'`, { hint: false });
  return value;
}

/** The schema of one argument, as far as it says a type. */
function typesOf(definition: FunctionDefinition | undefined, name: string): readonly unknown[] {
  if (definition?.kind === 'prompt') return ['string'];
  if (definition?.kind !== 'tool') return [];
  const properties = definition.inputSchema['properties'];
  const schema = isObject(properties) ? properties[name] : undefined;
  const type = isObject(schema) ? (schema as Schema)['type'] : undefined;
  return Array.isArray(type) ? type : type === undefined ? [] : [type];
}

/** A value as its schema wants it: text stays text where text is wanted, all else is JSON if it can be. */
function valueOf(text: string, types: readonly unknown[]): unknown {
  if (types.length === 1 && types[0] === 'string') return text;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  // `zip=01234` is no number for a schema that takes both, and neither is a value of a type that is not taken.
  return types.includes('string') && !types.includes(typeof value) && value !== null ? text : value;
}

/**
 * Reads the arguments.
 *
 * @param words as the shell gave them: `{"a":1}`, or `a=1 b=2`
 * @param definition what is called, if it is known
 * @throws UsageError where they are neither
 */
export function readArguments(words: readonly string[], definition: FunctionDefinition | undefined): JsonObject {
  const [first] = words;
  if (first === undefined) return {};
  if (words.length === 1 && /^\s*[[{"]/.test(first)) return parseObject(first);
  const given: [string, unknown][] = words.map((word) => {
    const at = word.indexOf('=');
    if (at < 1)
      throw new UsageError(`"${word}" is no argument: write name=value, or all of them as one JSON object`, { hint: false });
    const name = word.slice(0, at);
    return [name, valueOf(word.slice(at + 1), typesOf(definition, name))];
  });
  return Object.fromEntries(given);
}
