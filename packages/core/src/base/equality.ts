/**
 * Equality of JSON values: the order of members does not count, members that are undefined count as absent, and 1 is 1.0.
 */
import { numberText } from './exact-numbers.js';

/** @throws RangeError so that a value without end is not followed until the stack is full */
function tooDeep(maxDepth: number): never {
  throw new RangeError(`nested more than ${maxDepth} levels deep`);
}

type Members = Readonly<Record<string, unknown>>;

const isCompound = (value: unknown): value is object => typeof value === 'object' && value !== null;
const namesOf = (value: Members): string[] => Object.keys(value).filter((name) => value[name] !== undefined);

/**
 * Whether two JSON values are equal.
 *
 * @param maxDepth levels of arrays and objects to go down. Default: no limit
 * @throws RangeError for values that are nested more deeply
 */
export function equalJson(a: unknown, b: unknown, maxDepth = Infinity): boolean {
  return equalAt(a, b, maxDepth, 0);
}

function equalAt(a: unknown, b: unknown, maxDepth: number, depth: number): boolean {
  if (a === b) return true;
  if (!isCompound(a) || !isCompound(b)) return false;
  if (depth > maxDepth) tooDeep(maxDepth);
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => equalAt(item, b[index], maxDepth, depth + 1));
  }
  const [left, right] = [a as Members, b as Members];
  const names = namesOf(left);
  if (names.length !== namesOf(right).length) return false;
  return names.every((name) => Object.hasOwn(right, name) && equalAt(left[name], right[name], maxDepth, depth + 1));
}

/**
 * Encodes a JSON value without white space and with sorted members. Two values are equal if and only if their texts are equal.
 *
 * @param maxDepth levels of arrays and objects to go down. Default: no limit
 * @throws RangeError for values that are nested more deeply, or too deeply for the stack
 * @example canonicalJson({ b: [1.0], a: null }) // '{"a":null,"b":[1]}'
 */
export function canonicalJson(value: unknown, maxDepth = Infinity): string {
  return canonicalAt(value, maxDepth, 0);
}

/** The same with the texts of numbers that JavaScript cannot represent, so that what differs in them alone differs here, too. */
export function exactCanonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item, index) => exactMember(value, index, item)).join()}]`;
  if (!isCompound(value)) return canonicalAt(value, Infinity, 0);
  const object = value as Members;
  const members = namesOf(object).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${exactMember(object, name, object[name])}`).join()}}`;
}

const exactMember = (holder: object, key: string | number, value: unknown): string =>
  (typeof value === 'number' ? numberText(holder, key) : undefined) ?? exactCanonicalJson(value);

function canonicalAt(value: unknown, maxDepth: number, depth: number): string {
  if (!isCompound(value)) return typeof value === 'string' ? JSON.stringify(value) : String(value);
  if (depth > maxDepth) tooDeep(maxDepth);
  if (Array.isArray(value)) return `[${value.map((item) => canonicalAt(item, maxDepth, depth + 1)).join()}]`;
  const object = value as Members;
  let text = '';
  for (const name of sortedNames(object)) {
    const member = object[name];
    if (member === undefined) continue;
    if (text !== '') text += ',';
    text += `${JSON.stringify(name)}:${canonicalAt(member, maxDepth, depth + 1)}`;
  }
  return `{${text}}`;
}

/** The names of all members, sorted. Often they are: looking is cheaper than sorting. */
function sortedNames(value: Members): string[] {
  const names = Object.keys(value);
  for (let index = 1; index < names.length; index += 1)
    if ((names[index - 1] as string) > (names[index] as string)) return names.sort();
  return names;
}
