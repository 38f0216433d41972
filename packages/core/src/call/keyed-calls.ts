/** Calls with an idempotency key: loads what they need, and makes results and errors of what it decides (idempotency.ts). */
import type { Awaitable } from '../base/awaitable.js';
import { andThen } from '../base/awaitable.js';
import type { JsonObject } from '../base/json.js';
import type { CallRecord } from '../ports/calls.js';
import type { Logger } from '../ports/logger.js';
import type { StateStore } from '../ports/state.js';
import { textOf } from '../protocol/encode.js';
import { DaemonError } from '../protocol/errors.js';
import type { RequestContext } from '../protocol/exchange.js';
import type { Limits } from '../protocol/limits.js';
import type { ContentBlock } from '../protocol/messages.js';
import { META } from '../protocol/messages.js';
import type { ServerInfo } from '../protocol/server-info.js';
import { declaresTasks, TASKS_EXTENSION, TASKS_REQUIRED } from '../protocol/tasks-extension.js';
import { fitBlocks } from './content.js';
import { DetachedExchange } from './detached-exchange.js';
import { RETRY_AFTER } from './endings.js';
import type { Claim, Idempotency } from './idempotency.js';
import { mayBeLong } from './long-calls.js';
import { takesStructured, toolError } from './result.js';
import type { FoundCall, HeldKey } from './running-call.js';

/** Key in `_meta` of a repeated result: the id of the call that it is the result of. */
export const REPEAT_OF = 'io.mcp-daemon/repeatOf';

/** Calls with keys, and those that still run when the server shuts down. */
export interface KeyedCalls {
  /**
   * Runs a call under its key, or answers it with what the key has.
   *
   * @param start runs the call, with its key
   * @throws DaemonError `invalid_params` if the key was used for another call; `overloaded` if the key cannot be stored
   */
  run(
    key: string,
    call: FoundCall,
    start: (call: FoundCall, held: HeldKey) => Awaitable<JsonObject | undefined>,
  ): Awaitable<JsonObject | undefined>;
  /** Waits for calls whose clients have left, for at most `ms`. */
  drain(ms: number): Promise<void>;
  /** Ends the calls that still run, because the server shuts down, and waits until their keys say so. */
  end(): Promise<void>;
}

/** What {@link createKeyedCalls} takes. */
export interface KeyedCallsOptions {
  state: () => Promise<StateStore>;
  /** The record of a call; undefined: it has none. */
  record: (partition: string, callId: string) => Promise<CallRecord | undefined>;
  info: ServerInfo;
  limits: Limits;
  logger: Logger;
}

/** A store that does not answer is not waited for at the end. */
const END_MS = 2_000;
const STORE_RETRY_MS = 1_000;

/** A stored result for this request: the first one may have come in another protocol version. */
function repeated(stored: JsonObject, callId: string, { caller }: RequestContext, info: ServerInfo): JsonObject {
  const { resultType: _, ...result } = stored;
  const { [META.serverInfo]: __, ...meta } = (stored['_meta'] ?? {}) as JsonObject;
  result['_meta'] = { ...meta, [REPEAT_OF]: callId };
  if (Array.isArray(result['content'])) result['content'] = fitBlocks(result['content'] as ContentBlock[], caller.version);
  if (result['structuredContent'] !== undefined && !takesStructured(caller.version, result['structuredContent']))
    delete result['structuredContent'];
  return info.complete(result, caller.era);
}

/** A call that holds its key could not be made, or has ended with an error. */
function failed(held: HeldKey, error: unknown): Awaitable<never> {
  const fail = (): never => {
    throw error;
  };
  return andThen(held.settle({ kind: 'cancelled' }, undefined), fail); // where the call has not even begun
}

/** A call that holds its key is answered. */
function ended(held: HeldKey, result: JsonObject | undefined): Awaitable<JsonObject | undefined> {
  // A call that goes on as a task has answered with the task: that is what a repetition gets.
  if (result !== undefined) held.began = true;
  const settled = held.settle(result === undefined ? { kind: 'cancelled' } : { kind: 'value', value: undefined }, result);
  return settled instanceof Promise ? settled.then(() => result) : result;
}

