/** The body of a GraphQL request: JSON within limits, charged by its size. */
import type { IncomingMessage } from 'node:http';

import { DaemonError, isObject, weighMessage } from '@mcp-daemon/core';

import type { Body } from '../wire/body.js';
import { createBodyReader } from '../wire/body.js';
import type { Caller } from '../wire/caller.js';
import type { MessageReaderOptions } from '../wire/message-body.js';
import { extraRequestsOf, maxValuesOf } from '../wire/message-body.js';
import type { Refusal } from '../wire/respond.js';

/** The value of a body, or why it is refused. */
type Parsed = { readonly value: unknown } | Refusal;

/**
 * Reads the body of a POST and calls `done` once with its value, or with a refusal. Where the client disconnects before the end,
 * `done` is never called.
 */
export type GraphqlBodyReader = (req: IncomingMessage, caller: Caller, done: (body: Parsed) => void) => void;

const BATCH: Refusal = { status: 400, message: 'Batches are not supported: send one operation in one request.' };
const NOT_AN_OBJECT: Refusal = { status: 400, message: 'The body must be a JSON object with the member "query".' };

/** Clients of the Python engine write `operation_name`. */
function checked(value: unknown): Parsed {
  if (Array.isArray(value)) return BATCH;
  if (!isObject(value)) return NOT_AN_OBJECT;
  if (!('operation_name' in value)) return { value };
  const { operation_name: operationName, ...rest } = value;
  return { value: { operationName, ...rest } };
}

function parse(text: string, maxValues: number): Parsed {
  try {
    weighMessage(text, maxValues);
    return checked(JSON.parse(text));
  } catch (error) {
    // The parser's own message quotes the body.
    return error instanceof DaemonError ? { status: 400, message: error.message } : NOT_AN_OBJECT;
  }
}

/** Creates a reader. It decodes the body when it is the caller's turn. */
export function createGraphqlBodyReader({ maxBytes, budget, turns, charge }: MessageReaderOptions): GraphqlBodyReader {
  // Only this type: a form of another web page can send others without the browser asking the server first.
  const read = createBodyReader({ type: 'application/json', maxBytes, budget, turns });
  const maxValues = maxValuesOf(maxBytes);
  return (req, caller, done) => {
    const onBody = (body: Body | Refusal): void => {
      if ('status' in body) return done(body);
      const extra = extraRequestsOf(body.bytes);
      const refusal = extra > 0 ? charge?.(caller, extra) : undefined;
      if (refusal !== undefined) return done(refusal);
      if (!('text' in body)) return done(checked(body.parsed));
      const parsed = parse(body.text, maxValues);
      if ('status' in parsed) done(parsed);
      else turns.proceed(caller, () => done(parsed));
    };
    read(req, onBody, caller);
  };
}
