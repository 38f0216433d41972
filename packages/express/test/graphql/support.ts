/** Helpers for the tests of the GraphQL endpoint: a server with a small API. */
import type { Daemon, SessionIdentity } from '@mcp-daemon/core';
import { createDaemon, defineCatalog } from '@mcp-daemon/core';
import type {
  AuthIdentity,
  AuthProvider,
  GraphqlApi,
  GraphqlCaller,
  GraphqlLimits,
  GraphqlPrepared,
  HttpOptions,
  HttpServer,
  LoadGraphqlApi,
} from '@mcp-daemon/express';
import { serveHttp } from '@mcp-daemon/express';
import type { DocumentNode, ExecutionArgs, ExecutionResult } from 'graphql';
import { buildSchema, execute, getOperationAST, GraphQLError, parse, subscribe, validate } from 'graphql';

import { atEnd, echo } from '../support.js';

const SCHEMA = buildSchema(`
  type Query {
    hello(name: String = "you"): String!
    caller: Caller!
    text(length: Int!): String!
    wait: String
    fail: String
  }
  type Caller { partition: String!, subject: String!, role: String! }
  type Mutation { set(value: String!): String! }
  type Subscription { count(to: Int!): Int!, numbers: Int!, texts(length: Int!): String!, breaks: Int! }
`);

/** What the resolvers of the small API do. */
export class World {
  value = '';
  /** Signals of operations, in their order. */
  readonly signals: AbortSignal[] = [];
  /** How many documents have been parsed. */
  parsed = 0;
  /** How many subscriptions have begun, and how many of them have ended. */
  begun = 0;
  ended = 0;
  #push: ((value: number) => void)[] = [];

