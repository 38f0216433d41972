/** Errors of everything that is not MCP: an HTTP status, and a body as OAuth 2 has it. */
import type { ServerResponse } from 'node:http';

import { sendJson } from './respond.js';
import type { Refusal } from './respond.js';

const CODES: Readonly<Record<number, string>> = {
  400: 'invalid_request',
  401: 'invalid_token',
  403: 'insufficient_scope',
  404: 'not_found',
  405: 'method_not_allowed',
  406: 'not_acceptable',
  413: 'content_too_large',
  415: 'unsupported_media_type',
  429: 'temporarily_unavailable',
  503: 'temporarily_unavailable',
};

/**
 * Sends `{ error, error_description }`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2
 */
export function sendProblem(res: ServerResponse, { status, message, headers = {} }: Refusal): void {
  const body = { error: CODES[status] ?? 'server_error', error_description: message };
  sendJson(res, status, JSON.stringify(body), ['cache-control', 'no-store', ...Object.entries(headers).flat()]);
}
