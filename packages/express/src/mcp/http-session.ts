/**
 * One session of the legacy era. It sends each message on the stream that the message belongs to.
 *
 * @see https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type {
  Daemon,
  Implementation,
  JsonRpcNotification,
  JsonRpcRequest,
  KeptSession,
  Peer,
  RequestId,
  Session,
} from '@mcp-daemon/core';
import { isObject } from '@mcp-daemon/core';

import type { ByteBudget } from '../wire/byte-budget.js';
import type { Caller } from '../wire/caller.js';
import type { EventStreams } from '../wire/event-stream.js';
import type { Accepted } from '../wire/media.js';
import { bytesOf } from '../wire/message-body.js';
import { refuse } from '../wire/respond.js';
import type { ScopeChallenge } from '../wire/scope-challenge.js';
import type { Turns } from '../wire/turns.js';
import type { Answered, ReplyOwner } from './reply.js';
import { Reply } from './reply.js';
import { isStandaloneEvent, SessionStreams } from './resumable.js';

/** The first protocol version with priming events: events without a message that give the client an id to resume from. */
const PRIMING_SINCE = '2025-11-25';

/** What the sessions of an endpoint share, and what they report to their table. */
export interface SessionContext {
  readonly daemon: Daemon;
  readonly streams: EventStreams;
  /** Where unread answers are counted. */
  readonly budget: Pick<ByteBudget, 'hold'>;
  /** Makes the challenge for a token that lacks scopes. */
  readonly challenge?: ScopeChallenge | undefined;
  /** Writes answers that are ready at once. */
  readonly turns: Pick<Turns, 'atEnd'>;
  /** After this time without an answer a stream is opened. */
  readonly streamAfterMs: number;
  /** Called with the change in the number of characters that a session keeps for resumption. */
  onKept(session: HttpSession, characters: number): void;
  /** Called when a session has ended. */
  onEnded(session: HttpSession): void;
}

/** One POST of a session. */
export interface SessionRequest {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly caller: Caller;
  readonly accepted: Accepted;
}

/** The ids of all requests in a body, which may be a batch. */
function requestsIn(message: unknown): RequestId[] {
  if (Array.isArray(message)) return message.flatMap((single: unknown) => (Array.isArray(single) ? [] : requestsIn(single)));
  if (!isObject(message) || typeof message['method'] !== 'string') return [];
  const { id } = message;
  return typeof id === 'string' || typeof id === 'number' ? [id] : [];
}

/** One session. */
export class HttpSession implements Peer, ReplyOwner {
  /** Its id, once it has one. Requests that name it must still come from the user who opened the session. */
  id = '';
  readonly core: Session;
  readonly caller: Caller;
  readonly #context: SessionContext;
  #streams: SessionStreams | undefined;
  #replies: Map<RequestId, Reply> | undefined;
  /** Set if another connection or process has had the session: what the client may have missed. */
  #missed: readonly JsonRpcNotification[] | undefined;
  #isContinued = false;
  /** The time of the last request of the client, in milliseconds of `performance.now()`. */
  lastUsed = performance.now();
  /** When the session began, in milliseconds of `performance.now()`. */
  readonly began = this.lastUsed;

  /** @throws DaemonError `closed` if the daemon is closed */
  constructor(context: SessionContext, caller: Caller) {
    this.#context = context;
    this.caller = caller;
    // Without scopes: each message has those of its own token.
    this.core = context.daemon.open(this, { partition: caller.partition, subject: caller.subject });
  }

  /** Continues a session that another connection or process has had. */
  continue(id: string, kept: KeptSession): void {
    this.id = id;
    this.#isContinued = true;
    this.#missed = kept.continueOn(this.core);
  }

  /** Whether the caller is the one who opened the session. */
  belongsTo({ partition, subject }: Caller): boolean {
    return partition === this.caller.partition && subject === this.caller.subject;
  }

  /** Whether the client understands priming events. */
  get sendsPriming(): boolean {
    return (this.core.legacy?.caller.version ?? '') >= PRIMING_SINCE;
  }

