/**
 * Rules on a value itself: its type, `enum` and `const`, numbers and strings.
 */
import { equalJson } from '../../base/equality.js';
import type { JsonObject } from '../../base/json.js';
import { isObject } from '../../base/json.js';
import type { Where } from '../places.js';
import { pointer } from '../places.js';
import { schemaError } from './compiler.js';
import { countOf, numberOf, patternOf } from './keyword-values.js';
import type { Rule } from './run.js';
import { invalid, spend } from './run.js';
import { got, isMultiple, isNumber, lengthOf, MAX_DEPTH, show } from './values.js';

/** Makes the rule of some keywords of a schema; `undefined` if the schema has none of them. */
export type Maker = (schema: JsonObject, where: Where) => Rule | undefined;

/** The types with their articles, for messages. */
const NOUNS: Record<string, string> = {
  array: 'an array',
  boolean: 'a boolean',
  integer: 'an integer',
  null: 'null',
  number: 'a number',
  object: 'an object',
  string: 'a string',
};

const IS: Record<string, (value: unknown) => boolean> = {
  array: Array.isArray,
  boolean: (value) => typeof value === 'boolean',
  integer: Number.isInteger,
  null: (value) => value === null,
  number: isNumber,
  object: isObject,
  string: (value) => typeof value === 'string',
};

/** The message about a value of the wrong type. */
export function typeMessage(types: readonly string[], value: unknown): string {
  const nouns = types.map((type) => NOUNS[type] ?? type);
  const last = nouns.pop() ?? '';
  return `must be ${nouns.length === 0 ? last : `${nouns.join(', ')} or ${last}`}, got ${got(value)}`;
}

/** `type`. */
export const typeRule: Maker = ({ type }, where) => {
  if (type === undefined) return undefined;
  const types: readonly unknown[] = Array.isArray(type) ? type : [type];
  const tests = types.map((name) => {
    const test = typeof name === 'string' && Object.hasOwn(IS, name) ? IS[name] : undefined;
    if (test === undefined) {
      throw schemaError(pointer(where, 'type'), `unknown type ${show(name)}: use ${Object.keys(NOUNS).join(', ')}`);
    }
    return test;
  });
  const names = types as string[];
  const [first] = tests;
  if (first === undefined) throw schemaError(pointer(where, 'type'), 'must have at least one type');
  const is = tests.length === 1 ? first : (value: unknown): boolean => tests.some((test) => test(value));
  return (value, run, at) => is(value) || invalid(run, at, () => typeMessage(names, value), { types: names });
};

/** `enum` and `const`. */
export const valueRule: Maker = (schema, where) => {
  const { enum: listed } = schema;
  if (listed !== undefined && !Array.isArray(listed)) {
    throw schemaError(pointer(where, 'enum'), `must be a list of values, got ${show(listed)}`);
  }
  const among = listed === undefined ? undefined : oneOf(listed);
  const exactly = schema.const === undefined ? undefined : oneOf([schema.const]);
  if (among === undefined || exactly === undefined) return among ?? exactly;
  return (value, run, at, evaluated) => among(value, run, at, evaluated) && exactly(value, run, at, evaluated);
};

function oneOf(values: readonly unknown[]): Rule {
  const simple = new Set(values.filter((value) => typeof value !== 'object' || value === null));
  const compound = values.filter((value) => typeof value === 'object' && value !== null);
  const is = (value: unknown): boolean => simple.has(value) || compound.some((each) => equalJson(each, value, MAX_DEPTH));
  return (value, run, at) => is(value) || invalid(run, at, () => valueMessage(values, value), { values, given: value });
}

/** The message about a value that is not one of those listed. */
export function valueMessage(values: readonly unknown[], value: unknown): string {
  return `must be ${values.length === 1 ? '' : 'one of '}${listOf(values)}, got ${show(value)}`;
}

