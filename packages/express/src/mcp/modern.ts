/**
 * Requests of the modern era, which has no sessions. The response to a POST is one JSON object, or a stream for this one request.
 *
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Daemon, EndedBy, Exchange, HeldScopes, JsonRpcNotification, JsonRpcResponse } from '@mcp-daemon/core';
import { abortReason, encode, isObject, META } from '@mcp-daemon/core';

import { Bag } from '../wire/bag.js';
import type { ByteBudget } from '../wire/byte-budget.js';
import type { Caller } from '../wire/caller.js';
import { isRevoked } from '../wire/caller.js';
import type { EventStreams } from '../wire/event-stream.js';
import { eventOf } from '../wire/event-stream.js';
import { REVOKED, SHUTTING_DOWN } from '../wire/failure.js';
import { bytesOf } from '../wire/message-body.js';
import { MAX_TIMER_MS } from '../wire/options.js';
import { recordCall } from '../wire/request-info.js';
import type { Refusal } from '../wire/respond.js';
import { refuse, sendAnswer, sendStatus } from '../wire/respond.js';
import type { ScopeChallenge } from '../wire/scope-challenge.js';
import type { Turns } from '../wire/turns.js';
import { UserCounts } from '../wire/user-counts.js';

/** The HTTP statuses that the protocol requires for JSON-RPC errors. Other errors have status 200. */
const STATUS = new Map([
  [-32700, 400],
  [-32600, 400],
  [-32601, 404],
  [-32020, 400],
  [-32021, 400],
  [-32022, 400],
]);
const INVALID_PARAMS = -32602;

/** Whether a request has the required metadata. Only when it is missing do invalid parameters have status 400. */
function hasMetadata(message: unknown): boolean {
  const params = isObject(message) ? message['params'] : undefined;
  const meta = isObject(params) ? params['_meta'] : undefined;
  return isObject(meta) && typeof meta[META.protocolVersion] === 'string' && isObject(meta[META.clientCapabilities]);
}

/** @param described whether the request has its metadata */
function statusOf(answer: JsonRpcResponse, described: boolean): number {
  if (!('error' in answer)) return 200;
  const { code } = answer.error;
  return STATUS.get(code) ?? (code === INVALID_PARAMS && !described ? 400 : 200);
}

/** What all requests of an endpoint use. */
interface ModernTools {
  readonly streams: EventStreams;
  /** Where unread answers are counted. */
  readonly budget: Pick<ByteBudget, 'hold'>;
  /** Whose turn it is to have an answer written. */
  readonly turns: Turns;
  /** Makes the challenge for a token that lacks scopes. */
  readonly challenge?: ScopeChallenge | undefined;
}

/** One request, from its body to the end of its response. */
class ModernRequest implements Exchange {
  readonly partition: string;
  readonly subject: string;
  readonly caller: Caller;
  readonly scopes: HeldScopes;
  readonly clientId: string | undefined;
  /** The memory that the message takes; 0 for a small one. */
  readonly bytes: number;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #tools: ModernTools;
  #controller: AbortController | undefined;
  #endedBy: EndedBy | undefined;
  #answered = false;
  /** Resolves when the request has been answered. */
  done?: Promise<void>;
  /** Its index in the bag of running requests. */
  index = 0;

  constructor(req: IncomingMessage, res: ServerResponse, caller: Caller, tools: ModernTools) {
    this.partition = caller.partition;
    this.subject = caller.subject;
    this.caller = caller;
    this.scopes = caller.scopes;
    this.clientId = caller.clientId;
    this.bytes = bytesOf(req);
    this.#req = req;
    this.#res = res;
    this.#tools = tools;
  }

  /** Created on first access: most calls end without it. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#endedBy !== undefined) this.#controller.abort(abortReason(this.#endedBy));
    return this.#controller.signal;
  }

  /** The value of a request header. */
  header(name: string): string | undefined {
    const value = this.#req.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  get traceparent(): string | undefined {
    return this.header('traceparent');
  }

