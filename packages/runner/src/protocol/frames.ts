/** Frames on the socket: messages to bytes and back; see docs/runner-protocol.md. */

/** Bytes of a frame before its body: length, type, flags, id. */
export const HEADER_BYTES = 10;
/** Bytes of the body of one frame. */
export const MAX_BODY_BYTES = 262_144;
/** Messages that may be incomplete at the same time, in units of the largest message. */
const INCOMPLETE_MESSAGES = 4;
/** What the length counts besides the body: type, flags, id. */
const COUNTED = 6;

const MORE = 1;
const ATTACHED = 2;

/** A message that was received. */
export interface Message {
  type: number;
  id: number;
  /** The received bytes. The body is the part from `start` to `end`, without a view of its own: that costs more than parsing it. */
  bytes: Buffer;
  start: number;
  end: number;
  /** Whether the body begins with the length of its JSON, and has attachments behind it. */
  attached: boolean;
  /** Whether the bytes are the body alone. Else they are a chunk with other messages. */
  owned: boolean;
}

/** Bytes that are no frames, or a message that is not allowed. The connection cannot be used any more. */
export class ProtocolFault extends Error {
  override readonly name = 'ProtocolFault';
}

function writeHeader(target: Buffer, at: number, bodyBytes: number, type: number, flags: number, id: number): void {
  target.writeUInt32LE(bodyBytes + COUNTED, at);
  target[at + 4] = type;
  target[at + 5] = flags;
  target.writeUInt32LE(id, at + 6);
}

/** Writes a text, and returns the number of its bytes. Text of ASCII alone is copied, which is quicker than encoding it. */
const writeText = (target: Buffer, text: string, at: number, bytes: number): number =>
  bytes === text.length ? target.write(text, at, bytes, 'latin1') : target.write(text, at, bytes, 'utf8');

/** A message that fits into one frame, and has no attachments but texts. */
export interface SmallMessage {
  type: number;
  id: number;
  json: string;
  /** Bytes of the JSON in UTF-8. */
  bytes: number;
  texts: readonly string[];
  /** Bytes of the body in UTF-8: of the JSON, its length, and the texts; of the JSON alone without texts. */
  bodyBytes: number;
}

/** Describes a message. @param most bytes that its body may have; undefined is returned for more */
export function smallMessage(
  type: number,
  id: number,
  json: string,
  texts: readonly string[],
  most: number,
): SmallMessage | undefined {
  if (json.length > most) return undefined;
  const bytes = Buffer.byteLength(json);
  let bodyBytes = bytes;
  if (texts.length > 0) {
    bodyBytes += 4;
    for (const text of texts) bodyBytes += text.length > most ? Infinity : Buffer.byteLength(text);
  }
  return bodyBytes > most ? undefined : { type, id, json, bytes, texts, bodyBytes };
}

/** Encodes messages as frames, one after the other. */
export function encodeSmall(messages: readonly SmallMessage[]): Buffer {
  let size = 0;
  for (const { bodyBytes } of messages) size += HEADER_BYTES + bodyBytes;
  const target = Buffer.allocUnsafe(size);
  let at = 0;
  for (const { type, id, json, bytes, texts, bodyBytes } of messages) {
    writeHeader(target, at, bodyBytes, type, texts.length === 0 ? 0 : ATTACHED, id);
    const end = at + HEADER_BYTES + bodyBytes;
    at += HEADER_BYTES;
    if (texts.length > 0) at = target.writeUInt32LE(bytes, at);
    writeText(target, json, at, bytes);
    at += bytes;
    // One text has the rest, so that its bytes need not be counted again.
    for (const text of texts) at += writeText(target, text, at, texts.length === 1 ? end - at : Buffer.byteLength(text));
  }
  return target;
}

/** Encodes a message of any size as frames, one at a time. */
export function* encodeParts(type: number, id: number, json: string, attachments: readonly Uint8Array[]): Generator<Buffer> {
  const text = Buffer.from(json);
  const pieces: Uint8Array[] = attachments.length === 0 ? [text] : [lengthOf(text), text, ...attachments];
  const flags = attachments.length === 0 ? 0 : ATTACHED;
  let left = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  let [index, offset] = [0, 0];
  do {
    const size = Math.min(left, MAX_BODY_BYTES);
    left -= size;
    const frame = Buffer.allocUnsafe(HEADER_BYTES + size);
    writeHeader(frame, 0, size, type, flags | (left > 0 ? MORE : 0), id);
    for (let at = HEADER_BYTES; at < frame.length;) {
      const piece = pieces[index] ?? text;
      const part = piece.subarray(offset, offset + frame.length - at);
      frame.set(part, at);
      at += part.byteLength;
      offset += part.byteLength;
      if (offset === piece.byteLength) [index, offset] = [index + 1, 0];
    }
    yield frame;
  } while (left > 0);
}

function lengthOf(text: Buffer): Buffer {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32LE(text.byteLength);
  return length;
}

/** `Buffer.utf8Slice`, which its types lack: `toString` without the look at its arguments. */
const textOf = (bytes: Buffer, start: number, end: number): string =>
  (bytes as unknown as { utf8Slice(start: number, end: number): string }).utf8Slice(start, end);

/** Where the JSON of a message begins and ends. @throws ProtocolFault */
function jsonRange({ bytes, start, end, attached }: Message): [start: number, end: number] {
  if (!attached) return [start, end];
  const size = end - start < 4 ? Infinity : bytes.readUInt32LE(start);
  if (size > end - start - 4) throw new ProtocolFault('the JSON of a message is longer than the message');
  return [start + 4, start + 4 + size];
}

