/** Request bodies: read up to a size limit, or taken over from middleware that has parsed them before. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { DaemonError, refuseInexactId, SMALL_MESSAGE_BYTES, weighMessage } from '@mcp-daemon/core';

import type { ByteBudget, Holding } from './byte-budget.js';
import { outOfBytes } from './byte-budget.js';
import type { Caller } from './caller.js';
import { Chunks } from './chunks.js';
import type { Refusal } from './respond.js';
import { refuse, sendJson } from './respond.js';
import type { Turns } from './turns.js';

/** The media types that are read. */
export type BodyType = 'application/json' | 'application/x-www-form-urlencoded';

/** A body: its text, or the value that middleware such as `express.json()` has made of it. */
export type Body = ({ readonly text: string } | { readonly parsed: unknown }) & { readonly bytes: number };

/** What {@link createBodyReader} takes. */
export interface BodyReaderOptions {
  type: BodyType;
  /** Largest size of one body. */
  maxBytes: number;
  /** The budget for unfinished bodies of known callers. A body that arrives in one piece is not counted. Default: no limit. */
  budget?: Pick<ByteBudget, 'hold'>;
  /** Whose turn it is to have a body decoded and served. Default: each is served at once. */
  turns?: Turns;
}

/**
 * Reads the body of a request and calls `done` once with it, or with a refusal (413, 415 or 503). Where the client disconnects
 * before the end, `done` is never called.
 *
 * @param caller whose budget the body is counted in; undefined: it is not counted
 */
export type BodyReader = (req: IncomingMessage, done: (body: Body | Refusal) => void, caller?: Caller) => void;

/** The connection is closed with this answer: the rest of the body is not read. */
const tooLarge = (maxBytes: number): Refusal => ({
  status: 413,
  message: `The body may have at most ${maxBytes} bytes.`,
  headers: { connection: 'close' },
});

const TOO_MANY_CHUNKS: Refusal = {
  status: 400,
  message: 'The body is sent in too many small chunks: send it in fewer, or with Content-Length.',
  headers: { connection: 'close' },
};

/** The refusal of a body for which there is no memory. The connection is closed, as above. */
function outOfMemory(): Refusal {
  const refusal = outOfBytes('bodies that are being received');
  return { ...refusal, headers: { ...refusal.headers, connection: 'close' } };
}

/** The text of a body, without the byte order mark that some editors write in front. */
const textOf = (bytes: Buffer): string => {
  const text = bytes.toString('utf8');
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
};

/** Whether a `Content-Type` is of this type and in UTF-8. Parameters other than `charset` are ignored, as RFC 9110 asks. */
function isType(type: BodyType, given = ''): boolean {
  const [media = '', ...parameters] = given.split(';').map((text) => text.trim().toLowerCase());
  return media === type && parameters.every((text) => !text.startsWith('charset') || /^charset="?utf-?8"?$/.test(text));
}

/** The value that middleware has set as `req.body`; undefined: there is none. */
function parsedBefore(req: IncomingMessage): unknown {
  const { body } = req as IncomingMessage & { body?: unknown };
  return req.readableEnded || req.complete ? body : undefined;
}

/** Creates a reader for bodies of one media type, in UTF-8 and not compressed. */
export function createBodyReader({ type, maxBytes, budget, turns }: BodyReaderOptions): BodyReader {
  function refusalOf({ headers }: IncomingMessage): Refusal | undefined {
    const given = headers['content-type'];
    if (given !== type && !isType(type, given)) return { status: 415, message: `Content-Type must be ${type}, in UTF-8.` };
    const encoding = headers['content-encoding'];
    // A small compressed body can unpack to a thousand times its size.
    if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
      return { status: 415, message: 'The body must not be compressed: send it without Content-Encoding.' };
    return Number(headers['content-length'] ?? 0) > maxBytes ? tooLarge(maxBytes) : undefined;
  }

  function readText(req: IncomingMessage, done: (body: Body | Refusal) => void, caller: Caller | undefined): void {
    /** Most bodies are one chunk. */
    let first: Buffer | undefined;
    let chunks: Chunks | undefined;
    let bytes = 0;
    let holding: Holding | undefined;
    const release = (): void => holding?.end();
    const stop = (refusal: Refusal): void => {
      req.off('data', onData);
      req.off('end', onEnd);
      first = chunks = undefined;
      done(refusal);
      release();
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > maxBytes) return stop(tooLarge(maxBytes));
      if (first === undefined) {
        first = chunk;
        return;
      }
      if (chunks === undefined) {
        chunks = new Chunks();
        chunks.add(first);
        holding = caller === undefined ? undefined : budget?.hold(caller);
        req.once('close', release); // the client may disconnect before the end
      }
      if (!chunks.add(chunk)) stop(TOO_MANY_CHUNKS);
      else if (holding?.set(bytes) === false) stop(outOfMemory());
    };
    const finish = (): void => {
      release();
      const text = textOf(chunks?.take() ?? first ?? Buffer.alloc(0));
      first = chunks = undefined; // the request and its listeners live until the response has ended
      done({ text, bytes });
    };
    const onEnd = (): void => {
      if (turns === undefined || caller === undefined) finish();
      else turns.run(caller, finish);
    };
    req.on('data', onData);
    req.on('end', onEnd);
  }

  return (req, done, caller) => {
    const refusal = refusalOf(req);
    if (refusal !== undefined) return done(refusal);
    const before = parsedBefore(req);
    if (typeof before === 'string') done({ text: before, bytes: Buffer.byteLength(before) });
    else if (Buffer.isBuffer(before)) done({ text: textOf(before), bytes: before.length });
    else if (before !== undefined) done({ parsed: before, bytes: Number(req.headers['content-length'] ?? 0) });
    else if (req.readableEnded)
      done({ text: '', bytes: 0 }); // another handler has read the body and kept nothing
    else readText(req, done, caller);
  };
}

