/** Errors as clients get them: GraphQL errors with a code, without stack traces, file paths or secrets. */
import type { HistoryEntry, Logger } from '@mcp-daemon/core';
import { ConfigError, DaemonError } from '@mcp-daemon/core';
import { GraphQLError } from 'graphql';

/** The values of `extensions.code`, and what each means. They never change their meaning. */
export const GRAPHQL_ERROR_CODES = {
  PARSE_FAILED: 'The document is not GraphQL.',
  VALIDATION_FAILED: 'The document does not fit the schema.',
  BAD_REQUEST: 'The request names no operation, or one that the document has not.',
  BAD_USER_INPUT: 'A variable or an argument has a value that is not allowed.',
  INVALID_CURSOR: 'The cursor is not of this list, or of another partition: list again without it.',
  LIMIT_EXCEEDED: 'The document or a page is larger than a limit allows. The message names the limit.',
  FORBIDDEN: 'The role of the caller does not allow the field, or `updatedBy` is not the caller.',
  NOT_FOUND: 'There is no entry of that name or id.',
  REVISION_NOT_FOUND: 'The history has no such revision, or several that begin like this.',
  READ_ONLY: 'The catalog comes from the config file, and is changed there.',
  IN_USE: 'Others depend on what is to be removed. `extensions.users` names them.',
  CONFIG_INVALID: 'The catalog would have mistakes. `extensions.mistakes` lists them.',
  BREAKING_CHANGES: 'The change breaks callers. `extensions.changes` lists what does.',
  CONFLICT: 'Others have changed the partition meanwhile: plan again. `extensions.revisions` lists the newer ones.',
  NOT_AVAILABLE: 'This daemon, or its store, does not have what the operation needs.',
  TIMEOUT: 'The store did not answer within the time limit. A change may have been made all the same.',
  CANCELLED: 'The client has ended the request.',
  SLOW_READER: 'The reader of a subscription was too slow, and has lost events: read the list of calls, and subscribe again.',
  STORE_BUSY: 'The store is busy: try again later.',
  STORE_FAILED: 'The store failed. The log of the daemon says why.',
  CLOSED: 'The daemon is shutting down.',
  INTERNAL_ERROR: 'Something failed that should not. The log of the daemon says why.',
} as const;

/** One value of `extensions.code`. */
export type GraphqlErrorCode = keyof typeof GRAPHQL_ERROR_CODES;

/** An error with a code. Its message is for clients. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: GraphqlErrorCode;
  /** Further members of `extensions`. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: GraphqlErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** The codes of core's errors whose messages are for clients. */
const CODES: Readonly<Record<string, GraphqlErrorCode>> = {
  config_invalid: 'CONFIG_INVALID',
  breaking_changes: 'BREAKING_CHANGES',
  conflict: 'CONFLICT',
  revision_not_found: 'REVISION_NOT_FOUND',
  not_replayable: 'BAD_USER_INPUT',
  invalid_cursor: 'INVALID_CURSOR',
  invalid_params: 'BAD_USER_INPUT',
  invalid_request: 'NOT_FOUND',
  usage: 'BAD_USER_INPUT',
  limit_exceeded: 'LIMIT_EXCEEDED',
  schema_invalid: 'CONFIG_INVALID',
};

/** The codes of core's errors whose messages may name files or hosts. Clients get a general message. */
const GENERAL: Readonly<Record<string, GraphqlErrorCode>> = {
  store_busy: 'STORE_BUSY',
  store_failed: 'STORE_FAILED',
  closed: 'CLOSED',
};

/** What a client gets of any error. */
export interface ShownError {
  message: string;
  code: GraphqlErrorCode;
  details: Readonly<Record<string, unknown>>;
}

/** Further members of `extensions`, from the data of one of core's errors. */
function detailsOf(code: GraphqlErrorCode, data: unknown): Readonly<Record<string, unknown>> {
  if (code === 'BREAKING_CHANGES') return { changes: data };
  if (code !== 'CONFLICT' || data === undefined) return {};
  const revisions = (data as readonly HistoryEntry[]).map(({ id, revision, action, author, note, source, created_at }) => {
    return { id, revision, action, author, note, source, createdAt: new Date(created_at).toISOString() };
  });
  return { revisions };
}

/** What a client gets of an error. What it does not get is logged. */
export function shownError(error: unknown, logger: Logger): ShownError {
  if (error instanceof ApiError) return { message: error.message, code: error.code, details: error.details };
  if (error instanceof ConfigError) {
    const mistakes = error.mistakes.map(({ path, message, line, column }) => ({
      ...{ path, message },
      ...(line === undefined ? {} : { line, column: column ?? 1 }),
    }));
    return { message: error.message, code: 'CONFIG_INVALID', details: { mistakes } };
  }
  if (error instanceof DaemonError) {
    const code = CODES[error.code];
    if (code !== undefined) return { message: error.message, code, details: detailsOf(code, error.data) };
    const general = GENERAL[error.code];
    if (general !== undefined) {
      logger.warn({ error: error.message, code: error.code }, `a GraphQL request failed: ${error.message}`);
      return { message: GRAPHQL_ERROR_CODES[general], code: general, details: {} };
    }
  }
  logger.error({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, 'a GraphQL request failed');
  return { message: GRAPHQL_ERROR_CODES.INTERNAL_ERROR, code: 'INTERNAL_ERROR', details: {} };
}

/** A GraphQL error with a code. */
export const graphqlError = (
  code: GraphqlErrorCode,
  message: string,
  { error, details = {} }: { error?: GraphQLError; details?: Readonly<Record<string, unknown>> } = {},
): GraphQLError =>
  new GraphQLError(message, {
    nodes: error?.nodes ?? null,
    source: error?.source ?? null,
    positions: error?.positions ?? null,
    path: error?.path ?? null,
    extensions: { ...details, code },
  });

/**
 * An error of the execution as clients get it.
 *
 * @param fallback the code of an error that no resolver threw
 */
export function clientError(error: GraphQLError, logger: Logger, fallback: GraphqlErrorCode = 'BAD_USER_INPUT'): GraphQLError {
  const { originalError } = error;
  if (originalError === undefined || originalError === null) {
    return typeof error.extensions['code'] === 'string' ? error : graphqlError(fallback, error.message, { error });
  }
  if (originalError instanceof GraphQLError) return graphqlError(fallback, error.message, { error });
  const { message, code, details } = shownError(originalError, logger);
  return graphqlError(code, message, { error, details });
}
