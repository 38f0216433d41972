/** Encodes what functions return: JSON, with bytes behind it. */
import { blobType, bytesOf, jsonText, refuseUnsendable, ReturnValueError, withoutBlobs } from '@mcp-daemon/core/child';

import type { Attachment } from '../protocol/messages.js';

/** The body of a `RESULT`. */
export interface EncodedResult {
  json: string;
  attachments: Uint8Array[];
}

/** The members that may have bytes, or lead to them: those in which the daemon looks for bytes. */
const BYTE_MEMBERS = ['data', 'blob', 'resource', 'content', 'contents', 'messages'] as const;
/** How deep such members are nested: a message's content's resource's blob. */
const MAX_DEPTH = 6;

/** Takes bytes out of values. */
class Attachments {
  readonly list: Attachment[] = [];
  readonly bytes: Uint8Array[] = [];

  /** The value with null in place of bytes; the value itself if there are none. */
  without(value: unknown, at: (string | number)[] = []): unknown {
    if (typeof value !== 'object' || value === null || at.length > MAX_DEPTH) return value;
    const bytes = bytesOf(value);
    if (bytes !== undefined) {
      const type = blobType(value);
      this.list.push({ at, size: bytes.byteLength, ...(type === undefined ? {} : { type }) });
      this.bytes.push(bytes);
      return null;
    }
    if (Array.isArray(value)) {
      const items: unknown[] = value.map((item, index) =>
        typeof item === 'object' && item !== null ? this.without(item, [...at, index]) : item,
      );
      return items.some((item, index) => item !== value[index]) ? items : value;
    }
    let copy: Record<string, unknown> | undefined;
    for (const name of BYTE_MEMBERS) {
      const member = (value as Record<string, unknown>)[name];
      if (typeof member !== 'object' || member === null) continue;
      const without = this.without(member, [...at, name]);
      if (without !== member) (copy ??= { ...value })[name] = without;
    }
    return copy ?? value;
  }
}

function encode(value: unknown): EncodedResult {
  switch (typeof value) {
    case 'undefined':
      return { json: '{}', attachments: [] };
    case 'bigint':
      return { json: `{"number":"${value}"}`, attachments: [] };
    case 'number':
      return { json: Number.isFinite(value) ? `{"value":${value}}` : `{"number":"${value}"}`, attachments: [] };
    case 'function':
    case 'symbol':
      throw new ReturnValueError(`it returned a ${typeof value}`);
    default: {
      refuseUnsendable(value);
      const found = new Attachments();
      const json = jsonText(found.without(value));
      const bytes = found.list.length === 0 ? '' : `,"bytes":${JSON.stringify(found.list)}`;
      // A Date is text in JSON, but as a text for a model it has quotation marks, as in the daemon's process.
      const text =
        typeof value === 'object' && value !== null && found.list.length === 0 && !/^[{[]/.test(json)
          ? `,"text":${JSON.stringify(json)}`
          : '';
      return { json: `{"value":${json}${text}${bytes}}`, attachments: found.bytes };
    }
  }
}

/** Encodes a value; with a promise only if it has Blobs. @throws ReturnValueError if it cannot be sent */
export function encodeResult(value: unknown): EncodedResult | Promise<EncodedResult> {
  const whole = withoutBlobs(value);
  return whole instanceof Promise ? whole.then(encode) : encode(whole);
}
