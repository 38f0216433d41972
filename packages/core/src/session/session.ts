/**
 * One client's connection: its running requests, the requests to the client, and its handshake. A transport passes messages to
 * the session and sends the answers. The session does not handle bytes.
 */
import type { Awaitable } from '../base/awaitable.js';
import type { JsonObject } from '../base/json.js';
import type { Subscription, SubscriptionIndex } from '../events/subscription-index.js';
import { followLegacy } from '../events/subscriptions.js';
import type { EndedBy } from '../protocol/ended-by.js';
import { DaemonError, toRpcError } from '../protocol/errors.js';
import type { AnnouncedLists, Caller, LegacySession } from '../protocol/exchange.js';
import type { Limits } from '../protocol/limits.js';
import { MAX_TIMER_MS } from '../protocol/limits.js';
import type { InputRequest, JsonRpcRequest, JsonRpcResponse, LogLevel, RequestId } from '../protocol/messages.js';
import { SMALL_MESSAGE_BYTES } from '../protocol/scan.js';
import type { HeldScopes } from '../protocol/scopes.js';
import { hasBatches } from '../protocol/versions.js';
import type { BatchPart } from './batch.js';
import { runBatch } from './batch.js';
import { collectAnswers, refusal } from './batch-answers.js';
import type { ByteBudget } from './byte-budget.js';
import type { Dispatcher } from './dispatcher.js';
import type { AskingConnection } from './flight.js';
import { Flight, isRequest } from './flight.js';
import { OutgoingRequests } from './outgoing.js';
import type { Peer } from './peer.js';

/** What {@link Session} takes. */
export interface SessionOptions {
  peer: Peer;
  partition: string;
  subject: string;
  /** The scopes of its messages, where they name no others. Absent: all. */
  scopes?: HeldScopes;
  dispatcher: Dispatcher;
  subscriptions: SubscriptionIndex;
  budget: ByteBudget;
  limits: Limits;
  onClose: (session: Session) => void;
}

const MAX_BATCH = 1_000;
const NOT_IN_A_BATCH = 'Invalid Request: "initialize" must not be part of a batch.';

