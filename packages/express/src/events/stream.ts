/** One open stream of events. */
import type { ServerResponse } from 'node:http';

import { gapText } from './text.js';

/** How long a client may take to read the last events before its connection is closed. */
const GRACE_MS = 5_000;

/** `no-transform` keeps proxies from compressing the stream, which would delay events. */
const HEAD = [
  ...['content-type', 'text/event-stream; charset=utf-8'],
  ...['cache-control', 'no-store, no-transform'],
  ...['x-accel-buffering', 'no'],
  ...['x-content-type-options', 'nosniff'],
];

/**
 * Collects events and writes once per turn of the event loop. A client that leaves too much unread gets a last event that says so and is
 * disconnected, because unread events stay in memory.
 */
export class EventStream {
  readonly #res: ServerResponse;
  readonly #maxUnreadBytes: number;
  readonly #onEnd: () => void;
  #pending = '';
  #pendingBytes = 0;
  #ended = false;
  /** The last id that was sent to the client. */
  lastId = '';
  /** In milliseconds of `performance.now()`. */
  readonly openedAt = performance.now();

  /**
   * @param maxUnreadBytes a client that leaves more than this unread is disconnected
   * @param onEnd called once, when nothing more can be sent; `onClosed` is called when the connection is closed
   */
  constructor(res: ServerResponse, maxUnreadBytes: number, { onEnd, onClosed }: { onEnd: () => void; onClosed: () => void }) {
    this.#res = res;
    this.#maxUnreadBytes = maxUnreadBytes;
    this.#onEnd = onEnd;
    res.once('close', () => {
      this.#stop();
      onClosed();
    });
    // After an error the response is closed, and `close` does the rest.
    res.on('error', () => undefined);
    res.writeHead(200, HEAD);
  }

  /** Sends the first events, whatever their size. */
  begin(text: string, id: string): void {
    if (this.#ended) return;
    this.lastId = id;
    this.#res.write(text);
  }

  /** Sends events. @param bytes the size of the text @param id the id of the newest event in the text */
  send(text: string, bytes: number, id?: string): void {
    if (this.#ended) return;
    if (this.#res.writableLength + this.#pendingBytes + bytes > this.#maxUnreadBytes) {
      // The pending events are dropped. The client has not seen their ids, so it asks for them when it reconnects.
      this.#pending = '';
      this.end(gapText('slow'));
      return;
    }
    if (this.#pending === '') setImmediate(this.#flush);
    this.#pending += text;
    this.#pendingBytes += bytes;
    if (id !== undefined) this.lastId = id;
  }

  /** Sends a last text and ends the stream. */
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
