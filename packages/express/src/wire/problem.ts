/** Errors of everything that is not MCP: an HTTP status, and a body as OAuth 2 has it. */
import type { ServerResponse } from 'node:http';

import type { Refusal } from './respond.js';
import { sendJson } from './respond.js';

/** OAuth's own codes, where it has one. */
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

/** A refusal of anything that is not MCP. */
export interface Problem extends Refusal {
  /** What it is, for programs: OAuth's own code where it has one. Default: what its status says. */
  code?: string;
}

/**
 * Sends `{ error, error_description }`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2
 */
export function sendProblem(res: ServerResponse, { status, message, headers = {}, code = CODES[status] }: Problem): void {
  const body = { error: code ?? 'server_error', error_description: message };
  sendJson(res, status, JSON.stringify(body), ['cache-control', 'no-store', ...Object.entries(headers).flat()]);
}
