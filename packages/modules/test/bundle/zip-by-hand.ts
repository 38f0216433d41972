/** Writes zip archives field by field, for archives that no tool writes. */
import { crc32, deflateRawSync } from 'node:zlib';

/** An entry. What is not given is as an honest tool writes it. */
export interface HandEntry {
  name: string | Buffer;
  /** The contents before compression. */
  content?: string | Buffer;
  /** The data as it is in the archive, in place of compressed contents. */
  data?: Buffer;
  method?: number;
  flags?: number;
  /** The Unix mode with its type. */
  mode?: number;
  /** 3: Unix, 0: DOS. */
  host?: number;
  crc?: number;
  size?: number;
  compressed?: number;
  extra?: Buffer;
  /** Another value in the header before the data. */
  local?: { name?: string; method?: number; flags?: number; crc?: number; size?: number; compressed?: number };
  /** The offset of the header that the list of entries gives. */
  offset?: number;
}

/** Changes of the end record, and of what is around the archive. */
export interface HandEnd {
  entries?: number;
  entriesOnDisk?: number;
  size?: number;
  offset?: number;
  disk?: number;
  comment?: Buffer;
  commentLength?: number;
  /** Between the list of entries and the end record. */
  before?: (start: number, size: number, entries: number) => Buffer;
  prefix?: Buffer;
  tail?: Buffer;
}

export const u16 = (value: number): Buffer => Buffer.from([value & 255, (value >> 8) & 255]);
export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
};
export const u64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
};

/** An extra field. */
export const extraField = (id: number, body: Buffer): Buffer => Buffer.concat([u16(id), u16(body.length), body]);

interface Made {
  local: Buffer;
  central: (offset: number) => Buffer;
}

function make(entry: HandEntry): Made {
  const { content = '', method = 8, flags = 0, mode = 0o100644, host = 3, extra = Buffer.alloc(0), local = {} } = entry;
  const name = Buffer.from(entry.name as string);
  const plain = Buffer.from(content as string);
  const data = entry.data ?? (method === 8 ? deflateRawSync(plain) : plain);
  const { crc = crc32(plain), size = plain.length, compressed = data.length } = entry;
  const fields = (of: { method: number; flags: number; crc: number; size: number; compressed: number }): Buffer =>
    Buffer.concat([u16(20), u16(of.flags), u16(of.method), u16(0), u16(0x21), u32(of.crc), u32(of.compressed), u32(of.size)]);
  const own = { method, flags, crc, size, compressed };
  const localName = local.name === undefined ? name : Buffer.from(local.name);
  return {
    local: Buffer.concat([u32(0x04034b50), fields({ ...own, ...local }), u16(localName.length), u16(0), localName, data]),
    central: (offset) =>
      Buffer.concat([
        ...[u32(0x02014b50), Buffer.from([20, host]), fields(own)],
        ...[u16(name.length), u16(extra.length), u16(0), u16(0), u16(0), u32(mode * 0x10000)],
        ...[u32(entry.offset ?? offset), name, extra],
      ]),
  };
}

/** An archive of these entries. */
export function zipByHand(entries: readonly HandEntry[], end: HandEnd = {}): Buffer {
  const { prefix = Buffer.alloc(0), tail = Buffer.alloc(0), comment = Buffer.alloc(0), disk = 0 } = end;
  const made = entries.map(make);
  const centrals: Buffer[] = [];
  let offset = prefix.length;
  for (const { local, central } of made) {
    centrals.push(central(offset));
    offset += local.length;
  }
  const list = Buffer.concat(centrals);
  const count = end.entries ?? entries.length;
  return Buffer.concat([
    ...[prefix, ...made.map(({ local }) => local), list],
    end.before?.(offset, list.length, entries.length) ?? Buffer.alloc(0),
    ...[u32(0x06054b50), u16(disk), u16(disk), u16(end.entriesOnDisk ?? count), u16(count)],
    ...[u32(end.size ?? list.length), u32(end.offset ?? offset), u16(end.commentLength ?? comment.length), comment, tail],
  ]);
}

/** A zip64 end record and its locator. */
export function zip64End(fields: { entries: bigint; size: bigint; start: bigint; at: bigint; recordSize?: bigint }): Buffer {
  const { entries, size, start, at, recordSize = 44n } = fields;
  return Buffer.concat([
    ...[u32(0x06064b50), u64(recordSize), u16(45), u16(45), u32(0), u32(0), u64(entries), u64(entries), u64(size), u64(start)],
    ...[u32(0x07064b50), u32(0), u64(at), u32(1)],
  ]);
}
