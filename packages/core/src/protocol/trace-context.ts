/**
 * Which trace a request belongs to, in the words of W3C Trace Context.
 *
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
import type { JsonObject } from '../base/json.js';

/** Version, trace id, parent id and flags; an id of zeros is none, and what later versions add comes behind one more dash. */
const WELL_FORMED = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?=$|-)/;
/** Of version 00, whole. */
const LENGTH = 55;

/** Undefined: it is none. That of a later version is read as one of version 00, as the standard asks. */
function wellFormed(value: unknown): string | undefined {
  if (typeof value !== 'string' || !WELL_FORMED.test(value)) return undefined;
  if (!value.startsWith('00')) return `00${value.slice(2, LENGTH)}`;
  return value.length === LENGTH ? value : undefined;
}

/** The `traceparent` of a request: that of its `_meta`, else that of its transport; undefined: neither is well-formed. */
export function traceparentOf(meta: JsonObject, exchange: { readonly traceparent?: string | undefined }): string | undefined {
  return wellFormed(meta['traceparent']) ?? wellFormed(exchange.traceparent);
}