  /** The streams of the session, created when first needed. */
  get streams(): SessionStreams {
    return (this.#streams ??= new SessionStreams(this.#context.streams, {
      primes: this.sendsPriming,
      isContinued: this.#isContinued,
      onKept: (more) => this.#context.onKept(this, more),
    }));
  }

  /** The client program. */
  get client(): Implementation | undefined {
    return this.core.legacy?.caller.client;
  }

  /** Whether calls are running. */
  get busy(): boolean {
    return this.core.inFlight > 0;
  }

  /** Whether calls are running or a stream is connected. */
  get isActive(): boolean {
    return this.busy || this.#streams?.connected === true;
  }

  /** Receives the body of a POST and answers it. */
  post(message: unknown, { req, res, caller, accepted }: SessionRequest): void {
    const replies = (this.#replies ??= new Map<RequestId, Reply>());
    // Core refuses a request whose id is already running. Messages with that id still belong to the first request.
    const ids = requestsIn(message).filter((id) => !replies.has(id));
    const { budget, challenge, streamAfterMs } = this.#context;
    const reply = new Reply(this, { res, caller, accepted, ids, budget, challenge, streamAfterMs });
    for (const id of ids) replies.set(id, reply);
    const finish = (answered: Answered, turns?: Pick<Turns, 'atEnd'>): void => {
      for (const id of ids) replies.delete(id);
      reply.answer(answered, turns);
    };
    this.core.clientId = caller.clientId;
    const answered = this.core.receive(message, req.headers['traceparent']?.toString(), bytesOf(req), caller.scopes);
    if (!(answered instanceof Promise)) {
      finish(answered, this.#context.turns);
      return;
    }
    reply.wait();
    void answered.then((later) => finish(later));
  }

  /** Serves a GET: opens the standalone stream, or with `Last-Event-ID` resumes an interrupted one. */
  get(req: IncomingMessage, res: ServerResponse, caller: Caller): void {
    const lastEventId = req.headers['last-event-id']?.toString();
    if (lastEventId === undefined) {
      this.#openStandalone(res, caller);
      return;
    }
    if (this.streams.resume(lastEventId, res, caller)) return;
    // The events of the process that had the session are gone, but its client wants those that are to come.
    if (this.#isContinued && isStandaloneEvent(lastEventId)) this.#openStandalone(res, caller);
    else refuse(res, { status: 400, message: 'The stream cannot be resumed from this Last-Event-ID.' });
  }

  #openStandalone(res: ServerResponse, caller: Caller): void {
    this.streams.openStandalone(res, caller);
    const missed = this.#missed ?? [];
    this.#missed = undefined;
    for (const notification of missed) this.send(notification);
  }

  /** Called by core: sends a message on the stream of the request it is related to, or on the standalone stream. */
  send(message: JsonRpcRequest | JsonRpcNotification, related?: RequestId): void {
    if (related === undefined) {
      this.#streams?.standalone?.push(JSON.stringify(message));
      return;
    }
    if (this.#replies?.get(related)?.send(message) === true || !('id' in message)) return;
    // A client that does not accept a stream cannot be asked anything. The request fails at once instead of waiting in vain.
    const error = { code: -32600, message: 'the client does not accept text/event-stream' };
    queueMicrotask(() => void this.core.receive({ jsonrpc: '2.0', id: message.id, error }));
  }

  /** Called by core: a request has begun a call that is recorded. */
  recorded(callId: string, request: RequestId): void {
    this.#replies?.get(request)?.recorded(callId);
  }

  /** Cancels the requests of callers who have lost access. */
  endRevoked(): void {
    for (const reply of [...new Set(this.#replies?.values())]) reply.endIfRevoked();
  }

  /** Called by core when the session has ended, for whatever reason. */
  close(): void {
    this.#streams?.close();
    this.#context.onEnded(this);
  }

  /** Drops kept events that were sent before a time, in milliseconds of `performance.now()`. */
  expire(before: number): void {
    this.#streams?.expire(before);
  }
}
