/** The limits of the API. Each has a default, and an error that names it. */
import { DaemonError } from '@mcp-daemon/core';

/** What one request may be and take. */
export interface GraphqlLimits {
  /** Bytes of a document. Default 100,000. */
  maxDocumentBytes: number;
  /** Tokens of a document. Default 4,000. */
  maxTokens: number;
  /** Fields, arguments and values inside each other, before fragments are put in place. Default 64. */
  maxNesting: number;
  /** Fields inside each other, after fragments are put in place. Introspection is not counted. Default 12. */
  maxDepth: number;
  /** Fields of a document, before fragments are put in place. Default 1,000. */
  maxFields: number;
  /** Aliases of an operation, and fields that a selection names more than once. Default 50. */
  maxAliases: number;
  /** Uses of fragments in a document. Default 200. */
  maxSpreads: number;
  /** Fields that an operation may return, by the sizes of its pages. Default 100,000. */
  maxCost: number;
  /** Entries of a page. At most 1,000, as the stores allow no more. Default 1,000. */
  maxPageSize: number;
  /** Call records up to which pages can be asked for by number. Default 10,000. */
  maxNumberedRecords: number;
  /** Call records up to which `total` is counted. Default 10,000. */
  maxCounted: number;
  /** Characters of a filter. Default 1,024. */
  maxFilterLength: number;
  /** Milliseconds for one request. Default 10,000. */
  timeLimitMs: number;
  /** Documents that are kept parsed and checked. Default 500. */
  maxDocuments: number;
  /** Events that wait for the reader of a subscription. Default 1,000. */
  maxQueuedEvents: number;
}

/** The limits that hold where no others are given. */
export const DEFAULT_GRAPHQL_LIMITS: Readonly<GraphqlLimits> = {
  maxDocumentBytes: 100_000,
  maxTokens: 4_000,
  maxNesting: 64,
  maxDepth: 12,
  maxFields: 1_000,
  maxAliases: 50,
  maxSpreads: 200,
  maxCost: 100_000,
  maxPageSize: 1_000,
  maxNumberedRecords: 10_000,
  maxCounted: 10_000,
  maxFilterLength: 1_024,
  timeLimitMs: 10_000,
  maxDocuments: 500,
  maxQueuedEvents: 1_000,
};

const STORE_PAGE = 1_000;

/** The limits with their defaults. @throws DaemonError `usage` unless each is a whole number above zero */
export function withDefaultLimits(given: Partial<GraphqlLimits> = {}): GraphqlLimits {
  const limits = { ...DEFAULT_GRAPHQL_LIMITS };
  for (const [name, value] of Object.entries(given) as [keyof GraphqlLimits, number | undefined][]) {
    if (value === undefined) continue;
    if (!Object.hasOwn(DEFAULT_GRAPHQL_LIMITS, name)) throw new DaemonError('usage', `There is no GraphQL limit "${name}".`);
    if (!Number.isSafeInteger(value) || value < 1)
      throw new DaemonError('usage', `The GraphQL limit ${name} must be a whole number above zero.`);
    limits[name] = value;
  }
  if (limits.maxPageSize > STORE_PAGE)
    throw new DaemonError('usage', `The GraphQL limit maxPageSize must be at most ${STORE_PAGE}.`);
  return limits;
}
