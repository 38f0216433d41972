/** One session of the HTTP+SSE transport. All messages to the client are events of one stream; the session ends with the stream. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type {
  Daemon,
  Implementation,
  JsonRpcNotification,
  JsonRpcRequest,
  JsonRpcResponse,
  Peer,
  Session,
} from '@mcp-daemon/core';
import { encode } from '@mcp-daemon/core';

import type { Caller } from '../wire/caller.js';
import { isRevoked } from '../wire/caller.js';
import type { EventStreams } from '../wire/event-stream.js';
import { bytesOf } from '../wire/message-body.js';
import { recordCall } from '../wire/request-info.js';
import { sendJson, sendStatus } from '../wire/respond.js';

/** How long a client may take to read the last events before its connection is closed. */
const GRACE_MS = 5_000;

const eventOf = (data: string): string => `event: message\ndata: ${data}\n\n`;

/** What {@link SseSession} takes. */
export interface SseSessionOptions {
  daemon: Pick<Daemon, 'open'>;
  streams: EventStreams;
  caller: Caller;
  /** The response that becomes the stream. */
  res: ServerResponse;
  /** Called once, when the session has ended. */
  onEnd: (session: SseSession) => void;
}

/** One session. It cannot be resumed over another connection. */
export class SseSession implements Peer {
  /** A random id. Requests that name it must still come from the user who opened the session. */
  readonly id = randomUUID();
  readonly core: Session;
  readonly caller: Caller;
  /** When the session began, in milliseconds of `performance.now()`. */
  readonly began = performance.now();
  /** Who sent the last message: the same user, perhaps with another token. */
  #sender: Caller;
  readonly #res: ServerResponse;
  readonly #streams: EventStreams;
  readonly #onEnd: (session: SseSession) => void;
  /** The POST whose message is being received. */
  #receiving: IncomingMessage | undefined;
  #ended = false;
  /** Whether the client has ever sent a message. */
  #hasReceived = false;
  /** The time of the last message from the client, in milliseconds of `performance.now()`. */
  #lastUsed = this.began;

  /** @throws DaemonError `closed` if the daemon is closed */
  constructor({ daemon, streams, caller, res, onEnd }: SseSessionOptions) {
    this.caller = this.#sender = caller;
    this.#res = res;
    this.#streams = streams;
    this.#onEnd = onEnd;
    // Without scopes: each message has those of its own token.
    this.core = daemon.open(this, { partition: caller.partition, subject: caller.subject });
  }

  /** The time of the last message from the client, in milliseconds of `performance.now()`. */
  get lastUsed(): number {
    return this.#lastUsed;
  }

  /** The client program. */
  get client(): Implementation | undefined {
    return this.core.legacy?.caller.client;
  }

  get hasReceived(): boolean {
    return this.#hasReceived;
  }

  /** Whether the caller is the one who opened the session. */
  belongsTo({ partition, subject }: Caller): boolean {
    return partition === this.caller.partition && subject === this.caller.subject;
  }

  /** Milliseconds since the last message, or since a call was last seen running. */
  idleFor(now: number): number {
    if (this.core.inFlight > 0) this.#lastUsed = now;
    return now - this.#lastUsed;
  }

  /** Whether the caller of the stream, or of the last message while calls are running, has lost access. */
  get isRevoked(): boolean {
    return isRevoked(this.caller) || (this.core.inFlight > 0 && isRevoked(this.#sender));
  }

  /** Opens the stream. @param endpoint the path to which the client sends its messages */
  begin(endpoint: string): void {
    this.#streams.open(this.#res, this.caller, `event: endpoint\ndata: ${endpoint}\n\n`);
    this.#res.once('close', () => this.core.close());
  }

  /** Receives the body of a POST. Its answer goes to the stream; the POST is answered with 202, or 400 for a malformed message. */
  receive(message: unknown, sender: Caller, req: IncomingMessage, res: ServerResponse): void {
    this.#sender = sender;
    this.#hasReceived = true;
    this.#lastUsed = performance.now();
    this.#receiving = req;
    this.core.clientId = sender.clientId;
    const answered = this.core.receive(message, req.headers['traceparent']?.toString(), bytesOf(req), sender.scopes);
    this.#receiving = undefined;
    if (answered instanceof Promise) {
      sendStatus(res, 202);
      void answered.then((answer) => this.#answer(answer));
    } else if (answered !== undefined && !Array.isArray(answered) && answered.id === undefined) {
      sendJson(res, 400, encode(answered)); // an answer without an id is about the body as a whole
    } else {
      sendStatus(res, 202);
      this.#answer(answered);
    }
  }

  send(message: JsonRpcRequest | JsonRpcNotification): void {
    this.#write(encode(message));
  }

  /** Called by core: a request has begun a call that is recorded. A call that begins after its POST was answered is not in the log. */
  recorded(callId: string): void {
    recordCall(this.#receiving, callId);
  }

  /** Called by core when the session has ended, for whatever reason. */
  close(): void {
    this.#ended = true;
    this.#onEnd(this);
    const res = this.#res;
    if (res.destroyed) return;
    res.end();
    const grace = setTimeout(() => res.destroy(), GRACE_MS).unref();
    res.once('close', () => clearTimeout(grace));
  }

  #answer(answered: JsonRpcResponse | JsonRpcResponse[] | undefined): void {
    if (Array.isArray(answered)) this.#write(`[${answered.map(encode).join(',')}]`);
    else if (answered !== undefined) this.#write(encode(answered));
  }

  #write(text: string): void {
    if (!this.#ended) this.#streams.write(this.#res, eventOf(text));
  }
}
