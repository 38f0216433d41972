/** Reads the values of keywords. A value of the wrong type is an error. */
import type { JsonObject } from '../../base/json.js';
import { isObject } from '../../base/json.js';
import type { TextPattern } from '../../base/text-pattern.js';
import { compilePattern, foreignSyntax } from '../../base/text-pattern.js';
import type { Where } from '../places.js';
import { pointer } from '../places.js';
import { schemaError } from './compiler.js';
import { isNumber, show } from './values.js';

/** Whether a value is a whole number from 0 up, as `minItems` needs it. */
function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0;
}

/** The value of a keyword that is a count, such as `minItems`. */
export function countOf(schema: JsonObject, keyword: string, where: Where): number | undefined {
  const value = schema[keyword];
  if (value === undefined || isCount(value)) return value;
  throw schemaError(pointer(where, keyword), `must be a whole number from 0 up, got ${show(value)}`);
}

/** A list of names, as `required` has it. */
export function namesIn(value: unknown, where: Where): readonly string[] {
  if (Array.isArray(value) && value.every((name) => typeof name === 'string')) return value;
  throw schemaError(where, `must be a list of names, got ${show(value)}`);
}

/** A keyword's number. */
export function numberOf(schema: JsonObject, keyword: string, where: Where): number | undefined {
  const value = schema[keyword];
  if (value === undefined || isNumber(value)) return value;
  throw schemaError(pointer(where, keyword), `must be a number, got ${show(value)}`);
}

/** The schemas by name that a keyword such as `properties` holds. */
export function schemasIn(schema: JsonObject, keyword: string, where: Where): [name: string, schema: unknown][] {
  const value = schema[keyword];
  if (value === undefined) return [];
  if (!isObject(value)) throw schemaError(pointer(where, keyword), `must be an object of schemas, got ${show(value)}`);
  return Object.entries(value);
}

/** The list of schemas that a keyword such as `anyOf` holds. */
export function schemaList(schema: JsonObject, keyword: string, where: Where): readonly unknown[] | undefined {
  const value = schema[keyword];
  if (value === undefined || (Array.isArray(value) && value.length > 0)) return value;
  throw schemaError(pointer(where, keyword), `must be a list of schemas, got ${show(value)}`);
}

/**
 * A regular expression of a schema.
 *
 * @returns undefined for one in the syntax of Python, which is not checked; the check of the schema has said so
 */
export function patternOf(source: unknown, where: Where): TextPattern | undefined {
  if (typeof source !== 'string') throw schemaError(where, `must be a regular expression, got ${show(source)}`);
  if (foreignSyntax(source) !== undefined) return undefined;
  try {
    return compilePattern(source);
  } catch (cause) {
    throw schemaError(where, `${show(source)} is not a regular expression`, cause);
  }
}
