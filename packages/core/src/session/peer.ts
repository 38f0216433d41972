/** The client of a connection. */
import type { JsonRpcNotification, JsonRpcRequest, RequestId } from '../protocol/messages.js';

/** How a session reaches its client. */
export interface Peer {
  /**
   * Sends a request or notification.
   *
   * @param related the request on whose stream it is sent; absent: it belongs to no request
   */
  send(message: JsonRpcRequest | JsonRpcNotification, related?: RequestId): void;
  /** Called when a request begins a call that is recorded, with the id of the record. */
  recorded?(callId: string, request: RequestId): void;
  /** Called once when the session has ended, whoever ended it. */
  close?(): void;
}
