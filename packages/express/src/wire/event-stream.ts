/**
 * Responses that are streams of Server-Sent Events.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import type { ServerResponse } from 'node:http';

import { requestHeaders } from './request-info.js';

/** Bytes that a client may leave unread, where nothing else is said; one that leaves more is cut off. */
const MAX_UNREAD_BYTES = 1_000_000;

const HEAD = ['content-type', 'text/event-stream', 'cache-control', 'no-cache, no-transform', 'x-accel-buffering', 'no'];

/** One event. @param data without a line break: JSON has none */
export const eventOf = (data: string, id?: string): string =>
  id === undefined ? `data: ${data}\n\n` : `id: ${id}\ndata: ${data}\n\n`;

/** The streams that are open now. Those that are quiet are kept alive by comments, so that nothing between closes them. */
export class EventStreams {
  readonly #open = new Set<ServerResponse>();
  readonly #keepAliveMs: number;
  readonly #maxUnreadBytes: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(keepAliveMs: number, maxUnreadBytes = MAX_UNREAD_BYTES) {
    this.#keepAliveMs = keepAliveMs;
    this.#maxUnreadBytes = maxUnreadBytes;
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Begins a stream. @param first its first events; without any, the headers leave at once */
  open(res: ServerResponse, first = '', more: readonly string[] = []): void {
    if (res.headersSent || res.destroyed) return;
    res.writeHead(200, [...HEAD, ...requestHeaders(res), ...more]);
    // By themselves, in the same packet: joined with a body they would be kept in their many parts for as long as the stream.
    res.cork();
    res.flushHeaders();
    if (first !== '') res.write(first);
    res.uncork();
    this.#open.add(res);
    // It comes once; once() would keep a wrapper for that.
    res.on('close', () => this.#forget(res));
    this.#timer ??= setInterval(() => this.#keepAlive(), this.#keepAliveMs).unref();
  }

  /** Writes to a stream. A client that does not read is cut off: what it leaves unread would be kept in our memory. */
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
