/** Helpers for the tests with hostile clients: a whole server with users, and connections that send arbitrary bytes. */
import type { Socket } from 'node:net';
import { connect } from 'node:net';

import type { Daemon, DaemonOptions, FunctionDefinition } from '@mcp-daemon/core';
import { createDaemon, defineCatalog } from '@mcp-daemon/core';
import type { HttpOptions, HttpServer } from '@mcp-daemon/express';
import { serveHttp } from '@mcp-daemon/express';

import { ask, localAuth, mint } from '../auth/support.js';
import { atEnd, echo, JSON_HEADERS, modern, until } from '../support.js';

export const STATIC = 'the-static-token-of-the-tests';
export const ADMIN = { authorization: `Bearer ${STATIC}` };

/** A running test server and its log. */
export interface TestServer {
  readonly server: HttpServer;
  readonly port: number;
  readonly daemon: Daemon;
  readonly log: { level: string; fields: Record<string, unknown>; message: string }[];
}

/** Serves with users and an access log until the end of the test. */
export async function openServer(
  options: HttpOptions = {},
  functions: readonly FunctionDefinition[] = [echo],
  more: Partial<DaemonOptions> = {},
): Promise<TestServer> {
  const log: TestServer['log'] = [];
  const say =
    (level: string) =>
    (fields: object, message: string): void =>
      void log.push({ level, fields: { ...fields }, message });
  const daemon = createDaemon({ catalog: defineCatalog({ functions }), ...more });
  const auth = options.auth ?? (await localAuth({ adminStaticToken: STATIC }));
  const logger = { info: say('info'), error: say('error') };
  const server = await serveHttp(daemon, { rateLimit: 0, accessLog: true, logger, ...options, auth, port: 0 });
  atEnd(async () => {
    await server.close({ drainMs: 10 });
    await daemon.close({ drainMs: 10 });
  });
  return { server, port: server.port, daemon, log };
}

/** The open connections. A test may open thousands, so closed ones are removed. */
const wires = new Set<Wire>();
afterEach(() => {
  for (const { socket } of wires) socket.destroy();
});

/** A connection and the bytes received on it. */
export class Wire {
  readonly socket: Socket;
  received = '';
  closed = false;

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.setEncoding('latin1').on('data', (text: string) => (this.received += text));
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.closed = true;
      wires.delete(this);
    });
    wires.add(this);
  }

  /** Resolves at the next event of the connection. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      const events = ['connect', 'data', 'close'] as const;
      const done = (): void => {
        for (const event of events) this.socket.off(event, done);
        resolve();
      };
      for (const event of events) this.socket.on(event, done);
    });
  }

  /** Sends characters as bytes. */
  write(text: string): this {
    this.socket.write(text, 'latin1');
    return this;
  }

  /** The statuses of all answers so far. */
  get statuses(): number[] {
    return [...this.received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  }

  /** Waits until the connection is made, or has failed. */
  async connected(): Promise<this> {
    while (this.socket.connecting && !this.closed) await this.#change();
    return this;
  }

  /** Waits for the first answer, or for the end. */
  async answered(): Promise<this> {
    while (!this.closed && !this.received.includes('\r\n\r\n')) await this.#change();
    return this;
  }

  async ended(): Promise<this> {
    await until(() => this.closed, 'the end of the connection');
    return this;
  }
}

/** The value of a gauge. @param name as a regular expression */
export async function gauge({ port }: TestServer, name: string): Promise<number> {
  const { text } = await ask(port, 'GET', '/metrics', ADMIN);
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
}

/** Waits until a gauge has a value. */
export async function untilGauge(server: TestServer, name: string, value: number): Promise<void> {
  let now: number;
  const isSo = async (): Promise<boolean> => (now = await gauge(server, name)) === value;
  await until(isSo, () => `${name} to be ${value}; it is ${now}`);
}

export const SESSIONS = 'mcp_daemon_sessions\\{transport="streamable_http"\\}';

/** The text of header lines. */
export const lines = (headers: Record<string, string | undefined>): string =>
  Object.entries(headers)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');

/** A POST to `/mcp`, byte for byte. @param framing the headers that say how long the body is */
export function post(body: string, framing = `Content-Length: ${Buffer.byteLength(body, 'latin1')}\r\n`, path = '/mcp'): string {
  const { headers = {} } = modern('tools/list');
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${lines({ ...JSON_HEADERS, ...headers, ...ADMIN })}${framing}\r\n${body}`;
}

export const LIST = JSON.stringify(modern('tools/list').body);

/** Checks that other clients are still served. */
export async function expectServed({ port }: { port: number }): Promise<void> {
  const { statuses } = await new Wire(port).write(post(LIST)).answered();
  expect(statuses).toEqual([200]);
}

export const bearerOf = async (claims: Record<string, unknown>): Promise<{ authorization: string }> => ({
  authorization: `Bearer ${await mint(claims)}`,
});
