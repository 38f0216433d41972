/** Helpers for the tests of HTTP+SSE: a server with both endpoints, and a client that reads a stream and sends messages. */
import type { IncomingHttpHeaders, IncomingMessage, Server } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Daemon, DaemonOptions, FunctionDefinition, JsonObject } from '@mcp-daemon/core';
import { createDaemon, defineCatalog } from '@mcp-daemon/core';
import type { HttpSseHandler, HttpSseHandlerOptions } from '@mcp-daemon/express';
import { createHttpSseHandler } from '@mcp-daemon/express';

import { atEnd, initialize, message, until } from '../support.js';

/** The caller in the header `X-User: ada` or `X-User: ada@alpha`. */
export interface TestIdentity {
  subject: string;
  partition: string;
  /** Those in the header `X-Scopes`; absent: all. */
  scopes?: Set<string>;
}

/** A running test server. */
export interface SseServed {
  readonly port: number;
  readonly url: string;
  readonly daemon: Daemon;
  readonly sse: HttpSseHandler<TestIdentity>;
  readonly server: Server;
}

function identityOf({ headers }: IncomingMessage): TestIdentity {
  const [subject = '', partition = 'default'] = String(headers['x-user'] ?? 'anonymous').split('@');
  const { 'x-scopes': scopes, 'x-client-id': clientId } = headers;
  return {
    ...{ subject, partition },
    ...(typeof scopes === 'string' ? { scopes: new Set(scopes.split(' ')) } : {}),
    ...(typeof clientId === 'string' ? { clientId } : {}),
  };
}

/** Serves functions until the end of the test. */
export async function serveSse(
  functions: readonly FunctionDefinition[],
  options: HttpSseHandlerOptions<TestIdentity> = {},
  more: Partial<DaemonOptions> = {},
): Promise<SseServed> {
  const daemon = createDaemon({ catalog: defineCatalog({ functions }), server: { name: 'tested', version: '1.2.3' }, ...more });
  const sse = createHttpSseHandler(daemon, options);
  const server = createServer((req, res) => {
    const messages = req.url?.split('?')[0]?.endsWith('/messages') === true;
    (messages ? sse.message : sse.open)(req, res, identityOf(req));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  atEnd(async () => {
    await sse.close({ drainMs: 10 });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await daemon.close({ drainMs: 10 });
  });
  return { port, url: `http://127.0.0.1:${port}`, daemon, sse, server };
}

/** One event, with its name. */
export interface NamedEvent {
  readonly event: string;
  readonly data: string;
}

/** A client with its stream. */
export interface SseClient {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly events: NamedEvent[];
  readonly text: string;
  readonly over: boolean;
  readonly messages: JsonObject[];
  /** The path for messages, from the event `endpoint`. */
  readonly endpoint: string;
  readonly res: IncomingMessage;
  post(body: unknown, headers?: Record<string, string>): Promise<Response>;
  leave(): void;
}

const JSON_TYPE = { 'content-type': 'application/json' };

/** Requests a stream and returns the response, whatever it is. */
export async function askSse(
  { port }: { port: number },
  { path = '/sse', headers = {}, method = 'GET' }: { path?: string; headers?: Record<string, string>; method?: string } = {},
): Promise<SseClient> {
  const res = await new Promise<IncomingMessage>((resolve, reject) => {
    const req = request({ host: '127.0.0.1', port, path, method, agent: false, headers }, resolve);
    req.on('error', reject).end();
    atEnd(() => req.destroy());
  });
  let text = '';
  let over = false;
  res.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  res.on('close', () => (over = true)).on('error', () => undefined);
  const client: SseClient = {
    status: res.statusCode ?? 0,
    headers: res.headers,
    res,
    get text() {
      return text;
    },
    get over() {
      return over;
    },
    get events() {
      return [...text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)].map(([, event = '', data = '']) => ({ event, data }));
    },
    get messages() {
      const sent = client.events.filter(({ event }) => event === 'message');
      return sent.flatMap(({ data }): JsonObject[] => [JSON.parse(data) as JsonObject].flat());
    },
    get endpoint() {
      return client.events.find(({ event }) => event === 'endpoint')?.data ?? '';
    },
    post(body, more = {}) {
      const given = typeof body === 'string' ? body : JSON.stringify(body);
      const url = `http://127.0.0.1:${port}${client.endpoint}`;
      return fetch(url, { method: 'POST', body: given, headers: { ...JSON_TYPE, ...headers, ...more } });
    },
    leave: () => void res.destroy(),
  };
  return client;
}

/** Opens a stream. */
export async function openSse(to: { port: number }, options: Parameters<typeof askSse>[1] = {}): Promise<SseClient> {
  const client = await askSse(to, options);
  await until(() => client.endpoint !== '');
  return client;
}

/** Opens a stream and initializes the session. */
export async function connectSse(
  to: { port: number },
  version = '2024-11-05',
  options: Parameters<typeof askSse>[1] = {},
  capabilities: JsonObject = {},
): Promise<SseClient> {
  const client = await openSse(to, options);
  await client.post(initialize(version, capabilities));
  await until(() => client.messages.length === 1);
  await client.post(message('notifications/initialized'));
  return client;
}

/** Waits for the answer to a request id. */
export async function answerTo(client: SseClient, id: number | string): Promise<JsonObject> {
  const find = (): JsonObject | undefined => client.messages.find((one) => one['id'] === id && one['method'] === undefined);
  await until(() => find() !== undefined);
  return find()!;
}
