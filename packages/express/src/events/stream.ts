/** One open stream of events. */
import type { ServerResponse } from 'node:http';

import { gapText } from './text.js';

/** Milliseconds that a client is given to read what it was sent before the end. */
const GRACE_MS = 5_000;

/** `no-transform` keeps compression between us and the client from holding events back. */
const HEAD = [
  ...['content-type', 'text/event-stream; charset=utf-8'],
  ...['cache-control', 'no-store, no-transform'],
  ...['x-accel-buffering', 'no'],
  ...['x-content-type-options', 'nosniff'],
];

/**
 * Writes once per turn of the event loop, however much happens in it. A client that leaves too much unread is told so, as the last
 * thing, and let go: what it does not read is kept in our memory, and nobody else is to wait for it.
 */
export class EventStream {
  readonly #res: ServerResponse;
  readonly #maxUnreadBytes: number;
  readonly #onEnd: () => void;
  #pending = '';
  #pendingBytes = 0;
  #ended = false;
  /** The id that the client was told last. */
  told = '';
  readonly openedAt = Date.now();

  /** @param onEnd told once, when nothing more can be sent; `onGone`, when nothing is left of it */
  constructor(res: ServerResponse, maxUnreadBytes: number, { onEnd, onGone }: { onEnd: () => void; onGone: () => void }) {
    this.#res = res;
    this.#maxUnreadBytes = maxUnreadBytes;
    this.#onEnd = onEnd;
    res.once('close', () => {
      this.#stop();
      onGone();
    });
    // A connection that breaks under a write closes as well.
    res.on('error', () => undefined);
    res.writeHead(200, HEAD);
  }

  /** Sends the first text, whatever its size: it is what the client came for. */
  begin(text: string, id: string): void {
    if (this.#ended) return;
    this.told = id;
    this.#res.write(text);
  }

  /** @param id of the newest event that the text tells of */
  send(text: string, bytes: number, id?: string): void {
    if (this.#ended) return;
    if (this.#res.writableLength + this.#pendingBytes + bytes > this.#maxUnreadBytes) {
      // It was not told of what waits here: it will come back for it.
      this.#pending = '';
      this.end(gapText('slow'));
      return;
    }
    if (this.#pending === '') setImmediate(this.#flush);
    this.#pending += text;
    this.#pendingBytes += bytes;
    if (id !== undefined) this.told = id;
  }

  /** Says one last thing. */
  end(last: string): void {
    if (this.#ended) return;
    const text = this.#pending + last;
    this.#stop();
    const res = this.#res;
    if (res.destroyed) return;
    res.end(text);
    const grace = setTimeout(() => res.destroy(), GRACE_MS).unref();
    res.once('close', () => clearTimeout(grace));
  }

  readonly #flush = (): void => {
    const text = this.#pending;
    if (text === '' || this.#ended || this.#res.destroyed) return;
    this.#pending = '';
    this.#pendingBytes = 0;
    this.#res.write(text);
  };

  #stop(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#pending = '';
    this.#onEnd();
  }
}
