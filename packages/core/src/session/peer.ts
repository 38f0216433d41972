/** The other end of a connection. */
import type { JsonRpcNotification, JsonRpcRequest, RequestId } from '../protocol/messages.js';

/** How a session reaches its client. */
export interface Peer {
  /**
   * Sends a message that is no answer.
   *
   * @param related the request on whose stream it belongs; absent: it belongs to none
   */
  send(message: JsonRpcRequest | JsonRpcNotification, related?: RequestId): void;
  /** Called once when the session has ended, whoever ended it. */
  close?(): void;
}
