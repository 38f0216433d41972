/** What is known of one request while it is served: for the access log, and for whoever has to find it there. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** One request. */
export interface Visit {
  readonly id: string;
  /** Milliseconds of `performance.now()`. */
  readonly startedAt: number;
  /** Whether the answer has its id already. */
  told: boolean;
  /** Known once somebody has found out who calls. */
  subject?: string | undefined;
  partition?: string | undefined;
}

const VISIT = Symbol('visit');

type Visited = IncomingMessage & { [VISIT]?: Visit };

/** What others may have called a request on its way here. */
const GIVEN = /^[\w.:+/=-]{1,128}$/;

/** Ids of this process are told from those of others by their beginning. */
const PREFIX = `${randomBytes(6).toString('hex')}-`;
let count = 0;

/** Begins a request; its id is the one in `X-Request-Id`, if that is a plain one. */
export function beginVisit(req: IncomingMessage): Visit {
  const given = req.headers['x-request-id'];
  const id = typeof given === 'string' && GIVEN.test(given) ? given : PREFIX + (count += 1).toString(36);
  return ((req as Visited)[VISIT] = { id, startedAt: performance.now(), told: false });
}

/** The request's visit, if it was begun. */
export const visitOf = (req: IncomingMessage | undefined): Visit | undefined => (req as Visited | undefined)?.[VISIT];

/** Notes who calls, for the access log. */
export function noteCaller(req: IncomingMessage, { subject, partition }: Pick<Visit, 'subject' | 'partition'>): void {
  const visit = visitOf(req);
  if (visit === undefined) return;
  visit.subject = subject;
  visit.partition = partition;
}

const NO_HEADERS: readonly string[] = [];

/**
 * The headers that a response has to have besides its own, as a flat list. A header that is set before costs `writeHead` its quick
 * way, which is a good part of a call.
 */
export function headersOfVisit(res: ServerResponse): readonly string[] {
  const visit = visitOf(res.req);
  return visit === undefined || visit.told ? NO_HEADERS : ['x-request-id', visit.id];
}
