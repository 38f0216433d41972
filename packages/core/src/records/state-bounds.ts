/** The bounds of state entries, for stores. */
import { MAX_STATE_BYTES, STATE_KEY_LENGTH } from '../ports/state.js';
import { DaemonError } from '../protocol/errors.js';

/** Checks the key and the value of an entry. @throws DaemonError `usage` if one is too long, or the key is empty */
export function checkState(key: string, value = ''): void {
  if (key === '' || Buffer.byteLength(key) > STATE_KEY_LENGTH)
    throw new DaemonError('usage', `The key of an entry must have 1 to ${STATE_KEY_LENGTH} bytes.`);
  if (Buffer.byteLength(value) > MAX_STATE_BYTES)
    throw new DaemonError('usage', `The value of an entry may have at most ${MAX_STATE_BYTES} bytes.`);
}
