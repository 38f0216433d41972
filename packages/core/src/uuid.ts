/**
 * UUIDs that sort by time (version 7): rows that are written one after another lie side by side in every index.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7
 */
import { randomBytes } from 'node:crypto';

/** Hex digits of one uuid's random part, after the variant's digit. */
const RANDOM_DIGITS = 15;

/** Random digits are drawn for many uuids at once: a draw costs as much as many uuids. */
const DRAW_BYTES = 512 * RANDOM_DIGITS;

/** The variant's digit: two fixed bits, two of the random part. */
const VARIANTS = ['8', '9', 'a', 'b'] as const;

let digits = '';
let used = 0;
let lastMs = 0;
let sequence = 0;
let timePart = '';

/**
 * A new uuid, greater than every one that this process made before.
 *
 * @param now milliseconds since 1970; default: the clock
 */
export function uuidv7(now: number = Date.now()): string {
  if (now > lastMs || sequence >= 0xfff) {
    // A clock that stands still or was set back is overtaken: order matters more than the millisecond.
    lastMs = now > lastMs ? now : lastMs + 1;
    sequence = 0;
    const time = lastMs.toString(16).padStart(12, '0');
    timePart = `${time.slice(0, 8)}-${time.slice(8)}-`;
  } else {
    sequence += 1;
  }
  if (used + RANDOM_DIGITS > digits.length) {
    digits = randomBytes(DRAW_BYTES).toString('hex');
    used = 0;
  }
  const at = used;
  used += RANDOM_DIGITS;
  // The sequence is in the twelve bits that RFC 9562 leaves to the maker.
  const order = (0x7000 | sequence).toString(16);
  return `${timePart}${order}-${VARIANTS[sequence & 3]!}${digits.slice(at, at + 3)}-${digits.slice(at + 3, at + RANDOM_DIGITS)}`;
}
