/** Files of a page, read from a folder: compressed on disk, and sent as the client can take them. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

import type { Request, RequestHandler, Response } from 'express';

/** One file that a page loads. */
export interface StaticFile {
  readonly file: string;
  readonly type: string;
  /** Whether the file is compressed on disk. The name of such a file contains a digest of its content, so it never changes. */
  readonly gzip: boolean;
}

/** For files whose names change with their content. */
const IMMUTABLE = 'public, max-age=31536000, immutable';
/** The browser keeps the file, but asks each time whether it has changed. */
const REVALIDATE = 'no-cache';

/** The `ETag` of a text. */
const tagOf = (text: string): string => `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;

/** Makes a handler that sends a text, or 304 where the client has it already. */
export function textSender(text: string, type: string): RequestHandler {
  const tag = tagOf(text);
  return (req, res) => {
    res.set({ 'cache-control': REVALIDATE, etag: tag });
    if (req.fresh) res.status(304).end();
    else res.type(type).send(text);
  };
}

/** Sends a file, or 304 where the client has it already. @param name the file's name in the URL */
export async function sendFile({ file, type, gzip }: StaticFile, name: string, req: Request, res: Response): Promise<void> {
  res.set({ 'content-type': type, 'cache-control': gzip ? IMMUTABLE : REVALIDATE });
  if (gzip) res.set({ etag: `W/"${name}"`, vary: 'Accept-Encoding' });
  if (req.fresh) return void res.status(304).end();
  const compressed = gzip && req.acceptsEncodings('gzip') !== false;
  if (compressed) res.set('content-encoding', 'gzip');
  if (req.method === 'HEAD') return void res.end();
  const source = createReadStream(file);
  try {
    await (gzip && !compressed ? pipeline(source, createGunzip(), res) : pipeline(source, res));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error; // else the client has disconnected
  }
}
