/** The bounds of state entries, for stores. */
import { MAX_STATE_BYTES, STATE_KEY_LENGTH } from '../ports/state.js';
import { DaemonError } from '../protocol/errors.js';

/** What no store keeps as it is: some end a text at a NUL, and half of a surrogate pair has no form in UTF-8. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;

/** Checks the key and the value of an entry. @throws DaemonError `usage` as `StateStore` says */
export function checkState(key: string, value = ''): void {
  if (key === '' || (key.length > STATE_KEY_LENGTH / 3 && Buffer.byteLength(key) > STATE_KEY_LENGTH))
    throw new DaemonError('usage', `The key of an entry must have 1 to ${STATE_KEY_LENGTH} bytes.`);
  if (UNSTORABLE.test(key))
    throw new DaemonError('usage', 'The key of an entry must not have a NUL or half of a surrogate pair.');
  // Three bytes for a unit of UTF-16 at most.
  if (value.length > MAX_STATE_BYTES / 3 && Buffer.byteLength(value) > MAX_STATE_BYTES)
    throw new DaemonError('usage', `The value of an entry may have at most ${MAX_STATE_BYTES} bytes.`);
}
