/** The method table of both eras: the methods, the eras that have them, and the code that serves each. */
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
import { subscribedUri, uriTemplatesOf } from '../events/subscriptions.js';
import type { CatalogDefinition } from '../ports/definition.js';
import type { Logger } from '../ports/logger.js';
import { keptCapabilities, keptClient } from '../protocol/client.js';
import { DaemonError, invalidParams, resourceNotFound } from '../protocol/errors.js';
import type { Caller, RequestContext } from '../protocol/exchange.js';
import type { Limits } from '../protocol/limits.js';
import { MAX_CURSOR_LENGTH } from '../protocol/limits.js';
import type { LogLevel } from '../protocol/messages.js';
import { LOG_LEVELS } from '../protocol/messages.js';
import { requireScopes } from '../protocol/scopes.js';
import type { Declaration, ServerInfo } from '../protocol/server-info.js';
import type { Era, ProtocolVersion } from '../protocol/versions.js';
import { LEGACY_VERSIONS } from '../protocol/versions.js';
import type { Skills } from '../skills/skills.js';
import { scopesOfSkill } from '../skills/skills.js';
import { createSkillMethods, withManifests } from './skill-methods.js';
import type { LazyTasks } from './task-methods.js';
import { createTaskEntries } from './task-methods.js';

/** One method. */
export interface Method {
  /** The eras that have it. */
  readonly eras: readonly Era[];
  /** Answers a request; undefined: no answer is sent. @throws DaemonError */
  handle(params: JsonObject, request: RequestContext): Awaitable<JsonObject | undefined>;
}

/** What {@link createMethods} takes. */
export interface MethodsOptions {
  calls: Calls;
  catalog: Catalog;
  listeners: Listeners;
  linker: Linker;
  skills: Skills;
  tasks: LazyTasks;
  info: ServerInfo;
  /** The declared capabilities of a catalog. */
  declarationOf: (catalog: CatalogDefinition) => Declaration;
  limits: Limits;
  logger: Logger;
}

const BOTH: readonly Era[] = ['legacy', 'modern'];
const LEGACY: readonly Era[] = ['legacy'];
const MODERN: readonly Era[] = ['modern'];

/** Whether a value is one of the syslog severities. */
export const isLogLevel = (value: unknown): value is LogLevel => LOG_LEVELS.includes(value as LogLevel);

/** The version to use: the client's if it is supported, else our newest, which the client may refuse. */
const negotiate = (wanted: string): ProtocolVersion =>
  LEGACY_VERSIONS.find((version) => version === wanted) ?? LEGACY_VERSIONS[0];

/** The cursor of a list request; undefined: the first page. Some clients write null or "" instead of leaving it out. */
function cursorOf({ cursor }: JsonObject): string | undefined {
  if (cursor === undefined || cursor === null || cursor === '') return undefined;
  if (typeof cursor !== 'string') throw invalidParams('"cursor" must be a string.');
  if (cursor.length > MAX_CURSOR_LENGTH) throw invalidParams(`"cursor" may have at most ${MAX_CURSOR_LENGTH} characters.`);
  return cursor;
}