/** Runs a call that holds its key. */
function runHeld(
  call: FoundCall,
  held: HeldKey,
  start: (call: FoundCall, held: HeldKey) => Awaitable<JsonObject | undefined>,
): Awaitable<JsonObject | undefined> {
  let result: Awaitable<JsonObject | undefined>;
  try {
    result = start(call, held);
  } catch (error) {
    return failed(held, error);
  }
  if (!(result instanceof Promise)) return ended(held, result);
  if (held.hasEnded && !mayBeLong(call.definition)) return result; // it waits for its key by itself
  return result.then(
    (value) => ended(held, value),
    (error: unknown) => failed(held, error),
  );
}

/** Creates the keyed calls of a daemon. Nothing is loaded until the first one. */
export function createKeyedCalls({ state, record, info, limits, logger }: KeyedCallsOptions): KeyedCalls {
  let idempotency: Promise<Idempotency> | undefined;
  let loaded: Idempotency | undefined;

  const load = (): Promise<Idempotency> =>
    (idempotency ??= import('./idempotency.js').then(
      ({ createIdempotency }) =>
        (loaded = createIdempotency({
          ...{ state, record, logger, encode: (result) => textOf(result) ?? JSON.stringify(result) },
          ...{ keepMs: limits.keyKeepMs, waitMs: limits.keyWaitMs, leaseMs: limits.keyLeaseMs },
          ...{ maxKeys: limits.maxKeysPerUser, maxBytes: limits.maxKeyBytesPerUser },
        })),
    ));

  /** Without the store nothing can be promised, so the function does not run. */
  function notStored(cause: unknown): never {
    logger.error({ error: cause instanceof Error ? cause.message : String(cause) }, 'an idempotency key cannot be stored');
    const message = 'The idempotency key cannot be stored now, so the call was not made. Send it again later.';
    throw new DaemonError('overloaded', message, { cause, data: { retryAfterMs: STORE_RETRY_MS } });
  }

  function claimed(key: string, call: FoundCall, exchange: DetachedExchange): Awaitable<Claim> {
    if (loaded === undefined) return load().then(() => claimed(key, call, exchange));
    try {
      return loaded.claim(key, call, exchange);
    } catch (cause) {
      return notStored(cause);
    }
  }

  /** The answer of a call that does not run. */
  function answer(claim: Exclude<Claim, { kind: 'held' }>, { request }: FoundCall): JsonObject | undefined {
    const { era } = request.caller;
    switch (claim.kind) {
      case 'repeat': {
        const isTask = claim.result['resultType'] === 'task';
        if (isTask && !declaresTasks(request)) {
          const message = `The call with this key goes on as a task, which this request has not declared (${TASKS_EXTENSION}).`;
          throw new DaemonError('missing_client_capability', message, { data: TASKS_REQUIRED });
        }
        if (!claim.asks && !isTask) return repeated(claim.result, claim.callId, request, info);
        return { ...claim.result, _meta: { ...(claim.result['_meta'] as JsonObject), [REPEAT_OF]: claim.callId } };
      }
      case 'invalid':
        throw new DaemonError('invalid_params', claim.message, claim.data === undefined ? {} : { data: claim.data });
      case 'later': {
        const of = claim.callId === undefined ? {} : { [REPEAT_OF]: claim.callId };
        return info.complete({ ...toolError(claim.message), _meta: { [RETRY_AFTER]: claim.retryAfterMs, ...of } }, era);
      }
      case 'unknown':
        return info.complete({ ...toolError(claim.message), _meta: { [REPEAT_OF]: claim.callId } }, era);
      case 'gave_up':
        return undefined;
    }
  }

  /** Makes or answers a call, as its claim says. */
  function follow(
    claim: Claim,
    call: FoundCall,
    exchange: DetachedExchange,
    start: (call: FoundCall, held: HeldKey) => Awaitable<JsonObject | undefined>,
  ): Awaitable<JsonObject | undefined> {
    if (claim.kind !== 'held') return answer(claim, call);
    return runHeld({ ...call, request: { ...call.request, exchange } }, claim.held, start);
  }

  return {
    run(key, call, start) {
      const { request } = call;
      const exchange = new DetachedExchange(request.exchange);
      const claim = claimed(key, call, exchange);
      return claim instanceof Promise
        ? claim.then((known) => follow(known, call, exchange, start), notStored)
        : follow(claim, call, exchange, start);
    },
    async drain(ms) {
      await (await idempotency)?.drain(ms);
    },
    async end() {
      const keys = await idempotency;
      keys?.abort();
      await keys?.drain(END_MS);
    },
  };
}
