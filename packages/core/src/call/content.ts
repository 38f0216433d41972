/** Content blocks: creates them from JavaScript values, checks them, and adapts them to older protocol versions. */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import { fitAnnotations } from '../protocol/annotations.js';
import { withText } from '../protocol/encode.js';
import type { ContentBlock } from '../protocol/messages.js';
import type { Feature, ProtocolVersion } from '../protocol/versions.js';
import { supports } from '../protocol/versions.js';
import { bareBase64, blobType, bytesOf, fromDataUri, toBase64 } from './bytes.js';
import { mediaType } from './media-type.js';
import { ReturnValueError } from './return-value-error.js';

/** A text block. @param json the text as JSON, if it is known; the block must not be changed then */
export const block = (text: string, json?: string): ContentBlock => {
  const made: ContentBlock = { type: 'text', text };
  return json === undefined ? made : withText(made, `{"type":"text","text":${json}}`);
};

/** JSON text of a value. A BigInt becomes its digits. @throws ReturnValueError for a cycle or a `toJSON` that throws */
function stringify(value: unknown, indent?: number): string | undefined {
  try {
    return JSON.stringify(value, undefined, indent);
  } catch {
    // It may be a BigInt or a cycle. The replacer is slow, so it is used only after a failure.
    try {
      return JSON.stringify(value, (_key, member: unknown) => (typeof member === 'bigint' ? member.toString() : member), indent);
    } catch (error) {
      const cycle = error instanceof TypeError && /circular|cyclic/i.test(error.message);
      throw new ReturnValueError(
        cycle ? 'it returned a value that contains itself' : 'it returned a value that JSON cannot encode',
      );
    }
  }
}

/** Converts a value to a JSON value, as it will be sent. */
export function toJson(value: unknown): unknown {
  const text = stringify(value);
  return text === undefined ? undefined : (JSON.parse(text) as unknown);
}

/** A JSON value and its text. */
export interface JsonAndText {
  /** It must not be changed: its text is kept with it, so that it is not encoded again. */
  readonly json: unknown;
  readonly text: string;
}

/** Converts a value to a JSON value and its text; undefined if JSON has no such value. */
export function toJsonAndText(value: unknown): JsonAndText | undefined {
  const text = stringify(value);
  if (text === undefined) return undefined;
  const json = JSON.parse(text) as unknown;
  return { json: typeof json === 'object' && json !== null ? withText(json, text) : json, text };
}

/** A value as JSON text. A value that JSON does not support becomes `null`. */
export const jsonText = (value: unknown): string => stringify(value) ?? 'null';

/** A value as text for a model: strings as they are, objects as indented JSON. @throws ReturnValueError for functions and symbols */
export function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null) return stringify(value, 2) ?? '';
  if (typeof value === 'function' || typeof value === 'symbol') throw new ReturnValueError(`it returned a ${typeof value}`);
  return String(value);
}

/** The bytes in a member as base64; undefined if it has none. @throws ReturnValueError for a malformed data URI */
function encodedData(data: unknown): { base64: string; mimeType: string | undefined } | undefined {
  const bytes = bytesOf(data);
  if (bytes !== undefined) return { base64: toBase64(bytes), mimeType: blobType(data) };
  const uri = typeof data === 'string' ? fromDataUri(data) : undefined;
  const base64 = bareBase64(uri?.base64 ?? data);
  return base64 === undefined ? undefined : { base64, mimeType: uri?.mimeType };
}

/** An image or audio block, from bytes, base64 text, a data URI or `{ data, mimeType? }`. @throws ReturnValueError */
export function media(type: 'image' | 'audio', value: unknown): ContentBlock {
  const { data, ...rest } = isObject(value) && bytesOf(value) === undefined ? value : { data: value };
  const found = encodedData(data);
  if (found === undefined || found.base64 === '')
    throw new ReturnValueError(`an ${type} must be bytes, base64 text or a data URI, or { data, mimeType } with such data`);
  const mimeType = rest['mimeType'] ?? found.mimeType ?? mediaType(type, found.base64);
  if (mimeType === undefined)
    throw new ReturnValueError(`the type of its ${type} is not recognised: return { data, mimeType: '${type}/…' }`);
  return { ...(toJson(rest) as JsonObject), type, data: found.base64, mimeType };
}

/** A `blob` as base64. Text that is not a data URI is sent unchanged. @throws ReturnValueError */
export function blobText(blob: unknown): { base64: string; mimeType: string | undefined } {
  const bytes = bytesOf(blob);
  if (bytes !== undefined) return { base64: toBase64(bytes), mimeType: blobType(blob) };
  if (typeof blob !== 'string') throw new ReturnValueError('"blob" must be base64 text or bytes');
  return fromDataUri(blob) ?? { base64: blob, mimeType: undefined };
}

