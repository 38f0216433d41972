/** Reads values in DER (ITU-T X.690), the encoding of certificates and signatures: as much as a signature needs. */

/** A value. */
export interface DerValue {
  /** Its class, form and number. */
  readonly tag: number;
  /** All of its bytes, with tag and length. */
  readonly whole: Buffer;
  /** Its contents. */
  readonly content: Buffer;
}

/** The tags of {@link DerValue}. `CONTEXT` is that of `[0]`; the next ones follow it. */
export const TAG = { INTEGER: 0x02, OCTETS: 0x04, OID: 0x06, SEQUENCE: 0x30, SET: 0x31, CONTEXT: 0xa0 } as const;

/** Bytes of a length that follow its first byte: 4 GB are enough. */
const MAX_LENGTH_BYTES = 4;

/** Reads the value that begins at an offset. @throws Error if it is not DER */
function readAt(bytes: Buffer, at: number): DerValue {
  const [tag, first] = [bytes[at], bytes[at + 1]];
  if (tag === undefined || first === undefined) throw new Error('is cut off');
  if ((tag & 0x1f) === 0x1f) throw new Error('has a tag of several bytes');
  let from = at + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first - 0x80;
    if (count === 0 || count > MAX_LENGTH_BYTES || from + count > bytes.length) throw new Error('has a length that is not DER');
    length = bytes.readUIntBE(from, count);
    from += count;
  }
  if (from + length > bytes.length) throw new Error('is cut off');
  return { tag, whole: bytes.subarray(at, from + length), content: bytes.subarray(from, from + length) };
}

/** Reads one value, with nothing behind it. @throws Error if it is not DER */
export function readDer(bytes: Buffer): DerValue {
  const value = readAt(bytes, 0);
  if (value.whole.length !== bytes.length) throw new Error('has bytes behind its end');
  return value;
}

/** The values in a value. @throws Error if they are not DER */
export function childrenOf({ content }: DerValue): DerValue[] {
  const children: DerValue[] = [];
  for (let at = 0; at < content.length;) {
    const child = readAt(content, at);
    children.push(child);
    at += child.whole.length;
  }
  return children;
}

/** Takes the values of a sequence one after the other. */
export class DerReader {
  readonly #values: DerValue[];

  /** @throws Error if the value has not this tag */
  constructor(value: DerValue, tag: number = TAG.SEQUENCE) {
    if (value.tag !== tag) throw new Error('has an unknown structure');
    this.#values = childrenOf(value);
  }

  /** The next value, if it has this tag. */
  optional(tag: number): DerValue | undefined {
    return this.#values[0]?.tag === tag ? this.#values.shift() : undefined;
  }

  /** The next value. @throws Error if it has another tag */
  next(tag: number): DerValue {
    const found = this.optional(tag);
    if (found === undefined) throw new Error('has an unknown structure');
    return found;
  }

  /** The next value, of any tag. @throws Error if there is none */
  any(): DerValue {
    const found = this.#values.shift();
    if (found === undefined) throw new Error('has an unknown structure');
    return found;
  }
}
