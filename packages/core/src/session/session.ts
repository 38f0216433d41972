/**
 * One client's connection: which requests are under way, what the client was asked, and what it said at its handshake.
 * A transport gives it messages and takes its answers; it knows nothing of bytes.
 */
import type { Awaitable } from '../base/awaitable.js';
import type { JsonObject } from '../base/json.js';
import type { EventBus } from '../events/bus.js';
import { followLegacy } from '../events/subscriptions.js';
import { DaemonError, toRpcError } from '../protocol/errors.js';
import type { Connection, Exchange, LegacySession } from '../protocol/exchange.js';
import type { Limits } from '../protocol/limits.js';
import { MAX_TIMER_MS } from '../protocol/limits.js';
import type { InputRequest, JsonRpcNotification, JsonRpcRequest, JsonRpcResponse, RequestId } from '../protocol/messages.js';
import { hasBatches } from '../protocol/versions.js';
import type { Dispatcher } from './dispatcher.js';

/** How a session reaches its client. */
export interface Peer {
  /**
   * Sends a message that is no answer.
   *
   * @param related the request on whose stream it belongs; absent: it belongs to none
   */
  send(message: JsonRpcRequest | JsonRpcNotification, related?: RequestId): void;
  /** Told once that the session has ended, by whoever's will. */
  close?(): void;
}

/** What {@link Session} takes. */
export interface SessionOptions {
  peer: Peer;
  partition: string;
  subject: string;
  dispatcher: Dispatcher;
  bus: EventBus;
  limits: Limits;
  onClose: (session: Session) => void;
}

/** One request under way. Its signal is made when somebody looks at it: most calls are over before. */
class Flight implements Exchange {
  readonly partition: string;
  readonly subject: string;
  readonly connection: Session;
  readonly traceparent: string | undefined;
  /** Streams end with their client; nobody waits for their answer. */
  readonly isStream: boolean;
  readonly #id: RequestId;
  readonly #peer: Peer;
  #controller: AbortController | undefined;
  #ended = false;

  constructor(id: RequestId, method: string, session: Session, options: SessionOptions, traceparent?: string) {
    this.isStream = method === 'subscriptions/listen';
    this.partition = options.partition;
    this.subject = options.subject;
    this.connection = session;
    this.traceparent = traceparent;
    this.#id = id;
    this.#peer = options.peer;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#ended) this.#controller.abort();
    return this.#controller.signal;
  }

  get cancelled(): boolean {
    return this.#ended;
  }

  cancel(): void {
    this.#ended = true;
    this.#controller?.abort();
  }

