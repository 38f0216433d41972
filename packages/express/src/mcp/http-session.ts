/**
 * One session of the legacy era: its messages, on the streams that they belong to.
 *
 * @see https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Daemon, JsonRpcNotification, JsonRpcRequest, Peer, RequestId, Session } from '@mcp-daemon/core';

import type { Caller } from '../wire/caller.js';
import type { EventStreams } from '../wire/event-stream.js';
import type { Accepted } from '../wire/media.js';
import { isObject } from '../wire/message.js';
import { refuse, sendStatus } from '../wire/respond.js';
import type { ReplyOwner } from './reply.js';
import { Reply } from './reply.js';
import { SessionStreams } from './resumable.js';

/** The first version whose clients know a priming event. */
const PRIMED_SINCE = '2025-11-25';

/** What sessions share. */
export interface SessionHouse {
  readonly daemon: Daemon;
  readonly streams: EventStreams;
  /** Told how much more is kept for resumption, or less. */
  kept(characters: number): void;
  /** Told when a session has ended. */
  ended(session: HttpSession): void;
}

/** The ids of the requests in a body. */
function requestsIn(message: unknown): RequestId[] {
  if (Array.isArray(message)) return message.flatMap((single: unknown) => (Array.isArray(single) ? [] : requestsIn(single)));
  if (!isObject(message) || typeof message['method'] !== 'string') return [];
  const { id } = message;
  return typeof id === 'string' || typeof id === 'number' ? [id] : [];
}

/** One session. */
export class HttpSession implements Peer, ReplyOwner {
  /** Nobody can guess it; who knows it still has to be who opened it. */
  readonly id = randomUUID();
  readonly core: Session;
  readonly caller: Caller;
  readonly #house: SessionHouse;
  #streams: SessionStreams | undefined;
  #replies: Map<RequestId, Reply> | undefined;
  /** When its client was last heard of. */
  lastUsed = Date.now();

  /** @throws DaemonError `closed` */
  constructor(house: SessionHouse, caller: Caller) {
    this.#house = house;
    this.caller = caller;
    this.core = house.daemon.open(this, caller);
  }

  belongsTo({ partition, subject }: Caller): boolean {
    return partition === this.caller.partition && subject === this.caller.subject;
  }

  get primes(): boolean {
    return (this.core.legacy?.caller.version ?? '') >= PRIMED_SINCE;
  }

  get streams(): SessionStreams {
    return (this.#streams ??= new SessionStreams(this.#house.streams, this.primes, (more) => this.#house.kept(more)));
  }

  /** Whether calls are under way. */
  get busy(): boolean {
    return this.core.inFlight > 0;
  }

  /** Whether its client is there, or waited for. */
  get present(): boolean {
    return this.busy || this.#streams?.connected === true;
  }

  /** Takes what a POST brought, and answers it. */
  post(message: unknown, req: IncomingMessage, res: ServerResponse, accepted: Accepted): void {
    const replies = (this.#replies ??= new Map<RequestId, Reply>());
    // An id that is under way already is refused: its messages, and its end, are still the first one's.
    const ids = requestsIn(message).filter((id) => !replies.has(id));
    const reply = new Reply(this, res, accepted, ids);
    for (const id of ids) replies.set(id, reply);
    const finish = (answered: Parameters<Reply['answer']>[0]): void => {
      for (const id of ids) replies.delete(id);
      reply.answer(answered);
    };
    const answered = this.core.receive(message, req.headers['traceparent']?.toString());
    if (!(answered instanceof Promise)) {
      finish(answered);
      return;
    }
    reply.wait();
    void answered.then(finish);
  }

  /** Serves a GET: the stream that belongs to no request, or one that broke. */
  get(req: IncomingMessage, res: ServerResponse): void {
    const lastEventId = req.headers['last-event-id'];
    if (lastEventId === undefined) this.streams.openStandalone(res);
    else if (typeof lastEventId !== 'string' || !this.streams.resume(lastEventId, res))
      refuse(res, { status: 400, message: 'Last-Event-ID names no event that can be resumed from.' });
  }

  /** Ends the session by its client's will. */
  delete(res: ServerResponse): void {
    this.core.close();
    sendStatus(res, 204);
  }

  send(message: JsonRpcRequest | JsonRpcNotification, related?: RequestId): void {
    if (related === undefined) {
      this.#streams?.standalone?.push(JSON.stringify(message));
      return;
    }
    if (this.#replies?.get(related)?.send(message) === true || !('id' in message)) return;
    // A client that takes no stream cannot be asked. It is told so to whoever asks, who would wait for nothing.
    const error = { code: -32600, message: 'it does not accept text/event-stream' };
    queueMicrotask(() => void this.core.receive({ jsonrpc: '2.0', id: message.id, error }));
  }

  /** The session has ended: called by core, whoever ended it. */
  close(): void {
    this.#streams?.close();
    this.#house.ended(this);
  }

  /** Lets go of what was sent before a time. */
  expire(before: number): void {
    this.#streams?.expire(before);
  }
}
