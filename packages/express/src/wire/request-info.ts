/** What is known of one request while it is served: for the access log, and for whoever has to find it there. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** One request. */
export interface RequestInfo {
  readonly id: string;
  /** Milliseconds of `performance.now()`. */
  readonly startedAt: number;
  /** Whether the answer has its id already. */
  told: boolean;
  /** Known once somebody has found out who calls. */
  subject?: string | undefined;
  partition?: string | undefined;
}

const INFO = Symbol('info');

type WithInfo = IncomingMessage & { [INFO]?: RequestInfo };

/** What others may have called a request on its way here. */
const GIVEN = /^[\w.:+/=-]{1,128}$/;

/** Ids of this process are told from those of others by their beginning. */
const PREFIX = `${randomBytes(6).toString('hex')}-`;
let count = 0;

/** Begins a request; its id is the one in `X-Request-Id`, if that is a plain one. */
export function beginRequest(req: IncomingMessage): RequestInfo {
  const given = req.headers['x-request-id'];
  const id = typeof given === 'string' && GIVEN.test(given) ? given : PREFIX + (count += 1).toString(36);
  return ((req as WithInfo)[INFO] = { id, startedAt: performance.now(), told: false });
}

/** The request's info, if it was begun. */
export const requestInfoOf = (req: IncomingMessage | undefined): RequestInfo | undefined => (req as WithInfo | undefined)?.[INFO];

/** Notes who calls, for the access log. */
export function noteCaller(req: IncomingMessage, { subject, partition }: Pick<RequestInfo, 'subject' | 'partition'>): void {
  const info = requestInfoOf(req);
  if (info === undefined) return;
  info.subject = subject;
  info.partition = partition;
}

const NO_HEADERS: readonly string[] = [];

/**
 * The headers that a response has to have besides its own, as a flat list. A header that is set before costs `writeHead` its quick
 * way, which is a good part of a call.
 */
export function requestHeaders(res: ServerResponse): readonly string[] {
  const info = requestInfoOf(res.req);
  return info === undefined || info.told ? NO_HEADERS : ['x-request-id', info.id];
}
