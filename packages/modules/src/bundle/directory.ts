/** Reads the central directory and the header before each file, and checks that both say the same. */
import type { Directory } from './end-record.js';
import { decodeName } from './names.js';
import { BundleRefusal } from './refusal.js';

/** An entry as the archive describes it. */
export interface RawEntry {
  name: string;
  /** Whether nothing says that the name is UTF-8. */
  guessed: boolean;
  /** The Unix mode with its type. 0: none is stored. */
  mode: number;
  isDeflated: boolean;
  crc: number;
  compressed: number;
  size: number;
  /** The offset of its data. */
  start: number;
  /** The offset of its header. */
  header: number;
}

const CENTRAL_SIGNATURE = 0x02014b50;
const CENTRAL_BYTES = 46;
const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_BYTES = 30;
const ZIP64_EXTRA = 0x0001;
const UNKNOWN_32 = 0xffffffff;
const ENCRYPTED = 0x0001 | 0x0040 | 0x2000;
const PATCH = 0x0020;
/** The sizes are behind the data, so the header does not have them. */
const STREAMED = 0x0008;
/** Systems whose entries have Unix modes: Unix and macOS. */
const UNIX = new Set([3, 19]);
const METHODS: Readonly<Record<number, string>> = {
  ...{ 1: 'shrink', 6: 'implode', 9: 'deflate64', 12: 'bzip2', 14: 'LZMA', 93: 'zstd', 95: 'xz', 98: 'PPMd', 99: 'AES' },
};

/** The extra fields by their ids. The first of each counts. @throws BundleRefusal if one is longer than all of them */
function extrasOf(bytes: Buffer, name: string): Map<number, Buffer> {
  const extras = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length;) {
    const id = bytes.readUInt16LE(at);
    const end = at + 4 + bytes.readUInt16LE(at + 2);
    if (end > bytes.length) throw new BundleRefusal('headers', 'has an extra field that is cut off', name);
    if (!extras.has(id)) extras.set(id, bytes.subarray(at + 4, end));
    at = end;
  }
  return extras;
}

/** Fills in sizes that the zip64 field has in place of the header, in its fixed order. */
function with64(values: readonly number[], field: Buffer | undefined, name: string): number[] {
  let at = 0;
  return values.map((value) => {
    if (value !== UNKNOWN_32) return value;
    if (field === undefined || at + 8 > field.length)
      throw new BundleRefusal('zip64', 'says that it has zip64 sizes, and has none', name);
    const large = field.readBigUInt64LE(at);
    at += 8;
    if (large > BigInt(Number.MAX_SAFE_INTEGER)) throw new BundleRefusal('zip64', 'has zip64 sizes that no file has', name);
    return Number(large);
  });
}

function checkMethod(flags: number, method: number, name: string): void {
  if ((flags & ENCRYPTED) !== 0)
    throw new BundleRefusal('encrypted', 'is encrypted: there is nobody to ask for a password', name);
  if ((flags & PATCH) !== 0) throw new BundleRefusal('method', 'is a patch of another file', name);
  if (method === 0 || method === 8) return;
  const known = METHODS[method] ?? 'unknown';
  throw new BundleRefusal('method', `is compressed by method ${method} (${known}): use deflate, or none`, name);
}

/** What the central directory says of an entry. */
interface Central extends Omit<RawEntry, 'start'> {
  raw: Buffer;
  flags: number;
  method: number;
}

