/** Answers with a complete body. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import type { JsonRpcResponse, RequestId } from '@mcp-daemon/core';
import { encode, OVERLOADED_NUMBER, ownTurn } from '@mcp-daemon/core';

import type { ByteBudget } from './byte-budget.js';
import { COUNTED_FROM_BYTES, outOfBytes } from './byte-budget.js';
import type { Caller } from './caller.js';
import type { Refusal } from './refusal.js';
import { requestHeaders } from './request-info.js';
import type { ScopeChallenge } from './scope-challenge.js';
import { insufficientScope, scopesAskedBy } from './scope-challenge.js';
import type { Turns } from './turns.js';

export type { Refusal } from './refusal.js';

/** What {@link sendAnswer} takes besides the answer. */
export interface AnswerOptions {
  caller: Caller;
  budget: Pick<ByteBudget, 'hold'>;
  /** Makes the challenge for a token that lacks scopes. Default: one that names the scopes only. */
  challenge?: ScopeChallenge | undefined;
  /** Further headers, as a flat list of names and values. */
  more?: readonly string[];
  /** Has the answer written at the end of this turn of the event loop, together with others. Default: it is written now. */
  turns?: Pick<Turns, 'atEnd'> | undefined;
}

/** What {@link sendCounted} takes besides the text. */
export interface CountedOptions extends AnswerOptions {
  id?: RequestId | undefined;
}

/** The JSON-RPC error code "Internal error". */
const INTERNAL_ERROR = -32603;

/** How long a client may read nothing of an answer before its connection is closed. */
const UNREAD_MS = 60_000;

/**
 * Ends a response. An answer that the client does not read stays in memory, so the connection is closed when the client reads nothing
 * for 60 seconds.
 */
export function endResponse(res: ServerResponse, text?: string | Buffer): void {
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

/** Begins a response of so many bytes of JSON. A flat list is the fastest form of headers in node:http. */
function beginJson(res: ServerResponse, status: number, bytes: number, more: readonly string[] = []): void {
  res.writeHead(status, ['content-type', 'application/json', 'content-length', String(bytes), ...requestHeaders(res), ...more]);
}

/**
 * Sends JSON text, or its bytes. Does nothing where the response has begun or the client has disconnected.
 *
 * @param more further headers, as a flat list of names and values
 * @param turns see {@link AnswerOptions}
 */
export function sendJson(
  res: ServerResponse,
  status: number,
  text: string | Buffer,
  more: readonly string[] = [],
  turns?: Pick<Turns, 'atEnd'>,
): void {
  if (res.headersSent || res.destroyed) return;
  beginJson(res, status, typeof text === 'string' ? Buffer.byteLength(text) : text.length, more);
  if (turns === undefined) endResponse(res, text);
  else turns.atEnd(() => endResponse(res, text));
}

/** Sends 503 in place of an answer for which there is no memory. */
function sendOutOfMemory(res: ServerResponse, id: RequestId | undefined): void {
  const { status, message, headers = {} } = outOfBytes('answers that you have not read');
  const error = { jsonrpc: '2.0', ...(id === undefined ? {} : { id }), error: { code: INTERNAL_ERROR, message } };
  sendJson(res, status, JSON.stringify(error), Object.entries(headers).flat());
}

/**
 * Sends the text of an answer. A large one is counted until the client has read it; where the budget does not allow it, an error
 * with 503 is sent in its place.
 *
 * @param id the id of the request; undefined: the text is not the answer to a single request
 */
export function sendCounted(
  res: ServerResponse,
  status: number,
  text: string,
  { caller, budget, id, more, turns }: CountedOptions,
): void {
  let body: string | Buffer = text;
  if (text.length > COUNTED_FROM_BYTES && !res.destroyed) {
    const holding = budget.hold(caller);
    body = Buffer.from(text); // once: to count a large text and then to write it would encode it twice
    if (!holding.set(body.length)) return sendOutOfMemory(res, id);
    res.once('close', () => holding.end());
  }
  sendJson(res, status, body, more, turns);
}

/**
 * Sends the answers to a batch, as {@link sendCounted} does. Of large ones each is encoded and written in a turn of the event loop of its
 * own: all at once would stop other users for too long.
 */
export function sendList(res: ServerResponse, texts: readonly string[], about: AnswerOptions): void {
  const characters = texts.reduce((sum, { length }) => sum + length, 0);
  if (characters <= COUNTED_FROM_BYTES) return sendJson(res, 200, `[${texts.join(',')}]`, [], about.turns);
  const holding = about.budget.hold(about.caller);
  const bytes: Buffer[] = [];
  let size = 2; // the brackets
  const next = (): void => {
    if (res.destroyed || res.headersSent) return holding.end();
    const text = texts[bytes.length];
    if (text === undefined) {
      res.once('close', () => holding.end());
      beginJson(res, 200, size);
      for (const [index, one] of bytes.entries()) {
        res.write(index === 0 ? '[' : ',');
        res.write(one);
      }
      return endResponse(res, ']');
    }
    const encoded = Buffer.from(text);
    bytes.push(encoded);
    size += encoded.length + (bytes.length === 1 ? 0 : 1);
    if (!holding.set(size)) {
      holding.end();
      return sendOutOfMemory(res, undefined);
    }
    void ownTurn().then(next);
  };
  next();
}

/** Seconds after which a client may retry a request that the daemon refused for lack of memory. */
const RETRY_AFTER_S = '1';

/**
 * Sends the answer to a single request, as {@link sendCounted} does. The error `overloaded` always has status 503 and Retry-After, and
 * `insufficient_scope` 403 with a challenge.
 */
export function sendAnswer(res: ServerResponse, status: number, answer: JsonRpcResponse, about: AnswerOptions): void {
  const isOverloaded = 'error' in answer && answer.error.code === OVERLOADED_NUMBER;
  const { more = [] } = about;
  const scopes = scopesAskedBy(answer);
  if (scopes !== undefined) {
    const { challenge = (_req, needed) => insufficientScope(needed) } = about;
    const headers = [...more, 'www-authenticate', challenge(res.req, scopes)];
    sendCounted(res, 403, encode(answer), { ...about, id: answer.id, more: headers });
  } else if (isOverloaded)
    sendCounted(res, 503, encode(answer), { ...about, id: answer.id, more: [...more, 'retry-after', RETRY_AFTER_S] });
  else sendCounted(res, status, encode(answer), { ...about, id: answer.id });
}

/** Sends a status without a body. */
export function sendStatus(res: ServerResponse, status: number): void {
  if (res.headersSent || res.destroyed) return;
  res.writeHead(status, ['content-length', '0', ...requestHeaders(res)]);
  res.end();
}

/** Refuses a request with an HTTP status and a JSON-RPC error without an id. @param code the JSON-RPC error code */
export function refuse(res: ServerResponse, refusal: Refusal, code = -32600): void {
  const { status, message = 'The request was refused.', headers = {} } = refusal;
  sendJson(res, status, JSON.stringify({ jsonrpc: '2.0', error: { code, message } }), Object.entries(headers).flat());
}
