/**
 * Attribute values of DynamoDB and plain JSON, both ways.
 *
 * Not lib-dynamodb: one number of a Python row beyond 2^53 makes it throw for the whole page. This one reads whatever PynamoDB
 * writes, and writes only what PynamoDB reads.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';

/** The attributes of a row. */
export type Item = Record<string, AttributeValue>;

/** The largest and the smallest number that DynamoDB takes. */
const LARGEST = 9.99e125;
const SMALLEST = 1e-130;
/** DynamoDB takes 32 levels; one of them is the attribute itself. */
const DEEPEST = 30;
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Whether a text has no half character. Node 20 has the method, and TypeScript's ES2023 does not know it. */
const isText = (text: string): boolean => (text as unknown as { isWellFormed(): boolean }).isWellFormed();
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** An attribute value as plain JSON. Numbers beyond 2^53 become the nearest that JavaScript has; sets become lists, bytes base64. */
export function toJson(value: AttributeValue): unknown {
  if (value.S !== undefined) return value.S;
  if (value.N !== undefined) return Number(value.N);
  if (value.BOOL !== undefined) return value.BOOL;
  if (value.M !== undefined) return Object.fromEntries(Object.entries(value.M).map(([key, member]) => [key, toJson(member)]));
  if (value.L !== undefined) return value.L.map(toJson);
  if (value.SS !== undefined) return value.SS;
  if (value.NS !== undefined) return value.NS.map(Number);
  if (value.B !== undefined) return base64(value.B);
  if (value.BS !== undefined) return value.BS.map(base64);
  return null;
}

const numberText = (text: string): string => (JSON_NUMBER.test(text) ? text : JSON.stringify(Number(text)));

/** An attribute value as JSON text. Unlike {@link toJson} it keeps all digits of a number. */
export function toJsonText(value: AttributeValue): string {
  if (value.N !== undefined) return numberText(value.N);
  if (value.NS !== undefined) return `[${value.NS.map(numberText).join(',')}]`;
  if (value.L !== undefined) return `[${value.L.map(toJsonText).join(',')}]`;
  if (value.M === undefined) return JSON.stringify(toJson(value));
  const members = Object.entries(value.M).map(([key, member]) => `${JSON.stringify(key)}:${toJsonText(member)}`);
  return `{${members.join(',')}}`;
}

function listText(values: readonly unknown[], depth: number): string | undefined {
  let list = '';
  for (const value of values) {
    const text = attributeText(value, depth);
    if (text === undefined) return undefined;
    list += list === '' ? text : `,${text}`;
  }
  return `{"L":[${list}]}`;
}

function mapText(values: object, depth: number): string | undefined {
  let map = '';
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) continue;
    const text = attributeText(value, depth);
    if (text === undefined || key === '' || !isText(key)) return undefined;
    map += `${map === '' ? '' : ','}${JSON.stringify(key)}:${text}`;
  }
  return `{"M":{${map}}}`;
}

/**
 * Plain JSON as the JSON text of an attribute value, or undefined where DynamoDB would not take it or not give it back: numbers out of
 * its range, more than 30 levels, empty keys, text with half a character.
 */
export function attributeText(value: unknown, depth = 1): string | undefined {
  if (value === null) return '{"NULL":true}';
  if (typeof value === 'string') return isText(value) ? `{"S":${JSON.stringify(value)}}` : undefined;
  if (typeof value === 'boolean') return `{"BOOL":${value}}`;
  if (typeof value === 'number') {
    const size = Math.abs(value);
    return size === 0 || (size >= SMALLEST && size <= LARGEST) ? `{"N":"${value}"}` : undefined;
  }
  if (typeof value !== 'object' || depth > DEEPEST) return undefined;
  return Array.isArray(value) ? listText(value, depth + 1) : mapText(value, depth + 1);
}

/** The same as {@link attributeText}, as an object. */
export function fromJson(value: unknown): AttributeValue | undefined {
  const text = attributeText(value);
  return text === undefined ? undefined : (JSON.parse(text) as AttributeValue);
}

/** About the bytes that DynamoDB counts for a value. */
export function sizeOf(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return Math.min(21, Math.ceil(value.N.length / 2) + 2);
  if (value.B !== undefined) return value.B.length;
  if (value.M !== undefined) return sizeOfItem(value.M) + 3 + Object.keys(value.M).length;
  if (value.L !== undefined) return value.L.reduce((sum, member) => sum + sizeOf(member) + 1, 3);
  const set = value.SS ?? value.NS;
  if (set !== undefined) return set.reduce((sum, text) => sum + Buffer.byteLength(text), 3);
  return 1;
}

/** About the bytes that DynamoDB counts for a row, its indexes apart. */
export function sizeOfItem(item: Item): number {
  let size = 0;
  for (const name in item) size += Buffer.byteLength(name) + sizeOf(item[name] as AttributeValue);
  return size;
}

/** The text of an attribute; undefined where it is missing, NULL or something else. */
export const textOf = (value: AttributeValue | undefined): string | undefined => value?.S;

/** The number of an attribute, also where it is kept as text; undefined where it is none. */
export function numberOf(value: AttributeValue | undefined): number | undefined {
  const text = value?.N ?? value?.S;
  if (text === undefined || text.trim() === '') return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

/** The truth of an attribute: BOOL, or 0 and 1, as PynamoDB wrote them until 2019. Undefined where it is missing or NULL. */
export function truthOf(value: AttributeValue | undefined): boolean | undefined {
  if (value?.BOOL !== undefined) return value.BOOL;
  return value?.N === undefined ? undefined : Number(value.N) !== 0;
}

/** Whether an attribute is there and is not NULL: PynamoDB writes NULL where a value was taken away. */
export const isThere = (value: AttributeValue | undefined): value is AttributeValue =>
  value !== undefined && value.NULL === undefined;
