/** Whether two fields can make an equal value. */
import { equalJson } from '../base/json.js';
import type { Field } from './field.js';

/** The JSON types of the values that a field makes; undefined: unknown. */
function typesOf(field: Field): readonly string[] | undefined {
  switch (field.kind) {
    case 'text':
      return ['string'];
    case 'number':
      return ['number'];
    case 'flag':
      return ['boolean'];
    case 'list':
      return ['array'];
    case 'group':
      return ['object'];
    case 'choice':
      return field.options.map(({ value }) => typeOf(value));
    case 'constant':
      return [typeOf(field.value)];
    case 'variants': {
      const types = field.options.map((option) => typesOf(option.field));
      return types.some((one) => one === undefined) ? undefined : types.flatMap((one) => one ?? []);
    }
    case 'json':
      return undefined;
  }
}

const typeOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);

/** The values of a field that allows only a few. */
const valuesOf = (field: Field) =>
  field.kind === 'constant' ? [field.value] : field.kind === 'choice' ? field.options.map(({ value }) => value) : undefined;

/**
 * Whether no value fits both fields: their types differ, their values are listed and differ, or they are objects that both require a
 * member whose fields are disjoint, such as a `kind`.
 *
 * @returns false where that is not certain
 */
export function areDisjoint(a: Field, b: Field): boolean {
  const [types, others] = [typesOf(a), typesOf(b)];
  if (types === undefined || others === undefined) return false;
  if (!types.some((type) => others.includes(type))) return true;
  const [values, otherValues] = [valuesOf(a), valuesOf(b)];
  if (values !== undefined && otherValues !== undefined)
    return !values.some((value) => otherValues.some((other) => equalJson(value, other)));
  if (a.kind !== 'group' || b.kind !== 'group') return false;
  return a.members.some(({ name, required, field }) => {
    const other = b.members.find((member) => member.name === name);
    return required && other?.required === true && areDisjoint(field, other.field);
  });
}