  recorded(callId: string): void {
    recordCall(this.#req, callId);
  }

  /** Sends a notification, which turns the response into a stream. */
  notify(notification: JsonRpcNotification): void {
    if (this.#endedBy !== undefined || this.#answered) return;
    const event = eventOf(encode(notification));
    if (this.#res.headersSent) this.#tools.streams.write(this.#res, event);
    else this.#tools.streams.open(this.#res, this.caller, event);
  }

  /** Aborts the request: the client has disconnected. */
  readonly disconnect = (): void => this.abort('left');

  /** Aborts the request: the client has disconnected, or the endpoint is closing. */
  abort(by: EndedBy): void {
    this.#endedBy ??= by;
    this.#controller?.abort(abortReason(this.#endedBy));
  }

  /** Ends the request because its caller has lost access: its result must not be sent any more. */
  revoke(): void {
    this.abort('client');
    this.#answered = true;
    if (this.#res.headersSent) this.#tools.streams.end(this.#res);
    else refuse(this.#res, REVOKED);
  }

  /**
   * Sends the answer; undefined: the message has none.
   *
   * @param described whether the request has its metadata
   * @param turns given: the answer is written at the end of this turn of the event loop
   */
  answer(answer: JsonRpcResponse | undefined, described: boolean, turns?: Turns): void {
    const res = this.#res;
    if (res.writableEnded) return; // the caller has lost access
    this.#answered = true; // no notification may follow
    if (res.destroyed) return;
    const { streams, budget, challenge } = this.#tools;
    if (res.headersSent) streams.end(res, answer === undefined ? undefined : eventOf(encode(answer)));
    else if (answer === undefined) sendStatus(res, this.#endedBy === undefined ? 202 : 503);
    else sendAnswer(res, statusOf(answer, described), answer, { caller: this.caller, budget, challenge, turns });
  }
}

/** Serves messages without a session. */
export interface ModernHandler {
  /** Serves the message of a POST. */
  post(message: unknown, req: IncomingMessage, res: ServerResponse, caller: Caller): void;
  /** Ends requests and streams of callers who have lost access. */
  endRevoked(): void;
  /** Whether a request is running or a stream is open. */
  readonly isBusy: boolean;
  /** Waits up to `drainMs` for running requests, then aborts the rest and all streams of `subscriptions/listen`. */
  close(drainMs: number): Promise<void>;
}

/** What {@link createModernHandler} takes. */
export interface ModernHandlerOptions extends ModernTools {
  daemon: Pick<Daemon, 'handle' | 'closed'>;
  /** How many streams of `subscriptions/listen` may be open. */
  maxStreams: number;
  /** How many of these one user may have open. */
  maxStreamsPerUser: number;
  /** How many other requests of one user may be running. */
  maxInFlightPerUser: number;
}

/** Seconds after which a client that was refused because of a limit may retry. Streams last longer than other requests. */
const RETRY_AFTER_S = { stream: '5', request: '1' };

/** Creates the handler of the modern era. */
export function createModernHandler(options: ModernHandlerOptions): ModernHandler {
  const { daemon, turns, maxStreams, maxStreamsPerUser, maxInFlightPerUser } = options;
  /** Requests `subscriptions/listen`, and all other running requests. Requests that are answered synchronously are in neither. */
  const listening = new Bag<ModernRequest>();
  const running = new Bag<ModernRequest>();
  const listeningByUser = new UserCounts();
  const runningByUser = new UserCounts();

  function refusalOf(listens: boolean, caller: Caller): Refusal | undefined {
    if (daemon.closed) return SHUTTING_DOWN;
    if (!listens) {
      // The count of all users is compared first, because that is cheap.
      if (runningByUser.total < maxInFlightPerUser || runningByUser.of(caller) < maxInFlightPerUser) return undefined;
      const message = `More than ${maxInFlightPerUser} requests of one user are running; wait for their answers.`;
      return { status: 429, message, headers: { 'retry-after': RETRY_AFTER_S.request } };
    }
    const headers = { 'retry-after': RETRY_AFTER_S.stream };
    if (listeningByUser.total >= maxStreams) return { status: 503, message: 'Too many streams are open.', headers };
    if (listeningByUser.of(caller) < maxStreamsPerUser) return undefined;
    return { status: 503, message: `One user may have at most ${maxStreamsPerUser} open streams.`, headers };
  }

  return {
    post(message, req, res, caller) {
      const listens = isObject(message) && message['method'] === 'subscriptions/listen';
      const refusal = refusalOf(listens, caller);
      if (refusal !== undefined) {
        refuse(res, refusal);
        return;
      }
      const exchange = new ModernRequest(req, res, caller, options);
      const answered = daemon.handle(message, exchange);
      const described = hasMetadata(message); // now, so that the message is not kept until the answer
      if (!(answered instanceof Promise)) {
        exchange.answer(answered, described, turns);
        return;
      }
      if (res.destroyed) exchange.disconnect();
      else res.on('close', exchange.disconnect);
      const uncount = (listens ? listeningByUser : runningByUser).take(caller);
      const requests = listens ? listening : running;
      requests.add(exchange);
      exchange.done = answered.then(
        (answer) =>
          new Promise((resolve) =>
            turns.run(caller, () => {
              uncount();
              requests.remove(exchange);
              res.off('close', exchange.disconnect);
              exchange.answer(answer, described);
              resolve();
            }),
          ),
      );
    },
    endRevoked() {
      for (const request of [...running.all, ...listening.all]) if (isRevoked(request.caller)) request.revoke();
    },
    get isBusy() {
      return running.all.length > 0 || listening.all.length > 0;
    },
    async close(drainMs) {
      const waited = running.all.flatMap(({ done }) => done ?? []);
      let timer: NodeJS.Timeout | undefined;
      if (waited.length > 0) {
        const late = new Promise((resolve) => (timer = setTimeout(resolve, Math.min(drainMs, MAX_TIMER_MS))));
        await Promise.race([Promise.all(waited), late]);
      }
      clearTimeout(timer);
      const left = [...running.all, ...listening.all];
      for (const exchange of left) exchange.abort('server');
      await Promise.all(left.flatMap(({ done }) => done ?? []));
    },
  };
}
