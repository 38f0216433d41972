/** The HTTP paths of live events: a stream for callers with a token or a ticket, and the tickets. */
import type { IncomingMessage } from 'node:http';

import type { Handler } from '../access/authenticated.js';
import { authenticated } from '../access/authenticated.js';
import type { InKnownPartition } from '../access/known-partition.js';
import type { AuthIdentity } from '../auth/identity.js';
import { pathOf } from '../auth/partition.js';
import type { AuthProvider } from '../auth/provider.js';
import { partitionOfPath } from '../paths.js';
import { sendProblem } from '../wire/problem.js';
import { recordCaller } from '../wire/request-info.js';
import type { Refusal } from '../wire/respond.js';
import { sendJson } from '../wire/respond.js';
import type { EventsHandler } from './handler.js';
import { TICKET_MS } from './tickets.js';
import type { EventsIdentity } from './viewer.js';

const INVALID_TICKET: Refusal = {
  status: 401,
  message: 'The ticket is unknown, used, or older than 30 seconds; or its user has changed.',
  headers: { 'www-authenticate': 'Bearer realm="mcp-daemon"' },
};

/** The handlers of live events. */
export interface EventRoutes {
  /** Serves `GET /events`: the stream. */
  readonly watch: Handler;
  /** Serves `POST /events/ticket`. */
  readonly createTicket: Handler;
  /**
   * Uses up the ticket in the URL of a request.
   *
   * @returns its caller, or a refusal where it is not valid for the path of the request; undefined: the URL has no ticket
   */
  readonly callerOfTicket: (req: IncomingMessage) => Promise<AuthIdentity | Refusal> | undefined;
}

/** What {@link createEventRoutes} takes besides the handler. */
export interface EventRoutesOptions extends Pick<AuthProvider, 'authenticate' | 'refresh'> {
  /** Wraps the handler so that it runs for partitions that exist. */
  inKnownPartition: InKnownPartition;
}

/** Creates the handlers. `authenticate` identifies callers that have no ticket. */
export function createEventRoutes(
  events: EventsHandler,
  { authenticate, refresh, inKnownPartition }: EventRoutesOptions,
): EventRoutes {
  const forUsers = authenticated(authenticate);
  const stream = inKnownPartition((req, res, identity: EventsIdentity) => events.handle(req, res, identity));
  const watchOfUser = forUsers(stream);
  const create = forUsers((_req, res, identity) => {
    const body = { ticket: events.createTicket(identity), expires_in: TICKET_MS / 1_000 };
    sendJson(res, 200, JSON.stringify(body), ['cache-control', 'no-store']);
  });

  async function redeem(req: IncomingMessage, ticket: string): Promise<AuthIdentity | Refusal> {
    await refresh?.(); // the user or the token of the ticket may have changed
    const identity = events.identityOfTicket(ticket);
    // The path names the partition. Its part, if it has one, is only in the ticket: a page cannot send Part-ID.
    const matches = identity?.partition.split('#', 1)[0] === partitionOfPath(pathOf(req));
    if (identity === undefined || !matches) return INVALID_TICKET;
    recordCaller(req, identity);
    return { ...identity, roles: identity.roles ?? [] };
  }

  /** The EventSource of a browser cannot send a token in a header, so it sends a ticket in the URL. */
  function callerOfTicket(req: IncomingMessage): Promise<AuthIdentity | Refusal> | undefined {
    const ticket = new URLSearchParams(req.url?.split('?')[1]).get('ticket');
    return ticket === null ? undefined : redeem(req, ticket);
  }

  return {
    callerOfTicket,
    async watch(req, res) {
      const known = await callerOfTicket(req);
      if (known === undefined) return watchOfUser(req, res);
      if ('status' in known) sendProblem(res, known);
      else await stream(req, res, known);
    },
    createTicket(req, res) {
      if (req.method === 'POST') return create(req, res);
      sendProblem(res, { status: 405, message: 'Use POST.', headers: { allow: 'POST' } });
    },
  };
}
