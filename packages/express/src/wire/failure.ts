/** Answers for requests that the server fails to handle. */
import type { ServerResponse } from 'node:http';

import type { JsonRpcResponse, Logger } from '@mcp-daemon/core';
import { DaemonError, encode, OVERLOADED_NUMBER } from '@mcp-daemon/core';

import type { Refusal } from './respond.js';
import { refuse, sendJson } from './respond.js';

/** The answer while the server is closing. */
export const SHUTTING_DOWN: Refusal = {
  status: 503,
  message: 'The server is shutting down.',
  headers: { connection: 'close' },
};

/** Seconds after which a client may retry a request that the daemon refused for lack of memory. */
const RETRY_AFTER_S = '1';

/** Sends an answer with a status. The error `overloaded` always has status 503 and Retry-After. */
export function sendAnswer(res: ServerResponse, status: number, answer: JsonRpcResponse): void {
  if (!('error' in answer) || answer.error.code !== OVERLOADED_NUMBER) sendJson(res, status, encode(answer));
  else sendJson(res, 503, encode(answer), ['retry-after', RETRY_AFTER_S]);
}

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
