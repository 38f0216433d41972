/** Answers for requests that the server fails to handle. */
import type { ServerResponse } from 'node:http';

import type { Logger } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import type { Refusal } from './respond.js';
import { refuse } from './respond.js';

/** The answer while the server is closing. */
export const SHUTTING_DOWN: Refusal = {
  status: 503,
  message: 'The server is shutting down.',
  headers: { connection: 'close' },
};

/** The answer to a request whose caller has lost access while it was running. */
export const REVOKED: Refusal = { status: 401, message: 'Your access has been changed, or your token has expired.' };

/** Sends a refusal as the JSON-RPC error "Internal error". */
const asRpcError = (res: ServerResponse, refusal: Refusal): void => refuse(res, refusal, -32603);

/**
 * Answers a request whose handler failed. The reason is logged, but not sent to the client.
 *
 * @param send sends the refusal. Default: as a JSON-RPC error
 */
export function fail(
  res: ServerResponse,
  error: unknown,
  logger: Pick<Logger, 'error'> | undefined,
  send: (res: ServerResponse, refusal: Refusal) => void = asRpcError,
): void {
  if (error instanceof DaemonError && error.code === 'closed') {
    send(res, SHUTTING_DOWN);
    return;
  }
  logger?.error({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, 'an HTTP request failed');
  if (res.headersSent) res.destroy();
  else send(res, { status: 500, message: 'Internal error' });
}
