/**
 * The signature block at the end of an archive of the mcpb tool: a mark, the length of a signature, the signature (PKCS #7, DER), and a
 * second mark. Blocks that were made by other programs are filled up with zeros before the second mark.
 */
import { BundleRefusal } from './refusal.js';

/** A signature block. */
export interface SignatureBlock {
  /** The signature: PKCS #7 in DER. */
  readonly der: Buffer;
  /** What may have been signed, each as the pieces of its bytes: the tool changes the archive a little when it adds the signature. */
  readonly signed: readonly (readonly Buffer[])[];
}

/** The place of a block. */
export interface BlockPlace {
  readonly start: number;
  readonly der: Buffer;
}

const START = Buffer.from('MCPB_SIG_V1');
const END = Buffer.from('MCPB_SIG_END');
const LENGTH_BYTES = 4;
/** Where the length of the comment is in the end record. */
const COMMENT_LENGTH = 20;

/** Finds the block. @returns undefined: there is none. @throws BundleRefusal if its length is wrong */
export function findBlock(bytes: Buffer): BlockPlace | undefined {
  if (!bytes.subarray(-END.length).equals(END)) return undefined;
  const start = bytes.lastIndexOf(START);
  const body = start + START.length + LENGTH_BYTES;
  const last = bytes.length - END.length;
  const length = start >= 0 && body <= last ? bytes.readUInt32LE(body - LENGTH_BYTES) : Infinity;
  if (body + length > last || bytes.subarray(body + length, last).some((byte) => byte !== 0))
    throw new BundleRefusal('trailing', 'ends with a signature block whose length is wrong');
  return { start, der: bytes.subarray(body, body + length) };
}

/**
 * The block with what it may sign: the bytes before it. Newer versions of the tool sign an archive whose comment does not count the block
 * yet.
 *
 * @param end the offset of the archive's end record
 */
export function blockOf(bytes: Buffer, { start, der }: BlockPlace, end: number): SignatureBlock {
  const at = end + COMMENT_LENGTH;
  const before = bytes.readUInt16LE(at) - (bytes.length - start);
  const asItIs = [bytes.subarray(0, start)];
  if (before < 0) return { der, signed: [asItIs] };
  const comment = Buffer.alloc(2);
  comment.writeUInt16LE(before);
  return { der, signed: [asItIs, [bytes.subarray(0, at), comment, bytes.subarray(at + 2, start)]] };
}
