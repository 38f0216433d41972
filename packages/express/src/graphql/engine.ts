/** Runs operations by graphql-http, which is loaded together with the API at the first request. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { ExecutionResult, GraphQLError } from 'graphql';
import type { RequestParams } from 'graphql-http';

import type { Role } from '../auth/identity.js';
import { loadOptional } from '../auth/optional-package.js';
import type { ByteBudget } from '../wire/byte-budget.js';
import { recordMessage } from '../wire/request-info.js';
import type { Refusal } from '../wire/respond.js';
import type { Turns } from '../wire/turns.js';
import { wantedBy } from './accept.js';
import type { HttpAnswer } from './answer.js';
import { JSON_ANSWER, sendAnswer, sendHttpAnswer } from './answer.js';
import type { GraphqlApi, GraphqlCaller, GraphqlFailure, GraphqlOperation, GraphqlResult } from './api.js';
import { errorsOf } from './refusals.js';
import type { ReadyOperation, ResultStreams } from './results.js';
import type { RunningOperation } from './running.js';

/** One authenticated request whose body has been read. */
export interface GraphqlRequest {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly running: RunningOperation;
  readonly role: Role;
  /** The value of the body. Undefined: the request is a GET. */
  readonly body: unknown;
}

/** Serves requests with a loaded API. */
export interface Engine {
  /**
   * Serves one request.
   *
   * @returns a refusal that has to be sent
   * @throws OperationEnded if the operation has to end; any other error is a fault of the API
   */
  readonly serve: (request: GraphqlRequest) => Promise<Refusal | undefined>;
}

/** What {@link createEngine} takes besides the API. */
export interface EngineOptions {
  results: ResultStreams;
  /** Where unread answers are counted. */
  budget: Pick<ByteBudget, 'hold'>;
  /** Whose turn it is to read. */
  turns: Pick<Turns, 'run'>;
}

const GET_MUTATION: Refusal = { status: 405, message: 'A mutation needs POST.', headers: { allow: 'POST' } };
const NO_STREAM: Refusal = { status: 406, message: 'A subscription needs Accept: text/event-stream.' };

const asAnswer = ({ status, message = '', headers = {} }: Refusal): HttpAnswer => [
  errorsOf(message, status),
  { status, statusText: '', headers: { ...headers } },
];

/** The answer that is not used: the results are a stream. */
const STREAMED: HttpAnswer = [null, { status: 200, statusText: 'OK' }];

/** The members of an operation in what a client has sent. */
const operationOf = ({ query, variables, operationName }: RequestParams): GraphqlOperation => ({
  query,
  variables: variables ?? null,
  operationName: operationName ?? null,
});

/** Who sends an operation. The signal is made when it is needed. */
class OperationCaller implements GraphqlCaller {
  readonly partition: string;
  readonly subject: string;
  readonly role: Role;
  readonly turn: (work: () => void) => void;
  readonly #running: RunningOperation;

  constructor(running: RunningOperation, role: Role, turns: Pick<Turns, 'run'>) {
    const { partition, subject } = running.caller;
    this.partition = partition;
    this.subject = subject;
    this.role = role;
    this.turn = (work) => turns.run(running.caller, work);
    this.#running = running;
  }

  get signal(): AbortSignal {
    return this.#running.signal;
  }
}

/** Prepares the operation of a request. */
function prepare(
  api: GraphqlApi,
  operation: GraphqlOperation,
  request: GraphqlRequest,
  turns: Pick<Turns, 'run'>,
): ReadyOperation | GraphqlFailure | Refusal {
  const { req, running, role } = request;
  const prepared = api.prepare(operation);
  if ('errors' in prepared) return prepared;
  recordMessage(req, { method: prepared.kind, params: { name: operation.operationName } });
  if (prepared.kind === 'mutation' && req.method === 'GET') return GET_MUTATION;
  return { api, prepared, operation, caller: new OperationCaller(running, role, turns) };
}

/** The types of answers, by what clients accept. Other values of `Accept` are left to graphql-http. */
const ANSWER_TYPES: ReadonlyMap<string, string> = new Map([
  ...['', '*/*', 'application/json'].map((accept) => [accept, JSON_ANSWER] as const),
  ['application/graphql-response+json', 'application/graphql-response+json; charset=utf-8'],
]);

const isMap = (value: unknown): boolean => typeof value === 'object' && !Array.isArray(value);
const isText = (value: unknown): boolean => typeof value === 'string';
const isAbsent = (value: unknown): boolean => value === undefined || value === null;

