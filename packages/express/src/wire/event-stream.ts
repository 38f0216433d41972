/**
 * Responses that are streams of Server-Sent Events.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import type { ServerResponse } from 'node:http';

import { requestHeaders } from './request-info.js';

/** Default for the bytes that a client may leave unread. */
const MAX_UNREAD_BYTES = 1_000_000;

const HEAD = ['content-type', 'text/event-stream', 'cache-control', 'no-cache, no-transform', 'x-accel-buffering', 'no'];

/** The text of one event. @param data a text without line breaks, such as JSON */
export const eventOf = (data: string, id?: string): string =>
  id === undefined ? `data: ${data}\n\n` : `id: ${id}\ndata: ${data}\n\n`;

/** The open event streams. Comments at regular intervals keep proxies from closing idle ones. */
export class EventStreams {
  readonly #open = new Set<ServerResponse>();
  readonly #keepAliveMs: number;
  readonly #maxUnreadBytes: number;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param keepAliveMs the interval of the comments
   * @param maxUnreadBytes a client that leaves more than this unread is disconnected. Default 1 MB
   */
  constructor(keepAliveMs: number, maxUnreadBytes = MAX_UNREAD_BYTES) {
    this.#keepAliveMs = keepAliveMs;
    this.#maxUnreadBytes = maxUnreadBytes;
  }

  /** How many streams are open. */
  get size(): number {
    return this.#open.size;
  }

  /**
   * Begins a stream. The headers are sent at once.
   *
   * @param first the first events
   * @param more further headers, as a flat list of names and values
   */
  open(res: ServerResponse, first = '', more: readonly string[] = []): void {
    if (res.headersSent || res.destroyed) return;
    res.writeHead(200, [...HEAD, ...requestHeaders(res), ...more]);
    // Flushed before the first write: together with a body Node would keep the header parts in memory as long as the stream is open.
    res.cork();
    res.flushHeaders();
    if (first !== '') res.write(first);
    res.uncork();
    this.#open.add(res);
    // on() instead of once(): `close` comes only once anyway, and once() would keep a wrapper function in memory.
    res.on('close', () => this.#forget(res));
    this.#timer ??= setInterval(() => this.#keepAlive(), this.#keepAliveMs).unref();
  }

  /** Writes to a stream. A client that does not read is disconnected, because what it leaves unread stays in memory. */
  write(res: ServerResponse, events: string): void {
    if (res.destroyed || res.writableEnded) return;
    if (res.writableLength > this.#maxUnreadBytes) res.destroy();
    else res.write(events);
  }

  #keepAlive(): void {
    for (const res of this.#open) this.write(res, ':\n\n');
  }

  #forget(res: ServerResponse): void {
    this.#open.delete(res);
    if (this.#open.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
