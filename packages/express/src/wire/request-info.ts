/** Facts about one request, for the access log and the header `X-Request-Id`. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** One request. */
export interface RequestInfo {
  /** The id, as in the access log and in `X-Request-Id` of the answer. */
  readonly id: string;
  /** The time of the start, in milliseconds of `performance.now()`. */
  readonly startedAt: number;
  /** Whether `X-Request-Id` of the answer has been set. */
  idSent: boolean;
  /** The caller, known after authentication. */
  subject?: string | undefined;
  partition?: string | undefined;
  /** The OAuth client that acts for the caller. */
  client?: string | undefined;
  /** The method of the message in the body, and the name or URI that it calls. */
  rpc?: string | undefined;
  name?: string | undefined;
  /** The records of the calls that the request has begun: the first {@link MAX_CALL_IDS} ids, and how many calls there are. */
  callIds?: string[];
  calls?: number;
}

const INFO = Symbol('info');

type WithInfo = IncomingMessage & { [INFO]?: RequestInfo };

/** An id from a proxy is accepted in this form. */
const GIVEN = /^[\w.:+/=-]{1,128}$/;

/** A random prefix, so that ids of different processes differ. */
const PREFIX = `${randomBytes(6).toString('hex')}-`;
let count = 0;

/** Creates the info of a request. Its id is that of the request's `X-Request-Id`, if it has a valid one. */
export function beginRequest(req: IncomingMessage): RequestInfo {
  const given = req.headers['x-request-id'];
  const id = typeof given === 'string' && GIVEN.test(given) ? given : PREFIX + (count += 1).toString(36);
  return ((req as WithInfo)[INFO] = { id, startedAt: performance.now(), idSent: false });
}

/** The info of a request; undefined: {@link beginRequest} was not called for it. */
export const requestInfoOf = (req: IncomingMessage | undefined): RequestInfo | undefined => (req as WithInfo | undefined)?.[INFO];

/** Records the caller of a request for the access log. */
export function recordCaller(
  req: IncomingMessage,
  { subject, partition, clientId }: Pick<RequestInfo, 'subject' | 'partition'> & { readonly clientId?: string },
): void {
  const info = requestInfoOf(req);
  if (info === undefined) return;
  info.subject = subject;
  info.partition = partition;
  info.client = clientId;
}

const MAX_LOGGED = 200;
const logged = (value: unknown): string | undefined => (typeof value === 'string' ? value.slice(0, MAX_LOGGED) : undefined);

/** Records what a message calls, for the access log. Batches are not recorded. */
export function recordMessage(req: IncomingMessage, message: unknown): void {
  const info = requestInfoOf(req);
  if (info === undefined || typeof message !== 'object' || message === null) return;
  const { method, params } = message as { method?: unknown; params?: { name?: unknown; uri?: unknown } | null };
  info.rpc = logged(method);
  info.name = logged(params?.name ?? params?.uri);
}

/** How many calls of a batch the access log names. */
export const MAX_CALL_IDS = 10;

/** Records that a request has begun a call, by the id of the call's record. */
export function recordCall(req: IncomingMessage | undefined, callId: string): void {
  const info = requestInfoOf(req);
  if (info === undefined) return;
  info.calls = (info.calls ?? 0) + 1;
  info.callIds ??= [];
  if (info.callIds.length < MAX_CALL_IDS) info.callIds.push(callId);
}

const NO_HEADERS: readonly string[] = [];

/**
 * The headers that every response has to have, as a flat list for `writeHead`. With `setHeader` instead, `writeHead` would lose its fast
 * path, which is a noticeable part of the time of a call.
 */
export function requestHeaders(res: ServerResponse): readonly string[] {
  const info = requestInfoOf(res.req);
  return info === undefined || info.idSent ? NO_HEADERS : ['x-request-id', info.id];
}
