/** One side of the socket between the daemon and a child: sends and receives messages. Both sides use it. */
import type { Socket } from 'node:net';

import type { Message, SmallMessage } from './frames.js';
import { encodeParts, encodeSmall, FrameReader, MAX_BODY_BYTES, ProtocolFault, smallMessage } from './frames.js';

/** What {@link Connection} takes. */
export interface ConnectionOptions {
  socket: Socket;
  /** Bytes of the largest message that is received. */
  maxMessageBytes: number;
  /** Gets each message. What it throws ends the connection. */
  onMessage(message: Message): void;
  /** Called after the messages of each chunk of received bytes. */
  onBatch?(): void;
  /** Called once, when the connection has ended. @param fault what the other side did wrong, if that ended it */
  onEnd(fault: string | undefined): void;
}

const NONE: readonly string[] = [];
const toBytes = (attachment: Uint8Array | string): Uint8Array =>
  typeof attachment === 'string' ? Buffer.from(attachment) : attachment;

/** Messages that wait until the socket takes more. */
interface Large {
  id: number;
  frames: Iterator<Buffer>;
}

/**
 * A connection. Small messages of one turn of the event loop are written together. Large ones are written in parts as the socket takes
 * them, and small ones of other ids pass them.
 */
export class Connection {
  readonly #socket: Socket;
  #small: SmallMessage[] = [];
  #large: Large[] = [];
  #flushing: NodeJS.Immediate | undefined;
  #fault: string | undefined;
  readonly #reader: FrameReader;

  constructor({ socket, maxMessageBytes, onMessage, onBatch, onEnd }: ConnectionOptions) {
    this.#socket = socket;
    this.#reader = new FrameReader(maxMessageBytes, onMessage);
    socket.on('data', (chunk: Buffer) => {
      try {
        this.#reader.push(chunk);
        onBatch?.();
      } catch (error) {
        if (!(error instanceof ProtocolFault)) throw error;
        this.fail(error.message);
      }
    });
    socket.on('drain', () => this.flush());
    socket.on('error', () => undefined); // `close` follows
    socket.on('close', () => {
      this.#small = [];
      this.#large = [];
      onEnd(this.#fault);
    });
  }

  /** Bytes that the other side has not taken yet, about. */
  get backlog(): number {
    return this.#socket.writableLength;
  }

  /** Changes the size of the largest message that is received. */
  set maxMessageBytes(bytes: number) {
    this.#reader.maxBytes = bytes;
  }

  /** Sends a message. Nothing is sent after the end. @param attachments bytes, or texts that are sent in UTF-8 */
  send(type: number, id: number, json: string, attachments: readonly Uint8Array[] | readonly string[] = NONE): void {
    if (this.#socket.destroyed) return;
    const hasBytes = attachments.length > 0 && typeof attachments[0] !== 'string';
    const isLate = this.#large.length > 0 && this.#large.some((large) => large.id === id);
    const small = hasBytes || isLate ? undefined : smallMessage(type, id, json, attachments as readonly string[], MAX_BODY_BYTES);
    if (small !== undefined) this.#small.push(small);
    else this.#large.push({ id, frames: encodeParts(type, id, json, attachments.map(toBytes)) });
    this.#flushing ??= setImmediate(() => this.flush());
  }

  /** Writes what waits, as far as the socket takes it. */
  flush(): void {
    if (this.#flushing !== undefined) clearImmediate(this.#flushing);
    this.#flushing = undefined;
    if (this.#socket.destroyed) return;
    if (this.#small.length > 0) {
      const messages = this.#small;
      this.#small = [];
      this.#socket.write(encodeSmall(messages));
    }
    while (this.#large.length > 0 && !this.#socket.writableNeedDrain) {
      const [first] = this.#large;
      const frame = first?.frames.next();
      if (frame?.done === false) this.#socket.write(frame.value);
      else this.#large.shift();
    }
  }

  /** Whether this connection keeps the process from ending. */
  hold(hold: boolean): void {
    if (hold) this.#socket.ref();
    else this.#socket.unref();
  }

  /** Ends the connection because of what the other side did. */
  fail(fault: string): void {
    this.#fault ??= fault;
    this.#socket.destroy();
  }

  /** Ends the connection. */
  destroy(): void {
    this.#socket.destroy();
  }
}