/** A message, and the bytes of its body. */
export type MessageHandler = (message: unknown, bytes: number) => void;

/**
 * Reads the JSON message of a POST and calls `done` with the parsed value. A body that is refused or is not JSON is answered here,
 * with a JSON-RPC error.
 */
export type MessageReader = (req: IncomingMessage, res: ServerResponse, caller: Caller, done: MessageHandler) => void;

/** The memory that the messages of requests take; see {@link bytesOf}. */
const weights = new WeakMap<IncomingMessage, number>();

/** The memory that the message of a request takes, as core's `weighMessage` estimates it; 0 for a small one and one that middleware has parsed. */
export const bytesOf = (req: IncomingMessage): number => weights.get(req) ?? 0;

/**
 * Charges a caller for what a body costs beyond one request.
 *
 * @param requests how many requests it counts as besides the first
 * @returns a refusal with 429 where the caller has used up more than their limit; the body is not charged then
 */
export type Charge = (caller: Caller, requests: number) => Refusal | undefined;

/** For each of these many bytes of a body, one more request is charged. */
const BYTES_PER_REQUEST = 65_536;

/** How many requests a body counts as besides the first. */
export const extraRequestsOf = (bytes: number): number => Math.floor(bytes / BYTES_PER_REQUEST);

/** What {@link createMessageReader} takes. */
export interface MessageReaderOptions {
  /** Largest size of one body. */
  maxBytes: number;
  budget: Pick<ByteBudget, 'hold'>;
  turns: Turns;
  /** Default: bodies cost nothing. */
  charge?: Charge | undefined;
}

/**
 * A message may hold one value for so many bytes that a body may have: 200,000 by default. A body of the same size with many small
 * values takes a hundred times as long to parse and to check as one with a few large ones, and nothing else is served meanwhile.
 */
const BYTES_PER_VALUE = 20;
const MIN_VALUES = 10_000;
const MAX_VALUES = 1_000_000;

/** How many values a JSON body may hold. @param maxBytes how many bytes it may have */
export const maxValuesOf = (maxBytes: number): number =>
  Math.min(MAX_VALUES, Math.max(MIN_VALUES, Math.floor(maxBytes / BYTES_PER_VALUE)));

/** Parses a body. @returns undefined where it is not a message; the request has been answered then */
function parse(text: string, req: IncomingMessage, res: ServerResponse, maxValues: number): { message: unknown } | undefined {
  let message: unknown;
  try {
    const bytes = weighMessage(text, maxValues);
    if (bytes > SMALL_MESSAGE_BYTES) weights.set(req, bytes);
    message = JSON.parse(text);
  } catch (error) {
    const why = error instanceof DaemonError ? error.message : 'Parse error: the body must be one JSON-RPC message.';
    refuse(res, { status: 400, message: why }, -32700);
    return undefined;
  }
  const refused = refuseInexactId(message, text);
  if (refused === undefined) return { message };
  sendJson(res, 400, refused);
  return undefined;
}

/**
 * Creates a reader of MCP messages. A large body is charged before it is parsed, and a batch counts as many requests as it has
 * messages.
 */
export function createMessageReader({ maxBytes, budget, turns, charge }: MessageReaderOptions): MessageReader {
  const read = createBodyReader({ type: 'application/json', maxBytes, budget, turns });
  const maxValues = maxValuesOf(maxBytes);
  return (req, res, caller, done) => {
    /** Whether the caller may send this many further requests; if not, the request is answered with a refusal. */
    const mayCost = (requests: number): boolean => {
      const refusal = requests > 0 ? charge?.(caller, requests) : undefined;
      if (refusal !== undefined) refuse(res, refusal);
      return refusal === undefined;
    };
    const onBody = (body: Body | Refusal): void => {
      if ('status' in body) return refuse(res, body);
      const { bytes } = body;
      if (!mayCost(extraRequestsOf(bytes))) return;
      const parsed = 'text' in body ? parse(body.text, req, res, maxValues) : { message: body.parsed };
      if (parsed === undefined) return;
      const { message } = parsed;
      if (Array.isArray(message) && !mayCost(message.length - 1)) return;
      if ('text' in body) turns.proceed(caller, () => done(message, bytes));
      else done(message, bytes);
    };
    read(req, onBody, caller);
  };
}
