/** The idempotency key of a `tools/call`: where clients send it, and what it may be. */
import type { JsonObject } from '../base/json.js';
import { invalidParams } from '../protocol/errors.js';

/** The key's place in the request's `_meta`. */
export const IDEMPOTENCY_KEY = 'io.mcp-daemon/idempotencyKey';

/** The parameter that a proposal for the protocol (SEP-3182) uses. */
const PARAMETER = 'idempotencyKey';

/** Characters of a key. */
export const MAX_KEY_LENGTH = 255;

/**
 * The key of a call; undefined: it has none. Null counts as absent, because some clients write null to leave a member out.
 *
 * @throws DaemonError `invalid_params` if it is no text of 1 to 255 characters, or if two different keys are given
 */
export function idempotencyKeyOf(params: JsonObject, meta: JsonObject): string | undefined {
  const inMeta = meta[IDEMPOTENCY_KEY] ?? undefined;
  const plain = params[PARAMETER] ?? undefined;
  const key = inMeta ?? plain;
  if (key === undefined) return undefined;
  const where = inMeta === undefined ? `"${PARAMETER}"` : `_meta["${IDEMPOTENCY_KEY}"]`;
  if (typeof key !== 'string' || key === '' || key.length > MAX_KEY_LENGTH)
    throw invalidParams(`${where} must be a text of 1 to ${MAX_KEY_LENGTH} characters.`);
  if (plain !== undefined && plain !== key)
    throw invalidParams(`_meta["${IDEMPOTENCY_KEY}"] and "${PARAMETER}" are different keys: give one of the two.`);
  return key;
}
