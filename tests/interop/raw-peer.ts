/** A client without an SDK: what it sends is exactly what a test says. How it is sent is the business of whoever extends it. */

export type Json = Record<string, unknown>;

/** What came in one piece; a batch is an array. */
export type Line = Json | Json[];

interface Waiting {
  resolve: (response: Json) => void;
  reject: (error: Error) => void;
}

/** One end of a conversation. */
export abstract class RawPeer {
  /** Everything that was received, in order. */
  readonly lines: Line[] = [];
  readonly notifications: Json[] = [];
  /** Answers the server's requests. */
  onRequest: (request: Json) => Json | undefined = () => undefined;
  readonly #waiting = new Map<unknown, Waiting>();
  #nextId = 1;
  #gone: Error | undefined;

  /** Sends one message, or a batch. */
  abstract send(message: unknown): void;

  /** Leaves as a client should. @throws Error if the server does not take it well */
  abstract leave(): Promise<void>;

  protected receive(line: Line): void {
    this.lines.push(line);
    for (const message of Array.isArray(line) ? line : [line]) {
      if (message['method'] === undefined) {
        this.#waiting.get(message['id'])?.resolve(message);
        this.#waiting.delete(message['id']);
      } else if (message['id'] === undefined) this.notifications.push(message);
      else {
        const result = this.onRequest(message);
        if (result !== undefined) this.send({ jsonrpc: '2.0', id: message['id'], result });
      }
    }
  }

  /** Nothing will come any more: for some requests, or for all that there are and will be. */
  protected fail(error: Error, ids?: readonly unknown[]): void {
    if (ids === undefined) this.#gone = error;
    for (const id of ids ?? [...this.#waiting.keys()]) {
      this.#waiting.get(id)?.reject(error);
      this.#waiting.delete(id);
    }
  }

  notify(method: string, params?: Json): void {
    this.send(params === undefined ? { jsonrpc: '2.0', method } : { jsonrpc: '2.0', method, params });
  }

  /** Ends a request, as the transport has it. */
  cancel(id: unknown): void {
    this.notify('notifications/cancelled', { requestId: id, reason: 'tired of waiting' });
  }

  /** The answer to an id, whoever sent its request. */
  answer(id: unknown): Promise<Json> {
    const answer = new Promise<Json>((resolve, reject) => {
      if (this.#gone === undefined) this.#waiting.set(id, { resolve, reject });
      else reject(this.#gone);
    });
    answer.catch(() => {}); // not all are waited for
    return answer;
  }

  /** Sends a request; `id` is the one it was given. */
  request(method: string, params: Json = {}): { id: number; answer: Promise<Json> } {
    const id = this.#nextId++;
    const answer = this.answer(id);
    this.send({ jsonrpc: '2.0', id, method, params });
    return { id, answer };
  }

  /** The whole answer, error or not. */
  ask(method: string, params?: Json): Promise<Json> {
    return this.request(method, params).answer;
  }

  async initialize(protocolVersion = '2025-11-25', capabilities: Json = {}): Promise<Json> {
    const answer = await this.ask('initialize', { protocolVersion, capabilities, clientInfo: { name: 'raw', version: '1.0.0' } });
    this.notify('notifications/initialized');
    return answer;
  }
}

/** The metadata of a request of the era without handshakes. */
export const envelope = (capabilities: Json = {}, more: Json = {}): Json => ({
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': capabilities,
  ...more,
});