/** One connection. */
export class Session implements AskingConnection {
  readonly #options: SessionOptions;
  readonly #flights = new Map<RequestId, Flight>();
  readonly #outgoing: OutgoingRequests;
  #legacy: LegacySession | undefined;
  #subscription: Subscription | undefined;
  #handshake: Promise<void> | undefined;
  #closed = false;
  /** Called when no request is running any more. */
  readonly #idle = new Set<() => void>();
  /** The URIs that the client has subscribed to. */
  readonly subscribed = new Set<string>();
  /** Keeps the log level and the subscriptions after a change, for when the session gets another connection. */
  onChange: (() => Promise<void>) | undefined;
  /** The OAuth client of the messages that are received now; the transport sets it. */
  clientId: string | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#outgoing = new OutgoingRequests(options.peer);
  }

  /** The handshake, if there was one. */
  get legacy(): LegacySession | undefined {
    return this.#legacy;
  }

  begin(caller: Caller, lists: AnnouncedLists): void {
    const { subscriptions, peer } = this.#options;
    this.#legacy = { caller, lists };
    this.#subscription?.end();
    this.subscribed.clear();
    this.#subscription = undefined;
    if (this.#closed) return;
    this.#subscription = followLegacy(subscriptions, this.#options, lists, (message) => peer.send(message));
  }

  setLogLevel(logLevel: LogLevel): Awaitable<void> {
    if (this.#legacy === undefined) return;
    this.#legacy = { ...this.#legacy, caller: { ...this.#legacy.caller, logLevel } };
    return this.onChange?.();
  }

  subscribe(uri: string, templates: readonly string[]): Awaitable<void> {
    this.#subscription?.add(uri, templates);
    if (this.#subscription === undefined || this.subscribed.has(uri)) return;
    this.subscribed.add(uri);
    return this.onChange?.();
  }

  unsubscribe(uri: string): Awaitable<void> {
    this.#subscription?.remove(uri);
    if (this.subscribed.delete(uri)) return this.onChange?.();
  }

  /** Number of running requests. */
  get inFlight(): number {
    return this.#flights.size;
  }

  /**
   * Handles what the client sent: a message, or an array of messages if its version has batches.
   *
   * @param traceparent the trace context from the transport; see `Exchange.traceparent`
   * @param bytes memory that the message takes, from `weighMessage`. Default: it is not counted
   * @param scopes the scopes of the caller's token at this message. Default: those that the session was opened with
   * @returns the answer, without a promise if it is ready at once; undefined: no answer
   */
  receive(
    message: unknown,
    traceparent?: string,
    bytes = 0,
    scopes = this.#options.scopes,
  ): Awaitable<JsonRpcResponse | JsonRpcResponse[] | undefined> {
    if (bytes <= SMALL_MESSAGE_BYTES) return this.#take(message, traceparent, scopes);
    const requests = (Array.isArray(message) ? message : [message]).filter(isRequest);
    if (requests.length === 0) return this.#take(message, traceparent, scopes);
    const { budget, partition, subject } = this.#options;
    let giveBack: () => void;
    try {
      giveBack = budget.take(partition, subject, bytes);
    } catch (error) {
      const refused = requests.map(({ id }) => refusal(id, error as DaemonError));
      return Array.isArray(message) ? refused : refused[0];
    }
    const answered = this.#take(message, traceparent, scopes);
    if (answered instanceof Promise) return answered.finally(giveBack);
    giveBack();
    return answered;
  }

  #take(
    message: unknown,
    traceparent: string | undefined,
    scopes: HeldScopes,
  ): Awaitable<JsonRpcResponse | JsonRpcResponse[] | undefined> {
    if (!Array.isArray(message)) return this.#one(message, traceparent, scopes);
    const version = this.#legacy?.caller.version;
    const refuse = (why: string): JsonRpcResponse => ({
      jsonrpc: '2.0',
      error: toRpcError(new DaemonError('invalid_request', `Invalid Request: ${why}`), 'legacy'),
    });
    if (version === undefined || !hasBatches(version)) return refuse('this protocol version has no batches.');
    if (message.length === 0) return refuse('a batch must not be empty.');
    if (message.length > MAX_BATCH) return refuse(`a batch holds at most ${MAX_BATCH} messages.`);
    return this.#batch(message, traceparent, scopes);
  }

  /**
   * All requests of a batch are registered at the start, so that each can be cancelled before it runs. Messages that are not
   * requests, and streams, which do not end, are not queued. When the answers become too large together, the requests that have
   * not begun are refused.
   */
  async #batch(
    messages: readonly unknown[],
    traceparent: string | undefined,
    scopes: HeldScopes,
  ): Promise<JsonRpcResponse[] | undefined> {
    const kept = collectAnswers(this.#options);
    const fly = async (message: JsonRpcRequest, flight: Flight): Promise<JsonRpcResponse | undefined> => {
      const refused = kept.refuse(message.id);
      if (refused !== undefined) return this.#land(message.id, flight, refused);
      return kept.keep(message.id, await this.#fly(message, flight));
    };
    const parts = messages.map((message): BatchPart<JsonRpcResponse | undefined> => {
      if (!isRequest(message)) return { done: this.#one(message, traceparent, scopes) };
      const { id, method } = message;
      if (method === 'initialize') return { done: refusal(id, new DaemonError('invalid_request', NOT_IN_A_BATCH)) };
      const flight = this.#depart(message, traceparent, scopes);
      if (!(flight instanceof Flight)) return { done: flight };
      return flight.isStream ? { done: this.#fly(message, flight) } : { start: () => fly(message, flight) };
    });
    const answers = await runBatch(parts).finally(() => kept.end());
    const given = answers.filter((answer) => answer !== undefined);
    return given.length === 0 ? undefined : given;
  }

  #one(message: unknown, traceparent: string | undefined, scopes: HeldScopes): Awaitable<JsonRpcResponse | undefined> {
    const { dispatcher } = this.#options;
    if (!isRequest(message)) return dispatcher.handle(message, new Flight('', '', this, this.#options));
    const flight = this.#depart(message, traceparent, scopes);
    return flight instanceof Flight ? this.#fly(message, flight) : flight;
  }

  /** Registers a running request. @returns an error answer if it is refused */
  #depart({ id, method }: JsonRpcRequest, traceparent: string | undefined, scopes: HeldScopes): Flight | JsonRpcResponse {
    const { maxInFlight } = this.#options.limits;
    if (this.#closed) return refusal(id, new DaemonError('closed', 'The server is shutting down.'));
    if (this.#flights.has(id))
      return refusal(id, new DaemonError('invalid_request', 'Invalid Request: a request with this id is already running.'));
    if (this.#flights.size >= maxInFlight)
      return refusal(id, new DaemonError('limit_exceeded', `More than ${maxInFlight} requests are running; wait for answers.`));
    const flight = new Flight(id, method, this, this.#options, traceparent, scopes);
    this.#flights.set(id, flight);
    return flight;
  }

  #fly(message: JsonRpcRequest, flight: Flight): Awaitable<JsonRpcResponse | undefined> {
    const { id } = message;
    if (flight.cancelled) return this.#land(id, flight, undefined); // a request of a batch that has not started
    if (this.#handshake !== undefined) return this.#flyAfter(this.#handshake, message, flight);
    const answer = this.#options.dispatcher.handle(message, flight);
    if (answer instanceof Promise) {
      if (message.method === 'initialize') this.#wait(answer);
      return answer.then((done) => this.#land(id, flight, done));
    }
    return this.#land(id, flight, answer);
  }

  /** A handshake whose catalog is still being loaded: what the client sends without waiting for its answer is handled after it. */
  #wait(answer: Promise<unknown>): void {
    const handshake = answer.then(() => {
      if (this.#handshake === handshake) this.#handshake = undefined;
    });
    this.#handshake = handshake;
  }

  /** Not inside `#fly`: what a closure there captures, the message, would be kept for as long as the request runs. */
  #flyAfter(handshake: Promise<void>, message: JsonRpcRequest, flight: Flight): Promise<JsonRpcResponse | undefined> {
    return handshake.then(() => this.#fly(message, flight));
  }

  #land(id: RequestId, flight: Flight, answer: JsonRpcResponse | undefined): JsonRpcResponse | undefined {
    this.#flights.delete(id);
    if (this.#idle.size > 0 && this.#isIdle()) this.#tellIdle();
    return flight.cancelled ? undefined : answer;
  }

  /**
   * Ends a request of the client. No answer is sent.
   *
   * @param by `left` if the connection that the answer would be sent on is closed. Default: the client cancelled it
   */
  cancel(id: RequestId, by: EndedBy = 'client'): void {
    this.#flights.get(id)?.cancel(by);
  }

  /** Handles the answer to a request of this server. Unknown and late answers are ignored. */
  deliver(response: JsonRpcResponse): void {
    this.#outgoing.deliver(response);
  }

  /** Sends a request to the client and waits for the answer. */
  ask(request: InputRequest, signal: AbortSignal, related: RequestId): Promise<JsonObject> {
    return this.#outgoing.ask(request, signal, related);
  }

  /**
   * Waits until every call is answered, but at most `ms`. Requests to the client are given up and no new ones are sent, because
   * one side is closing. It does not wait for listen streams.
   */
  async drain(ms: number): Promise<void> {
    this.#outgoing.giveUp();
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

  /** Cancels the running requests at once, but not the streams. Their records say that `by` ended them. */
  cancelCalls(by: EndedBy): void {
    for (const flight of this.#flights.values()) if (!flight.isStream) flight.cancel(by);
  }

  /**
   * Ends the session: running calls are cancelled, and requests to the client are given up.
   *
   * @param by who ends it, for the records of the cancelled calls. Default: the client, by disconnecting
   */
  close(by: EndedBy = 'left'): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#outgoing.disconnect();
    this.#subscription?.end();
    for (const flight of this.#flights.values()) flight.cancel(by);
    this.#outgoing.giveUp();
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
}