/** An embedded resource, from text, bytes or `{ uri?, text | blob, mimeType? }`, alone or as `{ resource }`. @throws ReturnValueError */
export function embedded(value: unknown, defaultUri: string): ContentBlock {
  if (isObject(value) && isObject(value['resource'])) {
    const { resource, ...rest } = value;
    return { ...(toJson(rest) as JsonObject), ...embedded(resource, defaultUri) };
  }
  if (bytesOf(value) !== undefined) return embedded({ blob: value }, defaultUri);
  if (!isObject(value) || !('text' in value || 'blob' in value)) {
    const mimeType = typeof value === 'string' ? 'text/plain' : 'application/json';
    return { type: 'resource', resource: { uri: defaultUri, mimeType, text: asText(value) } };
  }
  const { text, blob, ...rest } = value;
  const given = text === undefined ? blobText(blob) : undefined;
  const resource: JsonObject = {
    uri: defaultUri,
    mimeType: given === undefined ? 'text/plain' : (given.mimeType ?? 'application/octet-stream'),
    ...(toJson(rest) as JsonObject),
  };
  if (given === undefined) resource['text'] = asText(text);
  else resource['blob'] = given.base64;
  return { type: 'resource', resource };
}

/** A link to a resource, from a URI or `{ uri, name?, ... }`. @throws ReturnValueError */
export function link(value: unknown): ContentBlock {
  const given = typeof value === 'string' ? { uri: value } : value;
  if (!isObject(given) || typeof given['uri'] !== 'string')
    throw new ReturnValueError('a resource link must be a URI or { uri, name }');
  return { name: given['uri'], ...(toJson(given) as JsonObject), type: 'resource_link' };
}

/** The required members of each block type. */
const NEEDS: Record<string, readonly string[]> = {
  text: ['text'],
  image: ['data', 'mimeType'],
  audio: ['data', 'mimeType'],
  resource_link: ['uri', 'name'],
};

/** The members of a text block. A value with other members is the function's data, not a block. */
const TEXT_MEMBERS = new Set(['type', 'text', 'annotations', '_meta']);

/** Whether a value is a content block, and is unlikely to be anything else. */
export function isBlock(value: unknown): boolean {
  if (!isObject(value) || typeof value['type'] !== 'string') return false;
  const { type, resource } = value;
  if (type === 'resource') return isObject(resource) && typeof resource['uri'] === 'string';
  const needs = Object.hasOwn(NEEDS, value['type']) ? NEEDS[value['type']] : undefined;
  if (needs === undefined || !needs.every((key) => typeof value[key] === 'string')) return false;
  return type !== 'text' || Object.keys(value).every((key) => TEXT_MEMBERS.has(key));
}

/** Checks content blocks that a function returned. @throws ReturnValueError, which names the first invalid block */
export function checkBlocks(blocks: readonly unknown[]): ContentBlock[] {
  return blocks.map((item, index) => {
    const fail = (why: string): never => {
      throw new ReturnValueError(`content[${index}] ${why}`);
    };
    if (!isObject(item) || typeof item['type'] !== 'string') return fail('must be a content block: an object with a "type"');
    if (item['type'] === 'image' || item['type'] === 'audio') {
      const { data } = item;
      if (bytesOf(data) !== undefined || (typeof data === 'string' && /^data:/i.test(data))) return media(item['type'], item);
    }
    if (item['type'] === 'resource') {
      const { resource } = item;
      if (!isObject(resource) || typeof resource['uri'] !== 'string') return fail('needs a "resource" with a "uri"');
      return embedded(item, resource['uri']);
    }
    const needs = NEEDS[item['type']];
    if (needs === undefined)
      return fail(`has the unknown type "${item['type']}"; the types are ${Object.keys(NEEDS).join(', ')}, resource`);
    const missing = needs.find((key) => typeof item[key] !== 'string');
    if (missing !== undefined) return fail(`(${item['type']}) needs "${missing}" as a string`);
    return toJson(item) as ContentBlock;
  });
}

/** Block types that the first protocol version did not have. */
const NEWER: Readonly<Record<string, Feature>> = { audio: 'audio', resource_link: 'resourceLink' };

/** A block with annotations that clients accept: for others they refuse the whole result. */
function withFitAnnotations(item: ContentBlock): ContentBlock {
  if (item['annotations'] === undefined) return item;
  const annotations = fitAnnotations(item['annotations']);
  return annotations === item['annotations'] ? item : { ...item, annotations };
}

/** Replaces blocks with text, if the client's protocol version does not have them, and annotations that clients refuse. */
export function fitBlocks(given: ContentBlock[], version: ProtocolVersion): ContentBlock[] {
  const blocks = given.some(({ annotations }) => annotations !== undefined) ? given.map(withFitAnnotations) : given;
  const unknown = ({ type }: ContentBlock): boolean => {
    const feature = NEWER[type];
    return feature !== undefined && !supports(version, feature);
  };
  if (!blocks.some(unknown)) return blocks;
  return blocks.map((item) => {
    if (!unknown(item)) return item;
    if (item.type === 'resource_link') return block(`${String(item['name'])}: ${String(item['uri'])}`);
    return block(`[${String(item['mimeType'])} not supported by this client's protocol version ${version}]`);
  });
}
