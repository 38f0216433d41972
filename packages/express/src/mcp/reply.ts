/** The response to one POST of a session: JSON where the answer comes at once, else a stream that can be resumed. */
import type { ServerResponse } from 'node:http';

import type { JsonRpcNotification, JsonRpcRequest, JsonRpcResponse, RequestId, Session } from '@mcp-daemon/core';
import { encode } from '@mcp-daemon/core';

import type { Accepted } from '../wire/media.js';
import { sendJson, sendStatus } from '../wire/respond.js';
import type { ResumableStream, SessionStreams } from './resumable.js';

/** Milliseconds after which an answer that has not come is given a stream, so that its client can come back for it. */
const STREAM_AFTER_MS = 50;

/** What a POST is answered with: one answer, those of a batch, or nothing. */
export type Answered = JsonRpcResponse | JsonRpcResponse[] | undefined;

/** The session that a reply belongs to. */
export interface ReplyOwner {
  readonly core: Pick<Session, 'cancel'>;
  readonly streams: SessionStreams;
  /** Whether its client knows an event without a message. */
  readonly primes: boolean;
}

/** One response. */
export class Reply {
  readonly #session: ReplyOwner;
  readonly #res: ServerResponse;
  readonly #accepted: Accepted;
  /** The requests that it answers. */
  readonly #ids: readonly RequestId[];
  #stream: ResumableStream | undefined;
  #patience: NodeJS.Timeout | undefined;

  constructor(session: ReplyOwner, res: ServerResponse, accepted: Accepted, ids: readonly RequestId[]) {
    this.#session = session;
    this.#res = res;
    this.#accepted = accepted;
    this.#ids = ids;
  }

  /** The answer takes its time. */
  wait(): void {
    if (this.#stream !== undefined) return;
    if (this.#res.destroyed) {
      this.#cancel(); // it has closed already, while somebody found out who calls
      return;
    }
    this.#res.once('close', this.#leave);
    if (this.#accepted.events && this.#session.primes) this.#patience = setTimeout(() => this.#open(), STREAM_AFTER_MS).unref();
  }

  /** Sends a message that comes before the answer. @returns false: this client takes no stream */
  send(message: JsonRpcRequest | JsonRpcNotification): boolean {
    if (!this.#accepted.events) return false;
    this.#open().push(encode(message));
    return true;
  }

  answer(answered: Answered): void {
    clearTimeout(this.#patience);
    this.#res.off('close', this.#leave);
    const given = answered === undefined ? [] : Array.isArray(answered) ? answered : [answered];
    if (this.#stream === undefined && this.#accepted.json) this.#sendJson(answered);
    else if (this.#stream === undefined && given.length === 0) sendStatus(this.#res, 202);
    else {
      const stream = this.#open();
      for (const answer of given) stream.push(encode(answer));
      stream.end();
    }
  }

  #sendJson(answered: Answered): void {
    if (answered === undefined) sendStatus(this.#res, 202);
    else if (Array.isArray(answered)) sendJson(this.#res, 200, `[${answered.map(encode).join(',')}]`);
    // An answer to nobody in particular is about the body: it was no message.
    else sendJson(this.#res, answered.id === undefined ? 400 : 200, encode(answered));
  }

  #open(): ResumableStream {
    if (this.#stream !== undefined) return this.#stream;
    clearTimeout(this.#patience);
    this.#res.off('close', this.#leave);
    this.#stream = this.#session.streams.open(this.#res);
    this.#stream.onAbandoned = () => this.#cancel();
    return this.#stream;
  }

  /** Whoever leaves without a stream cannot come back for the answer. */
  readonly #leave = (): void => {
    clearTimeout(this.#patience);
    this.#cancel();
  };

  #cancel(): void {
    for (const id of this.#ids) this.#session.core.cancel(id);
  }
}
