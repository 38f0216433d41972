/** The small bodies that people log in with. */
import type { IncomingMessage } from 'node:http';

import type { Refusal } from '../wire/respond.js';

/** A name and a password have room in it. */
const MAX_BYTES = 16_384;

const TOO_LARGE: Refusal = {
  status: 413,
  message: `A body may have at most ${MAX_BYTES} bytes here.`,
  headers: { connection: 'close' },
};

/** What a body has to be. */
export type BodyType = 'application/json' | 'application/x-www-form-urlencoded';

/** The body of a request: its text, or what middleware has made of it before us. */
export type Body = { text: string } | { parsed: unknown };

/**
 * Reads the body of a request.
 *
 * @returns why it is refused; undefined: the client has left
 */
export async function readBody(req: IncomingMessage, type: BodyType): Promise<Body | Refusal | undefined> {
  const { 'content-type': given = '', 'content-encoding': encoding = 'identity', 'content-length': length = 0 } = req.headers;
  const [media = '', ...parameters] = given.toLowerCase().split(';');
  const charset = /^\s*charset="?([^"]*)"?\s*$/.exec(parameters.find((parameter) => parameter.includes('charset')) ?? '')?.[1];
  if (media.trim() !== type || (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8'))
    return { status: 415, message: `Content-Type must be ${type}, in UTF-8.` };
  if (encoding.toLowerCase() !== 'identity') return { status: 415, message: 'The body must not be compressed.' };
  if (Number(length) > MAX_BYTES) return TOO_LARGE;

  const { body } = req as IncomingMessage & { body?: unknown };
  if (body !== undefined && (req.readableEnded || req.complete)) {
    if (typeof body === 'string') return { text: body };
    return Buffer.isBuffer(body) ? { text: body.toString('utf8') } : { parsed: body };
  }

  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes <= MAX_BYTES) {
        chunks.push(chunk);
        return;
      }
      req.off('data', onData);
      resolve(TOO_LARGE);
    };
    req.on('data', onData);
    req.once('end', () => resolve({ text: Buffer.concat(chunks).toString('utf8') }));
    req.once('error', () => resolve(undefined));
    req.once('close', () => resolve(undefined));
  });
}
