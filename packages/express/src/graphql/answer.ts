/** The answer to an operation as JSON. */
import type { ServerResponse } from 'node:http';

import type { ByteBudget } from '../wire/byte-budget.js';
import { COUNTED_FROM_BYTES, outOfBytes } from '../wire/byte-budget.js';
import type { Caller } from '../wire/caller.js';
import { requestHeaders } from '../wire/request-info.js';
import { endResponse } from '../wire/respond.js';
import { ANSWER_HEADERS, refuseGraphql } from './refusals.js';

/** An answer: what graphql-http makes of a request. */
export type HttpAnswer = readonly [
  body: string | null,
  init: { readonly status: number; readonly statusText: string; readonly headers?: Readonly<Record<string, string>> },
];

/** The type of an answer in JSON. Clients that want another one name it in `Accept`. */
export const JSON_ANSWER = 'application/json; charset=utf-8';

/** An answer in JSON. */
export interface JsonAnswer {
  readonly text: string;
  readonly status: number;
  /** The value of `Content-Type`. */
  readonly type: string;
  /** Further headers, as a flat list of names and values. */
  readonly more?: readonly string[];
}

const NO_HEADERS: readonly string[] = [];

/**
 * Sends an answer. A large one is counted until the client has read it; if the budget does not allow it, an error with 503 is sent in
 * its place.
 */
export function sendAnswer(
  res: ServerResponse,
  { text, status, type, more = NO_HEADERS }: JsonAnswer,
  caller: Caller,
  budget: Pick<ByteBudget, 'hold'>,
): void {
  if (res.headersSent || res.destroyed) return;
  // A small text is written together with the headers; of a large one the bytes are made once, to be counted and written.
  const body = text.length > COUNTED_FROM_BYTES ? Buffer.from(text) : text;
  const length = Buffer.byteLength(body);
  if (typeof body !== 'string') {
    const holding = budget.hold(caller);
    if (!holding.set(length)) return refuseGraphql(res, outOfBytes('answers that you have not read'));
    res.once('close', () => holding.end());
  }
  const sent = ['content-type', type, 'content-length', String(length), ...more, ...requestHeaders(res), ...ANSWER_HEADERS];
  res.writeHead(status, sent);
  endResponse(res, body);
}

/** Sends an answer of graphql-http. One without a body gets a body that says what is wrong. */
export function sendHttpAnswer(
  res: ServerResponse,
  [text, { status, statusText, headers = {} }]: HttpAnswer,
  caller: Caller,
  budget: Pick<ByteBudget, 'hold'>,
): void {
  if (res.headersSent || res.destroyed) return;
  if (text === null) return refuseGraphql(res, { status, message: `${statusText}.`, headers });
  const { 'content-type': type = JSON_ANSWER, ...others } = headers;
  sendAnswer(res, { text, status, type, more: Object.entries(others).flat() }, caller, budget);
}
