/** The response to one POST of a session: JSON for a fast answer, else a stream that can be resumed. */
import type { ServerResponse } from 'node:http';

import type { JsonRpcNotification, JsonRpcRequest, JsonRpcResponse, RequestId, Session } from '@mcp-daemon/core';
import { encode } from '@mcp-daemon/core';

import type { ByteBudget } from '../wire/byte-budget.js';
import type { Caller } from '../wire/caller.js';
import { isRevoked } from '../wire/caller.js';
import { REVOKED } from '../wire/failure.js';
import type { Accepted } from '../wire/media.js';
import { recordCall } from '../wire/request-info.js';
import { refuse, sendAnswer, sendList, sendStatus } from '../wire/respond.js';
import type { ScopeChallenge } from '../wire/scope-challenge.js';
import { scopesAskedBy } from '../wire/scope-challenge.js';
import type { Turns } from '../wire/turns.js';
import type { ResumableStream, SessionStreams } from './resumable.js';

/** The answer to a POST: one answer, the answers to a batch, or none. */
export type Answered = JsonRpcResponse | JsonRpcResponse[] | undefined;

/** The session that a reply belongs to. */
export interface ReplyOwner {
  readonly core: Pick<Session, 'cancel'>;
  readonly streams: SessionStreams;
  /** Whether the client understands priming events. */
  readonly sendsPriming: boolean;
}

/** What {@link Reply} takes. */
export interface ReplyOptions {
  readonly res: ServerResponse;
  readonly caller: Caller;
  readonly accepted: Accepted;
  /** The ids of the requests in the POST. */
  readonly ids: readonly RequestId[];
  /** Where an unread answer is counted. */
  readonly budget: Pick<ByteBudget, 'hold'>;
  /** Makes the challenge for a token that lacks scopes. */
  readonly challenge: ScopeChallenge | undefined;
  /** After this time without an answer a stream is opened, so that the client can reconnect and resume it. */
  readonly streamAfterMs: number;
}

/** Whether an answer is a status, 403, and so no event of a stream. */
const isChallenge = (answered: Answered): boolean =>
  answered !== undefined && !Array.isArray(answered) && scopesAskedBy(answered) !== undefined;

/** One response. */
export class Reply {
  readonly #session: ReplyOwner;
  readonly #res: ServerResponse;
  readonly #caller: Caller;
  readonly #accepted: Accepted;
  readonly #budget: Pick<ByteBudget, 'hold'>;
  readonly #challenge: ScopeChallenge | undefined;
  readonly #ids: readonly RequestId[];
  readonly #streamAfterMs: number;
  #stream: ResumableStream | undefined;
  #streamTimer: NodeJS.Timeout | undefined;

  constructor(session: ReplyOwner, { res, caller, accepted, ids, budget, challenge, streamAfterMs }: ReplyOptions) {
    this.#session = session;
    this.#res = res;
    this.#caller = caller;
    this.#accepted = accepted;
    this.#ids = ids;
    this.#budget = budget;
    this.#challenge = challenge;
    this.#streamAfterMs = streamAfterMs;
  }

  /** Called when the answer is not available at once. */
  wait(): void {
    if (this.#stream !== undefined) return;
    if (this.#res.destroyed) {
      this.#cancel('left'); // the connection was closed during authentication
      return;
    }
    this.#res.once('close', this.#onClose);
    if (this.#accepted.events && this.#session.sendsPriming)
      this.#streamTimer = setTimeout(() => this.#open(), this.#streamAfterMs).unref();
  }

  /** Sends a message before the answer. @returns false where the client does not accept a stream */
  send(message: JsonRpcRequest | JsonRpcNotification): boolean {
    if (!this.#accepted.events) return false;
    this.#open().push(encode(message));
    return true;
  }

  /** Names the record of a call in the access log. */
  recorded(callId: string): void {
    recordCall(this.#res.req, callId);
  }

  /** Sends the answer and ends the response. @param turns given: JSON is written at the end of this turn of the event loop */
  answer(answered: Answered, turns?: Pick<Turns, 'atEnd'>): void {
    clearTimeout(this.#streamTimer);
    this.#res.off('close', this.#onClose);
    const given = answered === undefined ? [] : Array.isArray(answered) ? answered : [answered];
    if (this.#stream === undefined && (this.#accepted.json || isChallenge(answered))) this.#sendJson(answered, turns);
    else if (this.#stream === undefined && given.length === 0) sendStatus(this.#res, 202);
    else {
      const stream = this.#open();
      for (const answer of given) stream.push(encode(answer));
      stream.end();
    }
  }

  /** Ends the response, and cancels its requests, where the caller has lost access. */
  endIfRevoked(): void {
    if (!isRevoked(this.#caller)) return;
    clearTimeout(this.#streamTimer);
    this.#res.off('close', this.#onClose);
    if (this.#stream === undefined) refuse(this.#res, REVOKED);
    else this.#stream.end();
    this.#cancel('client');
  }

  #sendJson(answered: Answered, turns: Pick<Turns, 'atEnd'> | undefined): void {
    const about = { caller: this.#caller, budget: this.#budget, challenge: this.#challenge, turns };
    if (answered === undefined) sendStatus(this.#res, 202);
    else if (Array.isArray(answered)) sendList(this.#res, answered.map(encode), about);
    // An answer without an id is about the body, which was not a message.
    else sendAnswer(this.#res, answered.id === undefined ? 400 : 200, answered, about);
  }

  #open(): ResumableStream {
    if (this.#stream !== undefined) return this.#stream;
    clearTimeout(this.#streamTimer);
    this.#res.off('close', this.#onClose);
    this.#stream = this.#session.streams.open(this.#res, this.#caller);
    this.#stream.onAbandoned = () => this.#cancel('left');
    return this.#stream;
  }

  /** Without a stream a client that disconnects cannot get the answer any more, so its requests are cancelled. */
  readonly #onClose = (): void => {
    clearTimeout(this.#streamTimer);
    this.#cancel('left');
  };

  #cancel(by: 'client' | 'left'): void {
    for (const id of this.#ids) this.#session.core.cancel(id, by);
  }
}
