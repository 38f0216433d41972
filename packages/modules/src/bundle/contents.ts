/** Reads the contents of files in an archive, and checks them. */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { crc32, inflateRaw, inflateRawSync } from 'node:zlib';

import { codeOf } from './errors.js';
import { createPace } from './pace.js';
import { BundleRefusal } from './refusal.js';

/** Where the contents of a file are, and what they must be. */
export interface StoredContent {
  name: string;
  isDeflated: boolean;
  crc: number;
  compressed: number;
  size: number;
  start: number;
}

const inflateLater = promisify(inflateRaw);
/** Smaller files are inflated at once: handing them to a thread takes longer. */
const AT_ONCE_BYTES = 64 * 1024;
const PART_BYTES = 4 * 1024 * 1024;

function whyNot(error: unknown, size: number): string {
  if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') return `is larger than the ${size} bytes that the archive says`;
  return 'has compressed data that is damaged';
}

function check({ name, crc, size }: StoredContent, content: Buffer, sum: number): Buffer {
  if (content.length !== size)
    throw new BundleRefusal('content', `has ${content.length} bytes, and not the ${size} that the archive says`, name);
  if (sum !== crc) throw new BundleRefusal('crc', 'has a wrong checksum: it is damaged', name);
  return content;
}

const dataOf = (bytes: Buffer, { start, compressed }: StoredContent): Buffer => bytes.subarray(start, start + compressed);

/** The contents of a small file. @throws BundleRefusal if they are not what the archive says */
export function readNow(bytes: Buffer, file: StoredContent): Buffer {
  const data = dataOf(bytes, file);
  let content = data;
  if (file.isDeflated) {
    try {
      content = inflateRawSync(data, { maxOutputLength: Math.max(1, file.size) });
    } catch (error) {
      throw new BundleRefusal('content', whyNot(error, file.size), file.name);
    }
  }
  return check(file, content, crc32(content));
}

/** The contents of a file. Large ones are inflated in another thread. @throws BundleRefusal if they are not what the archive says */
export async function readContent(bytes: Buffer, file: StoredContent): Promise<Buffer> {
  if (file.size <= AT_ONCE_BYTES && file.compressed <= AT_ONCE_BYTES) return readNow(bytes, file);
  let content = dataOf(bytes, file);
  if (file.isDeflated) {
    try {
      content = await inflateLater(content, { maxOutputLength: Math.max(1, file.size) });
    } catch (error) {
      throw new BundleRefusal('content', whyNot(error, file.size), file.name);
    }
  }
  const pace = createPace();
  let sum = 0;
  for (let at = 0; at < content.length; at += PART_BYTES) {
    sum = crc32(content.subarray(at, at + PART_BYTES), sum);
    await pace();
  }
  return check(file, content, sum);
}

/** The SHA-256 of an archive, in lower-case hexadecimal digits. */
export async function digestOf(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  const pace = createPace();
  for (let at = 0; at < bytes.length; at += PART_BYTES) {
    hash.update(bytes.subarray(at, at + PART_BYTES));
    await pace();
  }
  return hash.digest('hex');
}
