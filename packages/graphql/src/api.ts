/** The API: a function from documents to results. It knows no HTTP. */
import type { Awaitable, CachedStore, CacheStats, Daemon, Logger, Store } from '@mcp-daemon/core';
import { createCachedStore } from '@mcp-daemon/core';
import type { ExecutionResult, GraphQLError, GraphQLSchema } from 'graphql';
import { execute, subscribe } from 'graphql';

import { createDeadline } from './base/deadline.js';
import { clientError, graphqlError, shownError } from './base/errors.js';
import type { GraphqlLimits } from './base/limits.js';
import { withDefaultLimits } from './base/limits.js';
import type { GraphqlOperation, PreparedOperation } from './documents/documents.js';
import { createDocuments } from './documents/documents.js';
import type { Context, GraphqlCaller, GraphqlOperators, Shared } from './reading/context.js';
import { createLoaders } from './reading/loaders.js';
import { createServedReader } from './reading/served.js';
import { createSchema } from './schema.js';

/** What {@link createGraphqlApi} takes. */
export interface GraphqlApiOptions {
  /** The daemon that is administered. */
  daemon: Pick<Daemon, 'handle' | 'store' | 'catalogs' | 'closed' | 'events' | 'stats' | 'check'>;
  /**
   * The partition whose catalog comes from the config file, or from the program. It is shown as the daemon serves it, and cannot be
   * changed. Default: none; a partition that the store does not have is still shown as the daemon serves it.
   */
  configPartition?: string | undefined;
  /** Limits of requests. Each has a default. */
  limits?: Partial<GraphqlLimits>;
  /** Whether clients may ask for the schema. Default: true. */
  introspection?: boolean;
  /** What only the program that serves the API knows, such as sessions. */
  operators?: GraphqlOperators;
  /** The version of the daemon, for `daemon { version }`. */
  version?: string;
  /** Gets what clients do not: the reasons of failures. Default: no log. */
  logger?: Logger;
}

/** The admin API of a daemon. */
export interface GraphqlApi {
  readonly schema: GraphQLSchema;
  /**
   * Parses a document, checks its limits, validates it, and chooses its operation. What was checked once is kept by its text.
   *
   * @returns the operation, or errors with codes
   */
  prepare(operation: GraphqlOperation): PreparedOperation | { errors: readonly GraphQLError[] };
  /**
   * Executes a query or a mutation. It never fails: failures are errors of the result, beside the data that could be read.
   *
   * @returns the result, at once if the store gives its values at once
   */
  execute(prepared: PreparedOperation, operation: GraphqlOperation, caller: GraphqlCaller): Awaitable<ExecutionResult>;
  /**
   * Begins a subscription. It ends when the caller's signal is aborted, and when `return` is called.
   *
   * @returns its results; or one result with errors, if it could not begin. The iterator never rejects: a failure is its last result
   */
  subscribe(
    prepared: PreparedOperation,
    operation: GraphqlOperation,
    caller: GraphqlCaller,
  ): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult>;
}

const SILENT: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

const NO_COUNTS: CacheStats = { hits: 0, stale: 0, misses: 0, failures: 0, entries: 0, oldestMs: 0 };

/** Whether a subscription could not begin. */
const isResult = (value: AsyncIterable<ExecutionResult> | ExecutionResult): value is ExecutionResult =>
  !(Symbol.asyncIterator in value);

/**
 * Creates the API of a daemon. Nothing is read before its first request.
 *
 * @throws DaemonError `usage` if a limit is invalid
 * @example
 * const api = createGraphqlApi({ daemon });
 * const operation = { query: '{ mcpFunctionList { total } }' };
 * const prepared = api.prepare(operation);
 * const caller = { partition: 'default', subject: 'ann', role: 'viewer', signal: new AbortController().signal } as const;
 * const result = 'errors' in prepared ? prepared : await api.execute(prepared, operation, caller);
 */