/** Values with commas between them, as many as leave room for the rest of the message. */
function listOf(values: readonly unknown[]): string {
  let text = '';
  for (const [i, value] of values.entries()) {
    const next = show(value);
    if (text.length + next.length > 160) return `${text}, and ${values.length - i} more`;
    text += i === 0 ? next : `, ${next}`;
  }
  return text;
}

/** The value of `exclusiveMinimum` or `exclusiveMaximum`. In draft-04 `true` makes the other bound exclusive. */
function exclusive(schema: JsonObject, bound: 'Minimum' | 'Maximum'): unknown {
  const value = schema[`exclusive${bound}`];
  if (typeof value !== 'boolean') return value;
  return value ? schema[bound.toLowerCase()] : undefined;
}

/** `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum` and `multipleOf`. */
export const numberRule: Maker = (schema, where) => {
  const { minimum, maximum, multipleOf } = schema;
  const [exclusiveMinimum, exclusiveMaximum] = [exclusive(schema, 'Minimum'), exclusive(schema, 'Maximum')];
  if ([minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf].every((limit) => limit === undefined)) return undefined;
  const least = numberOf(schema, 'minimum', where) ?? -Infinity;
  const most = numberOf(schema, 'maximum', where) ?? Infinity;
  const above = numberOf({ exclusiveMinimum }, 'exclusiveMinimum', where) ?? -Infinity;
  const below = numberOf({ exclusiveMaximum }, 'exclusiveMaximum', where) ?? Infinity;
  const factor = numberOf(schema, 'multipleOf', where);
  if (factor !== undefined && factor <= 0) throw schemaError(pointer(where, 'multipleOf'), `must be above 0, got ${factor}`);
  return (value, run, at) => {
    if (!isNumber(value)) return true;
    let ok = true;
    if (value < least) ok = invalid(run, at, () => `must be >= ${least}, got ${value}`);
    if (value > most) ok = invalid(run, at, () => `must be <= ${most}, got ${value}`);
    if (value <= above) ok = invalid(run, at, () => `must be > ${above}, got ${value}`);
    if (value >= below) ok = invalid(run, at, () => `must be < ${below}, got ${value}`);
    if (factor !== undefined && !isMultiple(value, factor)) {
      ok = invalid(run, at, () => `must be a multiple of ${factor}, got ${value}`);
    }
    return ok;
  };
};

/** A count with its unit: `1 item`, `2 items`. */
export function count(number: number, unit: string): string {
  return `${number} ${unit}${number === 1 ? '' : 's'}`;
}

/** `minLength`, `maxLength` and `pattern`. */
export const textRule: Maker = (schema, where) => {
  const { pattern } = schema;
  const least = countOf(schema, 'minLength', where) ?? 0;
  const most = countOf(schema, 'maxLength', where) ?? Infinity;
  const regex = pattern === undefined ? undefined : patternOf(pattern, pointer(where, 'pattern'));
  if (least === 0 && most === Infinity && regex === undefined) return undefined;
  const lengthRule = (text: string): boolean => {
    const units = text.length;
    // A character is one or two code units: most strings need no counting.
    if (units <= most && units >= least * 2) return true;
    const length = lengthOf(text);
    return length >= least && length <= most;
  };
  return (value, run, at) => {
    if (typeof value !== 'string') return true;
    let ok = true;
    if (!lengthRule(value)) {
      ok = invalid(run, at, () => {
        const length = lengthOf(value);
        const bound = length < least ? `at least ${count(least, 'character')}` : `at most ${count(most, 'character')}`;
        return `must have ${bound}, got ${length}`;
      });
    }
    if (regex === undefined) return ok;
    const matches = value.length <= regex.safe ? regex.quick.test(value) : regex.test(value, (steps) => spend(run, steps));
    if (matches === true) return ok;
    ok = invalid(run, at, () =>
      matches === false
        ? `must match the pattern ${show(pattern)}, got ${show(value)}`
        : `must have at most ${count(regex.longest, 'character')}, got ${value.length}: the pattern ${show(pattern)} takes too long on longer texts`,
    );
    return ok;
  };
};
