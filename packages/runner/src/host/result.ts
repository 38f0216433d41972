/** Reads the messages in which a child answers a call. */
import type { Message } from '../protocol/frames.js';
import { attachmentsOf, bodyOf, jsonOf, parseBody, ProtocolFault } from '../protocol/frames.js';
import type { Attachment, ErrorBody } from '../protocol/messages.js';
import type { CoreParts } from './core-parts.js';

/** Puts bytes into the place that the child left for them. @returns the value, another one if the place is the value itself */
function place(value: unknown, at: readonly unknown[], bytes: unknown): unknown {
  if (at.length === 0) return bytes;
  let holder: unknown = value;
  for (const key of at.slice(0, -1)) holder = memberOf(holder, key);
  const last = at.at(-1);
  memberOf(holder, last); // checks that it is there
  (holder as Record<string, unknown>)[last as string] = bytes;
  return value;
}

function memberOf(holder: unknown, key: unknown): unknown {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, key as string))
    throw new ProtocolFault('bytes have no place in their value');
  return (holder as Record<string, unknown>)[key as string];
}

/** The value with its bytes. Bytes with a media type are a Blob, because that knows its type. */
function withBytes(given: unknown, list: unknown, rest: Buffer, owned: boolean): unknown {
  if (!Array.isArray(list)) throw new ProtocolFault('a message has attachments, and no list of them');
  let value = given;
  let offset = 0;
  for (const { at, size, type } of list as Partial<Attachment>[]) {
    const end = offset + (size ?? NaN);
    if (!Array.isArray(at) || !(end >= offset && end <= rest.length)) throw new ProtocolFault('the list of attachments is wrong');
    const part = rest.subarray(offset, end);
    // Of the received chunk only this part is needed.
    const bytes = owned ? part : Buffer.from(part);
    value = place(value, at, type === undefined ? bytes : new Blob([bytes], { type }));
    offset = end;
  }
  return value;
}

/** A number that JSON does not have. */
function numberOf(text: unknown): unknown {
  if (text === 'NaN' || text === 'Infinity' || text === '-Infinity') return Number(text);
  if (typeof text === 'string' && /^-?\d+$/.test(text)) return BigInt(text);
  throw new ProtocolFault('a number is malformed');
}

/** Characters from which on the JSON of a text is passed on: encoding it again would take longer than finding where it ends. */
const LONG_TEXT = 1_000;
const TEXT_START = '{"value":"';

/** The JSON of the value, if the body is one text and nothing else. @param body JSON that could be parsed */
function jsonOfText(body: string): string | undefined {
  if (body.length < LONG_TEXT || !body.startsWith(TEXT_START)) return undefined;
  // The first quotation mark that is not escaped ends the text.
  for (let at = body.indexOf('"', TEXT_START.length); at > 0; at = body.indexOf('"', at + 1)) {
    let escapes = 0;
    while (body.charCodeAt(at - 1 - escapes) === 0x5c) escapes += 1;
    if (escapes % 2 === 0) return at === body.length - 2 ? body.slice(TEXT_START.length - 1, -1) : undefined;
  }
  return undefined;
}

/**
 * The value of a `RESULT`: a ForeignValue, if it has a text in the child's language.
 *
 * @param isOurs whether the daemon gets the value: a long text is a ForeignValue then, too, which has its JSON
 * @throws ProtocolFault
 */
export function valueOf(message: Message, { foreignValue }: CoreParts, isOurs: boolean): unknown {
  const json = jsonOf(message);
  const body = parseBody(json);
  const text = typeof body['text'] === 'string' ? body['text'] : undefined;
  let value = body['value'];
  if (isOurs && typeof value === 'string') {
    const known = jsonOfText(json);
    if (known !== undefined) return foreignValue(value, value, known);
  }
  if (body['number'] !== undefined) value = numberOf(body['number']);
  else if (message.attached) value = withBytes(value, body['bytes'], attachmentsOf(message), message.owned);
  return text === undefined ? value : foreignValue(value, text);
}

/** The error of an `ERROR`. @throws ProtocolFault */
export function errorOf(message: Message, { returnValueError }: CoreParts): Error {
  const { message: what, name, stack, cause, code, data, kind } = bodyOf(message) as Partial<ErrorBody>;
  const text = String(what ?? '');
  if (kind === 'return_value') return returnValueError(text);
  const error = cause === undefined ? new Error(text) : new Error(text, { cause: String(cause) });
  if (typeof name === 'string' && name !== '') error.name = name;
  error.stack = typeof stack === 'string' ? stack : `${error.name}: ${text}`; // not the daemon's own
  return Object.assign(error, code === undefined ? {} : { code }, data === undefined ? {} : { data });
}
