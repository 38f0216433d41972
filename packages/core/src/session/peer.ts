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
  /** Called once when the session has ended, by either side. */
  close?(): void;
}
