/** The server's name and the capabilities that it declares. */
import type { JsonObject } from '../base/json.js';
import type { Implementation } from './messages.js';
import { META } from './messages.js';
import { TASKS_EXTENSION as TASKS } from './tasks-extension.js';
import type { Era, ProtocolVersion } from './versions.js';
import { MODERN_VERSIONS, supports } from './versions.js';

/** Milliseconds that clients may cache a list. Clients that listen are notified of changes at once. */
const LIST_TTL_MS = 60_000;

/** Key in `_meta` of a handshake's result: the ids of the daemons that take part, so that one that mounts itself recognises it. */
export const INSTANCES = 'io.mcp-daemon/instances';

const CAPABILITIES = {
  tools: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  prompts: { listChanged: true },
  completions: {},
  logging: {},
} as const;

/** A capability that a server can declare. */
export type ServerCapability = keyof typeof CAPABILITIES;

/** The capabilities that are declared for one catalog. */
export interface Declaration {
  readonly capabilities: ReadonlySet<ServerCapability>;
  readonly instructions: string | undefined;
  /** Settings of extensions, by their ids; undefined: none. */
  readonly extensions?: JsonObject | undefined;
  /** Ids of the daemons that take part. Absent: this one alone. */
  readonly instances?: readonly string[] | undefined;
}

/** All capabilities, for servers whose catalog may gain kinds of functions while clients are connected. */
export const ALL_CAPABILITIES: ReadonlySet<ServerCapability> = new Set(Object.keys(CAPABILITIES) as ServerCapability[]);

/** In the order of the table above. */
const declared = (capabilities: ReadonlySet<ServerCapability>): JsonObject =>
  Object.fromEntries(Object.entries(CAPABILITIES).filter(([name]) => capabilities.has(name as ServerCapability)));

/** Adds the members that results have in addition to their content. */
export interface ServerInfo {
  readonly server: Implementation;
  /** A complete result. In the modern era it has `resultType` and the server's name. */
  complete(result: JsonObject, era: Era): JsonObject;
  /**
   * A complete result that may be cached. Always `private`: a catalog belongs to one tenant.
   *
   * @see https://modelcontextprotocol.io/specification/2026-07-28/server/utilities/caching
   */
  cacheable(result: JsonObject, era: Era, ttlMs?: number): JsonObject;
  /** The answer to `initialize`. */
  initialized(version: ProtocolVersion, declaration: Declaration): JsonObject;
  /** The answer to `server/discover`. */
  discovered(declaration: Declaration): JsonObject;
}

/** The extensions that clients of older versions may use: tasks need what every request of 2026-07-28 says of its client. */
function legacyExtensions(extensions: JsonObject | undefined): JsonObject | undefined {
  if (extensions?.[TASKS] === undefined) return extensions;
  const { [TASKS]: _, ...rest } = extensions;
  return Object.keys(rest).length === 0 ? undefined : rest;
}

/** Creates the members that all results of one server share. */
export function createServerInfo(server: Implementation): ServerInfo {
  const { name, version, ...details } = server;
  const identity = { [META.serverInfo]: server };

  const complete = (result: JsonObject, era: Era): JsonObject => {
    if (era === 'legacy') return result;
    result['resultType'] = 'complete';
    result['_meta'] = result['_meta'] === undefined ? identity : { ...(result['_meta'] as JsonObject), ...identity };
    return result;
  };
  const cacheable = (result: JsonObject, era: Era, ttlMs = LIST_TTL_MS): JsonObject =>
    era === 'legacy' ? result : complete({ ...result, ttlMs, cacheScope: 'private' }, era);
  const taking = (instances: readonly string[] | undefined): JsonObject =>
    instances === undefined ? {} : { _meta: { [INSTANCES]: instances } };
  const told = (instructions: string | undefined): JsonObject => (instructions === undefined ? {} : { instructions });

  return {
    server,
    complete,
    cacheable,
    initialized(protocolVersion, { capabilities, instructions, extensions, instances }) {
      const known = declared(capabilities);
      const older = legacyExtensions(extensions);
      if (older !== undefined && supports(protocolVersion, 'extensions')) known['extensions'] = older;
      // There were no completions before 2025-03-26. A strict client of that time would reject the key.
      if (!supports(protocolVersion, 'completions')) delete known['completions'];
      return {
        protocolVersion,
        capabilities: known,
        serverInfo: supports(protocolVersion, 'serverDetails') ? { name, version, ...details } : { name, version },
        ...told(instructions),
        ...taking(instances),
      };
    },
    discovered({ capabilities, instructions, extensions, instances }) {
      const known = { ...declared(capabilities), ...(extensions === undefined ? {} : { extensions }) };
      return cacheable(
        { supportedVersions: MODERN_VERSIONS, capabilities: known, ...told(instructions), ...taking(instances) },
        'modern',
      );
    },
  };
}
