/**
 * Responses that are streams of Server-Sent Events.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import type { ServerResponse } from 'node:http';

import type { ByteBudget, Holding } from './byte-budget.js';
import { COUNTED_FROM_BYTES } from './byte-budget.js';
import type { Caller } from './caller.js';
import { isRevoked } from './caller.js';
import { requestHeaders } from './request-info.js';
import { endResponse } from './respond.js';

/** Default for the bytes that a client may leave unread. */
const MAX_UNREAD_BYTES = 1_000_000;

const HEAD = ['content-type', 'text/event-stream', 'cache-control', 'no-cache, no-transform', 'x-accel-buffering', 'no'];

/** The text of one event. @param data a text without line breaks, such as JSON */
export const eventOf = (data: string, id?: string): string =>
  id === undefined ? `data: ${data}\n\n` : `id: ${id}\ndata: ${data}\n\n`;

/** The open event streams. Comments at regular intervals keep proxies from closing idle ones. */
export class EventStreams {
  readonly #open = new Map<ServerResponse, Caller>();
  /** What clients leave unread, of streams that have had much unread. */
  readonly #unread = new Map<ServerResponse, Holding>();
  readonly #budget: Pick<ByteBudget, 'hold'>;
  readonly #keepAliveMs: number;
  readonly #maxUnreadBytes: number;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param budget where unread events are counted
   * @param keepAliveMs the interval of the comments
   * @param maxUnreadBytes a client that leaves more than this unread is disconnected. Default 1 MB
   */
  constructor(budget: Pick<ByteBudget, 'hold'>, keepAliveMs: number, maxUnreadBytes = MAX_UNREAD_BYTES) {
    this.#budget = budget;
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
   * @param caller whose stream it is
   * @param first the first events
   * @param more further headers, as a flat list of names and values
   */
  open(res: ServerResponse, caller: Caller, first = '', more: readonly string[] = []): void {
    if (res.headersSent || res.destroyed) return;
    res.writeHead(200, [...HEAD, ...requestHeaders(res), ...more]);
    // Flushed before the first write: together with a body Node would keep the header parts in memory as long as the stream is open.
    res.cork();
    res.flushHeaders();
    if (first !== '') res.write(first);
    res.uncork();
    this.#open.set(res, caller);
    // on() instead of once(): `close` comes only once anyway, and once() would keep a wrapper function in memory.
    res.on('close', () => this.#forget(res));
    this.#timer ??= setInterval(() => this.#keepAlive(), this.#keepAliveMs).unref();
    if (first.length > COUNTED_FROM_BYTES) this.#count(res);
  }

  /** Writes to a stream. A client that does not read is disconnected, because what it leaves unread stays in memory. */
  write(res: ServerResponse, events: string): void {
    if (res.destroyed || res.writableEnded) return;
    if (res.writableLength > this.#maxUnreadBytes) res.destroy();
    else {
      res.write(events);
      this.#count(res);
    }
  }

  /** Writes the last events and ends the stream. */
  end(res: ServerResponse, events?: string): void {
    endResponse(res, events);
    this.#count(res);
  }

  /** Counts what the client has not read. Where its user has no budget left for that, the client is disconnected. */
  #count(res: ServerResponse): void {
    const unread = res.writableLength;
    if (unread <= COUNTED_FROM_BYTES) return; // nearly always
    const caller = this.#open.get(res);
    if (caller === undefined) return; // the stream is closed
    let holding = this.#unread.get(res);
    if (holding === undefined) {
      const begun = (holding = this.#budget.hold(caller));
      this.#unread.set(res, begun);
      res.on('drain', () => begun.set(0));
    }
    if (!holding.set(unread)) res.destroy();
  }

  /** Ends the streams of callers who have lost access. */
  endRevoked(): void {
    for (const [res, caller] of [...this.#open]) if (isRevoked(caller)) endResponse(res);
  }

  #keepAlive(): void {
    for (const res of this.#open.keys()) this.write(res, ':\n\n');
  }

  #forget(res: ServerResponse): void {
    this.#open.delete(res);
    this.#unread.get(res)?.end();
    this.#unread.delete(res);
    if (this.#open.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
