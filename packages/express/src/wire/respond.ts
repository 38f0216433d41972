/** Answers that are no stream. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import { requestHeaders } from './request-info.js';

/** Milliseconds that a client may leave an answer without taking any of it. */
const UNTAKEN_MS = 60_000;

/**
 * Ends a response. What its client does not take is kept in our memory, so the connection of one that takes nothing more ends;
 * whatever is taken begins the time anew.
 */
export function endResponse(res: ServerResponse, text?: string): void {
  res.end(text);
  const watch = (socket: Socket): void => {
    socket.setTimeout(UNTAKEN_MS);
    // Before the server sets the time of what comes next on the connection.
    res.prependOnceListener('finish', () => socket.setTimeout(0));
  };
  const { socket } = res as Partial<ServerResponse>; // what only looks like a response may have none
  // Behind an answer to a request that came before, it has no connection yet.
  if (socket === null) res.once('socket', watch);
  else if (socket !== undefined && socket.writableLength > 0) watch(socket);
}

/** Sends JSON text. A response that has begun, or whose client has left, is left alone. */
export function sendJson(res: ServerResponse, status: number, text: string, more: readonly string[] = []): void {
  if (res.headersSent || res.destroyed) return;
  const length = Buffer.byteLength(text);
  // A flat list is written as it is: the cheapest way that node:http has.
  res.writeHead(status, ['content-type', 'application/json', 'content-length', String(length), ...requestHeaders(res), ...more]);
  endResponse(res, text);
}

/** Sends a status alone. */
export function sendStatus(res: ServerResponse, status: number): void {
  if (res.headersSent || res.destroyed) return;
  res.writeHead(status, ['content-length', '0', ...requestHeaders(res)]);
  res.end();
}

/** Why a request is not served, before or beside what the protocol says of its message. */
export interface Refusal {
  /** An HTTP status from 400 up. */
  status: number;
  /** For people; never a trace, never a setting. */
  message?: string;
  /** Such as `WWW-Authenticate`. */
  headers?: Readonly<Record<string, string>>;
}

/** Refuses a request: an HTTP status, and a JSON-RPC error without an id. */
export function refuse(res: ServerResponse, refusal: Refusal, code = -32600): void {
  const { status, message = 'The request was refused.', headers = {} } = refusal;
  sendJson(res, status, JSON.stringify({ jsonrpc: '2.0', error: { code, message } }), Object.entries(headers).flat());
}
