/** MCP messages in the bodies of requests: parsed within bounds, and charged to their caller. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { DaemonError, refuseInexactId, SMALL_MESSAGE_BYTES, weighMessage } from '@mcp-daemon/core';

import type { Body } from './body.js';
import { createBodyReader } from './body.js';
import type { ByteBudget } from './byte-budget.js';
import type { Caller } from './caller.js';
import type { Refusal } from './respond.js';
import { refuse, sendJson } from './respond.js';
import type { Turns } from './turns.js';

/** A message, and the bytes of its body. */
export type MessageHandler = (message: unknown, bytes: number) => void;

/**
 * Reads the JSON message of a POST and calls `done` with the parsed value. A body that is refused or is not JSON is answered here,
 * with a JSON-RPC error.
 */
export type MessageReader = (req: IncomingMessage, res: ServerResponse, caller: Caller, done: MessageHandler) => void;

/** The memory that the messages of requests take; see {@link bytesOf}. */
const weights = new WeakMap<IncomingMessage, number>();

/** The memory that the message of a request takes, as core's `weighMessage` estimates it; 0 for a small one and one that middleware has parsed. */
export const bytesOf = (req: IncomingMessage): number => weights.get(req) ?? 0;

/**
 * Charges a caller for what a body costs beyond one request.
 *
 * @param requests how many requests it counts as besides the first
 * @returns a refusal with 429 where the caller has used up more than their limit; the body is not charged then
 */
export type Charge = (caller: Caller, requests: number) => Refusal | undefined;

/** For each of these many bytes of a body, one more request is charged. */
const BYTES_PER_REQUEST = 65_536;

/** How many requests a body counts as besides the first. */
export const extraRequestsOf = (bytes: number): number => Math.floor(bytes / BYTES_PER_REQUEST);

/** What {@link createMessageReader} takes. */
export interface MessageReaderOptions {
  /** Largest size of one body. */
  maxBytes: number;
  budget: Pick<ByteBudget, 'hold'>;
  turns: Turns;
  /** Default: bodies cost nothing. */
  charge?: Charge | undefined;
}

/**
 * A message may hold one value for so many bytes that a body may have: 200,000 by default. A body of the same size with many small
 * values takes a hundred times as long to parse and to check as one with a few large ones, and nothing else is served meanwhile.
 */
const BYTES_PER_VALUE = 20;
const MIN_VALUES = 10_000;
const MAX_VALUES = 1_000_000;

/** How many values a JSON body may hold. @param maxBytes how many bytes it may have */
export const maxValuesOf = (maxBytes: number): number =>
  Math.min(MAX_VALUES, Math.max(MIN_VALUES, Math.floor(maxBytes / BYTES_PER_VALUE)));

/** Parses a body. @returns undefined where it is not a message; the request has been answered then */
function parse(text: string, req: IncomingMessage, res: ServerResponse, maxValues: number): { message: unknown } | undefined {
  let message: unknown;
  try {
    const bytes = weighMessage(text, maxValues);
    if (bytes > SMALL_MESSAGE_BYTES) weights.set(req, bytes);
    message = JSON.parse(text);
  } catch (error) {
    const why = error instanceof DaemonError ? error.message : 'Parse error: the body must be one JSON-RPC message.';
    refuse(res, { status: 400, message: why }, -32700);
    return undefined;
  }
  const refused = refuseInexactId(message, text);
  if (refused === undefined) return { message };
  sendJson(res, 400, refused);
  return undefined;
}

/**
 * Creates a reader of MCP messages. A large body is charged before it is parsed, and a batch counts as many requests as it has
 * messages.
 */
export function createMessageReader({ maxBytes, budget, turns, charge }: MessageReaderOptions): MessageReader {
  const read = createBodyReader({ type: 'application/json', maxBytes, budget, turns });
  const maxValues = maxValuesOf(maxBytes);
  return (req, res, caller, done) => {
    /** Whether the caller may send this many further requests; if not, the request is answered with a refusal. */
    const mayCost = (requests: number): boolean => {
      const refusal = requests > 0 ? charge?.(caller, requests) : undefined;
      if (refusal !== undefined) refuse(res, refusal);
      return refusal === undefined;
    };
    const onBody = (body: Body | Refusal): void => {
      if ('status' in body) return refuse(res, body);
      const { bytes } = body;
      if (!mayCost(extraRequestsOf(bytes))) return;
      const parsed = 'text' in body ? parse(body.text, req, res, maxValues) : { message: body.parsed };
      if (parsed === undefined) return;
      const { message } = parsed;
      if (Array.isArray(message) && !mayCost(message.length - 1)) return;
      if ('text' in body) turns.proceed(caller, () => done(message, bytes));
      else done(message, bytes);
    };
    read(req, onBody, caller);
  };
}
