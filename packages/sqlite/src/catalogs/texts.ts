/** The texts of revisions, as they are kept: large ones compressed, small ones readable in a `sqlite3` shell. */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { deflate, inflate } from 'node:zlib';

import { DaemonError } from '@mcp-daemon/core';

import type { Row } from '../engine/connection.js';

/** Texts of fewer characters are kept as they are. */
const LARGE = 4_096;

const compress = promisify(deflate);
const decompress = promisify(inflate);

/** A text as it is kept. */
export interface StoredText {
  /** `plain`, or `deflate` for zlib's format. */
  encoding: string;
  text: string | Uint8Array;
}

/** The SHA-256 of a text, in hex. */
export const digestOf = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');

/** From a text to what is kept. */
export async function encodeText(text: string): Promise<StoredText> {
  // To SQLite, a text ends at a NUL.
  return text.length < LARGE && !text.includes('\0')
    ? { encoding: 'plain', text }
    : { encoding: 'deflate', text: await compress(Buffer.from(text, 'utf8')) };
}

/**
 * From a row of `catalog_revisions` to the text.
 *
 * @throws DaemonError `store_failed` if the text is damaged or of an unknown encoding
 */
export async function decodeText({ encoding, text }: Row, revision: string): Promise<string> {
  const damaged = (cause?: unknown): DaemonError => {
    const what = `The text of revision ${revision} is damaged: it does not have that digest`;
    return new DaemonError('store_failed', `${what}. Restore a backup, or apply the config file again.`, { cause });
  };
  if (encoding !== 'plain' && encoding !== 'deflate') {
    const what = `The text of revision ${revision} has the encoding ${String(encoding)}, which is unknown here`;
    throw new DaemonError('store_failed', `${what}: it was written by a newer version of mcp-daemon.`);
  }
  let bytes: Buffer;
  try {
    bytes = typeof text === 'string' ? Buffer.from(text, 'utf8') : Buffer.from(text as Uint8Array);
    if (encoding === 'deflate') bytes = await decompress(bytes);
  } catch (error) {
    throw damaged(error);
  }
  if (digestOf(bytes) !== revision) throw damaged();
  return bytes.toString('utf8');
}
