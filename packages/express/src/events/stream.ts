/** One open stream of events. */
import type { ServerResponse } from 'node:http';

import type { Holding } from '../wire/byte-budget.js';
import { COUNTED_FROM_BYTES } from '../wire/byte-budget.js';
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

/** What {@link EventStream} takes. */
export interface EventStreamOptions {
  /** A client that leaves more than this unread is disconnected. */
  maxUnreadBytes: number;
  /** Where unread events are counted. */
  holding: Holding;
  /** Called once, when nothing more can be sent. */
  onEnd: () => void;
  /** Called when the connection is closed. */
  onClosed: () => void;
}

/**
 * Collects events and writes once per turn of the event loop. A client that leaves too much unread gets a last event that says so and is
 * disconnected, because unread events stay in memory.
 */
export class EventStream {
  readonly #res: ServerResponse;
  readonly #maxUnreadBytes: number;
  readonly #onEnd: () => void;
  readonly #holding: Holding;
  #counts = false;
  #pending = '';
  #pendingBytes = 0;
  #ended = false;
  /** The last id that was sent to the client. */
  lastId = '';
  /** In milliseconds of `performance.now()`. */
  readonly openedAt = performance.now();

  constructor(res: ServerResponse, { maxUnreadBytes, holding, onEnd, onClosed }: EventStreamOptions) {
    this.#res = res;
    this.#maxUnreadBytes = maxUnreadBytes;
    this.#onEnd = onEnd;
    this.#holding = holding;
    res.once('close', () => {
      this.#stop();
      holding.end();
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
    const unread = this.#res.writableLength + this.#pendingBytes + bytes;
    if (unread > this.#maxUnreadBytes || !this.#mayKeep(unread)) {
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

  /** Counts what the client has not read. @returns false where its user has no budget left for that */
  #mayKeep(unread: number): boolean {
    if (unread <= COUNTED_FROM_BYTES) return true; // nearly always
    if (!this.#counts) this.#res.on('drain', () => this.#holding.set(0));
    this.#counts = true;
    return this.#holding.set(unread);
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
