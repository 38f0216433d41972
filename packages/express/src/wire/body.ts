/** Request bodies: read up to a size limit, or taken over from middleware that has parsed them before. */
import type { IncomingMessage } from 'node:http';

import type { ByteBudget, Holding } from './byte-budget.js';
import { outOfBytes } from './byte-budget.js';
import type { Caller } from './caller.js';
import { Chunks } from './chunks.js';
import type { Refusal } from './respond.js';
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
