/** Scans the text of a message without parsing it, for its estimated memory and its id. */
import { isObject } from '../base/json.js';
import { DaemonError, toRpcError } from './errors.js';

/** Messages up to this size in bytes are neither scanned nor counted: together they take little memory. */
export const SMALL_MESSAGE_BYTES = 4_096;
/** Maximum depth of the arrays and objects of a message. */
export const MAX_NESTING = 200;
/**
 * Maximum number of values in a message; an array or object counts as two. An empty object takes 2 bytes of text and about 60 bytes
 * of memory.
 */
export const MAX_MESSAGE_VALUES = 1_000_000;
/**
 * Different names of members that a message may have for each value that it may hold. A name that comes again costs nearly nothing;
 * a new one takes as long to parse and to encode as ten numbers.
 */
const NAMES_PER_VALUE = 0.1;
/** Approximate memory of one value in bytes, besides its text. */
const BYTES_OF_A_VALUE = 48;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
/** `{` and `}`; with the bit 0x20 set, `[` and `]` are the same. */
const OPENING = 0x7b;
const CLOSING = 0x7d;
const LETTER_I = 0x69;

/** The position of the quote that ends a string; the length of the text if there is none. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at += 1;
  }
  return text.length;
}

/** The different names of members in a message, by their digests. The digests are different in each process. */
class Names {
  readonly #seed = (Math.random() * 2 ** 31) | 1;
  readonly #digests = new Set<number>();

  /** Adds the name between two quotes. @returns how many different names there are */
  add(text: string, open: number, close: number): number {
    let digest = this.#seed;
    for (let at = open + 1; at < close; at += 1) {
      digest = Math.imul(digest ^ text.charCodeAt(at), 0x5bd1e995);
      digest ^= digest >>> 15;
    }
    return this.#digests.add(digest).size;
  }
}

/**
 * Estimates the memory of a message after parsing; for a small message, its length. The time is linear: a nanosecond or two per
 * character.
 *
 * @param text JSON, or what claims to be JSON
 * @param maxValues how many values it may hold; an array or object counts as two. Default {@link MAX_MESSAGE_VALUES}
 * @returns bytes
 * @throws DaemonError `parse_error` if it is nested deeper than {@link MAX_NESTING}, or has more values or too many different names
 */
export function weighMessage(text: string, maxValues = MAX_MESSAGE_VALUES): number {
  const { length } = text;
  if (length <= SMALL_MESSAGE_BYTES) return length;
  const names = new Names();
  const maxNames = Math.floor(maxValues * NAMES_PER_VALUE);
  /** Where the last string begins and ends. */
  let open = 0;
  let close = 0;
  let depth = 0;
  let values = 0;
  for (let at = 0; at < length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      open = at;
      close = at = endOfString(text, at);
    } else if (code === COMMA) values += 1;
    else if (code === COLON) {
      if (names.add(text, open, close) > maxNames)
        throw new DaemonError('parse_error', `Parse error: a message may have at most ${maxNames} different names of members.`);
    } else if ((code | 0x20) === OPENING) {
      values += 2;
      depth += 1;
      if (depth > MAX_NESTING)
        throw new DaemonError('parse_error', `Parse error: a message may be nested at most ${MAX_NESTING} levels deep.`);
    } else if ((code | 0x20) === CLOSING) depth -= 1;
    if (values > maxValues) throw new DaemonError('parse_error', `Parse error: a message may hold at most ${maxValues} values.`);
  }
  return length + values * BYTES_OF_A_VALUE;
}

/**
 * The number under the key `id` of the outermost object, as it is written. If there are several, the last one counts, as in a
 * parser.
 */
function idText(text: string): string | undefined {
  let found: string | undefined;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      if (depth === 1 && end === at + 3 && text.charCodeAt(at + 1) === LETTER_I && text.startsWith('"id"', at)) {
        const [, number] = /^\s*:\s*(-?\d[\d.eE+-]*)/.exec(text.slice(end + 1, end + 1 + MAX_ID_TEXT)) ?? [];
        if (number !== undefined) found = number;
      }
      at = end;
    } else if ((code | 0x20) === OPENING) depth += 1;
    else if ((code | 0x20) === CLOSING) depth -= 1;
  }
  return found;
}

/** Characters after the key `id` that are searched for a number. */
const MAX_ID_TEXT = 400;

/**
 * Refuses a request whose id is a number that JavaScript cannot represent, such as 2^53 + 1. The answer has the id as it was
 * written, because the client waits for an answer with exactly that id.
 *
 * @param message the parsed message
 * @param text the text that it was parsed from
 * @returns the answer as JSON text; undefined if the id is fine, or the message is a batch
 */
export function refuseInexactId(message: unknown, text: string): string | undefined {
  if (!isObject(message) || typeof message['id'] !== 'number' || Number.isSafeInteger(message['id'])) return undefined;
  if (!('method' in message)) return undefined;
  const error = JSON.stringify(toRpcError(new DaemonError('invalid_request', INEXACT_ID), 'legacy'));
  const id = idText(text);
  return `{"jsonrpc":"2.0",${id === undefined ? '' : `"id":${id},`}"error":${error}}`;
}

/** The error for an invalid id. */
export const INEXACT_ID = 'Invalid Request: "id" must be a string, or an integer of at most 2^53 - 1.';
