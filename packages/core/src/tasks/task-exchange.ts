/** What a call that may outlive its request knows of the outside: that of its request, until it is answered. */
import type { JsonObject } from '../base/json.js';
import type { Exchange } from '../protocol/exchange.js';
import type { InputRequest, JsonRpcNotification } from '../protocol/messages.js';

/** Takes the progress of a call. */
export type Progressed = (progress: number, total?: number, message?: string) => void;

/** The exchange of such a call. */
export class TaskExchange implements Exchange {
  readonly partition: string;
  readonly subject: string;
  readonly signal: AbortSignal;
  readonly traceparent: string | undefined;
  readonly scopes: Exchange['scopes'];
  readonly progressed: Progressed;
  /** Absent if the client of the request cannot be asked. */
  readonly request?: (request: InputRequest, signal: AbortSignal) => Promise<JsonObject>;
  readonly #controller = new AbortController();
  /** The request, until it is answered. */
  #origin: Exchange | undefined;

  constructor(origin: Exchange, { progressed, answered }: { progressed: Progressed; answered: () => Error }) {
    this.partition = origin.partition;
    this.subject = origin.subject;
    this.traceparent = origin.traceparent;
    this.scopes = origin.scopes;
    this.signal = this.#controller.signal;
    this.progressed = progressed;
    this.#origin = origin;
    if (origin.request !== undefined)
      this.request = (request, signal) => {
        const ask = this.#origin?.request?.bind(this.#origin);
        return ask === undefined ? Promise.reject(answered()) : ask(request, signal);
      };
    origin.signal.addEventListener('abort', this.#abortWithRequest, { once: true });
    if (origin.signal.aborted) this.#abortWithRequest();
  }

  /** Whether the request is not answered yet. */
  get isAttached(): boolean {
    return this.#origin !== undefined;
  }

  /** The request is answered: from now on it does not matter what becomes of it. */
  detach(): void {
    this.#origin?.signal.removeEventListener('abort', this.#abortWithRequest);
    this.#origin = undefined;
  }

  /** Ends the call. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  notify(notification: JsonRpcNotification): void {
    this.#origin?.notify(notification);
  }

  recorded(callId: string): void {
    this.#origin?.recorded?.(callId);
  }

  readonly #abortWithRequest = (): void => this.#controller.abort(this.#origin?.signal.reason);
}
