/**
 * The clients of the suite behind one interface. All of them answer the server's questions in the same way, and collect what
 * they are notified of.
 */
import { Client as ClientV2 } from '@modelcontextprotocol/client';
import { StdioClientTransport as StdioV2 } from '@modelcontextprotocol/client/stdio';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as StdioV1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  ResultSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';

import { until } from '../until.js';
import { RawClient } from './raw.js';
import type { Json, RawPeer } from './raw-peer.js';
import { envelope } from './raw-peer.js';
import { environment } from './sidecar.js';
import { startAsCline, startTwice } from './starts.js';

/** A JSON-RPC error, as every client throws it here. */
export class RpcError extends Error {
  constructor(
    readonly code: number,
    message: string,
    readonly data?: unknown,
  ) {
    super(message);
  }
}

export interface RequestOptions {
  signal?: AbortSignal;
  onProgress?: (progress: Json) => void;
}

/** One connected client. */
export interface Connected {
  readonly version: string;
  readonly modern: boolean;
  readonly serverInfo: Json | undefined;
  readonly capabilities: Json;
  readonly instructions: string | undefined;
  readonly notifications: Json[];
  /** The number under which this client reports that there is no such resource. */
  readonly resourceNotFound: number;
  /** The result of a request. @throws RpcError */
  request(method: string, params?: Json, options?: RequestOptions): Promise<Json>;
  /** Only clients of the modern era. */
  listen?(filter: Json): Promise<{ honored: Json; close(): Promise<void> }>;
  close(): Promise<void>;
}

/** One client of the suite. */
export interface ClientUnderTest {
  readonly name: string;
  connect(args: string[]): Promise<Connected>;
}

const CAPABILITIES: Json = { elicitation: {}, sampling: {}, roots: {} };

/** How the user, the model and the file system of these clients answer. */
export function reply(method: unknown, params: Json): Json {
  if (method === 'roots/list') return { roots: [{ uri: 'file:///work', name: 'work' }, { uri: 'file:///play' }] };
  if (method === 'sampling/createMessage') {
    return { role: 'assistant', content: { type: 'text', text: 'Paris' }, model: 'fake-model', stopReason: 'endTurn' };
  }
  const { properties } = params['requestedSchema'] as { properties: Record<string, Json> };
  const values: Json = {
    name: 'Ada',
    color: 'green',
    response: 'yes, please',
    context: 'the sea',
    ok: true,
    yes: true,
    value: 'v',
  };
  const content = Object.entries(properties).map(([name, { default: preset }]) => [name, preset ?? values[name]] as const);
  return { action: 'accept', content: Object.fromEntries(content.filter(([, value]) => value !== undefined)) };
}

/** A client's end of a pipe to a process, or of whatever else a suite names with its arguments. */
type Way<T> = (args: string[]) => T;

/** What a client without an SDK does in a way of its own. */
interface RawOptions {
  /** What is added to its name. */
  readonly as?: string;
  /** Default: all that {@link reply} answers. */
  readonly capabilities?: Json;
}

