/** One running request of a connection. Its AbortSignal is created at the first use: most calls never need it. */
import type { JsonObject } from '../base/json.js';
import type { EndedBy } from '../protocol/ended-by.js';
import { abortReason } from '../protocol/ended-by.js';
import type { Connection, Exchange } from '../protocol/exchange.js';
import type { InputRequest, JsonRpcNotification, JsonRpcRequest, RequestId } from '../protocol/messages.js';
import type { HeldScopes } from '../protocol/scopes.js';
import type { Peer } from './peer.js';

/** The connection of a request. */
export interface AskingConnection extends Connection {
  /** See `Exchange.clientId`. */
  readonly clientId: string | undefined;
  /** Sends a request to the client, on the stream of the request `related`, and waits for its answer. */
  ask(request: InputRequest, signal: AbortSignal, related: RequestId): Promise<JsonObject>;
}

/** Whether a message is a request, which has an answer. */
export const isRequest = (message: unknown): message is JsonRpcRequest => {
  if (typeof message !== 'object' || message === null) return false;
  const { id, method } = message as { id?: unknown; method?: unknown };
  return typeof method === 'string' && (typeof id === 'string' || typeof id === 'number');
};

/** One request, until its answer is sent. */
export class Flight implements Exchange {
  readonly partition: string;
  readonly subject: string;
  readonly connection: AskingConnection;
  readonly traceparent: string | undefined;
  readonly scopes: HeldScopes;
  readonly clientId: string | undefined;
  /** Whether it is a stream. Streams end with their client, and nothing waits for their answer. */
  readonly isStream: boolean;
  readonly #id: RequestId;
  readonly #peer: Peer;
  #controller: AbortController | undefined;
  #endedBy: EndedBy | undefined;

  constructor(
    id: RequestId,
    method: string,
    connection: AskingConnection,
    { partition, subject, peer }: { partition: string; subject: string; peer: Peer },
    traceparent?: string,
    scopes?: HeldScopes,
  ) {
    this.isStream = method === 'subscriptions/listen';
    this.partition = partition;
    this.subject = subject;
    this.connection = connection;
    this.traceparent = traceparent;
    this.scopes = scopes;
    this.clientId = connection.clientId;
    this.#id = id;
    this.#peer = peer;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#endedBy !== undefined) this.#controller.abort(abortReason(this.#endedBy));
    return this.#controller.signal;
  }

  get cancelled(): boolean {
    return this.#endedBy !== undefined;
  }

  /** Ends the request. Only the first call counts as who ended it. */
  cancel(by: EndedBy): void {
    this.#endedBy ??= by;
    this.#controller?.abort(abortReason(this.#endedBy));
  }

  notify(notification: JsonRpcNotification): void {
    if (this.#endedBy === undefined) this.#peer.send(notification, this.#id);
  }

  recorded(callId: string): void {
    this.#peer.recorded?.(callId, this.#id);
  }

  request(request: InputRequest, signal: AbortSignal): Promise<JsonObject> {
    return this.connection.ask(request, signal, this.#id);
  }
}
