/** One session of the HTTP+SSE transport: whatever is said to its client leaves on one stream, and the stream's end is its own. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Daemon, JsonRpcNotification, JsonRpcRequest, JsonRpcResponse, Peer, Session } from '@mcp-daemon/core';
import { encode } from '@mcp-daemon/core';

import type { Caller } from '../wire/caller.js';
import type { EventStreams } from '../wire/event-stream.js';
import { sendJson, sendStatus } from '../wire/respond.js';

/** Milliseconds that a client is given to read what it was sent before the end. */
const GRACE_MS = 5_000;

const eventOf = (data: string): string => `event: message\ndata: ${data}\n\n`;

/** What {@link SseSession} takes. */
export interface SseSessionOptions {
  daemon: Pick<Daemon, 'open'>;
  streams: EventStreams;
  caller: Caller;
  /** The stream that is to be. */
  res: ServerResponse;
  /** Told once, when it has ended. */
  onEnd: (session: SseSession) => void;
}

/** One session, over one connection: there is no coming back to it. */
export class SseSession implements Peer {
  /** Nobody can guess it; who knows it still has to be who opened it. */
  readonly id = randomUUID();
  readonly core: Session;
  readonly #caller: Caller;
  readonly #res: ServerResponse;
  readonly #streams: EventStreams;
  readonly #onEnd: (session: SseSession) => void;
  #ended = false;
  /** Whether its client has ever sent a message. */
  #spoken = false;
  /** When its client was last heard of. */
  #lastUsed = Date.now();

  /** @throws DaemonError `closed` */
  constructor({ daemon, streams, caller, res, onEnd }: SseSessionOptions) {
    this.#caller = caller;
    this.#res = res;
    this.#streams = streams;
    this.#onEnd = onEnd;
    this.core = daemon.open(this, caller);
  }

  get spoken(): boolean {
    return this.#spoken;
  }

  belongsTo({ partition, subject }: Caller): boolean {
    return partition === this.#caller.partition && subject === this.#caller.subject;
  }

  /** Milliseconds for which nobody has sent anything or waited for an answer. */
  idleFor(now: number): number {
    if (this.core.inFlight > 0) this.#lastUsed = now;
    return now - this.#lastUsed;
  }

  /** Opens the stream. @param endpoint where the client is to send its messages */
  begin(endpoint: string): void {
    this.#streams.open(this.#res, `event: endpoint\ndata: ${endpoint}\n\n`);
    this.#res.once('close', () => this.core.close());
  }

  /** Takes what a POST brought. Its answer leaves on the stream; the POST is told that it came, or that it was no message. */
  receive(message: unknown, req: IncomingMessage, res: ServerResponse): void {
    this.#spoken = true;
    this.#lastUsed = Date.now();
    const answered = this.core.receive(message, req.headers['traceparent']?.toString());
    if (answered instanceof Promise) {
      sendStatus(res, 202);
      void answered.then((answer) => this.#answer(answer));
    } else if (answered !== undefined && !Array.isArray(answered) && answered.id === undefined) {
      sendJson(res, 400, encode(answered)); // an answer to nobody in particular is about the body
    } else {
      sendStatus(res, 202);
      this.#answer(answered);
    }
  }

  send(message: JsonRpcRequest | JsonRpcNotification): void {
    this.#write(encode(message));
  }

  /** The session has ended: called by core, whoever ended it. */
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
