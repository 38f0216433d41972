/** What is known of one request while it is served: for the access log, and for whoever has to find it there. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** One request. */
export interface Visit {
  readonly id: string;
  /** Milliseconds of `performance.now()`. */
  readonly startedAt: number;
  /** Known once somebody has found out who calls. */
  subject?: string;
  partition?: string;
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
  return ((req as Visited)[VISIT] = { id, startedAt: performance.now() });
}

/** The request's visit, if it was begun. */
export const visitOf = (req: IncomingMessage): Visit | undefined => (req as Visited)[VISIT];
