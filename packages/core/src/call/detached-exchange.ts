/** The context of a request whose call must not end when its client disconnects. */
import type { JsonObject } from '../base/json.js';
import type { EndedBy } from '../protocol/ended-by.js';
import { abortReason, endedBy } from '../protocol/ended-by.js';
import type { Connection, Exchange } from '../protocol/exchange.js';
import type { InputRequest, JsonRpcNotification } from '../protocol/messages.js';

/**
 * A request's context with a signal of its own: it is aborted when the client cancels the request and when the server shuts down,
 * but not when the connection is lost, because the client may come back for the result.
 */
export class DetachedExchange implements Exchange {
  readonly partition: string;
  readonly subject: string;
  readonly traceparent: string | undefined;
  readonly bytes: number | undefined;
  readonly connection?: Connection;
  readonly scopes: Exchange['scopes'];
  readonly clientId: Exchange['clientId'];
  readonly request?: (request: InputRequest, signal: AbortSignal) => Promise<JsonObject>;
  readonly #inner: Exchange;
  #controller: AbortController | undefined;
  #endedBy: EndedBy | undefined;

  constructor(inner: Exchange) {
    this.#inner = inner;
    this.partition = inner.partition;
    this.subject = inner.subject;
    this.traceparent = inner.traceparent;
    this.bytes = inner.bytes;
    this.scopes = inner.scopes;
    this.clientId = inner.clientId;
    if (inner.connection !== undefined) this.connection = inner.connection;
    if (inner.request !== undefined) this.request = inner.request.bind(inner);
  }

  /** Created at the first use, like those of all requests: most calls end without it. */
  get signal(): AbortSignal {
    if (this.#controller !== undefined) return this.#controller.signal;
    this.#controller = new AbortController();
    const { signal } = this.#inner;
    const ended = (): void => {
      const by = endedBy(signal);
      if (by !== 'left') this.abort(by);
    };
    if (this.#endedBy !== undefined) this.#controller.abort(abortReason(this.#endedBy));
    else if (signal.aborted) ended();
    else signal.addEventListener('abort', ended, { once: true });
    return this.#controller.signal;
  }

  /** Ends the call. Only the first time counts. */
  abort(by: EndedBy): void {
    this.#endedBy ??= by;
    this.#controller?.abort(abortReason(this.#endedBy));
  }

  notify(notification: JsonRpcNotification): void {
    this.#inner.notify(notification);
  }

  header(name: string): string | undefined {
    return this.#inner.header?.(name);
  }

  recorded(callId: string): void {
    this.#inner.recorded?.(callId);
  }
}
