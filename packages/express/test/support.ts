/** Helpers for the tests of HTTP: a server that is closed after the test, requests byte for byte, and a reader of streams. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, Server } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import { jest } from '@jest/globals';
import type { Daemon, DaemonOptions, FunctionContext, FunctionDefinition, JsonObject, SessionIdentity } from '@mcp-daemon/core';
import { createDaemon, defineCatalog, defineTool } from '@mcp-daemon/core';
import type { McpHandler, McpHandlerOptions } from '@mcp-daemon/express';
import { createMcpHandler } from '@mcp-daemon/express';

import { arrival, until } from '../../../tests/until.js';

export { arrival, until };

const ended: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

/** Runs `work` after the test. */
export const atEnd = (work: () => Promise<unknown> | unknown): void => void ended.push(work);

/** Sets a clock forward until the end of the test, as if the time had passed. @param clock `Date` or, by default, `performance` */
export function passTime(ms: number, clock: { now(): number } = performance): void {
  const before = clock.now;
  clock.now = () => before.call(clock) + ms;
  atEnd(() => (clock.now = before));
}

/** Stops the clock of limits until the end of the test, so that they depend on the number of requests alone, however slow a machine is. */
export function stopClock(): void {
  const [before, now] = [performance.now, performance.now()];
  performance.now = () => now;
  atEnd(() => (performance.now = before));
}

/**
 * Lets the test run the periodic work of what it creates next.
 * @param everyMs the interval of that work
 * @returns runs the work once, while `performance.now()` is later by the given time
 */
export function takeInterval(everyMs: number): (laterMs: number) => void {
  const timers = jest.spyOn(globalThis, 'setInterval');
  atEnd(() => timers.mockRestore());
  return (laterMs) => {
    const work = timers.mock.calls.findLast(([, ms]) => ms === everyMs)?.[0];
    if (work === undefined) throw new Error(`nothing runs every ${everyMs} ms`);
    const now = performance.now() + laterMs;
    const clock = jest.spyOn(performance, 'now').mockReturnValue(now);
    work();
    clock.mockRestore();
  };
}

/** A running test server. */
export interface Served {
  readonly url: string;
  readonly port: number;
  readonly daemon: Daemon;
  readonly mcp: McpHandler<never>;
  readonly server: Server;
  /** The server's ends of the open connections, by the port of the client. */
  readonly sockets: ReadonlyMap<number, Socket>;
}

/** Serves functions until the end of the test. */
export async function serve<I extends SessionIdentity = SessionIdentity>(
  functions: readonly FunctionDefinition[],
  options: McpHandlerOptions<I> = {},
  more: Partial<DaemonOptions> = {},
  at = 0,
): Promise<Served> {
  const daemon = createDaemon({ catalog: defineCatalog({ functions }), server: { name: 'tested', version: '1.2.3' }, ...more });
  const mcp = createMcpHandler(daemon, options);
  const server = createServer((req, res) => void mcp.handle(req, res));
  const sockets = new Map<number, Socket>();
  server.on('connection', (socket) => {
    const { remotePort = 0 } = socket;
    sockets.set(remotePort, socket);
    socket.once('close', () => sockets.delete(remotePort));
  });
  await new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  atEnd(async () => {
    await mcp.close({ drainMs: 10 });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await daemon.close({ drainMs: 10 });
  });
  return { url: `http://127.0.0.1:${port}/mcp`, port, daemon, mcp, server, sockets };
}

/** Closes all connections of a server, and waits until it knows. */
export async function disconnectAll({ server, sockets }: Served): Promise<void> {
  const closed = Promise.all([...sockets.values()].map((socket) => once(socket, 'close')));
  server.closeAllConnections();
  await arrival(closed, 'the end of all connections');
}

/** A tool that accepts all arguments. */
export const tool = (name: string, run: (args: JsonObject, context: FunctionContext) => unknown): FunctionDefinition =>
  defineTool({ name, inputSchema: { type: 'object' }, run: run as never });

export const echo = tool('echo', ({ text }) => String(text));

export const META: JsonObject = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** A whole answer. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON: of a stream, which the answer to a slow request becomes, the last message. */
  readonly json: { id?: unknown; result?: JsonObject; error?: { code: number; message: string; data?: unknown } };
}

/** A request to send. */
export interface Sent {
  method?: string;
  headers?: Record<string, string | undefined>;
  body?: unknown;
}

export const JSON_HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

/** Sends a request without adding anything. Headers that are undefined are left out. */
export function begin({ port }: { port: number }, { method = 'POST', headers = {}, body }: Sent): Promise<IncomingMessage> {
  const given = Object.entries({ ...(method === 'POST' ? JSON_HEADERS : {}), ...headers });
  const sent = Object.fromEntries(given.filter((entry): entry is [string, string] => entry[1] !== undefined));
  return new Promise((resolve, reject) => {
    const req = request({ port, host: '127.0.0.1', path: '/mcp', method, headers: sent, agent: false }, resolve);
    req.on('error', reject);
    req.end(body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));
    atEnd(() => req.destroy());
  });
}

