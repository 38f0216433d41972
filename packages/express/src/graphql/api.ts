/**
 * The GraphQL API, as this package calls it. `@mcp-daemon/graphql` implements it; only what is needed here is described, so that
 * neither its types nor those of the package graphql have to be installed.
 */
import type { Awaitable } from '@mcp-daemon/core';

import type { ListSessions } from '../wire/open-session.js';

/** Who sends an operation. */
export interface GraphqlCaller {
  /** `partition` or `partition#part`. */
  readonly partition: string;
  readonly subject: string;
  /** The highest role of the caller. */
  readonly role: 'viewer' | 'user' | 'admin';
  /** Aborted when the client has left, has lost access, or has waited too long, and when the server is closing. */
  readonly signal: AbortSignal;
  /** Runs a piece of work, such as a read, when it is the caller's turn: at once, or later if the caller has much to do. Default: at once. */
  readonly turn?: (work: () => void) => void;
}

/** One operation, as a client sends it. */
export interface GraphqlOperation {
  /** The document in GraphQL's language. */
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>> | null;
  /** Which operation of the document is meant. Default: the only one. */
  readonly operationName?: string | null;
}

/** A document that has been parsed and validated. Implementations add what they need. */
export interface GraphqlPrepared {
  readonly document: object;
  readonly kind: 'query' | 'mutation' | 'subscription';
}

/** Why an operation is not run: instances of `GraphQLError`. */
export interface GraphqlFailure {
  readonly errors: readonly Error[];
}

/** What an operation has given: the response of the GraphQL specification. */
export interface GraphqlResult {
  readonly data?: unknown;
  readonly errors?: readonly Error[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** A GraphQL API. Where a function throws, the client is told "Internal error" and the reason is logged. */
export interface GraphqlApi {
  /** Parses and validates an operation, or finds it in a cache. */
  prepare(operation: GraphqlOperation): GraphqlPrepared | GraphqlFailure;
  /** Runs a query or a mutation. A result that is there at once costs less than a promise of it. */
  execute(prepared: GraphqlPrepared, operation: GraphqlOperation, caller: GraphqlCaller): Awaitable<GraphqlResult>;
  /** Begins a subscription. @returns its results one after the other; or one result with errors, where it cannot begin */
  subscribe(
    prepared: GraphqlPrepared,
    operation: GraphqlOperation,
    caller: GraphqlCaller,
  ): Promise<AsyncIterableIterator<GraphqlResult> | GraphqlResult>;
}

/** What the server tells the API about itself. */
export interface ServedHere {
  /** The open sessions of a partition. */
  sessions: ListSessions;
}

/** Loads the API. Called at the first request; where it fails, again at the next. */
export type LoadGraphqlApi = (server: ServedHere) => Promise<GraphqlApi>;
