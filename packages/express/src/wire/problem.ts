/** Error answers of all paths except MCP: an HTTP status, and a body in the form of OAuth 2. */
import type { ServerResponse } from 'node:http';

import type { Refusal } from './respond.js';
import { sendJson } from './respond.js';

/** The default code of each status: the one of OAuth, where OAuth defines one. */
const CODES: Readonly<Record<number, string>> = {
  400: 'invalid_request',
  401: 'invalid_token',
  403: 'insufficient_scope',
  404: 'not_found',
  405: 'invalid_request',
  406: 'invalid_request',
  413: 'invalid_request',
  415: 'invalid_request',
  429: 'temporarily_unavailable',
  431: 'invalid_request',
  503: 'temporarily_unavailable',
};

/** A refusal with an error code. */
export interface Problem extends Refusal {
  /** The machine-readable error code. Default: derived from the status. */
  code?: string;
}

/**
 * Sends a refusal as `{ error, error_description }`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2
 */
export function sendProblem(res: ServerResponse, { status, message, headers = {}, code = CODES[status] }: Problem): void {
  const body = { error: code ?? 'server_error', error_description: message };
  sendJson(res, status, JSON.stringify(body), ['cache-control', 'no-store', ...Object.entries(headers).flat()]);
}
