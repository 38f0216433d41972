/**
 * The trace of a request, as defined by W3C Trace Context.
 *
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
import type { JsonObject } from '../base/json.js';

/** Version, trace id, parent id and flags. An id of zeros is invalid. Later versions may add more after another dash. */
const WELL_FORMED = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?=$|-)/;
/** The whole text in version 00. */
const LENGTH = 55;

/** Undefined if it is malformed. A later version is read like version 00, as the standard says. */
function wellFormed(value: unknown): string | undefined {
  if (typeof value !== 'string' || !WELL_FORMED.test(value)) return undefined;
  if (!value.startsWith('00')) return `00${value.slice(2, LENGTH)}`;
  return value.length === LENGTH ? value : undefined;
}

/** The `traceparent` of a request: from its `_meta`, else from its transport; undefined if neither is well-formed. */
export function traceparentOf(meta: JsonObject, exchange: { readonly traceparent?: string | undefined }): string | undefined {
  return wellFormed(meta['traceparent']) ?? wellFormed(exchange.traceparent);
}
