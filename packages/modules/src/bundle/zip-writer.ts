/** Writes zip archives whose bytes follow from their entries alone: no times, no users, no order of a file system. */
import { promisify } from 'node:util';
import { crc32, deflateRaw, deflateRawSync } from 'node:zlib';

import { DaemonError } from '@mcp-daemon/core';

import { RATIO_FROM_BYTES } from './limits.js';

/** What is written of a file, a folder or a link. */
export interface ZipEntry {
  /** Parts with `/` between them; the name of a folder ends with `/`. */
  name: string;
  /** The Unix mode, with its type. */
  mode: number;
  /** The contents of a file, the target of a link; empty for a folder. */
  content: Buffer;
}

const LEVEL = 9;
const deflateLater = promisify(deflateRaw);
const AT_ONCE_BYTES = 64 * 1024;
const [MAX_ENTRIES, MAX_BYTES] = [0xfffe, 0xfffffffe];
/** The first of January 1980, the first day of the format. */
const DATE = 0x0021;
const VERSION = 20;
const UNIX = 3;
const UTF8_FLAG = 0x0800;
/** A guard may refuse files that compress better than this: they are stored as they are. */
const MAX_RATIO = 90;

interface Written extends Omit<ZipEntry, 'name' | 'content'> {
  raw: Buffer;
  flags: number;
  data: Buffer;
  method: number;
  crc: number;
  size: number;
}

async function written({ name, mode, content }: ZipEntry): Promise<Written> {
  const raw = Buffer.from(name, 'utf8');
  const isSmall = content.length <= AT_ONCE_BYTES;
  const deflated = isSmall ? deflateRawSync(content, { level: LEVEL }) : await deflateLater(content, { level: LEVEL });
  const isSuspicious = content.length > RATIO_FROM_BYTES && content.length > deflated.length * MAX_RATIO;
  const isDeflated = deflated.length < content.length && !isSuspicious;
  return {
    ...{ raw, mode, crc: crc32(content), size: content.length },
    flags: raw.every((byte) => byte < 0x80) ? 0 : UTF8_FLAG,
    data: isDeflated ? deflated : content,
    method: isDeflated ? 8 : 0,
  };
}

/** The fields that the header and the list of entries have in common, from "version needed" on. */
function commonFields({ raw, flags, method, crc, data, size }: Written): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(VERSION, 0);
  fields.writeUInt16LE(flags, 2);
  fields.writeUInt16LE(method, 4);
  fields.writeUInt16LE(DATE, 8);
  fields.writeUInt32LE(crc, 10);
  fields.writeUInt32LE(data.length, 14);
  fields.writeUInt32LE(size, 18);
  fields.writeUInt16LE(raw.length, 22);
  return fields;
}

function localHeader(entry: Written): Buffer {
  const signature = Buffer.from([0x50, 0x4b, 0x03, 0x04]);
  return Buffer.concat([signature, commonFields(entry), entry.raw]);
}

function centralHeader(entry: Written, offset: number): Buffer {
  const head = Buffer.from([0x50, 0x4b, 0x01, 0x02, VERSION, UNIX]);
  return Buffer.concat([head, commonFields(entry), centralTail(entry.mode, offset), entry.raw]);
}

/** Comment, disk and attributes, then the offset of the header. */
function centralTail(mode: number, offset: number): Buffer {
  const tail = Buffer.alloc(14);
  tail.writeUInt16LE(mode, 8);
  tail.writeUInt32LE(offset, 10);
  return tail;
}

function endRecord(entries: number, size: number, start: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries, 8);
  end.writeUInt16LE(entries, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(start, 16);
  return end;
}

/**
 * Writes an archive.
 *
 * @param entries in the order in which they are written
 * @returns the same bytes for the same entries, with the same version of zlib (Node brings its own)
 * @throws DaemonError `usage` if it needs zip64, which a bundle never does
 */
export async function writeZip(entries: Iterable<ZipEntry> | AsyncIterable<ZipEntry>): Promise<Buffer> {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for await (const entry of entries) {
    const done = await written(entry);
    const header = localHeader(done);
    central.push(centralHeader(done, offset));
    parts.push(header, done.data);
    offset += header.length + done.data.length;
    if (central.length > MAX_ENTRIES || offset > MAX_BYTES)
      throw new DaemonError('usage', `a bundle may have at most ${MAX_ENTRIES} entries and ${MAX_BYTES} bytes`);
  }
  const list = Buffer.concat(central);
  return Buffer.concat([...parts, list, endRecord(central.length, list.length, offset)]);
}