/** Sends a request and reads the whole answer. */
export async function send(to: { port: number }, sent: Sent): Promise<Answer> {
  const res = await begin(to, sent);
  let text = '';
  for await (const chunk of res.setEncoding('utf8')) text += chunk as string;
  return {
    status: res.statusCode ?? 0,
    headers: res.headers,
    text,
    get json() {
      const last = text.split('\n').findLast((line) => line.startsWith('data: {'));
      return JSON.parse(last?.slice('data: '.length) ?? text) as Answer['json'];
    },
  };
}

/** One event of a stream. */
export interface SseEvent {
  id?: string;
  retry?: string;
  data?: string;
}

/** Collects the events of a stream. */
export class Events {
  readonly all: SseEvent[] = [];
  comments = 0;
  over = false;
  readonly #res: IncomingMessage;

  constructor(res: IncomingMessage) {
    this.#res = res;
    let rest = '';
    res.setEncoding('utf8').on('data', (text: string) => {
      const blocks = (rest + text).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) this.#add(block);
    });
    res.on('close', () => (this.over = true));
    res.on('error', () => undefined);
  }

  get status(): number {
    return this.#res.statusCode ?? 0;
  }

  /** The client's port. */
  get port(): number {
    return this.#res.socket.localPort ?? 0;
  }

  /** The messages in the events. */
  get messages(): JsonObject[] {
    return this.all.filter(({ data }) => data !== undefined && data !== '').map(({ data }) => JSON.parse(data!) as JsonObject);
  }

  get ids(): string[] {
    return this.all.flatMap(({ id }) => (id === undefined ? [] : [id]));
  }

  leave(): void {
    this.#res.destroy();
  }

  #add(block: string): void {
    const event: SseEvent = {};
    for (const line of block.split('\n')) {
      if (line.startsWith(':')) this.comments += 1;
      const [, field, value] = /^(id|retry|data): ?(.*)$/.exec(line) ?? [];
      if (field !== undefined) event[field as keyof SseEvent] = value!;
    }
    if (Object.keys(event).length > 0) this.all.push(event);
  }
}

/** Disconnects a client, and waits until the server knows. */
export async function leave(events: Events, { sockets }: Served): Promise<void> {
  const socket = sockets.get(events.port);
  if (socket === undefined) throw new Error('the client has no connection to this server');
  const closed = once(socket, 'close');
  events.leave();
  await arrival(closed, 'the end of the connection');
}

export const stream = async (to: { port: number }, sent: Sent): Promise<Events> => new Events(await begin(to, sent));

/** A modern request with its required headers. */
export function modern(method: string, params: JsonObject = {}, more: Record<string, string | undefined> = {}, id = 1): Sent {
  const name = params['name'] ?? params['uri'];
  return {
    headers: {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
      ...more,
    },
    body: { jsonrpc: '2.0', id, method, params: { _meta: META, ...params } },
  };
}

/** A legacy message. */
export const message = (method: string, params?: JsonObject, id?: number | string): JsonObject => ({
  jsonrpc: '2.0',
  ...(id === undefined ? {} : { id }),
  method,
  ...(params === undefined ? {} : { params }),
});

export const initialize = (version = '2025-11-25', capabilities: JsonObject = {}): JsonObject =>
  message('initialize', { protocolVersion: version, capabilities, clientInfo: { name: 'test', version: '1' } }, 0);

/** Opens a session. @returns the headers that belong to it */
export async function openSession(
  to: { port: number },
  version = '2025-11-25',
  capabilities: JsonObject = {},
  headers: Record<string, string> = {},
): Promise<Record<string, string>> {
  const answer = await send(to, { body: initialize(version, capabilities), headers });
  if (answer.status !== 200) throw new Error(`initialize: ${answer.status} ${answer.text}`);
  const mine = { ...headers, 'mcp-session-id': String(answer.headers['mcp-session-id']), 'mcp-protocol-version': version };
  const initialized = await send(to, { body: message('notifications/initialized'), headers: mine });
  if (initialized.status !== 202) throw new Error(`initialized: ${initialized.status} ${initialized.text}`);
  return mine;
}

/** Whether this process has a session in memory. Asking for it by its id would take it up again. */
export const isInMemory = ({ mcp }: Served, session: Record<string, string>, partition = 'default'): boolean => {
  const id = createHash('sha256')
    .update(session['mcp-session-id'] ?? '')
    .digest('hex');
  return mcp.listSessions(partition).some((open) => id.startsWith(open.id));
};

export const call = (name: string, args: JsonObject = {}, id: number | string = 1, meta?: JsonObject): JsonObject =>
  message('tools/call', { name, arguments: args, ...(meta === undefined ? {} : { _meta: meta }) }, id);

/** A tool that reports progress and waits until the test opens the gate. */
export function gate(): { tool: FunctionDefinition; open: () => void; signals: AbortSignal[] } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const signals: AbortSignal[] = [];
  const run = async (_args: JsonObject, context: FunctionContext): Promise<string> => {
    signals.push(context.signal);
    context.progress(1, 2);
    await opened;
    return 'done';
  };
  return { tool: tool('gate', run), open, signals };
}
