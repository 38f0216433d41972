/** The names of entries: their encoding, and what they may contain. */
import { crc32 } from 'node:zlib';

import { BundleRefusal } from './refusal.js';

/** As most file systems have it. */
const MAX_PART_BYTES = 255;
const MAX_NAME_BYTES = 1_024;
const MAX_DEPTH = 64;
const UTF8_FLAG = 0x0800;
const UNICODE_PATH = 0x7075;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A decoded text; undefined: it is not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * The name of an entry as text.
 *
 * @param raw its bytes
 * @param extras its extra fields, by their ids
 * @returns `guessed`: nothing says that it is UTF-8, but it is
 * @throws BundleRefusal if it is neither ASCII nor UTF-8
 */
export function decodeName(raw: Buffer, flags: number, extras: ReadonlyMap<number, Buffer>): { name: string; guessed: boolean } {
  const unicode = extras.get(UNICODE_PATH);
  // The field has the checksum of the name that it replaces: after a renaming by other tools it does not count.
  if (unicode !== undefined && unicode.length > 5 && unicode[0] === 1 && unicode.readUInt32LE(1) === crc32(raw)) {
    const name = decodeUtf8(unicode.subarray(5));
    if (name !== undefined) return { name, guessed: false };
  }
  const name = decodeUtf8(raw);
  if (name === undefined) throw new BundleRefusal('name', 'has a name that is neither ASCII nor UTF-8', raw.toString('latin1'));
  const isAscii = raw.every((byte) => byte < 0x80);
  return { name, guessed: !isAscii && (flags & UTF8_FLAG) === 0 };
}

/** @throws BundleRefusal for a part of a name that leads elsewhere, or that some file system cannot have */
function checkPart(part: string, name: string): void {
  if (part === '..') throw new BundleRefusal('traversal', 'leaves the bundle (..)', name);
  if (part === '.' || part === '') throw new BundleRefusal('name', 'has an empty part in its name', name);
  if (Buffer.byteLength(part) > MAX_PART_BYTES)
    throw new BundleRefusal('name', `has a part of its name that is longer than ${MAX_PART_BYTES} bytes`, name);
}

/**
 * The path of an entry in the bundle: parts with `/` between them, without `./` before and `/` behind.
 *
 * @returns an empty path for the entry of the bundle's own folder (`./`)
 * @throws BundleRefusal
 */
export function pathOf(name: string): { path: string; isFolder: boolean } {
  if (name === '') throw new BundleRefusal('name', 'has no name', name);
  if (Buffer.byteLength(name) > MAX_NAME_BYTES)
    throw new BundleRefusal('name', `has a name of more than ${MAX_NAME_BYTES} bytes`, name);
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(name)) throw new BundleRefusal('name', 'has a control character in its name', name);
  if (name.includes('\\')) throw new BundleRefusal('traversal', 'has a backslash in its name: separate folders with /', name);
  if (name.startsWith('/')) throw new BundleRefusal('traversal', 'has an absolute path', name);
  if (/^[a-z]:/i.test(name)) throw new BundleRefusal('traversal', 'has a drive in its name', name);
  const isFolder = name.endsWith('/');
  const path = name.replace(/^(?:\.\/)+/, '').replace(/\/$/, '');
  if (path === '' || path === '.') return { path: '', isFolder: true };
  const parts = path.split('/');
  if (parts.length > MAX_DEPTH) throw new BundleRefusal('name', `is more than ${MAX_DEPTH} folders deep`, name);
  for (const part of parts) checkPart(part, name);
  return { path, isFolder };
}

/** Equal for two names that are the same file where upper and lower case, or two ways to write é, are the same. */
export const twinKey = (path: string): string => path.normalize('NFC').toLowerCase();
