/** A request's body as a message: read within its bounds, or as somebody before us has parsed it. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { refuse } from './respond.js';
import type { Refusal } from './respond.js';

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
export function readMessage(req: IncomingMessage, res: ServerResponse, maxBytes: number, done: (message: unknown) => void): void {
  const refusal = refusalOf(req, maxBytes);
  if (refusal !== undefined) {
    refuse(res, refusal);
    return;
  }

  const parse = (text: string): void => {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      refuse(res, { status: 400, message: 'Parse error: the body must be one JSON-RPC message.' }, -32700);
      return;
    }
    done(message);
  };

  const before = parsedBefore(req);
  if (before !== undefined) {
    if (typeof before === 'string') parse(before);
    else if (Buffer.isBuffer(before)) parse(before.toString('utf8'));
    else done(before);
    return;
  }
  if (req.readableEnded) {
    parse(''); // somebody has read it, and left nothing of it
    return;
  }

  let first: Buffer | undefined;
  let more: Buffer[] | undefined;
  let bytes = 0;
  const onData = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      req.off('data', onData);
      req.off('end', onEnd);
      refuse(res, tooLarge(maxBytes));
      return;
    }
    if (first === undefined) first = chunk;
    else (more ??= [first]).push(chunk);
  };
  const onEnd = (): void => {
    const text = (more === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(more, bytes)).toString('utf8');
    // The listeners stay for as long as the request does, which may be a stream's lifetime.
    first = more = undefined;
    parse(text);
  };
  req.on('data', onData);
  req.on('end', onEnd);
}
