/** The routes of live events: a stream for whoever shows who they are, by a token or by a ticket. */
import type { Handler } from '../access/authenticated.js';
import { authenticated } from '../access/authenticated.js';
import { partitionOfPath, pathOf } from '../auth/partition.js';
import type { AuthProvider } from '../auth/provider.js';
import { sendProblem } from '../wire/problem.js';
import { noteCaller } from '../wire/request-info.js';
import type { Refusal } from '../wire/respond.js';
import { sendJson } from '../wire/respond.js';
import type { EventsHandler } from './handler.js';
import { TICKET_MS } from './tickets.js';

const NO_TICKET: Refusal = {
  status: 401,
  message: 'The ticket is unknown, spent, or older than 30 seconds.',
  headers: { 'www-authenticate': 'Bearer realm="mcp-daemon"' },
};

/** What is mounted at `/events` and at `/events/ticket`. */
export interface EventRoutes {
  readonly watch: Handler;
  readonly createTicket: Handler;
}

/** Creates the routes. */
export function createEventRoutes(events: EventsHandler, authenticate: AuthProvider['authenticate']): EventRoutes {
  const forUsers = authenticated(authenticate);
  const watchOfUser = forUsers((req, res, identity) => events.handle(req, res, identity));
  const create = forUsers((_req, res, identity) => {
    const body = { ticket: events.createTicket(identity), expires_in: TICKET_MS / 1_000 };
    sendJson(res, 200, JSON.stringify(body), ['cache-control', 'no-store']);
  });

  return {
    watch(req, res) {
      // A browser's EventSource cannot send a header: it comes with a ticket.
      const ticket = new URLSearchParams(req.url?.split('?')[1]).get('ticket');
      if (ticket === null) return watchOfUser(req, res);
      const identity = events.identityOfTicket(ticket);
      // It stands for one partition; a part of it, which a page cannot name, is in the ticket alone.
      const isThere = identity?.partition.split('#', 1)[0] === partitionOfPath(pathOf(req));
      if (identity === undefined || !isThere) return sendProblem(res, NO_TICKET);
      noteCaller(req, identity);
      events.handle(req, res, identity);
    },
    createTicket(req, res) {
      if (req.method === 'POST') return create(req, res);
      sendProblem(res, { status: 405, message: 'Use POST.', headers: { allow: 'POST' } });
    },
  };
}
