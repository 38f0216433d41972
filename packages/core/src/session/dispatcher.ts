/**
 * Takes a JSON-RPC message and returns the answer. It decides the era of each request by its metadata, and converts each error to
 * the form of that era. It never throws.
 */
import type { Awaitable } from '../base/awaitable.js';
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import type { Logger } from '../ports/logger.js';
import { DaemonError, invalidParams, quoted, toRpcError } from '../protocol/errors.js';
import type { Caller, Exchange, RequestContext } from '../protocol/exchange.js';
import { MAX_ID_LENGTH } from '../protocol/limits.js';
import type { ClientCapabilities, Implementation, JsonRpcResponse, LogLevel, RequestId } from '../protocol/messages.js';
import { META } from '../protocol/messages.js';
import { checkHeaders } from '../protocol/mirrored-headers.js';
import { INEXACT_ID } from '../protocol/scan.js';
import type { Era } from '../protocol/versions.js';
import { LEGACY_VERSIONS, MODERN_VERSIONS } from '../protocol/versions.js';
import type { Method } from './methods.js';
import { isLogLevel } from './methods.js';
import type { RequestObserver } from './telemetry.js';

/** Dispatches messages. */
export interface Dispatcher {
  /**
   * Serves one message.
   *
   * @param message any value; one that is not a message is answered with an error
   * @returns the answer; undefined for notifications, answers, and requests that were cancelled
   */
  handle(message: unknown, exchange: Exchange): Awaitable<JsonRpcResponse | undefined>;
}

const NO_META: JsonObject = Object.freeze({});
const NO_PARAMS: JsonObject = Object.freeze({});

/** The sender of a request before the handshake. */
const FRESH: Caller = { era: 'legacy', version: LEGACY_VERSIONS[0], capabilities: {}, client: undefined, logLevel: undefined };

const isId = (value: unknown): value is RequestId =>
  typeof value === 'string' ? value.length <= MAX_ID_LENGTH : typeof value === 'number' && Number.isSafeInteger(value);

/** Whether an answer can have this id. An invalid id is used too, because the client waits for it. */
const isEchoed = (value: unknown): value is RequestId =>
  typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));

/** The id is of a kind that is not known, too long, or a number that is not exact. */
function whyNot(id: unknown): string {
  return typeof id === 'string' ? `Invalid Request: "id" may have at most ${MAX_ID_LENGTH} characters.` : INEXACT_ID;
}

/**
 * What a modern request says about its sender. It is used for this request only. @throws DaemonError
 * `unsupported_protocol_version`, `invalid_params`
 */
function modernCaller(meta: JsonObject): Caller {
  const requested = meta[META.protocolVersion];
  const capabilities = meta[META.clientCapabilities];
  const client = meta[META.clientInfo] ?? undefined;
  const logLevel = meta[META.logLevel] ?? undefined;
  if (typeof requested !== 'string') throw invalidParams(`_meta["${META.protocolVersion}"] must be a string.`);
  const version = MODERN_VERSIONS.find((supported) => supported === requested);
  if (version === undefined) {
    throw new DaemonError('unsupported_protocol_version', 'Unsupported protocol version', {
      data: { supported: MODERN_VERSIONS, requested: quoted(requested) },
    });
  }
  if (!isObject(capabilities)) throw invalidParams(`_meta["${META.clientCapabilities}"] must be an object.`);
  if (
    client !== undefined &&
    !(isObject(client) && typeof client['name'] === 'string' && typeof client['version'] === 'string')
  ) {
    throw invalidParams(`_meta["${META.clientInfo}"] must have a name and a version.`);
  }
  if (logLevel !== undefined && !isLogLevel(logLevel)) throw invalidParams(`_meta["${META.logLevel}"] must be a log level.`);
  return {
    era: 'modern',
    version,
    capabilities: capabilities as ClientCapabilities,
    client: client as Implementation | undefined,
    logLevel: logLevel as LogLevel | undefined,
  };
}

