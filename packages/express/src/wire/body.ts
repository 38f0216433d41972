/** Request bodies: read up to a size limit, or taken over from middleware that has parsed them before. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { DaemonError, refuseInexactId, SMALL_MESSAGE_BYTES, weighMessage } from '@mcp-daemon/core';

import type { Refusal } from './respond.js';
import { refuse, sendJson } from './respond.js';

/** The media types that are read. */
export type BodyType = 'application/json' | 'application/x-www-form-urlencoded';

/** A body: its text, or the value that middleware such as `express.json()` has made of it. */
export type Body = { readonly text: string } | { readonly parsed: unknown };

/** What {@link createBodyReader} takes. */
export interface BodyReaderOptions {
  type: BodyType;
  /** Largest size of one body. */
  maxBytes: number;
  /**
   * Largest size of all unfinished bodies together; beyond it a body is refused with 503. A body that arrives in one piece is not
   * counted. Default: no limit.
   */
  maxPartialBytes?: number;
}

/**
 * Reads the body of a request and calls `done` once with it, or with a refusal (413, 415 or 503). Where the client disconnects
 * before the end, `done` is never called.
 */
export type BodyReader = (req: IncomingMessage, done: (body: Body | Refusal) => void) => void;

/** Seconds after which a client whose body was refused for lack of memory may retry. */
const RETRY_AFTER_S = '5';

const TOO_MANY_PARTIAL: Refusal = {
  status: 503,
  message: 'The server is receiving too many large bodies at the moment; retry shortly.',
  headers: { 'retry-after': RETRY_AFTER_S, connection: 'close' },
};

/** The connection is closed with this answer: the rest of the body is not read. */
const tooLarge = (maxBytes: number): Refusal => ({
  status: 413,
  message: `The body may have at most ${maxBytes} bytes.`,
  headers: { connection: 'close' },
});

/** The value that middleware has set as `req.body`; undefined: there is none. */
function parsedBefore(req: IncomingMessage): unknown {
  const { body } = req as IncomingMessage & { body?: unknown };
  return req.readableEnded || req.complete ? body : undefined;
}

/** Creates a reader for bodies of one media type, in UTF-8 and not compressed. */
export function createBodyReader({ type, maxBytes, maxPartialBytes = Infinity }: BodyReaderOptions): BodyReader {
  const withCharset = new RegExp(`^${type}\\s*(;\\s*charset="?utf-?8"?\\s*)?$`, 'i');
  let partialBytes = 0;

  function refusalOf({ headers }: IncomingMessage): Refusal | undefined {
    const given = headers['content-type'];
    if (given !== type && !withCharset.test(given ?? ''))
      return { status: 415, message: `Content-Type must be ${type}, in UTF-8.` };
    const encoding = headers['content-encoding'];
    // A small compressed body can unpack to a thousand times its size.
    if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
      return { status: 415, message: 'The body must not be compressed: send it without Content-Encoding.' };
    return Number(headers['content-length'] ?? 0) > maxBytes ? tooLarge(maxBytes) : undefined;
  }

  function readText(req: IncomingMessage, done: (body: Body | Refusal) => void): void {
    let first: Buffer | undefined;
    let more: Buffer[] | undefined;
    let bytes = 0;
    /** How many of these bytes are counted in `partialBytes`. */
    let counted = 0;
    const uncount = (): void => {
      partialBytes -= counted;
      counted = 0;
    };
    const stop = (refusal: Refusal): void => {
      req.off('data', onData);
      req.off('end', onEnd);
      first = more = undefined;
      done(refusal);
      uncount();
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > maxBytes) return stop(tooLarge(maxBytes));
      if (first === undefined) {
        first = chunk;
        return;
      }
      if (more === undefined) {
        more = [first];
        req.once('close', uncount); // the client may disconnect before the end
      }
      more.push(chunk);
      partialBytes += bytes - counted;
      counted = bytes;
      if (partialBytes > maxPartialBytes) stop(TOO_MANY_PARTIAL);
    };
    const onEnd = (): void => {
      uncount();
      const text = (more === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(more, bytes)).toString('utf8');
      first = more = undefined; // the request and its listeners live until the response has ended
      done({ text });
    };
    req.on('data', onData);
    req.on('end', onEnd);
  }

  return (req, done) => {
    const refusal = refusalOf(req);
    if (refusal !== undefined) return done(refusal);
    const before = parsedBefore(req);
    if (typeof before === 'string') done({ text: before });
    else if (Buffer.isBuffer(before)) done({ text: before.toString('utf8') });
    else if (before !== undefined) done({ parsed: before });
    else if (req.readableEnded)
      done({ text: '' }); // another handler has read the body and kept nothing
    else readText(req, done);
  };
}

/**
 * Reads the JSON message of a POST and calls `done` with the parsed value. A body that is refused or is not JSON is answered here,
 * with a JSON-RPC error.
 */
export type MessageReader = (req: IncomingMessage, res: ServerResponse, done: (message: unknown) => void) => void;

/** The memory that the messages of requests take; see {@link bytesOf}. */
const weights = new WeakMap<IncomingMessage, number>();

/** The memory that the message of a request takes, as core's `weighMessage` estimates it; 0 for a small one and one that middleware has parsed. */
export const bytesOf = (req: IncomingMessage): number => weights.get(req) ?? 0;

function parse(text: string, req: IncomingMessage, res: ServerResponse, done: (message: unknown) => void): void {
  let message: unknown;
  try {
    const bytes = weighMessage(text);
    if (bytes > SMALL_MESSAGE_BYTES) weights.set(req, bytes);
    message = JSON.parse(text);
  } catch (error) {
    const why = error instanceof DaemonError ? error.message : 'Parse error: the body must be one JSON-RPC message.';
    refuse(res, { status: 400, message: why }, -32700);
    return;
  }
  const refused = refuseInexactId(message, text);
  if (refused === undefined) done(message);
  else sendJson(res, 400, refused);
}

/**
 * Creates a reader of MCP messages.
 *
 * @param maxBytes largest size of one body
 * @param maxPartialBytes largest size of all unfinished bodies together
 */
export function createMessageReader(maxBytes: number, maxPartialBytes: number): MessageReader {
  const read = createBodyReader({ type: 'application/json', maxBytes, maxPartialBytes });
  return (req, res, done) =>
    read(req, (body) => {
      if ('status' in body) refuse(res, body);
      else if ('text' in body) parse(body.text, req, res, done);
      else done(body.parsed);
    });
}
