/** What a client is told where the server cannot serve it. */
import type { ServerResponse } from 'node:http';

import type { Logger } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import type { Refusal } from './respond.js';
import { refuse } from './respond.js';

/** The answer to requests that come too late. */
export const SHUTTING_DOWN: Refusal = {
  status: 503,
  message: 'The server is shutting down.',
  headers: { connection: 'close' },
};

/** How refusals of MCP look where the fault is ours. */
const asRpcError = (res: ServerResponse, refusal: Refusal): void => refuse(res, refusal, -32603);

/**
 * Answers a request that failed within: why is nobody's business but the operator's.
 *
 * @param tell how refusals look here. Default: as those of MCP
 */
export function fail(
  res: ServerResponse,
  error: unknown,
  logger: Pick<Logger, 'error'> | undefined,
  tell: (res: ServerResponse, refusal: Refusal) => void = asRpcError,
): void {
  if (error instanceof DaemonError && error.code === 'closed') {
    tell(res, SHUTTING_DOWN);
    return;
  }
  logger?.error({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, 'an HTTP request failed');
  if (res.headersSent) res.destroy();
  else tell(res, { status: 500, message: 'Internal error' });
}