export function createGraphqlApi(options: GraphqlApiOptions): GraphqlApi {
  const { daemon, configPartition, introspection = true, operators = {}, version, logger = SILENT } = options;
  const limits = withDefaultLimits(options.limits);
  const schema = createSchema();
  const documents = createDocuments({ schema, limits, introspection });
  const reader = createServedReader({ daemon, configPartition });
  const cachedStores = new WeakMap<Store, CachedStore>();

  function cachedStore(store: Store): CachedStore {
    const before = cachedStores.get(store);
    if (before !== undefined) return before;
    const made = createCachedStore(store);
    cachedStores.set(store, made);
    return made;
  }

  const shared: Shared = {
    ...{ daemon, limits, logger, reader, operators, version },
    documents: () => documents.size,
    cached: (store) => cachedStore(store).catalogs,
    cacheCounts: (store) => cachedStores.get(store)?.stats().catalogs ?? NO_COUNTS,
  };

  /** The store of the daemon, since it was first opened. */
  let opened: Store | undefined;

  /** Gives the store at once if it is open: a promise costs more than most reads. */
  function openStore(): Awaitable<Store> {
    if (opened !== undefined && !daemon.closed) return opened;
    return daemon.store().then((store) => (opened = store));
  }

  function contextOf(caller: GraphqlCaller, ms: number, isChange = false): Context {
    const deadline = createDeadline(ms, caller, isChange);
    const { partition } = caller;
    const loaders = createLoaders({ partition, deadline, store: openStore, cached: shared.cached, reader });
    const { documents: size, cached, cacheCounts } = shared;
    // Member by member: a spread of `shared` takes as long as the rest of a small query.
    return {
      daemon,
      limits,
      logger,
      reader,
      operators,
      version,
      documents: size,
      cached,
      cacheCounts,
      caller,
      deadline,
      loaders,
    };
  }

  /** A result whose errors have codes, and nothing that clients must not see. */
  function shown(result: ExecutionResult): ExecutionResult {
    if (result.errors === undefined) return result;
    return { ...result, errors: result.errors.map((error) => clientError(error, logger)) };
  }

  const failed = (error: unknown): ExecutionResult => {
    const { message, code, details } = shownError(error, logger);
    return { errors: [graphqlError(code, message, { details })] };
  };

  /** What graphql-js takes to run an operation. */
  const argumentsOf = (
    { document }: PreparedOperation,
    { variables, operationName }: GraphqlOperation,
    contextValue: Context,
  ): Parameters<typeof execute>[0] => ({
    ...{ schema, document, contextValue },
    variableValues: variables ?? null,
    operationName: operationName || null,
  });

  async function executeByGraphqlJs(
    prepared: PreparedOperation,
    operation: GraphqlOperation,
    context: Context,
  ): Promise<ExecutionResult> {
    try {
      return shown(await execute(argumentsOf(prepared, operation, context)));
    } catch (error) {
      return failed(error);
    } finally {
      context.deadline.end();
    }
  }

  return {
    schema,
    prepare: (operation) => documents.prepare(operation),
    execute(prepared, operation, caller) {
      if (prepared.kind === 'subscription')
        return { errors: [graphqlError('BAD_REQUEST', 'A subscription cannot be executed like a query.')] };
      const context = contextOf(caller, limits.timeLimitMs, prepared.kind === 'mutation');
      const ended = (data: Record<string, unknown>): ExecutionResult => {
        context.deadline.end();
        return { data };
      };
      // If a plan fails, graphql-js finds out what clients are told.
      const byGraphqlJs = (): Promise<ExecutionResult> => executeByGraphqlJs(prepared, operation, context);
      try {
        const data = prepared.plan()?.(context, operation.variables ?? {});
        if (data === undefined) return byGraphqlJs();
        return data instanceof Promise ? data.then(ended).catch(byGraphqlJs) : ended(data);
      } catch {
        return byGraphqlJs();
      }
    },
    async subscribe(prepared, operation, caller) {
      if (prepared.kind !== 'subscription')
        return { errors: [graphqlError('BAD_REQUEST', 'Only a subscription can be subscribed to.')] };
      const context = contextOf(caller, limits.timeLimitMs);
      context.deadline.end(); // a subscription has no end of its own
      try {
        const results = await subscribe(argumentsOf(prepared, operation, context));
        if (isResult(results)) return shown(results);
        return shownResults(results, shown, failed);
      } catch (error) {
        return failed(error);
      }
    },
  };
}

/** Results of a subscription. A failure is the last of them. */
function shownResults(
  results: AsyncGenerator<ExecutionResult, void, void>,
  shown: (result: ExecutionResult) => ExecutionResult,
  failed: (error: unknown) => ExecutionResult,
): AsyncIterableIterator<ExecutionResult> {
  let ended = false;
  const done: IteratorResult<ExecutionResult> = { done: true, value: undefined };
  return {
    async next() {
      if (ended) return done;
      try {
        const { done: isDone, value } = await results.next();
        if (isDone !== true) return { done: false, value: shown(value) };
      } catch (error) {
        ended = true;
        return { done: false, value: failed(error) };
      }
      ended = true;
      return done;
    },
    async return() {
      ended = true;
      await results.return(undefined);
      return done;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
