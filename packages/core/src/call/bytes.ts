/**
 * Bytes in what functions return: typed arrays, buffers, blobs, base64 text and data URIs.
 */
import type { Awaitable } from '../base/awaitable.js';
import { isObject } from '../base/json.js';
import { ReturnValueError } from './return-value-error.js';

/** Bytes as base64. */
export const toBase64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

/** Media types of bytes that were read from blobs. */
const blobTypes = new WeakMap<Uint8Array, string>();

/** The media type of the Blob that {@link withoutBlobs} read these bytes from. */
export const blobType = (bytes: unknown): string | undefined => (bytes instanceof Uint8Array ? blobTypes.get(bytes) : undefined);

/** Bytes of a typed array or a buffer; undefined for anything else. */
export function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return new Uint8Array(value);
  return ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : undefined;
}

async function readBlob(blob: Blob): Promise<Uint8Array> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  if (blob.type !== '') blobTypes.set(bytes, blob.type);
  return bytes;
}

/** The members of a returned object that may contain bytes. */
const BYTE_MEMBERS = ['data', 'blob'] as const;

/**
 * Replaces blobs in a function's value by their bytes, because reading a blob is asynchronous. It looks at the value itself, at
 * its `data` and `blob`, and at the same in the items of a list.
 *
 * @returns the value itself, without a promise, if it has no blobs
 */
export function withoutBlobs(value: unknown): Awaitable<unknown> {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Blob) return readBlob(value);
  if (Array.isArray(value)) {
    const items: unknown[] = value.map(withoutBlobs);
    return items.some((item, index) => item !== value[index]) ? Promise.all(items) : value;
  }
  const member = BYTE_MEMBERS.find((name) => (value as Record<string, unknown>)[name] instanceof Blob);
  if (member === undefined) return value;
  return readBlob((value as Record<string, Blob>)[member] as Blob).then((bytes) => ({ ...value, [member]: bytes }));
}

const DATA_URI = /^data:([^;,]*)((?:;[^;,]*)*),/i;

/** The content of a data URI; undefined if the text is not a data URI. @throws ReturnValueError if it is malformed */
export function fromDataUri(text: string): { mimeType: string | undefined; base64: string } | undefined {
  if (!/^data:/i.test(text)) return undefined;
  const found = DATA_URI.exec(text);
  if (found === null) throw new ReturnValueError('a data URI needs a comma before its data: data:image/png;base64,…');
  const [start, mimeType = '', parameters = ''] = found;
  const data = text.slice(start.length);
  const isBase64 = /;\s*base64\s*$/i.test(parameters);
  try {
    const base64 = isBase64 ? decodeURIComponent(data) : Buffer.from(decodeURIComponent(data)).toString('base64');
    return { mimeType: mimeType === '' ? undefined : mimeType, base64 };
  } catch {
    throw new ReturnValueError('a data URI has a percent sign without two hexadecimal digits after it');
  }
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** Base64 text without white space; undefined for anything else. */
export function bareBase64(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = /\s/.test(value) ? value.replace(/\s+/g, '') : value;
  return BASE64.test(text) ? text : undefined;
}

/** Types that JSON encodes as `{}`, and what to return instead. */
const UNSENDABLE: readonly [is: (value: object) => boolean, what: string][] = [
  [(value) => value instanceof Map, 'a Map: return Object.fromEntries(map)'],
  [(value) => value instanceof Set, 'a Set: return [...set]'],
  [(value) => value instanceof Error, 'an Error: throw it, so that the client sees a failure'],
  [(value) => value instanceof WeakMap || value instanceof WeakSet, 'a WeakMap or WeakSet: return a plain object or a list'],
  [
    (value) => typeof Response === 'function' && value instanceof Response,
    'a Response: return await response.text() or await response.json()',
  ],
  [
    (value) =>
      typeof (value as { getReader?: unknown }).getReader === 'function' ||
      typeof (value as { pipe?: unknown }).pipe === 'function',
    'a stream: read all of it, and return its content',
  ],
];

/** Refuses values that JSON would encode as an empty object. @throws ReturnValueError that says what to return instead */
export function refuseUnsendable(value: unknown): void {
  if (!isObject(value) || Object.getPrototypeOf(value) === Object.prototype) return;
  const found = UNSENDABLE.find(([is]) => is(value));
  if (found !== undefined) throw new ReturnValueError(`it returned ${found[1]}`);
}
