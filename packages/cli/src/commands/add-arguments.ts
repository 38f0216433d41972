/**
 * Arguments of a new tool, as `add tool` takes them, and the JSON Schema that they become.
 */
import type { JsonObject } from '@mcp-daemon/core';
import { compileSchema, didYouMean } from '@mcp-daemon/core';

import { UsageError } from '../errors.js';

/** One argument of a new tool. */
export interface NewArgument {
  readonly name: string;
  readonly schema: JsonObject;
  readonly isRequired: boolean;
}

const TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array'];

/** Name, type, `!` if it is required, the default, and a description after a space. */
const FORM = /^([^\s:!=]+)(?::([^\s!=]+))?(!)?(?:=("(?:[^"\\]|\\.)*"|\S+))?(?:\s+(\S.*))?$/s;

/** @throws UsageError that names the argument */
function refuse(word: string, problem: string): never {
  throw new UsageError(`[arguments]: ${JSON.stringify(word)}: ${problem}`, { hint: false });
}

/** The schema of a type such as `string`, `string[]` or `small|large`. */
function schemaOf(type: string, word: string): JsonObject {
  if (type.endsWith('[]')) return { type: 'array', items: schemaOf(type.slice(0, -2), word) };
  if (type.includes('|')) {
    const choices = type.split('|');
    if (choices.includes('') || new Set(choices).size < choices.length) refuse(word, 'choices must differ, as in small|large');
    return { type: 'string', enum: choices };
  }
  if (TYPES.includes(type)) return { type };
  return refuse(
    word,
    `the type must be ${TYPES.join(', ')}, a list such as string[], or choices such as small|large${didYouMean(type, TYPES)}`,
  );
}

/** A default: JSON where the type takes it, else the text as it is. */
function defaultOf(text: string, schema: JsonObject, word: string): unknown {
  const check = compileSchema(schema);
  let value: unknown = text;
  try {
    value = JSON.parse(text);
  } catch {
    // a text without quotes
  }
  const found = [value, text].find((each) => check(each).ok);
  return found ?? refuse(word, `the default ${text} does not fit the type`);
}

/**
 * Reads one argument: `city:string!`, `days:integer=3`, `unit:celsius|fahrenheit`, `tags:string[] Words to look for`. Without a type
 * it is a string.
 *
 * @throws UsageError where it has another form
 */
export function readArgument(word: string): NewArgument {
  const [, name, type = 'string', mark, standard, description] = FORM.exec(word.trim()) ?? [];
  if (name === undefined)
    return refuse(word, 'must be a name and a type, such as city:string! (! if it is required) or days:integer=3');
  if (mark !== undefined && standard !== undefined) refuse(word, 'an argument with a default is not required: leave out the !');
  const schema = schemaOf(type, word);
  const more = {
    ...(description === undefined ? {} : { description }),
    ...(standard === undefined ? {} : { default: defaultOf(standard, schema, word) }),
  };
  return { name, schema: { ...schema, ...more }, isRequired: mark !== undefined };
}

/** The JSON Schema of all arguments. @throws UsageError where two have the same name */
export function inputSchemaOf(all: readonly NewArgument[]): JsonObject {
  const names = all.map(({ name }) => name);
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw new UsageError(`[arguments]: "${repeated}" is there twice`, { hint: false });
  const required = all.filter(({ isRequired }) => isRequired).map(({ name }) => name);
  const properties = Object.fromEntries(all.map(({ name, schema }) => [name, schema]));
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}) };
}

/** Arguments to try the tool with: those that are required, each with a value of its type. */
export function sampleOf(all: readonly NewArgument[]): JsonObject {
  const samples: Readonly<Record<string, unknown>> = {
    string: 'text',
    number: 1.5,
    integer: 1,
    boolean: true,
    object: {},
    array: [],
  };
  const valueOf = ({ type, enum: choices }: JsonObject): unknown => (Array.isArray(choices) ? choices[0] : samples[String(type)]);
  return Object.fromEntries(all.filter(({ isRequired }) => isRequired).map(({ name, schema }) => [name, valueOf(schema)]));
}
