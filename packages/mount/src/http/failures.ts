/** What went wrong over HTTP, in words that may be sent to clients: without addresses and headers. */
import { DaemonError } from '@mcp-daemon/core';
import { InsufficientScopeError, SdkError, SdkErrorCode, SdkHttpError, UnauthorizedError } from '@modelcontextprotocol/client';

import { NeedsAttention, NeedsLogin, Unsent } from '../base/unsent.js';

/** Whether the server does not know the session any more. */
export const isSessionEnd = (error: unknown): boolean => error instanceof SdkHttpError && error.status === 404;

const codeOf = (error: unknown): string => {
  const { cause } = (error ?? {}) as { cause?: { code?: unknown } };
  return typeof cause?.code === 'string' ? cause.code : '';
};

/** Characters of scopes that an error repeats. */
const MAX_SCOPES = 200;

/** What to do where the token of a log-in, or the one in the config, has too few rights. */
function tooFewRights(scopes: string | undefined): string {
  const named = /^[\x21-\x7e ]+$/.test(scopes ?? '') ? `: it needs the scopes "${(scopes ?? '').slice(0, MAX_SCOPES)}"` : '';
  return `refused the call (HTTP 403), because the token for it has too few rights${named}. Use a token with them, or log in again with them`;
}

/** The error for whoever called. */
export function failureOf(name: string, error: unknown): Error {
  const server = `the server "${name}"`;
  if (error instanceof NeedsLogin) return error;
  if (error instanceof UnauthorizedError || (error instanceof SdkHttpError && error.status === 401)) {
    const advice = `give it headers in the config, or set credentials to "service" and run "mcp-daemon mounts login ${name}"`;
    return new Error(`${server} asks for a log-in: ${advice}`, { cause: error });
  }
  if (error instanceof InsufficientScopeError)
    return new Error(`${server} ${tooFewRights(error.requiredScope)}`, { cause: error });
  if (error instanceof SdkHttpError) {
    const { status } = error;
    if (status === 403)
      return new Error(`${server} refused the call (HTTP 403): the token for it may lack rights`, { cause: error });
    if (status === 404) return new Unsent(`${server} answered with HTTP 404`, { cause: error });
    const redirect = status !== undefined && status >= 300 && status < 400 ? ', a redirect that is not followed' : '';
    return new Error(`${server} answered with HTTP ${status}${redirect}`, { cause: error });
  }
  if (error instanceof SdkError && error.code === SdkErrorCode.ClientHttpUnexpectedContent)
    return new Error(`${server} answered with something that is not MCP (${error.message.slice(0, 100)})`, { cause: error });
  if (error instanceof NeedsAttention || error instanceof DaemonError) return new Error(error.message, { cause: error });
  const code = codeOf(error);
  if (code === 'ECONNREFUSED') return new Unsent(`${server} cannot be reached: nothing listens there`, { cause: error });
  return new Error(`${server} cannot be reached${code === '' ? '' : `: ${code}`}`, { cause: error });
}