/** The JSON of a message. @throws ProtocolFault */
export function jsonOf(message: Message): string {
  if (!message.attached) return textOf(message.bytes, message.start, message.end);
  const [start, end] = jsonRange(message);
  return textOf(message.bytes, start, end);
}

/** The attachments of a message, one after the other. @throws ProtocolFault */
export const attachmentsOf = (message: Message): Buffer => message.bytes.subarray(jsonRange(message)[1], message.end);

/** Reads the JSON of a message. @throws ProtocolFault if it is no JSON object */
export function bodyOf(message: Message): Record<string, unknown> {
  return parseBody(jsonOf(message));
}

/** Parses the JSON of a message. @throws ProtocolFault if it is no JSON object */
export function parseBody(json: string): Record<string, unknown> {
  let body: unknown;
  try {
    body = JSON.parse(json);
  } catch {
    throw new ProtocolFault('a message is not JSON');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new ProtocolFault('a message is no JSON object');
  return body as Record<string, unknown>;
}

interface Incomplete {
  parts: Buffer[];
  size: number;
  attached: boolean;
}

/** The bytes of the frame that begins here, with its length. @throws ProtocolFault */
function frameBytes(bytes: Buffer, at: number): number {
  const length = bytes.readUInt32LE(at);
  if (length < COUNTED || length > MAX_BODY_BYTES + COUNTED) throw new ProtocolFault(`a frame says that it has ${length} bytes`);
  return 4 + length;
}

/** Makes messages of the bytes of a stream. */
export class FrameReader {
  readonly #onMessage: (message: Message) => void;
  readonly #incomplete = new Map<number, Incomplete>();
  #incompleteBytes = 0;
  #maxBytes: number;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** Bytes of the frame that the waiting bytes begin; 0: not known yet. */
  #needed = 0;

  /**
   * @param maxBytes of one message
   * @param onMessage gets each message
   */
  constructor(maxBytes: number, onMessage: (message: Message) => void) {
    this.#maxBytes = maxBytes;
    this.#onMessage = onMessage;
  }

  /** Changes the size of the largest message. */
  set maxBytes(bytes: number) {
    this.#maxBytes = bytes;
  }

  /** Takes the next bytes. @throws ProtocolFault, and what the callback throws */
  push(chunk: Buffer): void {
    let at = 0;
    // The frame that began in earlier bytes is completed first, so that only its bytes are copied.
    while (this.#waitingBytes > 0) {
      const missing = (this.#needed || HEADER_BYTES) - this.#waitingBytes;
      const part = chunk.subarray(at, at + missing);
      this.#waiting.push(part);
      this.#waitingBytes += part.length;
      at += part.length;
      if (part.length < missing) return;
      const bytes = Buffer.concat(this.#waiting, this.#waitingBytes);
      this.#waiting = [bytes];
      if (this.#needed === 0) {
        this.#needed = frameBytes(bytes, 0);
        if (bytes.length < this.#needed) continue;
      }
      this.#waiting = [];
      this.#waitingBytes = 0;
      this.#frame(bytes, 0, this.#needed);
    }
    this.#needed = 0;
    while (chunk.length - at >= HEADER_BYTES) {
      const size = frameBytes(chunk, at);
      if (at + size > chunk.length) {
        this.#needed = size;
        break;
      }
      this.#frame(chunk, at, at + size);
      at += size;
    }
    if (at === chunk.length) return;
    this.#waiting = [at === 0 ? chunk : chunk.subarray(at)];
    this.#waitingBytes = chunk.length - at;
  }

  /** Takes the frame that is at this place of the bytes. */
  #frame(bytes: Buffer, at: number, end: number): void {
    const type = bytes[at + 4] as number;
    const flags = bytes[at + 5] as number;
    const id = bytes.readUInt32LE(at + 6);
    const start = at + HEADER_BYTES;
    if ((flags & ~(MORE | ATTACHED)) !== 0) throw new ProtocolFault(`a frame has the unknown flags ${flags}`);
    const attached = (flags & ATTACHED) !== 0;
    const key = type * 0x1_0000_0000 + id;
    const before = this.#incomplete.size === 0 ? undefined : this.#incomplete.get(key);
    if (before === undefined && (flags & MORE) === 0) {
      if (end - start > this.#maxBytes) throw this.#tooLarge();
      this.#onMessage({ type, id, bytes, start, end, attached, owned: false });
      return;
    }
    const message = before ?? { parts: [], size: 0, attached };
    if (before === undefined) this.#incomplete.set(key, message);
    if (message.attached !== attached) throw new ProtocolFault('the parts of a message have different flags');
    message.parts.push(Buffer.from(bytes.subarray(start, end))); // a copy: the bytes of the stream are in larger chunks
    message.size += end - start;
    this.#incompleteBytes += end - start;
    if (message.size > this.#maxBytes || this.#incompleteBytes > this.#maxBytes * INCOMPLETE_MESSAGES) throw this.#tooLarge();
    if ((flags & MORE) !== 0) return;
    this.#incomplete.delete(key);
    this.#incompleteBytes -= message.size;
    const whole = Buffer.concat(message.parts, message.size);
    this.#onMessage({ type, id, bytes: whole, start: 0, end: whole.length, attached, owned: true });
  }

  #tooLarge(): ProtocolFault {
    return new ProtocolFault(`a message is larger than ${this.#maxBytes} bytes`);
  }
}
