/** From what a user has entered to a JSON value that the schema allows, or to what is wrong. */
import type { Json } from '../base/json.js';
import { equalJson, parseJson } from '../base/json.js';
import type { Field, GroupField, Input, ListField, NumberField, Path, Problem, TextField } from './field.js';
import { isMultipleOf } from './multiple.js';

/** What a field gives: a value, nothing (an optional field that is empty), or problems. */
export type Reading = { readonly value: Json } | { readonly problems: readonly Problem[] } | Record<string, never>;

const NOTHING: Reading = {};
const wrong = (path: Path, message: string): Reading => ({ problems: [{ path, message }] });
const problemsOf = (reading: Reading): readonly Problem[] => ('problems' in reading ? (reading.problems ?? []) : []);

const empty = (path: Path, required: boolean, message = 'Enter a value.'): Reading => (required ? wrong(path, message) : NOTHING);

function textProblem(field: TextField, text: string): string | undefined {
  const length = [...text].length;
  if (field.minLength !== undefined && length < field.minLength) return `Enter at least ${field.minLength} characters.`;
  if (field.maxLength !== undefined && length > field.maxLength) return `Enter at most ${field.maxLength} characters.`;
  if (field.pattern === undefined) return undefined;
  try {
    return new RegExp(field.pattern, 'u').test(text) ? undefined : `This does not match the pattern ${field.pattern}`;
  } catch {
    return undefined; // a pattern that this browser cannot read: the server decides
  }
}

function numberProblem(field: NumberField, value: number): string | undefined {
  if (field.integer && !Number.isInteger(value)) return 'Enter a whole number.';
  if (field.minimum !== undefined && value < field.minimum) return `Enter ${field.minimum} or more.`;
  if (field.maximum !== undefined && value > field.maximum) return `Enter ${field.maximum} or less.`;
  if (field.exclusiveMinimum !== undefined && value <= field.exclusiveMinimum)
    return `Enter more than ${field.exclusiveMinimum}.`;
  if (field.exclusiveMaximum !== undefined && value >= field.exclusiveMaximum)
    return `Enter less than ${field.exclusiveMaximum}.`;
  if (field.multipleOf !== undefined && !isMultipleOf(value, field.multipleOf)) return `Enter a multiple of ${field.multipleOf}.`;
  return undefined;
}

/** JSON's form of numbers, with a plus sign and a bare decimal point allowed, as people write them. */
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function readNumber(field: NumberField, text: string, path: Path): Reading {
  const value = NUMBER.test(text.trim()) ? Number(text) : NaN;
  if (!Number.isFinite(value)) return wrong(path, field.integer ? 'Enter a whole number.' : 'Enter a number.');
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return wrong(path, 'This number is too large to be sent exactly.');
  const problem = numberProblem(field, value);
  return problem === undefined ? { value: value === 0 ? 0 : value } : wrong(path, problem); // 0 for -0
}

function readList(field: ListField, items: readonly Input[], path: Path, required: boolean): Reading {
  if (items.length === 0 && !required) return NOTHING;
  if (items.length < field.minItems) return wrong(path, `Add items: at least ${field.minItems} are needed.`);
  if (items.length > field.maxItems) return wrong(path, `Remove items: at most ${field.maxItems} are allowed.`);
  const readings = items.map((item, at) => readInput(field.item, item, [...path, at], true));
  const problems = readings.flatMap(problemsOf);
  if (problems.length > 0) return { problems };
  const values = readings.flatMap((reading) => ('value' in reading ? [reading.value as Json] : []));
  const repeated = field.unique ? values.findIndex((value, at) => values.slice(0, at).some((one) => equalJson(one, value))) : -1;
  return repeated === -1 ? { value: values } : wrong([...path, repeated], 'This item is in the list already.');
}

function readGroup(field: GroupField, input: Input & { kind: 'group' }, path: Path, required: boolean): Reading {
  if (!input.open && !required) return NOTHING;
  const entries: [string, Json][] = [];
  const problems: Problem[] = [];
  for (const member of field.members) {
    const given = input.members.get(member.name);
    if (given === undefined) continue;
    const reading = readInput(member.field, given, [...path, member.name], member.required);
    problems.push(...problemsOf(reading));
    if ('value' in reading) entries.push([member.name, reading.value as Json]);
  }
  if (problems.length > 0) return { problems };
  if (entries.length < field.minProperties) return wrong(path, `Fill in at least ${field.minProperties} of these fields.`);
  if (entries.length > field.maxProperties) return wrong(path, `Leave fields empty: at most ${field.maxProperties} are allowed.`);
  return { value: Object.fromEntries(entries) }; // which makes a member `__proto__` like any other
}

function readText(field: Field, text: string, path: Path, required: boolean): Reading {
  if (field.kind === 'json') {
    if (text.trim() === '') return empty(path, required, 'Enter a JSON value.');
    const parsed = parseJson(text);
    return 'value' in parsed ? parsed : wrong(path, `This is not JSON: ${parsed.problem}`);
  }
  if (field.kind === 'number')
    return text.trim() === '' ? empty(path, required, 'Enter a number.') : readNumber(field, text, path);
  if (field.kind !== 'text') return NOTHING;
  if (text === '') return empty(path, required);
  const problem = textProblem(field, text);
  return problem === undefined ? { value: text } : wrong(path, problem);
}

/**
 * Reads one field.
 *
 * @param required whether it has to have a value
 */
export function readInput(field: Field, input: Input, path: Path = [], required = true): Reading {
  switch (input.kind) {
    case 'text':
      return readText(field, input.text, path, required);
    case 'flag':
      if (field.kind === 'constant') return input.on === true || required ? { value: field.value } : NOTHING;
      return input.on === undefined ? empty(path, required, 'Choose yes or no.') : { value: input.on };
    case 'choice': {
      const option = field.kind === 'choice' && input.at !== undefined ? field.options[input.at] : undefined;
      return option === undefined ? empty(path, required, 'Choose a value.') : { value: option.value };
    }
    case 'list':
      return field.kind === 'list' ? readList(field, input.items, path, required) : NOTHING;
    case 'group':
      return field.kind === 'group' ? readGroup(field, input, path, required) : NOTHING;
    case 'variants': {
      const option = field.kind === 'variants' && input.at !== undefined ? field.options[input.at] : undefined;
      if (option === undefined || input.input === undefined) return empty(path, required, 'Choose a form.');
      return readInput(option.field, input.input, [...path, 'value'], true);
    }
  }
}
