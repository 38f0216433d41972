/**
 * What JSON Schema means by duplicate items, a multiple and a length; how deep a value may be; and how a value looks in a message.
 */
import { canonicalJson } from '../../base/equality.js';
import { truncate } from '../../base/truncate.js';

/** How many levels of arrays and objects a check goes down before it gives up. */
export const MAX_DEPTH = 200;

/** A check gave up at {@link MAX_DEPTH}. The whole check catches it: inside `not`, a failure would count as success. */
export class TooDeep extends Error {}

/** A check gave up because its budget of steps was spent. */
export class TooComplex extends Error {}

/** Whether a value is a number that JSON can hold. JSON.parse reads `1e400` as Infinity. */
export function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** The names of an object's own properties that are not undefined. */
export function namesOf(value: Record<string, unknown>): string[] {
  return Object.keys(value).filter((name) => value[name] !== undefined);
}

/**
 * Whether `JSON.stringify` gives the same text for every value that is equal to this one: all names are in order, and all values are
 * those of JSON. It does for most lists, and is faster than `canonicalJson`.
 */
function isOrdered(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return isNumber(value) || (typeof value !== 'number' && value !== undefined);
  if (depth > MAX_DEPTH) return false;
  if (Array.isArray(value)) return value.every((item) => isOrdered(item, depth + 1));
  let last: string | undefined;
  for (const name of Object.keys(value)) {
    if (last !== undefined && name < last) return false;
    last = name;
    if (!isOrdered((value as Record<string, unknown>)[name], depth + 1)) return false;
  }
  return !('toJSON' in value);
}

/** The indexes of the first two items that are equal. */
export function duplicateItems(items: readonly unknown[]): [number, number] | undefined {
  const simple = new Map<unknown, number>();
  const compound = new Map<string, number>();
  for (const [place, item] of items.entries()) {
    const isSimple = typeof item !== 'object' || item === null;
    const map: Map<unknown, number> = isSimple ? simple : compound;
    const key = isSimple ? item : isOrdered(item) ? JSON.stringify(item) : canonicalJson(item, MAX_DEPTH);
    const first = map.get(key);
    if (first !== undefined) return [first, place];
    map.set(key, place);
  }
  return undefined;
}

/** `12.5e-3` as 125 and 4: the digits, and how many of them are after the decimal point. */
function decimal(value: number): { digits: bigint; behind: number } {
  const [mantissa = '0', exponent = '0'] = String(value).split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  return { digits: BigInt(whole + fraction), behind: fraction.length - Number(exponent) };
}

/** Whether a number is a multiple of another in decimal digits: 0.3 is one of 0.1, although not as a binary float. */
export function isMultiple(value: number, of: number): boolean {
  if (value % of === 0) return true;
  if (Number.isSafeInteger(value) && Number.isSafeInteger(of)) return false;
  const [a, b] = [decimal(value), decimal(of)];
  const behind = Math.max(a.behind, b.behind);
  return (a.digits * 10n ** BigInt(behind - a.behind)) % (b.digits * 10n ** BigInt(behind - b.behind)) === 0n;
}

/** The length of a string as JSON Schema counts it, in code points: an emoji is one. */
export function lengthOf(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      length -= 1;
      i += 1;
    }
  }
  return length;
}

/** A deep copy of a JSON value. */
export function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(value)) setOwn(copy, name, copyOf((value as Record<string, unknown>)[name]));
  return copy;
}

/** Sets an own property, also the one named `__proto__`. */
export function setOwn(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') target[name] = value;
  else Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
}

/** How many characters of a value are shown in a message. */
const SHOWN = 60;

/** The beginning of a value as JSON, at most 60 characters. A large value takes no longer than a small one. */
export function show(value: unknown): string {
  return truncate(start(value, SHOWN + 1), SHOWN);
}

/** At least `room` characters of a value's JSON, or all of it. Every level uses up room, which bounds the depth too. */
function start(value: unknown, room: number): string {
  if (room <= 0) return '';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, room));
  if (typeof value !== 'object' || value === null) return String(value);
  let text = Array.isArray(value) ? '[' : '{';
  const add = (name: string, member: unknown): boolean => {
    text += `${text.length > 1 ? ',' : ''}${name}`;
    text += start(member, room - text.length);
    return text.length < room;
  };
  if (Array.isArray(value)) {
    // By index: the keys of a list of a million items would be a million strings.
    for (let i = 0; i < value.length; i++) if (!add('', value[i])) break;
    return `${text}]`;
  }
  for (const name in value) {
    if (Object.hasOwn(value, name) && !add(`${start(name, room)}:`, (value as Record<string, unknown>)[name])) break;
  }
  return `${text}}`;
}

/** The JSON type of a value. */
export function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** A value and its type, for messages: `"x" (string)`. */
export function got(value: unknown): string {
  return value === null || value === undefined ? String(value) : `${show(value)} (${typeOf(value)})`;
}