  /** Sends a number to all subscriptions `numbers`. */
  push(value: number): void {
    for (const push of this.#push) push(value);
  }

  async *numbers(signal: AbortSignal): AsyncGenerator<{ numbers: number }> {
    const waiting: number[] = [];
    let wake: () => void = () => undefined;
    const push = (value: number): void => {
      waiting.push(value);
      wake();
    };
    this.begun += 1;
    this.#push.push(push);
    signal.addEventListener('abort', () => wake());
    try {
      while (!signal.aborted) {
        const value = waiting.shift();
        if (value !== undefined) yield { numbers: value };
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      this.ended += 1;
      this.#push = this.#push.filter((one) => one !== push);
    }
  }
}

const rootOf = (world: World, caller: GraphqlCaller): object => ({
  hello: ({ name }: { name: string }) => `Hello, ${name}!`,
  caller: () => caller,
  text: ({ length }: { length: number }) => 'x'.repeat(length),
  wait: () => {
    world.signals.push(caller.signal);
    return new Promise(() => undefined);
  },
  fail: () => {
    throw new GraphQLError('It failed.', { extensions: { code: 'TEST' } });
  },
  set: ({ value }: { value: string }) => (world.value = value),
  count: async function* ({ to }: { to: number }) {
    for (let count = 1; count <= to; count += 1) yield { count };
  },
  numbers: () => world.numbers(caller.signal),
  texts: async function* ({ length }: { length: number }) {
    world.begun += 1;
    try {
      while (!caller.signal.aborted) {
        yield { texts: 'x'.repeat(length) };
        await new Promise(setImmediate);
      }
    } finally {
      world.ended += 1;
    }
  },
  breaks: async function* () {
    yield { breaks: 1 };
    throw new TypeError('secret reason');
  },
});

/** The small API. */
export function smallApi(world: World): GraphqlApi {
  const known = new Map<string, GraphqlPrepared>();
  const argsOf = (prepared: GraphqlPrepared, caller: GraphqlCaller, variables?: object | null): ExecutionArgs => ({
    schema: SCHEMA,
    document: prepared.document as DocumentNode,
    rootValue: rootOf(world, caller),
    variableValues: variables as Record<string, unknown>,
  });
  return {
    prepare({ query, operationName }) {
      const key = JSON.stringify([query, operationName]);
      const found = known.get(key);
      if (found !== undefined) return found;
      world.parsed += 1;
      try {
        const document = parse(query);
        const errors = validate(SCHEMA, document);
        if (errors.length > 0) return { errors };
        const operation = getOperationAST(document, operationName);
        if (operation === null || operation === undefined) return { errors: [new GraphQLError('There is no such operation.')] };
        const prepared = { document, kind: operation.operation };
        known.set(key, prepared);
        return prepared;
      } catch (error) {
        return { errors: [error as GraphQLError] };
      }
    },
    async execute(prepared, { variables, operationName }, caller) {
      return execute({ ...argsOf(prepared, caller, variables), operationName: operationName ?? null });
    },
    async subscribe(prepared, { variables, operationName }, caller) {
      const args = { ...argsOf(prepared, caller, variables), operationName: operationName ?? null };
      return (await subscribe(args)) as AsyncIterableIterator<ExecutionResult> | ExecutionResult;
    },
  };
}

/** A running server with the small API. */
export interface Served extends HttpServer {
  readonly world: World;
  readonly daemon: Daemon;
  /** How often the API has been loaded. */
  readonly loads: () => number;
}

/** Callers by the header `who`: `subject`, `subject:role` or `subject:role:partition`. `nobody` is refused, `left` has lost access. */
export function headerAuth(revoked: ReadonlySet<string> = new Set()): AuthProvider {
  return {
    authenticate(req) {
      const [subject = 'ada', role = 'admin', given] = String(req.headers['who'] ?? 'ada').split(':');
      if (subject === 'nobody') return { status: 401, message: 'Who are you?', headers: { 'www-authenticate': 'Bearer' } };
      const [, first, second] = (req.url ?? '').split('?', 1).join('').split('/');
      const partition = given ?? (second === undefined ? 'default' : first!);
      const identity: AuthIdentity & SessionIdentity = {
        ...{ subject, partition, roles: role === '' ? [] : [role] },
        isValid: () => !revoked.has(subject),
      };
      return identity;
    },
    handle: async () => false,
  };
}

/** What {@link serve} takes. */
export interface ServeOptions extends GraphqlLimits {
  http?: HttpOptions;
  load?: LoadGraphqlApi;
}

/** Serves the small API until the end of the test. */
export async function serve({ http = {}, load, ...graphqlLimits }: ServeOptions = {}): Promise<Served> {
  const world = new World();
  const daemon = createDaemon({ catalog: defineCatalog({ functions: [echo] }) });
  let loads = 0;
  const server = await serveHttp(daemon, {
    auth: headerAuth(),
    port: 0,
    rateLimit: 0,
    graphqlLimits,
    graphql: async (here) => {
      loads += 1;
      return load === undefined ? smallApi(world) : load(here);
    },
    ...http,
  });
  atEnd(async () => {
    await server.close({ drainMs: 1 });
    await daemon.close({ drainMs: 1 });
  });
  return { ...server, world, daemon, loads: () => loads };
}

/** A whole answer. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: { data?: Record<string, unknown> | null; errors?: { message: string; extensions?: { code?: string } }[] };
}

/** A request to send. */
export interface Asked {
  path?: string;
  method?: string;
  headers?: Record<string, string>;
  /** Sent as it is, if it is a text. */
  body?: unknown;
  signal?: AbortSignal;
}

/** Sends a request; without a method it is a POST. */
export async function ask(
  { url }: HttpServer,
  { path = '/graphql', method = 'POST', headers, body, signal }: Asked,
): Promise<Answered> {
  const answer = await fetch(url + path, {
    method,
    headers: { ...(method === 'POST' ? { 'content-type': 'application/json' } : {}), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    get json() {
      return JSON.parse(text) as Answered['json'];
    },
  };
}
