/** Agrees with another server on an era and a protocol version. */
import type { ClientCapabilities, Implementation, JsonObject, PassedAnswer } from '@mcp-daemon/core';
import { INSTANCES, isObject, LEGACY_VERSIONS, META, MODERN_VERSIONS, TASKS_EXTENSION } from '@mcp-daemon/core';

import { NeedsAttention } from '../base/unsent.js';
import type { Connection } from './connection.js';

/** What a server says of itself. */
export interface Greeting {
  readonly era: 'legacy' | 'modern';
  readonly version: string;
  readonly capabilities: JsonObject;
  readonly instructions: string | undefined;
  /** Its name and version. */
  readonly server: { readonly name: string; readonly version: string };
  /** Ids of the daemons that it is, or mounts; see `INSTANCES`. */
  readonly instances: readonly string[];
}

/** What a legacy server is told that its clients can do. What the caller of a call cannot do is refused when it is asked for. */
const CAPABILITIES: ClientCapabilities = {
  elicitation: { form: {}, url: {} },
  sampling: { tools: {}, context: {} },
  roots: {},
};

/** How long a server may take to answer in the modern way before it is also asked in the legacy way, in milliseconds. */
const PATIENCE_MS = 1_500;

/** Whether a server may answer calls with tasks. */
export function makesTasks({ era, capabilities }: Pick<Greeting, 'era' | 'capabilities'>): boolean {
  const { extensions } = capabilities;
  return era === 'modern' && isObject(extensions) && isObject(extensions[TASKS_EXTENSION]);
}

/** The `_meta` of a modern request. */
export const modernMeta = (client: Implementation, capabilities: ClientCapabilities): JsonObject => ({
  [META.protocolVersion]: MODERN_VERSIONS[0],
  [META.clientInfo]: client,
  [META.clientCapabilities]: capabilities,
});

function refused(what: string, { error }: PassedAnswer): Error {
  return new Error(`it refuses ${what}: ${error?.message.slice(0, 300) ?? 'without a reason'}`);
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function common(result: JsonObject, info: unknown): Pick<Greeting, 'capabilities' | 'instructions' | 'server' | 'instances'> {
  const { capabilities, instructions, _meta } = result;
  const { name, version } = isObject(info) ? info : {};
  const instances = isObject(_meta) ? _meta[INSTANCES] : undefined;
  return {
    capabilities: isObject(capabilities) ? capabilities : {},
    instructions: textOf(instructions),
    server: { name: textOf(name) ?? 'unnamed', version: textOf(version) ?? '' },
    instances: Array.isArray(instances) ? instances.filter((id): id is string => typeof id === 'string') : [],
  };
}

/** The number of the error that names the versions which a server speaks instead. */
const UNSUPPORTED_VERSION = -32022;

/** Whether a server refused our version, and names one that we know. */
function mayRetry({ error }: PassedAnswer): boolean {
  const supported = error?.code === UNSUPPORTED_VERSION && isObject(error.data) ? error.data['supported'] : undefined;
  return Array.isArray(supported) && MODERN_VERSIONS.some((version) => supported.includes(version));
}

async function discover(connection: Connection, client: Implementation): Promise<Greeting> {
  const ask = (): Promise<PassedAnswer> => connection.request('server/discover', { _meta: modernMeta(client, {}) });
  let answer = await ask();
  if (mayRetry(answer)) answer = await ask();
  const { result } = answer;
  if (result === undefined) throw refused('the protocol 2026-07-28', answer);
  const versions: unknown = result['supportedVersions'];
  const version = MODERN_VERSIONS.find((known) => Array.isArray(versions) && versions.includes(known));
  if (version === undefined) throw new Error('it speaks no protocol version that this server knows');
  const meta = isObject(result['_meta']) ? result['_meta'] : {};
  return { era: 'modern', version, ...common(result, meta[META.serverInfo] ?? result['serverInfo']) };
}

async function initialize(connection: Connection, client: Implementation, pinned?: string): Promise<Greeting> {
  const asked = pinned ?? LEGACY_VERSIONS[0];
  const params = { protocolVersion: asked, capabilities: CAPABILITIES, clientInfo: client };
  const answer = await connection.request('initialize', params);
  const { result } = answer;
  if (result === undefined) throw refused('to begin a session', answer);
  const version = LEGACY_VERSIONS.find((known) => known === result['protocolVersion']);
  if (version === undefined || (pinned !== undefined && version !== pinned))
    throw new Error(`it speaks protocol version ${String(result['protocolVersion']).slice(0, 40)}, and ${asked} is wanted`);
  return { era: 'legacy', version, ...common(result, result['serverInfo']) };
}

/** Tries the modern way. If it is refused, or takes long, tries the legacy way, too; the first that succeeds counts. */
async function either(connection: Connection, client: Implementation): Promise<Greeting> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, PATIENCE_MS)));
  let needsLogin: Error | undefined;
  const modern = discover(connection, client);
  modern.catch((error: unknown) => {
    if (error instanceof NeedsAttention || (error instanceof Error && error.cause instanceof NeedsAttention)) needsLogin = error;
  });
  try {
    const first = await Promise.race([modern.catch(() => undefined), late]);
    if (first !== undefined) return first;
  } finally {
    clearTimeout(timer);
  }
  // The other way fails as well, and says less.
  if (needsLogin !== undefined) throw needsLogin;
  if (connection.closed !== undefined) throw new Error(connection.closed);
  const legacy = initialize(connection, client);
  return Promise.any([legacy, modern]).catch(() => legacy); // the reason of the legacy way is the one that helps
}

/**
 * Agrees with a server on the era and the version.
 *
 * @param protocol `auto`, `legacy`, `modern`, or a version
 * @throws Error that says why it failed
 */
export async function greet(connection: Connection, client: Implementation, protocol: string): Promise<Greeting> {
  const isModern = protocol === 'modern' || MODERN_VERSIONS.some((version) => version === protocol);
  const pinned = LEGACY_VERSIONS.find((version) => version === protocol);
  const greeting = isModern
    ? await discover(connection, client)
    : protocol === 'auto'
      ? await either(connection, client)
      : await initialize(connection, client, pinned);
  connection.version = greeting.version;
  if (greeting.era === 'legacy') connection.notify('notifications/initialized');
  return greeting;
}
