/** What a call that may outlive its request knows of the outside: that of its request, until it is answered. */
import type { JsonObject } from '../base/json.js';
import type { Exchange } from '../protocol/exchange.js';
import type { InputRequest, JsonRpcNotification } from '../protocol/messages.js';

/** The call whose exchange it is. */
export interface ExchangingCall {
  /** It has made progress. */
  progressed(progress: number, total?: number, message?: string): void;
  /** The error of a question that comes after the request was answered. */
  refusal(): Error;
}

/** The exchange of such a call. */
export class TaskExchange implements Exchange {
  readonly partition: string;
  readonly subject: string;
  readonly traceparent: string | undefined;
  readonly scopes: Exchange['scopes'];
  readonly clientId: Exchange['clientId'];
  /** Absent if the client of the request cannot be asked. */
  readonly request?: (request: InputRequest, signal: AbortSignal) => Promise<JsonObject>;
  /** Created at the first use: most short calls end without it. */
  #controller: AbortController | undefined;
  #aborted: { reason: unknown } | undefined;
  readonly #call: ExchangingCall;
  /** The request, until it is answered. */
  #origin: Exchange | undefined;

  constructor(origin: Exchange, call: ExchangingCall) {
    this.partition = origin.partition;
    this.subject = origin.subject;
    this.traceparent = origin.traceparent;
    this.scopes = origin.scopes;
    this.clientId = origin.clientId;
    this.#call = call;
    this.#origin = origin;
    if (origin.request !== undefined)
      this.request = (request, signal) => {
        const ask = this.#origin?.request?.bind(this.#origin);
        return ask === undefined ? Promise.reject(call.refusal()) : ask(request, signal);
      };
  }

  /** Aborted when the call is ended, and with its request while that is not answered. */
  get signal(): AbortSignal {
    if (this.#controller !== undefined) return this.#controller.signal;
    this.#controller = new AbortController();
    if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason);
    else if (this.#origin?.signal.aborted === true) this.#abortWithRequest();
    else this.#origin?.signal.addEventListener('abort', this.#abortWithRequest, { once: true });
    return this.#controller.signal;
  }

  /** Whether the call was ended. */
  get isAborted(): boolean {
    return this.#aborted !== undefined || this.#controller?.signal.aborted === true;
  }

  /** Whether the request is not answered yet. */
  get isAttached(): boolean {
    return this.#origin !== undefined;
  }

  /** The request is answered: from now on it does not matter what becomes of it. */
  detach(): void {
    if (this.#controller !== undefined) this.#origin?.signal.removeEventListener('abort', this.#abortWithRequest);
    this.#origin = undefined;
  }

  /** Ends the call. */
  abort(reason: unknown): void {
    this.#aborted ??= { reason };
    this.#controller?.abort(reason);
  }

  progressed(progress: number, total?: number, message?: string): void {
    this.#call.progressed(progress, total, message);
  }

  notify(notification: JsonRpcNotification): void {
    this.#origin?.notify(notification);
  }

  recorded(callId: string): void {
    this.#origin?.recorded?.(callId);
  }

  readonly #abortWithRequest = (): void => this.abort(this.#origin?.signal.reason);
}
