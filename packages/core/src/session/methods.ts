/**
 * The method table of both eras: which methods there are, who may call them, and the room that serves each.
 */
import type { Awaitable } from '../base/awaitable.js';
import { andThen } from '../base/awaitable.js';
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import type { Calls } from '../call/call.js';
import { complete } from '../call/completion.js';
import type { Linker } from '../call/linker.js';
import type { Catalog } from '../catalog/catalog.js';
import type { ListKey, Snapshot } from '../catalog/snapshot.js';
import type { Listeners } from '../events/subscriptions.js';
import type { Logger } from '../ports/logger.js';
import { DaemonError, invalidParams } from '../protocol/errors.js';
import type { RequestContext } from '../protocol/exchange.js';
import type { Limits } from '../protocol/limits.js';
import type { ClientCapabilities, Implementation, LogLevel } from '../protocol/messages.js';
import { LOG_LEVELS } from '../protocol/messages.js';
import type { ServerInfo } from '../protocol/server-info.js';
import type { Era, ProtocolVersion } from '../protocol/versions.js';
import { LEGACY_VERSIONS } from '../protocol/versions.js';

/** One method. */
export interface Method {
  /** The eras that have it. */
  readonly eras: readonly Era[];
  /** Answers a request; undefined: nothing is to be answered. @throws DaemonError */
  handle(params: JsonObject, request: RequestContext): Awaitable<JsonObject | undefined>;
}

/** What {@link createMethods} takes. */
export interface MethodsOptions {
  calls: Calls;
  catalog: Catalog;
  listeners: Listeners;
  linker: Linker;
  info: ServerInfo;
  limits: Limits;
  logger: Logger;
}

const BOTH: readonly Era[] = ['legacy', 'modern'];
const LEGACY: readonly Era[] = ['legacy'];
const MODERN: readonly Era[] = ['modern'];

/** Whether a value is one of the syslog severities. */
export const isLogLevel = (value: unknown): value is LogLevel => LOG_LEVELS.includes(value as LogLevel);

/** The version both sides speak: the client's, or our newest for it to take or leave. */
const negotiate = (wanted: string): ProtocolVersion =>
  LEGACY_VERSIONS.find((version) => version === wanted) ?? LEGACY_VERSIONS[0];

/** Creates the method table of a daemon. */
export function createMethods(options: MethodsOptions): ReadonlyMap<string, Method> {
  const { calls, catalog, listeners, linker, info, limits, logger } = options;

  const list = (key: ListKey): Method => ({
    eras: BOTH,
    handle(params, { exchange, caller }) {
      const { cursor } = params;
      if (cursor !== undefined && typeof cursor !== 'string') throw invalidParams('"cursor" must be a string.');
      return andThen(catalog.snapshot(exchange.partition), (snapshot) => snapshot.page(key, caller.era, cursor));
    },
  });

  function initialize(params: JsonObject, { exchange }: RequestContext): Awaitable<JsonObject> {
    const { protocolVersion, capabilities = {}, clientInfo } = params;
    const { connection } = exchange;
    if (connection === undefined)
      throw new DaemonError('invalid_request', 'initialize needs a connection, and this request stands alone.');
    if (connection.legacy !== undefined) throw new DaemonError('invalid_request', 'This connection is initialized already.');
    if (typeof protocolVersion !== 'string') throw invalidParams('"protocolVersion" must be a string.');
    if (!isObject(capabilities)) throw invalidParams('"capabilities" must be an object.');
    const version = negotiate(protocolVersion);
    const begin = ({ definition }: Snapshot): JsonObject => {
      connection.legacy = {
        caller: {
          era: 'legacy',
          version,
          capabilities: capabilities as ClientCapabilities,
          client: isObject(clientInfo) ? (clientInfo as unknown as Implementation) : undefined,
          logLevel: 'info',
        },
        subscriptions: new Set(),
      };
      return info.initialized(version, definition.instructions);
    };
    // At once where it can be: who sends the next request without waiting for this answer is served too.
    const snapshot = catalog.snapshot(exchange.partition);
    return snapshot instanceof Promise ? snapshot.then(begin) : begin(snapshot);
  }

  function setLevel(params: JsonObject, { exchange, caller }: RequestContext): JsonObject {
    const { level } = params;
    if (!isLogLevel(level)) throw invalidParams(`"level" must be one of ${LOG_LEVELS.join(', ')}.`);
    const session = exchange.connection?.legacy;
    if (session !== undefined) session.caller = { ...caller, logLevel: level };
    return {};
  }

  function subscribe(params: JsonObject, { exchange }: RequestContext): Awaitable<JsonObject> {
    const { uri } = params;
    const subscriptions = exchange.connection?.legacy?.subscriptions;
    if (typeof uri !== 'string') throw invalidParams('"uri" must be a string.');
    return andThen(catalog.snapshot(exchange.partition), (snapshot) => {
      if (snapshot.resource(uri) === undefined)
        throw new DaemonError('resource_not_found', `Resource not found: ${uri}`, { data: { uri } });
      if (subscriptions !== undefined && !subscriptions.has(uri) && subscriptions.size >= limits.maxSubscriptions) {
        throw new DaemonError('limit_exceeded', `A session can subscribe to ${limits.maxSubscriptions} resources, no more.`);
      }
      subscriptions?.add(uri);
      return {};
    });
  }

  function unsubscribe(params: JsonObject, { exchange }: RequestContext): JsonObject {
    const { uri } = params;
    if (typeof uri !== 'string') throw invalidParams('"uri" must be a string.');
    exchange.connection?.legacy?.subscriptions.delete(uri);
    return {};
  }

  const discover = (_params: JsonObject, { exchange }: RequestContext): Awaitable<JsonObject> =>
    andThen(catalog.snapshot(exchange.partition), ({ definition }) => info.discovered(definition.instructions));

  /** A partition that does not exist is refused, not listened to. */
  const listen = (params: JsonObject, request: RequestContext): Awaitable<JsonObject | undefined> =>
    andThen(catalog.snapshot(request.exchange.partition), () => listeners.listen(params, request));

  async function completeArgument(params: JsonObject, request: RequestContext): Promise<JsonObject> {
    const snapshot = await catalog.snapshot(request.exchange.partition);
    const { timeoutMs } = limits;
    return info.complete(await complete(snapshot, params, request, { linker, logger, timeoutMs }), request.caller.era);
  }

  return new Map<string, Method>([
    ['initialize', { eras: LEGACY, handle: initialize }],
    ['ping', { eras: LEGACY, handle: () => ({}) }],
    ['logging/setLevel', { eras: LEGACY, handle: setLevel }],
    ['resources/subscribe', { eras: LEGACY, handle: subscribe }],
    ['resources/unsubscribe', { eras: LEGACY, handle: unsubscribe }],
    ['server/discover', { eras: MODERN, handle: discover }],
    ['subscriptions/listen', { eras: MODERN, handle: listen }],
    ['tools/list', list('tools')],
    ['tools/call', { eras: BOTH, handle: (params, request) => calls.tool(params, request) }],
    ['resources/list', list('resources')],
    ['resources/templates/list', list('resourceTemplates')],
    ['resources/read', { eras: BOTH, handle: (params, request) => calls.resource(params, request) }],
    ['prompts/list', list('prompts')],
    ['prompts/get', { eras: BOTH, handle: (params, request) => calls.prompt(params, request) }],
    ['completion/complete', { eras: BOTH, handle: completeArgument }],
  ]);
}