/** The operation of a body in its usual form; undefined: graphql-http says what is wrong with it. */
function usualOperation(body: unknown): GraphqlOperation | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { query, variables, operationName, extensions } = body as Record<string, unknown>;
  if (!isText(query) || !(isAbsent(operationName) || isText(operationName))) return undefined;
  if (!(isAbsent(variables) || isMap(variables)) || !(isAbsent(extensions) || isMap(extensions))) return undefined;
  return operationOf(body as RequestParams);
}

/** What graphql-http keeps of a request for us. */
interface Context {
  readonly request: GraphqlRequest;
  /** Set where the results have to be sent as a stream. */
  stream?: ReadyOperation;
}

/**
 * Loads the API and graphql-http.
 *
 * @throws DaemonError `usage` where graphql-http is not installed; what `load` throws
 */
export async function createEngine(load: () => Promise<GraphqlApi>, { results, budget, turns }: EngineOptions): Promise<Engine> {
  const [api, { createHandler, parseRequestParams }] = await Promise.all([
    load(),
    loadOptional('graphql-http', 'the GraphQL API', () => import('graphql-http')),
  ]);

  const handler = createHandler<IncomingMessage, Context>({
    async onSubscribe({ context }, params) {
      const { request } = context;
      const ready = prepare(api, operationOf(params), request, turns);
      if ('errors' in ready) return ready.errors as GraphQLError[];
      if ('status' in ready) return asAnswer(ready);
      if (ready.prepared.kind === 'subscription') {
        if (!wantedBy(request.req).events) return asAnswer(NO_STREAM);
        context.stream = ready;
        return STREAMED;
      }
      const result = await request.running.until(api.execute(ready.prepared, ready.operation, ready.caller));
      // Without data, the request itself was wrong: that decides about the status.
      return 'data' in result ? (result as ExecutionResult) : ((result.errors ?? []) as GraphQLError[]);
    },
  });

  /** Serves a client that accepts nothing but a stream, as those of graphql-sse and an `EventSource` do. */
  async function stream(request: GraphqlRequest, sent: Parameters<typeof parseRequestParams>[0]): Promise<Refusal | undefined> {
    const { res, running } = request;
    const params = await parseRequestParams(sent).catch((error: Error) => ({ status: 400, message: `${error.message}.` }));
    if ('status' in params) return params;
    if (!('query' in params)) {
      sendHttpAnswer(res, params, running.caller, budget);
      return undefined;
    }
    const ready = prepare(api, operationOf(params), request, turns);
    if ('status' in ready) return ready;
    if (!('errors' in ready)) return results.run(ready, running, res);
    results.sendErrors(ready.errors, running, res);
    return undefined;
  }

  function send({ res, running }: GraphqlRequest, result: GraphqlResult, type: string): void {
    // Without data, the request itself was wrong: only the newer type says so by the status.
    const status = 'data' in result || type === JSON_ANSWER ? 200 : 400;
    sendAnswer(res, { text: JSON.stringify(result), status, type }, running.caller, budget);
  }

  /** Answers a POST in its usual form. It is answered as graphql-http would do, without the time that it takes. */
  async function serveUsual(request: GraphqlRequest, operation: GraphqlOperation, type: string): Promise<Refusal | undefined> {
    const ready = prepare(api, operation, request, turns);
    if ('status' in ready) return ready;
    if ('errors' in ready) send(request, { errors: ready.errors }, type);
    else if (ready.prepared.kind === 'subscription') return NO_STREAM;
    else {
      const result = request.running.until(api.execute(ready.prepared, operation, ready.caller));
      send(request, result instanceof Promise ? await result : result, type);
    }
    return undefined;
  }

  return {
    async serve(request) {
      const { req, res, running, body } = request;
      const type = ANSWER_TYPES.get(req.headers.accept ?? '');
      const operation = type === undefined ? undefined : usualOperation(body);
      if (type !== undefined && operation !== undefined) return serveUsual(request, operation, type);
      const { method = '', url = '', headers } = req;
      const context: Context = { request };
      const sent = { method, url, headers, body: body as Record<string, unknown>, raw: req, context };
      const wanted = wantedBy(req);
      if (wanted.events && !wanted.json) return stream(request, sent);
      const answer = await handler(sent);
      if (context.stream !== undefined) return results.run(context.stream, running, res);
      sendHttpAnswer(res, answer, running.caller, budget);
      return undefined;
    },
  };
}
