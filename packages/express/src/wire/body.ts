/** A request's body as a message: read within its bounds, or as somebody before us has parsed it. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Refusal } from './respond.js';
import { refuse } from './respond.js';

/** JSON, in UTF-8: there is no other. */
const JSON_TYPE = /^application\/json\s*(;\s*charset="?utf-?8"?\s*)?$/i;

/** What a body cannot be, told by its headers. */
function refusalOf(req: IncomingMessage, maxBytes: number): Refusal | undefined {
  const type = req.headers['content-type'];
  if (type !== 'application/json' && !JSON_TYPE.test(type ?? ''))
    return { status: 415, message: 'Content-Type must be application/json, in UTF-8.' };
  const encoding = req.headers['content-encoding'];
  // A body that unpacks to a thousand times its size is not worth the risk for messages that are small.
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    return { status: 415, message: 'The body must not be compressed: send it without a Content-Encoding.' };
  return Number(req.headers['content-length'] ?? 0) > maxBytes ? tooLarge(maxBytes) : undefined;
}

/** The connection ends with this answer: what is still being sent is not read. */
const tooLarge = (maxBytes: number): Refusal => ({
  status: 413,
  message: `A message may have at most ${maxBytes} bytes.`,
  headers: { connection: 'close' },
});

/** What middleware such as `express.json()` has made of the body already; undefined: nothing. */
function parsedBefore(req: IncomingMessage): unknown {
  const { body } = req as IncomingMessage & { body?: unknown };
  return req.readableEnded || req.complete ? body : undefined;
}

/**
 * Reads the message of a POST. What is no message is answered here.
 *
 * @param done told the parsed body
 */
export type MessageReader = (req: IncomingMessage, res: ServerResponse, done: (message: unknown) => void) => void;

/** Seconds after which a client whose body found no room may send it again. */
const ROOM_AFTER_S = '5';

const NO_ROOM: Refusal = {
  status: 503,
  message: 'Too much of other messages is on its way; send this one again in a moment.',
  headers: { 'retry-after': ROOM_AFTER_S, connection: 'close' },
};

function parse(text: string, res: ServerResponse, done: (message: unknown) => void): void {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    refuse(res, { status: 400, message: 'Parse error: the body must be one JSON-RPC message.' }, -32700);
    return;
  }
  done(message);
}

/**
 * Creates what reads messages.
 *
 * @param maxBytes of one
 * @param maxPartialBytes of all that are on their way, in pieces; one that comes whole waits for nothing, and is not counted
 */
export function createMessageReader(maxBytes: number, maxPartialBytes: number): MessageReader {
  let partialBytes = 0;

  function readBody(req: IncomingMessage, res: ServerResponse, done: (text: string) => void): void {
    let first: Buffer | undefined;
    let more: Buffer[] | undefined;
    let bytes = 0;
    /** What of it is counted. */
    let counted = 0;
    const giveBack = (): void => {
      partialBytes -= counted;
      counted = 0;
    };
    const stop = (refusal: Refusal): void => {
      req.off('data', onData);
      req.off('end', onEnd);
      first = more = undefined;
      refuse(res, refusal);
      giveBack();
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
        req.once('close', giveBack); // its client may leave before its end
      }
      more.push(chunk);
      partialBytes += bytes - counted;
      counted = bytes;
      if (partialBytes > maxPartialBytes) stop(NO_ROOM);
    };
    const onEnd = (): void => {
      giveBack();
      done((more === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(more, bytes)).toString('utf8'));
    };
    req.on('data', onData);
    req.on('end', onEnd);
  }

  return (req, res, done) => {
    const refusal = refusalOf(req, maxBytes);
    if (refusal !== undefined) {
      refuse(res, refusal);
      return;
    }
    const before = parsedBefore(req);
    if (typeof before === 'string') parse(before, res, done);
    else if (Buffer.isBuffer(before)) parse(before.toString('utf8'), res, done);
    else if (before !== undefined) done(before);
    else if (req.readableEnded)
      parse('', res, done); // somebody has read it, and left nothing of it
    else readBody(req, res, (text) => parse(text, res, done));
  };
}
