/** The setup of requests and the shutdown, with requests at unfavorable moments. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Server } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';

import { createDaemon, defineCatalog } from '@mcp-daemon/core';
import type { HttpOptions, HttpServer } from '@mcp-daemon/express';
import { createMcpHandler, createOpenAuth, createRouter, serveHttp } from '@mcp-daemon/express';
import express from 'express';

import { localAuth } from '../auth/support.js';
import { connectSse, serveSse } from '../http-sse/support.js';
import type { Sent } from '../support.js';
import { atEnd, call, echo, gate, JSON_HEADERS, modern, openSession, send, serve, until } from '../support.js';

const ADMIN = { authorization: 'Bearer static' };

async function served(options: HttpOptions = {}): Promise<HttpServer> {
  const daemon = createDaemon({ catalog: defineCatalog({ functions: [echo] }) });
  atEnd(() => daemon.close({ drainMs: 10 }));
  const server = await serveHttp(daemon, { auth: await localAuth({ adminStaticToken: 'static' }), port: 0, ...options });
  atEnd(() => server.close({ drainMs: 10 }));
  return server;
}

/** Begins a POST whose body the test sends later. */
function halfPost(port: number, path: string, headers: Record<string, string>, body: unknown): () => Promise<number> {
  const text = JSON.stringify(body);
  const req = request({ host: '127.0.0.1', port, path, method: 'POST', agent: false, headers: { ...JSON_HEADERS, ...headers } });
  const status = new Promise<number>((resolve, reject) => {
    req.on('response', (res) => resolve(res.resume().statusCode ?? 0)).on('error', reject);
  });
  status.catch(() => undefined);
  atEnd(() => req.destroy());
  req.write(text.slice(0, 10));
  return () => {
    req.end(text.slice(10));
    return status;
  };
}

/** @returns how many requests a server has received from now on, counting those whose body is not complete */
function requestsOf({ server }: { server: Server }): () => number {
  let count = 0;
  server.on('request', () => (count += 1));
  return () => count;
}

describe('refusals', () => {
  it('have the same form and codes with authentication and without', async () => {
    const asked = [
      ['POST', '/me', {}, 405, 'invalid_request'],
      ['DELETE', '/metrics', ADMIN, 405, 'invalid_request'],
      ['POST', '/events', ADMIN, 405, 'invalid_request'],
      ['GET', '/nothing', {}, 404, 'not_found'],
    ] as const;
    for (const options of [{}, { auth: createOpenAuth() }]) {
      const { url } = await served(options);
      for (const [method, path, headers, status, error] of asked) {
        const answer = await fetch(url + path, { method, headers });
        expect([path, answer.status]).toEqual([path, status]);
        expect(await answer.json()).toEqual({ error, error_description: expect.any(String) as string });
      }
    }
  });
});