function raw(
  version: string,
  way: Way<RawPeer | Promise<RawPeer>> = (args) => new RawClient(args),
  { as = '', capabilities = CAPABILITIES }: RawOptions = {},
): ClientUnderTest {
  const modern = version >= '2026';
  return {
    name: `raw ${version}${as}`,
    async connect(args) {
      const client = await way(args);
      const result = (answer: Json): Json => {
        const { error } = answer as { error?: { code: number; message: string; data?: unknown } };
        if (error !== undefined) throw new RpcError(error.code, error.message, error.data);
        return answer['result'] as Json;
      };
      client.onRequest = ({ method, params = {} }) => reply(method, params as Json);
      let hello: Json;
      if (modern) hello = result(await client.ask('server/discover', { _meta: envelope(capabilities) }));
      else hello = result(await client.initialize(version, capabilities));

      async function send(method: string, params: Json = {}, options: RequestOptions = {}): Promise<Json> {
        const { signal, onProgress } = options;
        const token = `progress-${client.lines.length}`;
        const meta = {
          ...(modern ? envelope(capabilities) : {}),
          ...(onProgress ? { progressToken: token } : {}),
          ...(params['_meta'] as Json),
        };
        const { id, answer } = client.request(method, { ...params, ...(Object.keys(meta).length > 0 ? { _meta: meta } : {}) });
        const before = client.notifications.length;
        signal?.addEventListener('abort', () => client.cancel(id));
        const cancelled = new Promise<never>((_resolve, reject) =>
          signal?.addEventListener('abort', () => reject(new Error('cancelled'))),
        );
        const settled = result(await (signal ? Promise.race([answer, cancelled]) : answer));
        for (const { method: name, params: told } of client.notifications.slice(before)) {
          if (name === 'notifications/progress' && (told as Json)['progressToken'] === token) onProgress?.(told as Json);
        }
        return settled;
      }
      return {
        version: modern ? version : (hello['protocolVersion'] as string),
        modern,
        serverInfo: (modern ? (hello['_meta'] as Json)['io.modelcontextprotocol/serverInfo'] : hello['serverInfo']) as Json,
        capabilities: hello['capabilities'] as Json,
        instructions: hello['instructions'] as string,
        notifications: client.notifications,
        resourceNotFound: modern ? -32602 : -32002,
        async request(method, params = {}, options = {}) {
          let answer = await send(method, params, options);
          while (answer['resultType'] === 'input_required') {
            const wishes = Object.entries((answer['inputRequests'] ?? {}) as Record<string, { method: string; params?: Json }>);
            const inputResponses = Object.fromEntries(wishes.map(([key, wish]) => [key, reply(wish.method, wish.params ?? {})]));
            const { requestState } = answer;
            answer = await send(
              method,
              { ...params, inputResponses, ...(requestState === undefined ? {} : { requestState }) },
              options,
            );
          }
          return answer;
        },
        ...(modern && {
          async listen(filter: Json) {
            const before = client.notifications.length;
            const { id } = client.request('subscriptions/listen', { notifications: filter, _meta: envelope(capabilities) });
            await until(() => client.notifications.length > before, 'the first notification of a listen stream');
            const [first] = client.notifications.slice(before) as { method: string; params: Json }[];
            if (first?.method !== 'notifications/subscriptions/acknowledged') throw new Error(`first came ${first?.method}`);
            return {
              honored: first.params['notifications'] as Json,
              close: async () => {
                client.cancel(id);
                await send('server/discover');
              },
            };
          },
        }),
        close: () => client.leave(),
      };
    },
  };
}

const rethrow = (error: unknown): never => {
  const { code, message, data } = error as { code: unknown; message: string; data?: unknown };
  // Over HTTP an unknown method is a 404; the v2 client shows its body, but does not read it.
  const body = /^Error POSTing to endpoint: (\{.*\})$/.exec(message)?.[1];
  if (body !== undefined) rethrow((JSON.parse(body) as { error: unknown }).error);
  throw typeof code === 'number' ? new RpcError(code, message, data) : error;
};

const pipeV1: Way<StdioV1> = (args) => new StdioV1({ command: process.execPath, args, env: environment() });
const pipeV2: Way<StdioV2> = (args) => new StdioV2({ command: process.execPath, args, env: environment() });

const sdkV1 = (way: Way<Parameters<ClientV1['connect']>[0]> = pipeV1): ClientUnderTest => ({
  name: 'SDK v1',
  async connect(args) {
    const client = new ClientV1({ name: 'interop', version: '1.0.0' }, { capabilities: CAPABILITIES });
    const notifications: Json[] = [];
    client.fallbackNotificationHandler = async (notification) => void notifications.push(notification as Json);
    for (const schema of [ElicitRequestSchema, CreateMessageRequestSchema, ListRootsRequestSchema]) {
      client.setRequestHandler(
        schema as typeof ElicitRequestSchema,
        ({ method, params }) => reply(method, params as Json) as never,
      );
    }
    await client.connect(way(args));
    return {
      version: (client as unknown as { _negotiatedProtocolVersion?: string })._negotiatedProtocolVersion ?? '2025-11-25',
      modern: false,
      serverInfo: client.getServerVersion() as Json,
      capabilities: client.getServerCapabilities() as Json,
      instructions: client.getInstructions(),
      notifications,
      resourceNotFound: -32002,
      request: (method, params = {}, { signal, onProgress } = {}) =>
        client
          .request({ method, params } as never, ResultSchema, {
            ...(signal && { signal }),
            ...(onProgress && { onprogress: (progress: object) => onProgress(progress as Json) }),
          })
          .catch(rethrow) as Promise<Json>,
      close: () => client.close(),
    };
  },
});

