/**
 * The era without sessions: every POST stands alone, and its response is one JSON object or the stream of this one request.
 *
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Daemon, Exchange, JsonRpcNotification, JsonRpcResponse } from '@mcp-daemon/core';
import { encode, META } from '@mcp-daemon/core';

import { Bag } from '../wire/bag.js';
import type { Caller } from '../wire/caller.js';
import type { EventStreams } from '../wire/event-stream.js';
import { eventOf } from '../wire/event-stream.js';
import { SHUTTING_DOWN } from '../wire/failure.js';
import { isObject } from '../wire/message.js';
import { MAX_TIMER_MS } from '../wire/options.js';
import type { Refusal } from '../wire/respond.js';
import { endResponse, refuse, sendJson, sendStatus } from '../wire/respond.js';
import { UserCounts } from '../wire/user-counts.js';

/** The statuses that the protocol gives to errors; all others are answers like any other. */
const STATUS = new Map([
  [-32700, 400],
  [-32600, 400],
  [-32601, 404],
  [-32020, 400],
  [-32021, 400],
  [-32022, 400],
]);
const INVALID_PARAMS = -32602;

/** Whether a request brought the metadata that every request must have; what else is wrong with it is no matter of HTTP. */
function hasMetadata(message: unknown): boolean {
  const params = isObject(message) ? message['params'] : undefined;
  const meta = isObject(params) ? params['_meta'] : undefined;
  return isObject(meta) && typeof meta[META.protocolVersion] === 'string' && isObject(meta[META.clientCapabilities]);
}

function statusOf(answer: JsonRpcResponse, message: unknown): number {
  if (!('error' in answer)) return 200;
  const { code } = answer.error;
  return STATUS.get(code) ?? (code === INVALID_PARAMS && !hasMetadata(message) ? 400 : 200);
}

/** One request, from its body to the end of its response. */
class Standing implements Exchange {
  readonly partition: string;
  readonly subject: string;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #streams: EventStreams;
  #controller: AbortController | undefined;
  #left = false;
  #answered = false;
  /** Settles when it has been answered. */
  done?: Promise<void>;
  /** Where it is among those under way. */
  place = 0;

  constructor(req: IncomingMessage, res: ServerResponse, caller: Caller, streams: EventStreams) {
    this.partition = caller.partition;
    this.subject = caller.subject;
    this.#req = req;
    this.#res = res;
    this.#streams = streams;
  }

  /** Made when somebody looks at it: most calls are over before. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#left) this.#controller.abort();
    return this.#controller.signal;
  }

  header(name: string): string | undefined {
    const value = this.#req.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  get traceparent(): string | undefined {
    return this.header('traceparent');
  }

  notify(notification: JsonRpcNotification): void {
    if (this.#left || this.#answered) return;
    const event = eventOf(encode(notification));
    if (this.#res.headersSent) this.#streams.write(this.#res, event);
    else this.#streams.open(this.#res, event);
  }

  /** The client has left, which ends the request. */
  readonly leave = (): void => {
    this.#left = true;
    this.#controller?.abort();
  };

  answer(answer: JsonRpcResponse | undefined, message: unknown): void {
    const res = this.#res;
    this.#answered = true; // nothing may follow
    if (res.destroyed) return;
    if (res.headersSent) endResponse(res, answer === undefined ? undefined : eventOf(encode(answer)));
    else if (answer === undefined) sendStatus(res, this.#left ? 503 : 202);
    else sendJson(res, statusOf(answer, message), encode(answer));
  }
}

/** Serves messages that stand alone. */
export interface ModernDoor {
  post(message: unknown, req: IncomingMessage, res: ServerResponse, caller: Caller): void;
  /** Waits for answers, no longer than `drainMs`, then ends what is left. Streams that are listened to are not waited for. */
  close(drainMs: number): Promise<void>;
}

/** What {@link createModernDoor} takes. */
export interface ModernDoorOptions {
  daemon: Pick<Daemon, 'handle' | 'closed'>;
  streams: EventStreams;
  /** Streams that are listened to, at once. */
  maxStreams: number;
  maxStreamsPerUser: number;
  /** Other requests of one user that are under way. */
  maxInFlightPerUser: number;
}

/** Seconds after which somebody who found no room may ask again: streams last, other requests do not. */
const ROOM_AFTER_S = { stream: '5', request: '1' };

/** Creates the door of the modern era. */
export function createModernDoor(options: ModernDoorOptions): ModernDoor {
  const { daemon, streams, maxStreams, maxStreamsPerUser, maxInFlightPerUser } = options;
  /** Streams that are listened to, and other requests under way: these are waited for at the end. */
  const streaming = new Bag<Standing>();
  const standing = new Bag<Standing>();
  const listening = new UserCounts();
  /** Those that were not answered at once: the others are over before anybody can count them. */
  const underWay = new UserCounts();

  function refusalOf(listens: boolean, caller: Caller): Refusal | undefined {
    if (daemon.closed) return SHUTTING_DOWN;
    if (!listens) {
      // Where all together have less than one may have, nobody is looked up.
      if (underWay.total < maxInFlightPerUser || underWay.of(caller) < maxInFlightPerUser) return undefined;
      const message = `More than ${maxInFlightPerUser} requests of one user are under way; wait for answers.`;
      return { status: 429, message, headers: { 'retry-after': ROOM_AFTER_S.request } };
    }
    const headers = { 'retry-after': ROOM_AFTER_S.stream };
    if (listening.total >= maxStreams) return { status: 503, message: 'Too many streams are open.', headers };
    if (listening.of(caller) < maxStreamsPerUser) return undefined;
    return { status: 503, message: `At most ${maxStreamsPerUser} streams of one user are open at once.`, headers };
  }

  return {
    post(message, req, res, caller) {
      const listens = isObject(message) && message['method'] === 'subscriptions/listen';
      const refusal = refusalOf(listens, caller);
      if (refusal !== undefined) {
        refuse(res, refusal);
        return;
      }
      const exchange = new Standing(req, res, caller, streams);
      const answered = daemon.handle(message, exchange);
      if (!(answered instanceof Promise)) {
        exchange.answer(answered, message);
        return;
      }
      if (res.destroyed) exchange.leave();
      else res.on('close', exchange.leave);
      const give = (listens ? listening : underWay).take(caller);
      const crowd = listens ? streaming : standing;
      crowd.add(exchange);
      exchange.done = answered.then((answer) => {
        give();
        crowd.remove(exchange);
        res.off('close', exchange.leave);
        exchange.answer(answer, message);
      });
    },
    async close(drainMs) {
      const waited = standing.all.flatMap(({ done }) => done ?? []);
      let timer: NodeJS.Timeout | undefined;
      if (waited.length > 0) {
        const late = new Promise((resolve) => (timer = setTimeout(resolve, Math.min(drainMs, MAX_TIMER_MS))));
        await Promise.race([Promise.all(waited), late]);
      }
      clearTimeout(timer);
      const left = [...standing.all, ...streaming.all];
      for (const exchange of left) exchange.leave();
      await Promise.all(left.flatMap(({ done }) => done ?? []));
    },
  };
}