/** Creates the method table of a daemon. */
export function createMethods(options: MethodsOptions): ReadonlyMap<string, Method> {
  const { calls, catalog, listeners, linker, skills, tasks, info, declarationOf, limits, logger } = options;

  const list = (key: ListKey): Method => ({
    eras: BOTH,
    handle(params, { exchange, caller }) {
      const cursor = cursorOf(params);
      return andThen(catalog.snapshot(exchange.partition), (snapshot) => {
        const page = snapshot.page(key, caller.era, cursor, exchange.scopes);
        const { definition } = snapshot;
        return key === 'resources' && definition.skills !== undefined && page['nextCursor'] === undefined
          ? skills.of(exchange.partition, definition, exchange.scopes).then((known) => withManifests(page, known))
          : page;
      });
    },
  });

  /**
   * The handshake. It may come again on the same connection, because some gateways and hosts use one child process for several
   * clients in turn. It is then answered like the first, and the previous client's session ends. Running calls of that session
   * continue: they were not cancelled, and the gateway may still wait for their answers.
   */
  function initialize(params: JsonObject, { exchange }: RequestContext): Awaitable<JsonObject> {
    const { protocolVersion, clientInfo } = params;
    const capabilities = params['capabilities'] ?? {};
    const { connection } = exchange;
    if (connection === undefined)
      throw new DaemonError('invalid_request', 'initialize needs a connection, and this request has none.');
    if (typeof protocolVersion !== 'string') throw invalidParams('"protocolVersion" must be a string.');
    if (!isObject(capabilities)) throw invalidParams('"capabilities" must be an object.');
    const version = negotiate(protocolVersion);
    const caller: Caller = {
      era: 'legacy',
      version,
      capabilities: keptCapabilities(capabilities),
      client: keptClient(clientInfo),
      logLevel: 'info',
    };
    const begin = ({ definition }: Snapshot): JsonObject => {
      const declaration = declarationOf(definition);
      const has = declaration.capabilities;
      connection.begin(caller, { tools: has.has('tools'), prompts: has.has('prompts'), resources: has.has('resources') });
      return info.initialized(version, declaration);
    };
    // Synchronous if possible, so that a client may send its next request without waiting for this answer.
    const snapshot = catalog.snapshot(exchange.partition);
    return snapshot instanceof Promise ? snapshot.then(begin) : begin(snapshot);
  }

  function setLevel(params: JsonObject, { exchange }: RequestContext): Awaitable<JsonObject> {
    const { level } = params;
    if (!isLogLevel(level)) throw invalidParams(`"level" must be one of ${LOG_LEVELS.join(', ')}.`);
    return andThen(exchange.connection?.setLogLevel(level), () => ({}));
  }

  function subscribe(params: JsonObject, { exchange }: RequestContext): Awaitable<JsonObject> {
    const uri = subscribedUri(params['uri']);
    return andThen(catalog.snapshot(exchange.partition), (snapshot) => {
      const { definition: served } = snapshot;
      const own = snapshot.resource(uri)?.definition;
      const hasSkills = own === undefined && (served.skills ?? []).length > 0;
      return andThen(hasSkills ? skills.resource(exchange.partition, served, uri) : own, (definition) => {
        if (definition === undefined) throw resourceNotFound(uri);
        requireScopes(definition.scopes, exchange.scopes);
        return andThen(exchange.connection?.subscribe(uri, uriTemplatesOf(served)), () => ({}));
      });
    });
  }

  function unsubscribe(params: JsonObject, { exchange }: RequestContext): Awaitable<JsonObject> {
    return andThen(exchange.connection?.unsubscribe(subscribedUri(params['uri'])), () => ({}));
  }

  const discover = (_params: JsonObject, { exchange }: RequestContext): Awaitable<JsonObject> =>
    andThen(catalog.snapshot(exchange.partition), ({ definition }) => info.discovered(declarationOf(definition)));

  /** Refuses a partition that does not exist. */
  const listen = (params: JsonObject, request: RequestContext): Awaitable<JsonObject | undefined> =>
    andThen(catalog.snapshot(request.exchange.partition), (snapshot) => {
      const scopesOf = (uri: string) => snapshot.resource(uri)?.definition.scopes ?? scopesOfSkill(snapshot.definition, uri);
      const admit = (uri: string): void => requireScopes(scopesOf(uri), request.exchange.scopes);
      return taskMethods.listen(params, request, (also) => listeners.listen(params, request, snapshot.definition, admit, also));
    });

  async function completeArgument(params: JsonObject, request: RequestContext): Promise<JsonObject> {
    const snapshot = await catalog.snapshot(request.exchange.partition);
    const { timeoutMs } = limits;
    return info.complete(await complete(snapshot, params, request, { linker, logger, timeoutMs }), request.caller.era);
  }

  const taskMethods = createTaskEntries(tasks);
  const skillMethods = createSkillMethods({ catalog, skills, info, pageSize: limits.pageSize, cursorOf });

  return new Map<string, Method>([
    ...Object.entries(skillMethods).map(([name, handle]): [string, Method] => [name, { eras: BOTH, handle }]),
    ...Object.entries(taskMethods.methods).map(([name, handle]): [string, Method] => [name, { eras: MODERN, handle }]),
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
