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

/**
 * Sends an answer. A large one is counted until the client has read it; where the budget does not allow it, an error with 503 is sent
 * in its place. An answer without a body gets one that says what is wrong.
 */
export function sendHttpAnswer(
  res: ServerResponse,
  [text, { status, statusText, headers = {} }]: HttpAnswer,
  caller: Caller,
  budget: Pick<ByteBudget, 'hold'>,
): void {
  if (res.headersSent || res.destroyed) return;
  if (text === null) return refuseGraphql(res, { status, message: `${statusText}.`, headers });
  // A small text is written together with the headers; of a large one the bytes are made once, to be counted and written.
  const body = text.length > COUNTED_FROM_BYTES ? Buffer.from(text) : text;
  const length = Buffer.byteLength(body);
  if (typeof body !== 'string') {
    const holding = budget.hold(caller);
    if (!holding.set(length)) return refuseGraphql(res, outOfBytes('answers that you have not read'));
    res.once('close', () => holding.end());
  }
  const given = Object.entries({ 'content-type': 'application/json; charset=utf-8', ...headers }).flat();
  res.writeHead(status, [...given, 'content-length', String(length), ...requestHeaders(res), ...ANSWER_HEADERS]);
  endResponse(res, body);
}
