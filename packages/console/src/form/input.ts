/** What a form contains at first, and what it contains for a given value. */
import type { Json } from '../base/json.js';
import { equalJson, isObject } from '../base/json.js';
import type { Field, GroupField, Input } from './field.js';

const text = (value: string): Input => ({ kind: 'text', text: value });

/** An empty field. Lists have the fewest items that are allowed. */
export function emptyInput(field: Field, required: boolean): Input {
  switch (field.kind) {
    case 'text':
    case 'number':
    case 'json':
      return text('');
    case 'flag':
      return { kind: 'flag', on: required ? false : undefined };
    case 'constant':
      return { kind: 'flag', on: required };
    case 'choice':
      return { kind: 'choice', at: required && field.options.length === 1 ? 0 : undefined };
    case 'list':
      return {
        kind: 'list',
        items: required ? Array.from({ length: Math.min(field.minItems, 20) }, () => initialInput(field.item, true)) : [],
      };
    case 'group':
      return groupInput(field, required);
    case 'variants':
      return { kind: 'variants', at: undefined, input: undefined };
  }
}

function groupInput(field: GroupField, open: boolean): Input {
  const members = field.members.map((member): [string, Input] => [member.name, initialInput(member.field, member.required)]);
  return { kind: 'group', open, members: new Map(members) };
}

/** A field with its default, if it has one that fits. */
export function initialInput(field: Field, required: boolean): Input {
  const given = field.initial === undefined ? undefined : inputOf(field, field.initial);
  return given ?? emptyInput(field, required);
}

/**
 * The input that makes a value.
 *
 * @returns undefined where the field cannot make it: it is of another type, or has members that the field lacks
 */
export function inputOf(field: Field, value: Json): Input | undefined {
  switch (field.kind) {
    case 'text':
      return typeof value === 'string' ? text(value) : undefined;
    case 'number':
      return typeof value === 'number' ? text(String(value)) : undefined;
    case 'json':
      return text(JSON.stringify(value, null, 2));
    case 'flag':
      return typeof value === 'boolean' ? { kind: 'flag', on: value } : undefined;
    case 'constant':
      return equalJson(value, field.value) ? { kind: 'flag', on: true } : undefined;
    case 'choice': {
      const at = field.options.findIndex((option) => equalJson(option.value, value));
      return at === -1 ? undefined : { kind: 'choice', at };
    }
    case 'list': {
      if (!Array.isArray(value)) return undefined;
      const items = value.map((item: Json) => inputOf(field.item, item));
      return items.includes(undefined) ? undefined : { kind: 'list', items: items as Input[] };
    }
    case 'group': {
      if (!isObject(value) || Object.keys(value).some((name) => !field.members.some((member) => member.name === name)))
        return undefined;
      const members = new Map<string, Input>();
      for (const { name, required, field: member } of field.members) {
        const given = Object.hasOwn(value, name) ? value[name] : undefined;
        const input = given === undefined ? emptyInput(member, required) : inputOf(member, given);
        if (input === undefined) return undefined;
        members.set(name, input);
      }
      return { kind: 'group', open: true, members };
    }
    case 'variants': {
      for (const [at, option] of field.options.entries()) {
        const input = inputOf(option.field, value);
        if (input !== undefined) return { kind: 'variants', at, input };
      }
      return undefined;
    }
  }
}
