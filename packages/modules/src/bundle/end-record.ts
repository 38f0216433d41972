/**
 * Finds the end record of a zip archive, from which it is read. Two kinds of bytes may follow it: zeros, with which bsdtar fills up
 * its blocks when it writes to a pipe, and one signature block of the mcpb tool. Anything else is refused, and so is an archive
 * with two end records: two programs could read two different archives in it.
 */
import { BundleRefusal } from './refusal.js';
import type { SignatureBlock } from './signature-block.js';
import { blockOf, findBlock } from './signature-block.js';

/** Where the central directory is. */
export interface Directory {
  /** The offset of its first byte. */
  start: number;
  /** The offset of the byte after its last one. */
  end: number;
  entries: number;
  /** Remarks for people. */
  notes: string[];
  /** The signature block of mcpb at its end. */
  signature?: SignatureBlock;
}

const END_SIGNATURE = 0x06054b50;
const LOCATOR_SIGNATURE = 0x07064b50;
const END64_SIGNATURE = 0x06064b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_BYTES = 22;
const LOCATOR_BYTES = 20;
const END64_BYTES = 56;
const MAX_COMMENT = 0xffff;
/** The block of tar. */
const MAX_PADDING = 10_240;
const [UNKNOWN_16, UNKNOWN_32] = [0xffff, 0xffffffff];

const isZero = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0);

/** Why there is no end record. */
function noEnd(bytes: Buffer, candidates: readonly number[], limit: number): BundleRefusal {
  const [last] = candidates;
  if (last !== undefined) {
    const end = last + END_BYTES + bytes.readUInt16LE(last + 20);
    if (end > limit) return new BundleRefusal('truncated', 'is cut off: its last bytes are missing');
    return new BundleRefusal('trailing', `has ${bytes.length - end} bytes after its end`);
  }
  if (bytes.length >= 4 && bytes.readUInt32LE(0) === LOCAL_SIGNATURE)
    return new BundleRefusal('truncated', 'is cut off: it has no end record. Copy it again');
  return new BundleRefusal('not_a_zip', bytes.length === 0 ? 'has no bytes' : 'is not a zip archive');
}

/** The offset of the end record, and what follows it. */
function findEndRecord(bytes: Buffer): { at: number } & Pick<Directory, 'notes' | 'signature'> {
  const signature = findBlock(bytes);
  const limit = signature?.start ?? bytes.length;
  const candidates: number[] = [];
  const ends: { at: number; padding: number }[] = [];
  const lowest = Math.max(0, limit - END_BYTES - MAX_COMMENT - MAX_PADDING);
  for (let at = limit - END_BYTES; at >= lowest; at--) {
    if (bytes[at] !== 0x50 || bytes.readUInt32LE(at) !== END_SIGNATURE) continue;
    candidates.push(at);
    const end = at + END_BYTES + bytes.readUInt16LE(at + 20);
    // Newer versions of mcpb count the signature as the comment.
    if (signature !== undefined && end === bytes.length) ends.push({ at, padding: 0 });
    else if (end <= limit && limit - end < MAX_PADDING && isZero(bytes.subarray(end, limit)))
      ends.push({ at, padding: limit - end });
  }
  const [found, second] = ends;
  if (found === undefined) throw noEnd(bytes, candidates, limit);
  if (second !== undefined) throw new BundleRefusal('ambiguous', 'has two end records, so that it can be read in two ways');
  const notes: string[] = [];
  if (signature !== undefined) notes.push('the signature of mcpb at its end is not checked');
  if (found.padding > 0) notes.push(`${found.padding} zeros at its end are left out`);
  const { at } = found;
  return { at, notes, ...(signature === undefined ? {} : { signature: blockOf(bytes, signature, at) }) };
}

/** The value of a 64-bit field. @throws BundleRefusal if it is beyond the archive */
function read64(bytes: Buffer, at: number): number {
  const value = bytes.readBigUInt64LE(at);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new BundleRefusal('zip64', 'has zip64 sizes that no archive has');
  return Number(value);
}

/** Reads the zip64 end record that a locator before the end record points to. */
function read64End(bytes: Buffer, locator: number): { at: number; entries: number; size: number; start: number } {
  const at = read64(bytes, locator + 8);
  const wrong = new BundleRefusal('zip64', 'has a zip64 end record that is not where it should be');
  if (at + END64_BYTES > locator || bytes.readUInt32LE(at) !== END64_SIGNATURE) throw wrong;
  if (at + 12 + read64(bytes, at + 4) !== locator) throw wrong;
  if (bytes.readUInt32LE(at + 16) !== 0 || bytes.readUInt32LE(at + 20) !== 0)
    throw new BundleRefusal('directory', 'is one part of several');
  const entries = read64(bytes, at + 32);
  if (entries !== read64(bytes, at + 24)) throw wrong;
  return { at, entries, size: read64(bytes, at + 40), start: read64(bytes, at + 48) };
}

/** A field of the end record is either unknown, or says the same as that of the zip64 record. */
function agree(small: number, unknown: number, large: number): void {
  if (small !== unknown && small !== large)
    throw new BundleRefusal('zip64', 'has a zip64 end record that says something else than its end record');
}

/**
 * Finds the central directory.
 *
 * @throws BundleRefusal
 */
export function findDirectory(bytes: Buffer): Directory {
  const { at, ...more } = findEndRecord(bytes);
  if (bytes.readUInt16LE(at + 4) !== 0 || bytes.readUInt16LE(at + 6) !== 0)
    throw new BundleRefusal('directory', 'is one part of several');
  let entries = bytes.readUInt16LE(at + 10);
  let size = bytes.readUInt32LE(at + 12);
  let start = bytes.readUInt32LE(at + 16);
  let end = at;
  if (bytes.readUInt16LE(at + 8) !== entries)
    throw new BundleRefusal('directory', 'has an end record with two numbers of entries');
  const locator = at - LOCATOR_BYTES;
  if (locator >= 0 && bytes.readUInt32LE(locator) === LOCATOR_SIGNATURE) {
    const large = read64End(bytes, locator);
    agree(entries, UNKNOWN_16, large.entries);
    agree(size, UNKNOWN_32, large.size);
    agree(start, UNKNOWN_32, large.start);
    ({ entries, size, start, at: end } = large);
  } else if (size === UNKNOWN_32 || start === UNKNOWN_32) {
    throw new BundleRefusal('zip64', 'says that it has a zip64 end record, and has none');
  }
  if (start + size !== end) {
    const isBefore = start + size < end;
    throw new BundleRefusal(
      'directory',
      isBefore
        ? 'has other bytes before its end record, or before its beginning'
        : 'has a list of entries that ends behind its end',
    );
  }
  return { start, end, entries, ...more };
}