  notify(notification: JsonRpcNotification): void {
    if (!this.#ended) this.#peer.send(notification, this.#id);
  }

  request(request: InputRequest, signal: AbortSignal): Promise<JsonObject> {
    return this.connection.ask(request, signal, this.#id);
  }
}

const isRequest = (message: unknown): message is JsonRpcRequest => {
  if (typeof message !== 'object' || message === null) return false;
  const { id, method } = message as { id?: unknown; method?: unknown };
  return typeof method === 'string' && (typeof id === 'string' || typeof id === 'number');
};

const MAX_BATCH = 1_000;

/** One connection. */
export class Session implements Connection {
  readonly #options: SessionOptions;
  readonly #flights = new Map<RequestId, Flight>();
  readonly #asked = new Map<RequestId, { resolve: (result: JsonObject) => void; reject: (error: Error) => void }>();
  #legacy: LegacySession | undefined;
  #unfollow: (() => void) | undefined;
  #nextId = 1;
  #closed = false;
  /** Whether the client is still asked things. */
  #asks = true;
  /** Those who wait until nothing is under way. */
  readonly #idle = new Set<() => void>();

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** The handshake, once there was one. */
  get legacy(): LegacySession | undefined {
    return this.#legacy;
  }

  set legacy(session: LegacySession | undefined) {
    this.#legacy = session;
    this.#unfollow?.();
    this.#unfollow = undefined;
    const { bus, partition, peer } = this.#options;
    if (session !== undefined && !this.#closed)
      this.#unfollow = followLegacy(bus, partition, session, (message) => peer.send(message));
  }

  /** Requests under way. */
  get inFlight(): number {
    return this.#flights.size;
  }

  /**
   * Takes what the client sent: a message, or an array of messages where its version has them.
   *
   * @param traceparent the trace that its transport says it belongs to; see `Exchange.traceparent`
   * @returns what to answer, at once where it is there at once; undefined: nothing
   */
  receive(message: unknown, traceparent?: string): Awaitable<JsonRpcResponse | JsonRpcResponse[] | undefined> {
    if (!Array.isArray(message)) return this.#one(message, traceparent);
    const version = this.#legacy?.caller.version;
    const refuse = (why: string): JsonRpcResponse => ({
      jsonrpc: '2.0',
      error: toRpcError(new DaemonError('invalid_request', `Invalid Request: ${why}`), 'legacy'),
    });
    if (version === undefined || !hasBatches(version)) return refuse('this protocol version has no batches.');
    if (message.length === 0) return refuse('a batch must not be empty.');
    if (message.length > MAX_BATCH) return refuse(`a batch holds at most ${MAX_BATCH} messages.`);
    return Promise.all(message.map(async (single) => this.#one(single, traceparent))).then((answers) => {
      const given = answers.filter((answer) => answer !== undefined);
      return given.length === 0 ? undefined : given;
    });
  }

  #one(message: unknown, traceparent: string | undefined): Awaitable<JsonRpcResponse | undefined> {
    const { dispatcher, limits } = this.#options;
    if (!isRequest(message)) return dispatcher.handle(message, new Flight('', '', this, this.#options));
    const { id, method } = message;
    const refuse = (error: DaemonError): JsonRpcResponse => ({ jsonrpc: '2.0', id, error: toRpcError(error, 'legacy') });
    if (this.#closed) return refuse(new DaemonError('closed', 'The server is shutting down.'));
    if (this.#flights.has(id))
      return refuse(new DaemonError('invalid_request', 'Invalid Request: a request with this id is under way.'));
    if (this.#flights.size >= limits.maxInFlight) {
      return refuse(
        new DaemonError('limit_exceeded', `More than ${limits.maxInFlight} requests are under way; wait for answers.`),
      );
    }
    const flight = new Flight(id, method, this, this.#options, traceparent);
    this.#flights.set(id, flight);
    const answer = dispatcher.handle(message, flight);
    if (answer instanceof Promise) return answer.then((done) => this.#land(id, flight, done));
    return this.#land(id, flight, answer);
  }

  #land(id: RequestId, flight: Flight, answer: JsonRpcResponse | undefined): JsonRpcResponse | undefined {
    this.#flights.delete(id);
    if (this.#idle.size > 0 && this.#isIdle()) this.#tellIdle();
    return flight.cancelled ? undefined : answer;
  }

  /** Ends a request of the client's; nothing is answered to it. */
  cancel(id: RequestId): void {
    this.#flights.get(id)?.cancel();
  }

  /** Takes the answer to a request of ours. Others' answers, and late ones, are nobody's. */
  deliver(response: JsonRpcResponse): void {
    const asked = response.id === undefined ? undefined : this.#asked.get(response.id);
    if (asked === undefined || response.id === undefined) return;
    this.#asked.delete(response.id);
    if (!('error' in response)) {
      asked.resolve(response.result);
      return;
    }
    const { message } = (response.error ?? {}) as { message?: unknown }; // whatever a client may call an error
    asked.reject(
      new DaemonError(
        'internal_error',
        `The client refused: ${typeof message === 'string' ? message.slice(0, 500) : 'it did not say why'}`,
      ),
    );
  }

  /** Sends a request of ours and waits for its answer. */
  ask(request: InputRequest, signal: AbortSignal, related: RequestId): Promise<JsonObject> {
    const { peer } = this.#options;
    if (!this.#asks) return Promise.reject(new DaemonError('closed', 'The client has left.'));
    const id = `mcp-daemon-${this.#nextId++}`;
    return new Promise<JsonObject>((resolve, reject) => {
      const gaveUp = (): void => {
        if (!this.#asked.delete(id)) return;
        if (!this.#closed)
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
      this.#asked.set(id, { resolve: settle(resolve), reject: settle(reject) });
      signal.addEventListener('abort', gaveUp, { once: true });
      if (signal.aborted) return gaveUp();
      try {
        peer.send({ jsonrpc: '2.0', id, ...request }, related);
      } catch (error) {
        // What a function asks with may be no JSON.
        this.#asked.delete(id);
        signal.removeEventListener('abort', gaveUp);
        throw error;
      }
    });
  }

  /**
   * Waits until every call is answered, but no longer than `ms`. Questions to the client are given up, and no more are asked:
   * it is leaving, or we are. Listen streams are not waited for.
   */
  async drain(ms: number): Promise<void> {
    this.#giveUp();
    if (this.#isIdle()) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#idle.delete(done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(ms, MAX_TIMER_MS));
      this.#idle.add(done);
    });
  }

  /** Ends the session: calls under way are cancelled, questions are given up. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unfollow?.();
    for (const flight of this.#flights.values()) flight.cancel();
    this.#giveUp();
    this.#tellIdle();
    this.#options.onClose(this);
    this.#options.peer.close?.();
  }

  #isIdle(): boolean {
    for (const flight of this.#flights.values()) if (!flight.isStream) return false;
    return true;
  }

  #tellIdle(): void {
    for (const tell of [...this.#idle]) tell();
  }

  #giveUp(): void {
    this.#asks = false;
    for (const { reject } of this.#asked.values()) reject(new DaemonError('closed', 'The client has left.'));
    this.#asked.clear();
  }
}
