/** Answers to requests that are not served, in the form that GraphQL clients expect: `{ errors: [{ message, extensions: { code } }] }`. */
import type { ServerResponse } from 'node:http';

import type { Logger } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { SHUTTING_DOWN } from '../wire/failure.js';
import type { Refusal } from '../wire/respond.js';
import { sendJson } from '../wire/respond.js';

/** The codes of refusals, by HTTP status. */
const CODES: Readonly<Record<number, string>> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  405: 'METHOD_NOT_ALLOWED',
  406: 'NOT_ACCEPTABLE',
  413: 'LIMIT_EXCEEDED',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  429: 'TOO_MANY_REQUESTS',
  500: 'INTERNAL_ERROR',
  503: 'UNAVAILABLE',
  504: 'TIMEOUT',
};

/** Headers of every stream and every answer: the same URL has a page for browsers. */
export const STREAM_HEADERS = ['vary', 'Accept', 'x-content-type-options', 'nosniff'];
/** Headers of every answer. It is for one caller, so no cache may keep it. */
export const ANSWER_HEADERS = ['cache-control', 'no-store', ...STREAM_HEADERS];

/** The code of a status, for `extensions.code` of an error. */
export const codeOf = (status: number): string => CODES[status] ?? 'INTERNAL_ERROR';

/** Errors as a GraphQL response. */
export const errorsOf = (message: string, status: number): string =>
  JSON.stringify({ errors: [{ message, extensions: { code: codeOf(status) } }] });

/** Sends a refusal. */
export function refuseGraphql(
  res: ServerResponse,
  { status, message = 'The request was refused.', headers = {} }: Refusal,
): void {
  sendJson(res, status, errorsOf(message, status), [...ANSWER_HEADERS, ...Object.entries(headers).flat()]);
}

/** Answers a request whose handler failed. The reason is logged, but not sent to the client. */
export function failGraphql(res: ServerResponse, error: unknown, logger: Pick<Logger, 'error'> | undefined): void {
  if (error instanceof DaemonError && error.code === 'closed') return refuseGraphql(res, SHUTTING_DOWN);
  logger?.error({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, 'a GraphQL request failed');
  if (res.headersSent) res.destroy();
  else refuseGraphql(res, { status: 500, message: 'Internal error' });
}