describe('a router in another app', () => {
  it.each(['/', '/ai', '/:tenant'])('adds its headers to its own answers only, mounted at %s', async (path) => {
    const daemon = createDaemon({ catalog: defineCatalog({ functions: [echo] }) });
    const router = createRouter(daemon, { auth: await localAuth({ adminStaticToken: 'static' }) });
    const app = express().use(path, router);
    const mine = path === '/' ? '' : '/ai';
    app.get(`${mine}/mine`, (_req, res) => void res.send('mine'));
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    atEnd(async () => {
      await router.close({ drainMs: 10 });
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await daemon.close({ drainMs: 10 });
    });
    const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}${mine}`;
    for (const [name, ours] of [
      ['me', true],
      ['health', true],
      ['docs', true],
      ['mine', false],
    ] as const) {
      const { status, headers } = await fetch(`${at}/${name}`, { headers: ADMIN });
      expect([name, status, headers.has('content-security-policy')]).toEqual([name, 200, ours]);
    }
    const { headers, body } = modern('tools/list', {}, { ...JSON_HEADERS, ...ADMIN });
    const sent = { method: 'POST', headers: headers as Record<string, string>, body: JSON.stringify(body) };
    const listed = await fetch(`${at}/mcp`, sent);
    expect(listed.status).toBe(200);
  });
});

describe('the start of a server', () => {
  it('leaves no listener on the daemon where the port is in use', async () => {
    const { port } = await served();
    const daemon = createDaemon({ catalog: defineCatalog({ functions: [echo] }) });
    atEnd(() => daemon.close({ drainMs: 10 }));
    await expect(serveHttp(daemon, { port })).rejects.toThrow('is in use');
    expect(daemon.events.observed).toBe(false);
  });

  it.each([
    { port: 65_536 },
    { port: 1.5 },
    { maxConnections: 0 },
    { headersTimeoutMs: -1 },
    { requestTimeoutMs: 0 },
    { keepAliveTimeoutMs: NaN },
  ])('refuses %j', async (options) => {
    const message = expect.stringContaining(`${Object.keys(options)[0]!} must be a whole number`) as string;
    await expect(served(options)).rejects.toMatchObject({ code: 'usage', message });
  });

  it('limits the time for headers to the time for the whole request', async () => {
    const { url } = await served({ headersTimeoutMs: 120_000 });
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  it('survives connections that cannot be accepted, and logs them', async () => {
    const logged: string[] = [];
    const { url } = await served({ logger: { info: () => undefined, error: (_fields, message) => void logged.push(message) } });
    let server: Server | undefined;
    const note = (message: unknown): void => void (server = (message as { server: Server }).server);
    subscribe('http.server.request.start', note);
    await fetch(`${url}/health`);
    unsubscribe('http.server.request.start', note);
    for (let n = 0; n < 2; n += 1) server!.emit('error', new Error('accept ENFILE'));
    expect(logged).toEqual(Array(2).fill('a connection could not be accepted'));
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });
});

describe('the access log', () => {
  it('names the caller of /me, and the caller of a request with a ticket', async () => {
    const lines: { path: string; subject?: string; partition?: string }[] = [];
    const server = await served({
      accessLog: true,
      logger: { info: (fields) => void lines.push(fields as never), error: () => undefined },
    });
    await (await fetch(`${server.url}/me`, { headers: ADMIN })).text();
    const made = await fetch(`${server.url}/events/ticket`, { method: 'POST', headers: ADMIN });
    const { ticket } = (await made.json()) as { ticket: string };
    const leaving = new AbortController();
    await fetch(`${server.url}/events?ticket=${ticket}`, { signal: leaving.signal });
    leaving.abort();
    await until(() => lines.length === 3);
    expect(lines.map(({ path, subject, partition }) => [path, subject, partition])).toEqual([
      ['/me', 'admin', undefined],
      ['/events/ticket', 'admin', 'default'],
      ['/events', 'admin', 'default'],
    ]);
  });

  it('has ids that are also in the answers to preflights', async () => {
    const { url } = await served();
    const headers = { origin: 'http://localhost:1', 'access-control-request-method': 'POST' };
    for (const path of ['/mcp', '/events']) {
      const answer = await fetch(url + path, { method: 'OPTIONS', headers });
      expect([path, answer.status, answer.headers.get('x-request-id')]).toEqual([path, 204, expect.stringMatching(/^[\w-]+$/)]);
    }
    const posted = await send(
      { port: Number(new URL(url).port) },
      modern('tools/list', {}, { ...ADMIN, origin: headers.origin }),
    );
    expect(posted.status).toBe(200);
    expect(posted.headers['x-request-id']).toMatch(/^[\w-]+$/);
  });
});

describe('a client that disconnects during authentication', () => {
  it.each(['with a session', 'without'])('cancels its call, if the body was read before: %s', async (how) => {
    const held = gate();
    const daemon = createDaemon({ catalog: defineCatalog({ functions: [held.tool] }) });
    let known: () => void = () => undefined;
    const asked: Promise<void>[] = [];
    let holds = false;
    const mcp = createMcpHandler(daemon, {
      async authenticate() {
        if (holds) await asked[asked.push(new Promise<void>((resolve) => (known = resolve))) - 1];
        return { subject: 'ann' };
      },
    });
    let closed = false;
    const app = express().use(express.json(), (_req, res, next) => {
      res.on('close', () => (closed = holds));
      next();
    });
    const server = createServer(app.use('/mcp', mcp.handle));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    atEnd(async () => {
      await mcp.close({ drainMs: 10 });
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await daemon.close({ drainMs: 10 });
    });
    const { port } = server.address() as AddressInfo;
    const sent =
      how === 'without'
        ? modern('tools/call', { name: 'gate' }, JSON_HEADERS)
        : { headers: { ...JSON_HEADERS, ...(await openSession({ port })) }, body: call('gate') };
    holds = true;
    const headers = sent.headers as Record<string, string>;
    const req = request({ host: '127.0.0.1', port, path: '/mcp', method: 'POST', agent: false, headers });
    req.on('error', () => undefined).end(JSON.stringify(sent.body));
    await until(() => asked.length === 1);
    req.destroy();
    await until(() => closed);
    known();
    await until(() => held.signals.length === 1);
    await until(() => held.signals[0]!.aborted);
  });
});

describe('a client that disconnects during a batch', () => {
  it('cancels its calls, but not the earlier call with the same id', async () => {
    const held = gate();
    const to = await serve([held.tool]);
    const session = await openSession(to, '2025-03-26');
    const first = send(to, { headers: session, body: call('gate', {}, 1) });
    await until(() => held.signals.length === 1);
    const headers = { ...JSON_HEADERS, ...session };
    const req = request({ host: '127.0.0.1', port: to.port, path: '/mcp', method: 'POST', agent: false, headers });
    req.on('error', () => undefined).end(JSON.stringify([call('gate', {}, 1), call('gate', {}, 2)]));
    await until(() => held.signals.length === 2);
    req.destroy();
    await until(() => held.signals[1]!.aborted);
    expect(held.signals[0]!.aborted).toBe(false);
    held.open();
    expect((await first).text).toContain('done');
  });
});

describe('pipelined requests', () => {
  it('end with their connection: calls are cancelled, streams are removed, and each request is logged', async () => {
    const held = gate();
    const daemon = createDaemon({ catalog: defineCatalog({ functions: [held.tool] }) });
    atEnd(() => daemon.close({ drainMs: 10 }));
    const lines: unknown[] = [];
    const logger = { info: (fields: object) => void lines.push((fields as { path: string }).path), error: () => undefined };
    const auth = await localAuth({ adminStaticToken: 'static' });
    const { port, url } = await serveHttp(daemon, { auth, port: 0, accessLog: true, logger }).then((server) => {
      atEnd(() => server.close({ drainMs: 10 }));
      return server;
    });
    const raw = (line: string, { headers = {}, body }: Sent): string => {
      const text = body === undefined ? '' : JSON.stringify(body);
      const sent = { host: 'localhost', ...ADMIN, ...headers, 'content-length': String(text.length) };
      return `${line} HTTP/1.1\r\n${Object.entries(sent)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('')}\r\n${text}`;
    };
    const post = raw('POST /mcp', modern('tools/call', { name: 'gate' }, JSON_HEADERS));
    const streams = ['/events', '/sse'].map((path) => raw(`GET ${path}`, { headers: { accept: 'text/event-stream' } }));
    const connection = connect(port, '127.0.0.1');
    connection.on('error', () => undefined).write(post + post + streams.join(''));
    const count = async (): Promise<string> => (await fetch(`${url}/metrics`, { headers: ADMIN })).text();
    await until(async () => (await count()).includes('streams{kind="events"} 1'));
    await until(() => held.signals.length === 2);
    connection.destroy();
    await until(() => held.signals.every(({ aborted }) => aborted));
    await until(() => lines.filter((path) => path !== '/metrics').length === 4);
    expect(await count()).toContain('streams{kind="events"} 0');
    expect(await count()).toContain('sessions{transport="http_sse"} 0');
  });
});

describe('the shutdown', () => {
  it('refuses a request whose body arrives after it has begun, with a session and without', async () => {
    const held = gate();
    const to = await serve([echo, held.tool]);
    const session = await openSession(to);
    const arrived = requestsOf(to);
    const alone = modern('tools/call', { name: 'echo', arguments: { text: 'late' } });
    const late = [
      halfPost(to.port, '/mcp', session, call('echo', { text: 'late' })),
      halfPost(to.port, '/mcp', alone.headers as Record<string, string>, alone.body),
    ];
    const under = send(to, { headers: session, body: call('gate', {}, 2) });
    await until(() => held.signals.length === 1 && arrived() === 3);
    const closing = to.mcp.close({ drainMs: 1_000_000 });
    expect(await Promise.all(late.map((finish) => finish()))).toEqual([503, 503]);
    held.open();
    expect((await under).status).toBe(200);
    await closing;
  });

  it('refuses such a request over HTTP+SSE as well', async () => {
    const held = gate();
    const to = await serveSse([echo, held.tool]);
    const client = await connectSse(to);
    await client.post(call('gate', {}, 2));
    await until(() => held.signals.length === 1);
    const arrived = requestsOf(to);
    const finish = halfPost(to.port, client.endpoint, {}, call('echo', { text: 'late' }));
    await until(() => arrived() === 1);
    const closing = to.sse.close({ drainMs: 1_000_000 });
    expect(await finish()).toBe(503);
    held.open();
    await closing;
    expect(client.text).not.toContain('late');
  });

  it('waits as long as configured, even without limit', async () => {
    const held = gate();
    const to = await serve([held.tool]);
    const under = send(to, modern('tools/call', { name: 'gate' }));
    await until(() => held.signals.length === 1);
    const closing = to.mcp.close({ drainMs: Infinity });
    // Node makes a timer that is too long one of 1 ms, which would run before this one, however busy the machine is.
    await new Promise((resolve) => setTimeout(resolve, 2));
    expect(held.signals[0]!.aborted).toBe(false);
    held.open();
    expect((await under).text).toContain('done');
    await closing;
  });
});