/** The sender of a legacy connection, from its handshake. @throws DaemonError `invalid_params` before the handshake */
function legacyCaller(method: string, exchange: Exchange): Caller {
  const session = exchange.connection?.legacy;
  if (session !== undefined) return session.caller;
  if (method === 'initialize') return FRESH;
  // Without a connection there is never a handshake, so the request lacks its metadata.
  if (method === 'ping' && exchange.connection !== undefined) return FRESH;
  // The same error for both eras: a legacy client forgot the handshake, or a modern client forgot its metadata.
  throw invalidParams(
    `send "initialize" first, or give _meta["${META.protocolVersion}"] and _meta["${META.clientCapabilities}"] with every request.`,
  );
}

/** Creates a dispatcher for a method table. @param observer sees each request and its answer. Default: none does */
export function createDispatcher(methods: ReadonlyMap<string, Method>, logger: Logger, observer?: RequestObserver): Dispatcher {
  function failed(id: RequestId | undefined, error: unknown, era: Era): JsonRpcResponse {
    if (!(error instanceof DaemonError)) {
      logger.error(
        { error: error instanceof Error ? (error.stack ?? error.message) : String(error) },
        'a request failed inside the server',
      );
    }
    const answer = toRpcError(error, era);
    return id === undefined ? { jsonrpc: '2.0', error: answer } : { jsonrpc: '2.0', id, error: answer };
  }

  /** Notifications are never answered, not even with an error. */
  function notified(method: string, params: JsonObject, exchange: Exchange): void {
    if (method !== 'notifications/cancelled') return;
    const { requestId, reason } = params;
    if (!isId(requestId)) return;
    if (typeof reason === 'string')
      logger.debug({ requestId, reason: reason.slice(0, 200) }, 'a request was cancelled by its client');
    exchange.connection?.cancel(requestId);
  }

  function request(
    id: RequestId,
    method: string,
    params: JsonObject,
    exchange: Exchange,
  ): Awaitable<JsonRpcResponse | undefined> {
    const given = params['_meta'];
    const meta = isObject(given) ? given : NO_META;
    const modern = META.protocolVersion in meta;
    const era: Era = modern ? 'modern' : 'legacy';
    try {
      if (modern && exchange.header !== undefined) checkHeaders((name) => exchange.header?.(name), method, params, meta);
      const { progressToken } = meta;
      if (typeof progressToken === 'string' && progressToken.length > MAX_ID_LENGTH)
        throw invalidParams(`_meta.progressToken may have at most ${MAX_ID_LENGTH} characters.`);
      const found = methods.get(method);
      const caller = modern ? modernCaller(meta) : legacyCaller(found === undefined ? 'ping' : method, exchange);
      if (found === undefined || !found.eras.includes(era))
        throw new DaemonError('method_not_found', `Method not found: ${quoted(method)}`);
      const context: RequestContext = { id, exchange, caller, meta };
      const result = found.handle(params, context);
      if (result instanceof Promise) {
        return result.then(
          (done) => (done === undefined ? undefined : { jsonrpc: '2.0', id, result: done }),
          (error: unknown) => failed(id, error, era),
        );
      }
      return result === undefined ? undefined : { jsonrpc: '2.0', id, result };
    } catch (error) {
      return failed(id, error, era);
    }
  }

  return {
    handle(message, exchange) {
      if (!isObject(message))
        return failed(undefined, new DaemonError('invalid_request', 'Invalid Request: a message must be an object.'), 'legacy');
      const { jsonrpc, id, method } = message;
      const params = message['params'] ?? NO_PARAMS; // some clients write null to leave it out
      const echoed = isEchoed(id) ? id : undefined;
      const refuse = (why: string): JsonRpcResponse => failed(echoed, new DaemonError('invalid_request', why), 'legacy');
      if (jsonrpc !== '2.0') return refuse('Invalid Request: "jsonrpc" must be "2.0".');
      if (method === undefined && ('result' in message || 'error' in message)) {
        exchange.connection?.deliver(message as unknown as JsonRpcResponse);
        return undefined;
      }
      if (typeof method !== 'string') return refuse('Invalid Request: "method" must be a string.');
      if (!('id' in message)) {
        if (isObject(params)) notified(method, params, exchange);
        return undefined;
      }
      if (!isId(id)) return refuse(whyNot(id));
      if (!isObject(params)) return failed(id, invalidParams('they must be an object.'), 'legacy');
      if (observer === undefined) return request(id, method, params, exchange);
      const observed = { id, method, params, exchange, known: methods.has(method) };
      return observer.observe(observed, () => request(id, method, params, exchange));
    },
  };
}