/** Checks the header before the data. @returns the offset of the data */
function dataStart(bytes: Buffer, entry: Central, directoryStart: number): number {
  const { header, name, raw, flags, method, crc, compressed, size } = entry;
  if (header + LOCAL_BYTES > directoryStart || bytes.readUInt32LE(header) !== LOCAL_SIGNATURE)
    throw new BundleRefusal('headers', 'has no header where the list of entries says', name);
  const start = header + LOCAL_BYTES + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28);
  if (start + compressed > directoryStart) throw new BundleRefusal('overlap', 'ends behind the end of all files', name);
  const differs = (what: string): BundleRefusal =>
    new BundleRefusal('headers', `has another ${what} in its header than in the list of entries`, name);
  if (!bytes.subarray(header + LOCAL_BYTES, header + LOCAL_BYTES + bytes.readUInt16LE(header + 26)).equals(raw))
    throw differs('name');
  const ownFlags = bytes.readUInt16LE(header + 6);
  checkMethod(ownFlags, method, name);
  if (bytes.readUInt16LE(header + 8) !== method) throw differs('method');
  if (((ownFlags | flags) & STREAMED) !== 0) return start;
  const same = (at: number, expected: number): boolean => {
    const value = bytes.readUInt32LE(at);
    return value === expected || value === UNKNOWN_32;
  };
  if (bytes.readUInt32LE(header + 14) !== crc) throw differs('checksum');
  if (!same(header + 18, compressed) || !same(header + 22, size)) throw differs('size');
  return start;
}

/** Reads one entry of the central directory. @returns the entry, and where the next one begins */
function readCentral(bytes: Buffer, at: number, end: number): { entry: Central; next: number } {
  if (at + CENTRAL_BYTES > end || bytes.readUInt32LE(at) !== CENTRAL_SIGNATURE)
    throw new BundleRefusal('directory', 'has fewer entries than its end record says');
  const [nameEnd, extraEnd] = [
    at + CENTRAL_BYTES + bytes.readUInt16LE(at + 28),
    at + CENTRAL_BYTES + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30),
  ];
  const next = extraEnd + bytes.readUInt16LE(at + 32);
  if (next > end) throw new BundleRefusal('directory', 'has an entry that ends behind the list of entries');
  const raw = bytes.subarray(at + CENTRAL_BYTES, nameEnd);
  const flags = bytes.readUInt16LE(at + 8);
  const method = bytes.readUInt16LE(at + 10);
  const extras = extrasOf(bytes.subarray(nameEnd, extraEnd), raw.toString('latin1'));
  const { name, guessed } = decodeName(raw, flags, extras);
  checkMethod(flags, method, name);
  const stored = [bytes.readUInt32LE(at + 24), bytes.readUInt32LE(at + 20), bytes.readUInt32LE(at + 42)];
  const [size, compressed, header] = with64(stored, extras.get(ZIP64_EXTRA), name) as [number, number, number];
  const mode = UNIX.has(bytes.readUInt8(at + 5)) ? bytes.readUInt16LE(at + 40) : 0;
  const crc = bytes.readUInt32LE(at + 16);
  return {
    entry: { ...{ name, guessed, mode, crc, compressed, size, header }, isDeflated: method === 8, raw, flags, method },
    next,
  };
}

/** @throws BundleRefusal if two entries share bytes */
function checkOverlaps(entries: readonly RawEntry[]): void {
  const sorted = [...entries].sort((a, b) => a.header - b.header);
  let before = 0;
  for (const { name, header, start, compressed } of sorted) {
    if (header < before) throw new BundleRefusal('overlap', 'shares bytes with another entry', name);
    before = start + compressed;
  }
}

/**
 * Reads all entries.
 *
 * @param breathe awaited after each entry; it lets other work run now and then
 * @throws BundleRefusal
 */
export async function readEntries(
  bytes: Buffer,
  { start, end, entries: count }: Directory,
  breathe: () => Promise<void> | undefined,
): Promise<RawEntry[]> {
  const entries: RawEntry[] = [];
  let at = start;
  for (let index = 0; index < count; index++) {
    const { entry, next } = readCentral(bytes, at, end);
    const { name, guessed, mode, crc, compressed, size, header, isDeflated } = entry;
    const data = dataStart(bytes, entry, start);
    entries.push({ ...{ name, guessed, mode, crc, compressed, size, header, isDeflated }, start: data });
    at = next;
    const pause = breathe();
    if (pause !== undefined) await pause;
  }
  if (at !== end) throw new BundleRefusal('directory', 'has more entries than its end record says');
  checkOverlaps(entries);
  return entries;
}
