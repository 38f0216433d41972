/**
 * Operations whose results are a stream of Server-Sent Events: the protocol of graphql-sse, with one connection for each operation.
 * `next` events have the results, `complete` is the last event.
 *
 * @see https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Logger } from '@mcp-daemon/core';

import type { EventStreams } from '../wire/event-stream.js';
import { requestHeaders } from '../wire/request-info.js';
import type { Refusal } from '../wire/respond.js';
import { UserCounts } from '../wire/user-counts.js';
import type { GraphqlApi, GraphqlCaller, GraphqlOperation, GraphqlPrepared, GraphqlResult } from './api.js';
import { ANSWER_HEADERS, errorsOf, STREAM_HEADERS } from './refusals.js';
import type { RunningOperation } from './running.js';
import { OperationEnded } from './running.js';

/** The id of the last event. The `EventSource` of a browser sends it back when it connects again by itself. */
const COMPLETE_ID = 'complete';

const nextOf = (result: string): string => `event: next\ndata: ${result}\n\n`;
/** With data, because a browser ignores events without. */
const COMPLETE = `event: complete\nid: ${COMPLETE_ID}\ndata: null\n\n`;

/** Whether a request comes from an `EventSource` whose operation is complete. It would run the operation again, and again. */
export const isRepeated = ({ headers }: IncomingMessage): boolean => headers['last-event-id'] === COMPLETE_ID;

/** Answers such a request: the status tells the `EventSource` not to connect any more. */
export function stopRepeating(res: ServerResponse): void {
  res.writeHead(204, [...requestHeaders(res), ...ANSWER_HEADERS]).end();
}

/** An operation that is ready to run. */
export interface ReadyOperation {
  readonly api: GraphqlApi;
  readonly prepared: GraphqlPrepared;
  readonly operation: GraphqlOperation;
  readonly caller: GraphqlCaller;
}

/** What {@link createResultStreams} takes. */
export interface ResultStreamsOptions {
  streams: EventStreams;
  /** How many streams may be open. */
  maxStreams: number;
  /** How many of these one user may have open in one partition. */
  maxStreamsPerUser: number;
  /** How long one stream lasts. */
  maxStreamMs: number;
  logger: Pick<Logger, 'error'> | undefined;
}

/** Opens streams of results. */
export interface ResultStreams {
  /**
   * Runs an operation and sends its results as a stream.
   *
   * @returns a refusal where there are too many streams; else, when the stream has ended
   * @throws OperationEnded where the operation has to end before its stream begins, and what `subscribe` or `execute` throws
   */
  run(ready: ReadyOperation, running: RunningOperation, res: ServerResponse): Promise<Refusal | undefined>;
  /** Sends errors as a stream of one result: a client of graphql-sse would take a status from 400 up for a fault of the network, and retry. */
  sendErrors(errors: readonly Error[], running: RunningOperation, res: ServerResponse): void;
}

const RETRY_AFTER_S = '5';

const isStream = (result: AsyncIterableIterator<GraphqlResult> | GraphqlResult): result is AsyncIterableIterator<GraphqlResult> =>
  Symbol.asyncIterator in result;

/** Creates what opens streams of results. */
export function createResultStreams(options: ResultStreamsOptions): ResultStreams {
  const { streams, maxStreams, maxStreamsPerUser, maxStreamMs, logger } = options;
  const byUser = new UserCounts();

  /** Sends one result and ends. */
  function sendOne(result: string, { caller }: RunningOperation, res: ServerResponse): void {
    streams.open(res, caller, nextOf(result), STREAM_HEADERS);
    streams.end(res, COMPLETE);
  }

  /** Sends results until there are no more, or until the stream has to end. */
  async function sendAll(
    results: AsyncIterableIterator<GraphqlResult>,
    running: RunningOperation,
    res: ServerResponse,
  ): Promise<void> {
    running.last();
    streams.open(res, running.caller, ':\n\n', STREAM_HEADERS);
    // Without `complete`, so that the client connects and authenticates again.
    const timer = setTimeout(() => running.end(undefined), maxStreamMs).unref();
    let last: string | undefined;
    try {
      for (;;) {
        const { done, value } = await running.until(results.next());
        if (done === true) break;
        streams.write(res, nextOf(JSON.stringify(value)));
      }
      last = COMPLETE;
    } catch (error) {
      if (!(error instanceof OperationEnded)) {
        logger?.error({ error: String(error) }, 'a GraphQL subscription failed');
        last = nextOf(errorsOf('Internal error', 500)) + COMPLETE;
      }
    } finally {
      clearTimeout(timer);
      results.return?.().catch((error: unknown) => logger?.error({ error: String(error) }, 'a GraphQL subscription did not end'));
      if (!res.destroyed) streams.end(res, last);
    }
  }

  return {
    async run({ api, prepared, operation, caller }, running, res) {
      const headers = { 'retry-after': RETRY_AFTER_S };
      if (byUser.total >= maxStreams) return { status: 503, message: 'Too many streams are open.', headers };
      if (byUser.of(running.caller) >= maxStreamsPerUser)
        return { status: 503, message: `One user may have at most ${maxStreamsPerUser} open GraphQL streams.`, headers };
      const uncount = byUser.take(running.caller);
      try {
        if (prepared.kind !== 'subscription') {
          sendOne(JSON.stringify(await running.until(api.execute(prepared, operation, caller))), running, res);
          return undefined;
        }
        const begun = api.subscribe(prepared, operation, caller);
        const results = await running.until(begun).catch((error: unknown) => {
          // It may begin after its client has left.
          begun.then((late) => (isStream(late) ? late.return?.() : undefined)).catch(() => undefined);
          throw error;
        });
        if (isStream(results)) await sendAll(results, running, res);
        else sendOne(JSON.stringify(results), running, res);
        return undefined;
      } finally {
        uncount();
      }
    },
    sendErrors: (errors, running, res) => sendOne(JSON.stringify({ errors }), running, res),
  };
}
