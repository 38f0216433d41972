/**
 * Every error this project throws, by a stable code; and the one place that knows JSON-RPC's numbers.
 */
import { truncate } from '../base/truncate.js';
import type { JsonRpcErrorObject } from './messages.js';
import type { Era } from './versions.js';

/** The codes of {@link DaemonError}. They never change their meaning. */
export type ErrorCode =
  | 'parse_error'
  | 'invalid_request'
  | 'method_not_found'
  | 'invalid_params'
  | 'unsupported_protocol_version'
  | 'header_mismatch'
  | 'missing_client_capability'
  | 'insufficient_scope'
  | 'resource_not_found'
  | 'invalid_cursor'
  | 'invalid_request_state'
  | 'config_invalid'
  | 'module_not_found'
  | 'module_failed'
  | 'function_not_found'
  | 'schema_invalid'
  | 'store_busy'
  | 'store_failed'
  | 'closed'
  | 'limit_exceeded'
  | 'overloaded'
  | 'conflict'
  | 'breaking_changes'
  | 'revision_not_found'
  | 'not_replayable'
  | 'usage'
  | 'upstream_error'
  | 'internal_error';

/** The base class of all errors. `message` may be sent to clients: it has no stack trace and no settings. */
export class DaemonError extends Error {
  override readonly name: string = 'DaemonError';
  /** Stable. Compare it with `===`. */
  readonly code: ErrorCode;
  /** Sent as the `data` of a JSON-RPC error, if the protocol defines it. */
  readonly data?: unknown;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; data?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    if (options.data !== undefined) this.data = options.data;
  }
}

/** An `invalid_params` error that says what is wrong. */
export const invalidParams = (what: string): DaemonError => new DaemonError('invalid_params', `Invalid params: ${what}`);

/** Characters of a client's text that an error repeats. */
const MAX_QUOTED = 200;

/**
 * The beginning of a text that a client has sent, for an error message. A client may send megabytes as a name, and the answer and
 * the record would repeat them.
 */
export const quoted = (text: string): string => truncate(text, MAX_QUOTED);

/** Characters of a URI in the `data` of an error. A longer URI is cut. */
const MAX_URI_IN_DATA = 2_048;

/** The error of a URI that no resource has. */
export const resourceNotFound = (uri: string): DaemonError =>
  new DaemonError('resource_not_found', `Resource not found: ${quoted(uri)}`, { data: { uri: truncate(uri, MAX_URI_IN_DATA) } });

/** The error of another MCP server, which the client gets as that server sent it. */
export class UpstreamError extends DaemonError {
  /** The number of the JSON-RPC error. */
  readonly number: number;

  constructor(number: number, message: string, data?: unknown) {
    super('upstream_error', message, { data });
    this.number = number;
  }
}

/** One mistake in a config file. */
export interface Mistake {
  /** JSON path, such as `$.tools[2].inputSchema.type`. */
  path: string;
  /** 1-based line in the file, if there is a file. */
  line?: number;
  /** 1-based column in the file, if there is a file. */
  column?: number;
  /** What is wrong and what to do. */
  message: string;
}

/** A config with mistakes. It lists all of them. */
export class ConfigError extends DaemonError {
  override readonly name = 'ConfigError';
  readonly mistakes: readonly Mistake[];
  /** The file's path, if there is one. */
  readonly file: string | undefined;
  /** Whether the text could not be parsed at all, as that of a file that is being saved. */
  readonly isSyntax: boolean;

  constructor(mistakes: readonly Mistake[], file?: string, { isSyntax = false }: { isSyntax?: boolean } = {}) {
    const where = (m: Mistake): string => (m.line === undefined ? '' : `${m.line}:${m.column ?? 1} `);
    const count = mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`;
    super(
      'config_invalid',
      [`${file ?? 'config'}: ${count}`, ...mistakes.map((m) => `  ${where(m)}${m.path}: ${m.message}`)].join('\n'),
    );
    this.mistakes = mistakes;
    this.file = file;
    this.isSyntax = isSyntax;
  }
}

/** The number of `overloaded`: the client may retry a moment later. Over HTTP it is 503 with Retry-After. */
export const OVERLOADED_NUMBER = -32010;

/** The number of `insufficient_scope`: the token lacks a scope. Over HTTP it is 403 with a challenge that names the scopes. */
export const INSUFFICIENT_SCOPE_NUMBER = -32043;

/** JSON-RPC and MCP error numbers. */
const RPC: Record<ErrorCode, number> = {
  parse_error: -32700,
  invalid_request: -32600,
  method_not_found: -32601,
  invalid_params: -32602,
  invalid_cursor: -32602,
  invalid_request_state: -32602,
  resource_not_found: -32602,
  header_mismatch: -32020,
  missing_client_capability: -32021,
  insufficient_scope: INSUFFICIENT_SCOPE_NUMBER,
  unsupported_protocol_version: -32022,
  config_invalid: -32603,
  module_not_found: -32603,
  module_failed: -32603,
  function_not_found: -32603,
  schema_invalid: -32603,
  store_busy: -32603,
  store_failed: -32603,
  closed: -32603,
  limit_exceeded: -32603,
  overloaded: OVERLOADED_NUMBER,
  conflict: -32603,
  breaking_changes: -32603,
  revision_not_found: -32602,
  not_replayable: -32602,
  usage: -32603,
  upstream_error: -32603,
  internal_error: -32603,
};

/** Characters of the message of a JSON-RPC error. What a function throws has at most 2,000. */
const MAX_ERROR_MESSAGE = 4_000;

/** Until 2025-11-25 an unknown resource had a number of its own. */
const RESOURCE_NOT_FOUND_LEGACY = -32002;

const numberOf = (code: ErrorCode, era: Era): number =>
  code === 'resource_not_found' && era === 'legacy' ? RESOURCE_NOT_FOUND_LEGACY : RPC[code];

/** The number of the error of an unknown resource until 2025-11-25. */
export const isLegacyNotFound = (code: number): boolean => code === RESOURCE_NOT_FOUND_LEGACY;

/**
 * The error of a JSON-RPC answer. An error that is not a DaemonError becomes "Internal error", because its message may contain a
 * secret.
 *
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic#error-codes
 */
export function toRpcError(error: unknown, era: Era): JsonRpcErrorObject {
  if (!(error instanceof DaemonError)) return { code: RPC.internal_error, message: 'Internal error' };
  const code = error instanceof UpstreamError ? error.number : numberOf(error.code, era);
  const message = truncate(error.message, MAX_ERROR_MESSAGE);
  return error.data === undefined ? { code, message } : { code, message, data: error.data };
}
