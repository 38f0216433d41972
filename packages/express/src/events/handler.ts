/**
 * The live events of a daemon as a plain `(req, res)` handler: a stream of Server-Sent Events for `EventSource`, `curl -N` and other
 * clients. Callers have to be authenticated before.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Daemon } from '@mcp-daemon/core';

import type { ByteBudget } from '../wire/byte-budget.js';
import { createByteBudget } from '../wire/byte-budget.js';
import { SHUTTING_DOWN } from '../wire/failure.js';
import { acceptedBy } from '../wire/media.js';
import { positive } from '../wire/options.js';
import { closeWithConnection } from '../wire/pipeline.js';
import { sendProblem } from '../wire/problem.js';
import type { Refusal } from '../wire/respond.js';
import { Feed } from './feed.js';
import { EventStream } from './stream.js';
import { Tickets } from './tickets.js';
import type { EventsIdentity } from './viewer.js';

/** What {@link createEventsHandler} takes. */
export interface EventsHandlerOptions {
  /** How often a comment is sent on each stream. Default 15 seconds. */
  heartbeatMs?: number;
  /** How many streams may be open. Default 1,000. */
  maxStreams?: number;
  /** How many streams one user may have open in one partition. Default 32. */
  maxStreamsPerUser?: number;
  /** How many bytes a client may leave unread. One that leaves more is disconnected; it can reconnect for the rest. Default 500 KB. */
  maxUnreadBytes?: number;
  /** How long one stream lasts. Then its client has to reconnect and authenticate again. Default 1 hour. */
  maxStreamMs?: number;
  /** The memory for events that clients do not read; see {@link ByteBudgetOptions}. Default: a budget of its own. */
  budget?: ByteBudget;
}

/** The live events of a daemon. */
export interface EventsHandler {
  /** Serves one request of an authenticated caller. Needs no `this`. */
  readonly handle: (req: IncomingMessage, res: ServerResponse, identity: EventsIdentity) => void;
  /** Creates a ticket for an authenticated caller whose client cannot send headers. It can be used once, within 30 seconds. */
  readonly createTicket: (identity: EventsIdentity) => string;
  /** Uses up a ticket. @returns the caller it was created for; undefined: the ticket is unknown, used or too old */
  readonly identityOfTicket: (ticket: string) => EventsIdentity | undefined;
  /** How many streams are open. */
  readonly streams: number;
  /** Ends the streams of callers for whom `isValid` is false. */
  readonly endRevoked: () => void;
  /** Ends all streams and tells their clients to reconnect; new streams are refused. The daemon stays open. */
  readonly close: () => void;
}

/** Seconds after which a client that was refused because of a limit may retry. */
const RETRY_AFTER_S = 5;

/**
 * The id of the last event that the client has seen. The header, which a browser sends when it reconnects, takes precedence over the
 * query, which a page sets for its first connection.
 */
function lastEventIdOf(req: IncomingMessage): string | undefined {
  const header = req.headers['last-event-id'];
  const [, query = ''] = (req.url ?? '').split('?', 2);
  const given = (header ?? '').toString() || new URLSearchParams(query).get('lastEventId');
  return given === null || given === '' ? undefined : given;
}

/**
 * Creates the handler of a daemon's live events. A user sees changes of the catalog and their own calls; an admin sees everything in the
 * partition.
 *
 * @throws DaemonError `usage` if an option is invalid
 *
 * @example
 * const events = createEventsHandler(daemon);
 * createServer((req, res) => events.handle(req, res, { partition: 'default', subject: 'ada' }));
 */
export function createEventsHandler(daemon: Pick<Daemon, 'events'>, options: EventsHandlerOptions = {}): EventsHandler {
  const heartbeatMs = positive('heartbeatMs', options.heartbeatMs ?? 15_000);
  const maxStreams = positive('maxStreams', options.maxStreams ?? 1_000);
  const maxStreamsPerUser = positive('maxStreamsPerUser', options.maxStreamsPerUser ?? 32);
  const maxUnreadBytes = positive('maxUnreadBytes', options.maxUnreadBytes ?? 500_000);
  const maxStreamMs = positive('maxStreamMs', options.maxStreamMs ?? 60 * 60_000);

  const { budget = createByteBudget() } = options;

  const bus = daemon.events;
  const feeds = new Map<string, Feed>();
  const tickets = new Tickets();
  let streams = 0;
  let heartbeat: NodeJS.Timeout | undefined;
  let closed = false;

  function beat(): void {
    for (const feed of [...feeds.values()]) feed.beat(performance.now() - maxStreamMs);
  }

  function feedOf(partition: string): Feed {
    let feed = feeds.get(partition);
    if (feed === undefined) {
      feed = new Feed(bus, partition, () => feeds.delete(partition));
      feeds.set(partition, feed);
    }
    return feed;
  }

  function open(req: IncomingMessage, res: ServerResponse, identity: EventsIdentity): void {
    const feed = feedOf(identity.partition);
    const stream: EventStream = new EventStream(res, {
      maxUnreadBytes,
      holding: budget.hold(identity),
      onEnd: () => feed.remove(stream, identity),
      onClosed() {
        streams -= 1;
        if (streams > 0) return;
        clearInterval(heartbeat);
        heartbeat = undefined;
      },
    });
    streams += 1;
    heartbeat ??= setInterval(beat, heartbeatMs).unref();
    feed.add(stream, identity, lastEventIdOf(req));
  }

  function refusalOf(req: IncomingMessage, { partition, subject }: EventsIdentity): Refusal | undefined {
    if (req.method !== 'GET') return { status: 405, message: 'Use GET.', headers: { allow: 'GET' } };
    if (!acceptedBy(req).events) return { status: 406, message: 'Accept must include text/event-stream.' };
    const headers = { 'retry-after': String(RETRY_AFTER_S) };
    if (closed) return { ...SHUTTING_DOWN, headers: { ...SHUTTING_DOWN.headers, ...headers } };
    if (streams >= maxStreams) return { status: 503, message: 'Too many event streams are open.', headers };
    if ((feeds.get(partition)?.countOf(subject) ?? 0) < maxStreamsPerUser) return undefined;
    return { status: 503, message: `One user may have at most ${maxStreamsPerUser} open event streams.`, headers };
  }

  return {
    handle(req, res, identity) {
      closeWithConnection(req, res);
      if (res.headersSent || res.destroyed) return;
      const refusal = refusalOf(req, identity);
      if (refusal === undefined) open(req, res, identity);
      else sendProblem(res, refusal);
    },
    createTicket: (identity) => tickets.create(identity),
    identityOfTicket: (ticket) => tickets.use(ticket),
    get streams() {
      return streams;
    },
    endRevoked() {
      for (const feed of [...feeds.values()]) feed.endRevoked();
    },
    close() {
      closed = true;
      clearInterval(heartbeat);
      heartbeat = undefined;
      tickets.clear();
      for (const feed of [...feeds.values()]) feed.close();
    },
  };
}