/** The methods of the v2 client that are more than a request: they ask again when a result wants input, or check results. */
function viaMethods(client: ClientV2): Record<string, ((params: never, options: object) => Promise<unknown>) | undefined> {
  return {
    'tools/call': (params, options) => client.callTool(params, options),
    'resources/read': (params, options) => client.readResource(params, { ...options, cacheMode: 'bypass' }),
    'prompts/get': (params, options) => client.getPrompt(params, options),
    'completion/complete': (params, options) => client.complete(params, options),
    'server/discover': (_params, options) => client.discover(options) as Promise<unknown>,
    // It wants a schema for the answers of methods that it does not know.
    'no/such/method': (_params, options) => client.request({ method: 'no/such/method', params: {} }, z.looseObject({}), options),
  };
}

function sdkV2(
  mode: 'legacy' | 'auto' | { pin: string },
  way: Way<Parameters<ClientV2['connect']>[0]> = pipeV2,
): ClientUnderTest {
  return {
    name: `SDK v2 ${typeof mode === 'string' ? mode : `pinned ${mode.pin}`}`,
    async connect(args) {
      const client = new ClientV2(
        { name: 'interop', version: '1.0.0' },
        { capabilities: CAPABILITIES, ...(mode === 'legacy' ? {} : { versionNegotiation: { mode } }) },
      );
      const notifications: Json[] = [];
      client.fallbackNotificationHandler = async (notification) => void notifications.push(notification as Json);
      for (const method of ['elicitation/create', 'sampling/createMessage', 'roots/list'] as const) {
        client.setRequestHandler(
          method,
          (request: { params?: unknown }) => reply(method, (request.params ?? {}) as Json) as never,
        );
      }
      await client.connect(way(args));
      const methods = viaMethods(client);
      return {
        version: client.getNegotiatedProtocolVersion() ?? '',
        modern: client.getProtocolEra() === 'modern',
        serverInfo: client.getServerVersion() as Json | undefined,
        capabilities: client.getServerCapabilities() as Json,
        instructions: client.getInstructions(),
        notifications,
        resourceNotFound: -32602, // it makes one of the two numbers
        request(method, params = {}, { signal, onProgress } = {}) {
          const options = {
            ...(signal && { signal }),
            ...(onProgress && { onprogress: (told: object) => onProgress(told as Json) }),
          };
          const call =
            methods[method] ?? ((given: never, more: object) => client.request({ method, params: given } as never, more));
          return call(params as never, options).catch(rethrow) as Promise<Json>;
        },
        ...(client.getProtocolEra() === 'modern' && {
          async listen(filter: Json) {
            const subscription = await client.listen(filter);
            return { honored: subscription.honoredFilter as Json, close: () => subscription.close() };
          },
        }),
        close: () => client.close(),
      };
    },
  };
}

/** All clients, each over ways of its own. Undefined: over a pipe to a process. */
export const clientsOver = (ways?: {
  raw: Way<RawPeer>;
  v1: Way<Parameters<ClientV1['connect']>[0]>;
  v2: Way<Parameters<ClientV2['connect']>[0]>;
}): readonly ClientUnderTest[] => [
  ...['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'].map((version) => raw(version, ways?.raw)),
  sdkV1(ways?.v1),
  ...(['legacy', 'auto', { pin: '2026-07-28' }] as const).map((mode) => sdkV2(mode, ways?.v2)),
];

/** Clients over a pipe: all of the above, and those that start a process which they do not use. */
export const clients: readonly ClientUnderTest[] = [
  ...clientsOver(),
  raw('2024-11-05', async (args) => (await startAsCline(args)).second, { as: ' as Cline', capabilities: {} }),
  raw('2025-11-25', async (args) => (await startTwice(args, false)).second, { as: ' started twice' }),
];
