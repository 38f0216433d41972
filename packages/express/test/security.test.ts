import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';

import type { SessionIdentity } from '@mcp-daemon/core';
import { createDaemon, defineCatalog } from '@mcp-daemon/core';
import type { Refusal } from '@mcp-daemon/express';
import { createMcpHandler } from '@mcp-daemon/express';

import { arrival, atEnd, begin, call, echo, initialize, META, modern, openSession, send, serve, tool, until } from './support.js';

const list = modern('tools/list');
const withHeaders = (headers: Record<string, string | undefined>): typeof list => ({
  ...list,
  headers: { ...list.headers, ...headers },
});

describe('an MCP endpoint without authentication', () => {
  it.each<[string, Record<string, string>, number]>([
    ['the name of loopback', { host: 'localhost:8000' }, 200],
    ['the name in capitals', { host: 'LOCALHOST' }, 200],
    ['its IPv6 address', { host: '[::1]:8000' }, 200],
    ['a name that resolves to it', { host: 'evil.example.com' }, 403],
    ['a name that begins like it', { host: 'localhost.evil.example.com' }, 403],
    ['a page of this machine', { origin: 'http://localhost:3000' }, 200],
    ['a page of elsewhere', { origin: 'https://evil.example.com' }, 403],
    ['a page of nowhere', { origin: 'null' }, 403],
    ['a page with a name like ours', { origin: 'http://localhost.evil.example.com' }, 403],
    ['a host that was allowed', { host: 'mcp.example.com:443' }, 200],
    ['an origin that was allowed', { origin: 'https://app.example.com' }, 200],
  ])('checks Host and Origin: %s', async (_what, headers, status) => {
    const allowed = { allowedHosts: ['mcp.example.com'], allowedOrigins: ['https://app.example.com'] };
    expect((await send(await serve([echo], allowed), withHeaders(headers))).status).toBe(status);
  });

  it('serves its own machine only', async () => {
    const address = Object.values(networkInterfaces())
      .flat()
      .find((found) => found?.family === 'IPv4' && !found.internal)?.address;
    if (address === undefined) return; // this machine has only loopback addresses
    const mcp = createMcpHandler(createDaemon({ catalog: defineCatalog({ functions: [echo] }) }));
    const server = createServer((req, res) => void mcp.handle(req, res)).listen(0, '0.0.0.0');
    atEnd(() => server.close());
    await until(() => server.listening);
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://${address}:${port}/mcp`, { method: 'POST', body: '{}' });
    expect(answer.status).toBe(403);
  });
});

describe('an MCP endpoint with authentication', () => {
  const authenticate = async ({ headers }: IncomingMessage): Promise<SessionIdentity | Refusal> => {
    await Promise.resolve();
    if (headers.authorization === 'Bearer good') return { subject: 'ada' };
    return { status: 401, message: 'Who are you?', headers: { 'WWW-Authenticate': 'Bearer realm="test"' } };
  };

  it('accepts every host name, and knows the caller', async () => {
    const who = tool('who', (_args, { subject, partition }) => `${subject}@${partition}`);
    const served = await serve([who], { authenticate });
    const headers = { authorization: 'Bearer good', host: 'mcp.example.com' };
    const request = modern('tools/call', { name: 'who' }, headers);
    expect((await send(served, request)).json.result).toMatchObject({ content: [{ text: 'ada@default' }] });
    const session = await openSession(served, '2025-11-25', {}, { authorization: 'Bearer good' });
    expect((await send(served, { body: call('who'), headers: session })).text).toContain('ada@default');
  });

  it('authenticates every request', async () => {
    const served = await serve([echo], { authenticate });
    const session = await openSession(served, '2025-11-25', {}, { authorization: 'Bearer good' });
    for (const method of ['POST', 'GET', 'DELETE']) {
      const answer = await send(served, { method, headers: { ...session, authorization: 'Bearer bad' } });
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="test"');
      expect(answer.json.error?.message).toBe('Who are you?');
    }
  });

  it('refuses pages of other origins as well', async () => {
    const served = await serve([echo], { authenticate: () => ({}) });
    expect((await send(served, withHeaders({ origin: 'https://evil.example.com' }))).status).toBe(403);
  });

  it.each([
    ['authenticate throws', () => assertNever()],
    ['authenticate rejects', () => Promise.reject(new Error('secret'))],
    ['authenticate returns an invalid header name', () => Promise.resolve({ status: 401, headers: { 'not a name': 'secret' } })],
  ])('does not reveal the reason when %s', async (_what, broken) => {
    const errors: unknown[] = [];
    const served = await serve([echo], { authenticate: broken, logger: { error: (fields) => errors.push(fields) } });
    const answer = await send(served, list);
    expect(answer.status).toBe(500);
    expect(answer.text).not.toMatch(/secret|at /);
    expect(errors).toHaveLength(1);
  });

  function assertNever(): never {
    throw new Error('secret');
  }
});

