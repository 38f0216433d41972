/** The requests of this server to one client: they are sent, and wait for their answers. */
import type { JsonObject } from '../base/json.js';
import { DaemonError } from '../protocol/errors.js';
import type { InputRequest, JsonRpcResponse, RequestId } from '../protocol/messages.js';
import type { Peer } from './peer.js';

/** Characters of a client's error that are repeated. */
const MAX_MESSAGE = 500;

interface Waiting {
  readonly resolve: (result: JsonObject) => void;
  readonly reject: (error: Error) => void;
}

/** The requests to one client. */
export class OutgoingRequests {
  readonly #peer: Peer;
  readonly #waiting = new Map<RequestId, Waiting>();
  #nextId = 1;
  /** Whether requests may still be sent. */
  #asks = true;
  #isConnected = true;

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  /** Handles the answer to a request of this server. Unknown and late answers are ignored. */
  deliver(response: JsonRpcResponse): void {
    const waiting = response.id === undefined ? undefined : this.#waiting.get(response.id);
    if (waiting === undefined || response.id === undefined) return;
    this.#waiting.delete(response.id);
    if (!('error' in response)) {
      waiting.resolve(response.result);
      return;
    }
    const { message } = (response.error ?? {}) as { message?: unknown }; // a client may send any value as its error
    const why = typeof message === 'string' ? message.slice(0, MAX_MESSAGE) : 'it did not say why';
    waiting.reject(new DaemonError('internal_error', `The client refused: ${why}`));
  }

  /**
   * Sends a request to the client and waits for the answer.
   *
   * @param signal gives the request up; the client is told of it
   * @param related the request of the client that this one belongs to
   * @throws DaemonError `internal_error` if the client refuses or does not answer, `closed` if it has left
   */
  ask(request: InputRequest, signal: AbortSignal, related: RequestId): Promise<JsonObject> {
    const peer = this.#peer;
    if (!this.#asks) return Promise.reject(new DaemonError('closed', 'The client has left.'));
    const id = `mcp-daemon-${this.#nextId++}`;
    return new Promise<JsonObject>((resolve, reject) => {
      const gaveUp = (): void => {
        if (!this.#waiting.delete(id)) return;
        if (this.#isConnected)
          peer.send(
            { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id, reason: 'no longer needed' } },
            related,
          );
        reject(new DaemonError('internal_error', 'The client did not answer in time, or has left.'));
      };
      const settle =
        <T>(end: (value: T) => void) =>
        (value: T): void => {
          signal.removeEventListener('abort', gaveUp);
          end(value);
        };
      this.#waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
      signal.addEventListener('abort', gaveUp, { once: true });
      if (signal.aborted) return gaveUp();
      try {
        peer.send({ jsonrpc: '2.0', id, ...request }, related);
      } catch (error) {
        // What a function asks for may not be valid JSON.
        this.#waiting.delete(id);
        signal.removeEventListener('abort', gaveUp);
        throw error;
      }
    });
  }

  /** The connection is closed: the client is told of nothing any more. */
  disconnect(): void {
    this.#isConnected = false;
  }

  /** Gives up all requests, and sends no new ones. */
  giveUp(): void {
    this.#asks = false;
    for (const { reject } of this.#waiting.values()) reject(new DaemonError('closed', 'The client has left.'));
    this.#waiting.clear();
  }
}
