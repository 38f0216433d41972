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
  /** A view of the received bytes: it is valid until the callback returns, unless it is `owned`. */
  body: Buffer;
  /** Whether the body begins with the length of its JSON, and has attachments behind it. */
  attached: boolean;
  /** Whether the body is memory of its own. */
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

/** A message whose body is JSON alone, and fits into one frame. */
export interface SmallMessage {
  type: number;
  id: number;
  json: string;
  /** Bytes of the JSON in UTF-8. */
  bytes: number;
}

/** Encodes messages as frames, one after the other. */
export function encodeSmall(messages: readonly SmallMessage[]): Buffer {
  let size = 0;
  for (const { bytes } of messages) size += HEADER_BYTES + bytes;
  const target = Buffer.allocUnsafe(size);
  let at = 0;
  for (const { type, id, json, bytes } of messages) {
    writeHeader(target, at, bytes, type, 0, id);
    at += HEADER_BYTES;
    writeText(target, json, at, bytes);
    at += bytes;
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

/** Splits a body into its JSON and its attachments. @throws ProtocolFault */
export function splitBody({ body, attached }: Message): { json: string; rest: Buffer } {
  if (!attached) return { json: body.toString('utf8'), rest: body.subarray(body.length) };
  const size = body.length < 4 ? Infinity : body.readUInt32LE(0);
  if (size > body.length - 4) throw new ProtocolFault('the JSON of a message is longer than the message');
  return { json: body.toString('utf8', 4, 4 + size), rest: body.subarray(4 + size) };
}

/** Reads the body of a message without attachments. @throws ProtocolFault if it is no JSON object */
export function bodyOf(message: Message): Record<string, unknown> {
  return parseBody(splitBody(message).json);
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
    if (this.#waitingBytes > 0) {
      this.#waiting.push(chunk);
      this.#waitingBytes += chunk.length;
      if (this.#waitingBytes < Math.max(this.#needed, HEADER_BYTES)) return;
      chunk = Buffer.concat(this.#waiting);
      this.#waiting = [];
      this.#waitingBytes = 0;
    }
    let at = 0;
    this.#needed = 0;
    while (chunk.length - at >= HEADER_BYTES) {
      const length = chunk.readUInt32LE(at);
      if (length < COUNTED || length > MAX_BODY_BYTES + COUNTED)
        throw new ProtocolFault(`a frame says that it has ${length} bytes`);
      const end = at + 4 + length;
      if (end > chunk.length) {
        this.#needed = 4 + length;
        break;
      }
      this.#frame(
        chunk[at + 4] as number,
        chunk[at + 5] as number,
        chunk.readUInt32LE(at + 6),
        chunk.subarray(at + HEADER_BYTES, end),
      );
      at = end;
    }
    if (at === chunk.length) return;
    this.#waiting = [at === 0 ? chunk : chunk.subarray(at)];
    this.#waitingBytes = chunk.length - at;
  }

  #frame(type: number, flags: number, id: number, body: Buffer): void {
    if ((flags & ~(MORE | ATTACHED)) !== 0) throw new ProtocolFault(`a frame has the unknown flags ${flags}`);
    const attached = (flags & ATTACHED) !== 0;
    const key = type * 0x1_0000_0000 + id;
    const before = this.#incomplete.size === 0 ? undefined : this.#incomplete.get(key);
    if (before === undefined && (flags & MORE) === 0) {
      if (body.length > this.#maxBytes) throw this.#tooLarge();
      this.#onMessage({ type, id, body, attached, owned: false });
      return;
    }
    const message = before ?? { parts: [], size: 0, attached };
    if (before === undefined) this.#incomplete.set(key, message);
    if (message.attached !== attached) throw new ProtocolFault('the parts of a message have different flags');
    message.parts.push(Buffer.from(body)); // a copy: the bytes of the stream are in larger chunks
    message.size += body.length;
    this.#incompleteBytes += body.length;
    if (message.size > this.#maxBytes || this.#incompleteBytes > this.#maxBytes * INCOMPLETE_MESSAGES) throw this.#tooLarge();
    if ((flags & MORE) !== 0) return;
    this.#incomplete.delete(key);
    this.#incompleteBytes -= message.size;
    this.#onMessage({ type, id, body: Buffer.concat(message.parts, message.size), attached, owned: true });
  }

  #tooLarge(): ProtocolFault {
    return new ProtocolFault(`a message is larger than ${this.#maxBytes} bytes`);
  }
}
