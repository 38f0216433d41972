/**
 * What happens in a daemon, live, as a plain `(req, res)` handler: a stream of Server-Sent Events for `EventSource`, `curl -N` and
 * whatever else reads one. It knows no token: who calls has been found out before.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Daemon } from '@mcp-daemon/core';

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
  /** How often a stream is sent a comment. Default 15 seconds. */
  heartbeatMs?: number;
  /** Streams at once. Default 1,000. */
  maxStreams?: number;
  /** Streams of one user in one partition. Default 32. */
  maxStreamsPerUser?: number;
  /** What a client may leave unread. One that leaves more is cut off, and may come back for the rest. Default 500 KB. */
  maxUnreadBytes?: number;
  /** How long one stream lasts; its client comes back, and has to show anew who it is. Default 1 hour. */
  maxStreamMs?: number;
}

/** The live events of a daemon. */
export interface EventsHandler {
  /** Serves one request of somebody who is known; needs no `this`. */
  readonly handle: (req: IncomingMessage, res: ServerResponse, identity: EventsIdentity) => void;
  /** A ticket for somebody who is known and cannot send headers: good once, for 30 seconds. */
  readonly createTicket: (identity: EventsIdentity) => string;
  /** Spends a ticket. @returns whose it was; undefined: it is good for nothing (any more) */
  readonly identityOfTicket: (ticket: string) => EventsIdentity | undefined;
  /** Streams that are open. */
  readonly streams: number;
  /** Ends all streams, and tells their clients to come back; new ones are refused. The daemon stays open. */
  readonly close: () => void;
}

/** Seconds after which somebody who found no room may ask again. */
const ROOM_AFTER_S = 5;

/** The id that a client saw last: a browser's own word goes before that of the page, which it said at the first connection. */
function lastEventIdOf(req: IncomingMessage): string | undefined {
  const header = req.headers['last-event-id'];
  const [, query = ''] = (req.url ?? '').split('?', 2);
  const given = (header ?? '').toString() || new URLSearchParams(query).get('lastEventId');
  return given === null || given === '' ? undefined : given;
}

/**
 * Serves what happens in a daemon to those who watch. A user sees what changes and their own calls, an admin everything in the
 * partition.
 *
 * @throws DaemonError `usage` where an option is no good
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

  const bus = daemon.events;
  const feeds = new Map<string, Feed>();
  const tickets = new Tickets();
  let streams = 0;
  let heart: NodeJS.Timeout | undefined;
  let closed = false;

  function beat(): void {
    for (const feed of [...feeds.values()]) feed.beat(Date.now() - maxStreamMs);
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
    const stream: EventStream = new EventStream(res, maxUnreadBytes, {
      onEnd: () => feed.remove(stream, identity),
      onGone() {
        streams -= 1;
        if (streams > 0) return;
        clearInterval(heart);
        heart = undefined;
      },
    });
    streams += 1;
    heart ??= setInterval(beat, heartbeatMs).unref();
    feed.add(stream, identity, lastEventIdOf(req));
  }

  function refusalOf(req: IncomingMessage, { partition, subject }: EventsIdentity): Refusal | undefined {
    if (req.method !== 'GET') return { status: 405, message: 'Use GET.', headers: { allow: 'GET' } };
    if (!acceptedBy(req).events) return { status: 406, message: 'Accept must allow text/event-stream.' };
    const headers = { 'retry-after': String(ROOM_AFTER_S) };
    if (closed) return { ...SHUTTING_DOWN, headers: { ...SHUTTING_DOWN.headers, ...headers } };
    if (streams >= maxStreams) return { status: 503, message: 'Too many event streams are open.', headers };
    if ((feeds.get(partition)?.countOf(subject) ?? 0) < maxStreamsPerUser) return undefined;
    return { status: 503, message: `At most ${maxStreamsPerUser} event streams of one user are open at once.`, headers };
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
    identityOfTicket: (ticket) => tickets.spend(ticket),
    get streams() {
      return streams;
    },
    close() {
      closed = true;
      clearInterval(heart);
      heart = undefined;
      tickets.clear();
      for (const feed of [...feeds.values()]) feed.close();
    },
  };
}