describe('the body of a message', () => {
  it.each<[string, unknown, Record<string, string>, number]>([
    ['no JSON', '{"jsonrpc"', {}, 400],
    ['nothing', '', {}, 400],
    ['ever deeper', '['.repeat(900), {}, 400],
    ['half a document after a whole one', '{}{', {}, 400],
    ['another type', '{}', { 'content-type': 'text/plain' }, 415],
    ['a type that only begins like JSON', '{}', { 'content-type': 'application/jsonp' }, 415],
    ['another encoding of characters', '{}', { 'content-type': 'application/json; charset=utf-16' }, 415],
    ['compressed', '{}', { 'content-encoding': 'gzip' }, 415],
    ['too large, and said so', 'x'.repeat(1_001), {}, 413],
  ])('is checked: %s', async (_what, body, headers, status) => {
    const served = await serve([echo], { maxBodyBytes: 1_000 });
    expect((await send(served, { ...list, body, headers: { ...list.headers, ...headers } })).status).toBe(status);
  });

  it('may be nested deeply', async () => {
    const errors: unknown[] = [];
    const served = await serve([echo], { logger: { error: (fields) => errors.push(fields) } });
    const depth = 200_000; // more than is parsed
    const request = modern('tools/call', { name: 'echo', arguments: { text: 'DEEP' } });
    const body = JSON.stringify(request.body).replace('"DEEP"', '['.repeat(depth) + ']'.repeat(depth));
    expect((await send(served, { ...request, body })).status).toBe(400);
    expect(errors).toEqual([]);
    expect((await send(served, list)).status).toBe(200);
  });

  it('may have a charset in its Content-Type', async () => {
    const served = await serve([echo]);
    expect((await send(served, withHeaders({ 'content-type': 'Application/JSON; charset="UTF-8"' }))).status).toBe(200);
    expect((await send(served, withHeaders({ 'content-encoding': 'identity' }))).status).toBe(200);
  });

  it('may arrive in pieces, cut anywhere', async () => {
    const served = await serve([echo]);
    const text = JSON.stringify(modern('tools/call', { name: 'echo', arguments: { text: 'größer €' } }).body);
    const bytes = Buffer.from(text);
    const head = Object.entries({ ...modern('tools/call', { name: 'echo' }).headers, 'content-type': 'application/json' });
    const lines = head.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const socket = connect(served.port, '127.0.0.1');
    let received = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
    socket.setNoDelay();
    socket.write(`POST /mcp HTTP/1.1\r\nHost: localhost\r\n${lines}Content-Length: ${bytes.length}\r\n\r\n`);
    for (let at = 0; at < bytes.length; at += 7) {
      socket.write(bytes.subarray(at, at + 7));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => received.includes('größer €'));
    socket.destroy();
  });

  it('closes the connection where it becomes too large', async () => {
    const served = await serve([echo], { maxBodyBytes: 1_000 });
    const socket = connect(served.port, '127.0.0.1');
    let received = '';
    let closed = false;
    socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
    socket.on('close', () => (closed = true)).on('error', () => undefined);
    const head = 'Host: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
    socket.write(`POST /mcp HTTP/1.1\r\n${head}`);
    for (let sent = 0; sent < 3; sent += 1) socket.write(`1f4\r\n${'x'.repeat(500)}\r\n`);
    await until(() => closed);
    expect(received).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('is dropped where the client disconnects before its end', async () => {
    const served = await serve([echo]);
    const socket = connect(served.port, '127.0.0.1');
    socket.write('POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{');
    await arrival(once(served.server, 'request'), 'the first part of the request');
    socket.destroy();
    await until(() => served.sockets.size === 0);
    expect((await send(served, list)).status).toBe(200);
  });

  it('causes an error where middleware has read it and kept nothing', async () => {
    const { handle } = createMcpHandler(createDaemon({ catalog: defineCatalog({ functions: [echo] }) }));
    const server = createServer((req, res) => req.resume().on('end', () => void handle(req, res))).listen(0, '127.0.0.1');
    atEnd(() => server.close());
    await until(() => server.listening);
    expect((await send(server.address() as AddressInfo, list)).status).toBe(400);
  });

  it.each<[string, unknown]>([
    ['an object', list.body],
    ['text', JSON.stringify(list.body)],
    ['bytes', Buffer.from(JSON.stringify(list.body))],
  ])('is accepted from middleware as %s', async (_what, body) => {
    const daemon = createDaemon({ catalog: defineCatalog({ functions: [echo] }) });
    const { handle } = createMcpHandler(daemon);
    // As Express calls a mounted handler after its middleware.
    const next = (): void => undefined;
    const server = createServer((req: IncomingMessage & { body?: unknown }, res: ServerResponse) => {
      req.resume().on('end', () => {
        req.body = body;
        res.setHeader('x-powered-by', 'Express');
        void handle(req, res, next);
      });
    }).listen(0, '127.0.0.1');
    atEnd(() => server.close());
    await until(() => server.listening);
    const { port } = server.address() as AddressInfo;
    expect((await send({ port }, list)).json).toMatchObject({ result: { tools: [{ name: 'echo' }] } });
  });
});

it('other methods than POST, GET and DELETE are refused', async () => {
  const served = await serve([echo]);
  for (const method of ['PUT', 'PATCH', 'OPTIONS']) {
    const answer = await send(served, { method });
    expect([answer.status, answer.headers.allow]).toEqual([405, 'POST, GET, DELETE']);
  }
});

it('an identity that is passed to the handler is used', async () => {
  const who = tool('who', (_args, { subject }) => subject);
  const mcp = createMcpHandler(createDaemon({ catalog: defineCatalog({ functions: [who] }) }));
  const server = createServer((req, res) => void mcp.handle(req, res, { subject: 'grace' })).listen(0, '127.0.0.1');
  atEnd(() => server.close());
  await until(() => server.listening);
  const request = modern('tools/call', { name: 'who' }, { host: 'anything.example.com' });
  expect((await send(server.address() as AddressInfo, request)).text).toContain('grace');
});

it.each([
  { maxBodyBytes: 0 },
  { sessionIdleMs: 1.5 },
  { maxSessions: -1 },
  { maxSessionsPerUser: 0 },
  { maxStreams: 2 ** 31 },
  { maxStreamsPerUser: -2 },
  { maxInFlightPerUser: 0.5 },
  { keepAliveMs: NaN },
])('an invalid option is refused at once: %j', (options) => {
  const daemon = createDaemon({ catalog: defineCatalog({ functions: [] }) });
  expect(() => createMcpHandler(daemon, options)).toThrow(/whole number/);
});

it('thousands of sessions that are never ended stay within the limit', async () => {
  const served = await serve([echo], { maxSessions: 200 });
  const { Agent, request } = await import('node:http');
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  atEnd(() => agent.destroy());
  const body = JSON.stringify(initialize());
  const headers = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      request({ agent, port: served.port, method: 'POST', headers }, (res) => res.resume().on('end', resolve))
        .on('error', reject)
        .end(body);
    });
  let left = 3_000;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await one();
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  expect(served.mcp.sessions).toBe(200);
});

it('a client that does not read is disconnected', async () => {
  let sent = 0;
  let aborted = false;
  const flood = tool('flood', async (_args, context) => {
    for (; !context.signal.aborted && sent < 9_000; sent += 1) {
      context.log('info', 'x'.repeat(10_000));
      if (sent % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    aborted = context.signal.aborted;
  });
  const served = await serve([flood]);
  const meta = { ...META, 'io.modelcontextprotocol/logLevel': 'debug' };
  const response = await begin(served, modern('tools/call', { name: 'flood', _meta: meta }));
  response.on('error', () => undefined).pause();
  await until(() => aborted);
  expect(sent).toBeLessThan(9_000);
});
