/** Answers with a complete body. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import { requestHeaders } from './request-info.js';

/** How long a client may read nothing of an answer before its connection is closed. */
const UNREAD_MS = 60_000;

/**
 * Ends a response. An answer that the client does not read stays in memory, so the connection is closed when the client reads nothing
 * for 60 seconds.
 */
export function endResponse(res: ServerResponse, text?: string): void {
  res.end(text);
  const watch = (socket: Socket): void => {
    socket.setTimeout(UNREAD_MS);
    // Prepended: the server sets its own timeout for the next request on `finish`, and must do so after us.
    res.prependOnceListener('finish', () => socket.setTimeout(0));
  };
  const { socket } = res as Partial<ServerResponse>; // undefined for a mock of a response
  // A response that waits for an earlier one (pipelining) has no socket yet.
  if (socket === null) res.once('socket', watch);
  else if (socket !== undefined && socket.writableLength > 0) watch(socket);
}

/**
 * Sends JSON text. Does nothing where the response has begun or the client has disconnected.
 *
 * @param more further headers, as a flat list of names and values
 */
export function sendJson(res: ServerResponse, status: number, text: string, more: readonly string[] = []): void {
  if (res.headersSent || res.destroyed) return;
  const length = Buffer.byteLength(text);
  // A flat list is the fastest form of headers in node:http.
  res.writeHead(status, ['content-type', 'application/json', 'content-length', String(length), ...requestHeaders(res), ...more]);
  endResponse(res, text);
}

/** Sends a status without a body. */
export function sendStatus(res: ServerResponse, status: number): void {
  if (res.headersSent || res.destroyed) return;
  res.writeHead(status, ['content-length', '0', ...requestHeaders(res)]);
  res.end();
}

/** The reason why a request is not served, as an HTTP error. */
export interface Refusal {
  /** An HTTP status from 400 up. */
  status: number;
  /** A message for people. It never contains a stack trace or a setting. */
  message?: string;
  /** Further headers, such as `WWW-Authenticate`. */
  headers?: Readonly<Record<string, string>>;
}

/** Refuses a request with an HTTP status and a JSON-RPC error without an id. @param code the JSON-RPC error code */
export function refuse(res: ServerResponse, refusal: Refusal, code = -32600): void {
  const { status, message = 'The request was refused.', headers = {} } = refusal;
  sendJson(res, status, JSON.stringify({ jsonrpc: '2.0', error: { code, message } }), Object.entries(headers).flat());
}
