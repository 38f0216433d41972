/** The whole router: request setup, mounting, serving and closing. */
import { createServer, get as httpGet } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Daemon } from '@mcp-daemon/core';
import { createDaemon, defineCatalog } from '@mcp-daemon/core';
import type { HttpOptions, HttpServer } from '@mcp-daemon/express';
import { createOpenAuth, createRouter, serveHttp } from '@mcp-daemon/express';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import express from 'express';

import { localAuth, PASSWORD } from './auth/support.js';
import type { Sent } from './support.js';
import { atEnd, begin, echo, gate, initialize, modern, openSession, send, stopClock, stream, tool, until } from './support.js';

/** How many calls of `slow` have begun in this test. */
let begun = 0;
beforeEach(() => (begun = 0));
const slow = tool('slow', async (_args, { signal }) => {
  begun += 1;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
});

const newDaemon = (): Daemon => {
  const daemon = createDaemon({ catalog: defineCatalog({ functions: [echo, slow] }) });
  atEnd(() => daemon.close({ drainMs: 10 }));
  return daemon;
};

async function served(options: HttpOptions = {}, daemon = newDaemon()): Promise<HttpServer> {
  const auth = options.auth ?? (await localAuth({ adminStaticToken: 'static' }));
  const server = await serveHttp(daemon, { auth, port: 0, ...options });
  atEnd(() => server.close({ drainMs: 10 }));
  return server;
}

const ADMIN = { authorization: 'Bearer static' };

const get = (path: string, headers: Record<string, string> = {}): Sent & { path: string } => ({ method: 'GET', path, headers });

/** The status of an answer. Not `fetch`, which cannot set the Host header. */
const statusOf = (port: number, path: string, headers: Record<string, string>): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    httpGet({ port, path, headers, host: '127.0.0.1', agent: false }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode));
    }).once('error', reject);
  });

/** A GET request for a path. */
async function ask(
  { url }: HttpServer,
  { path, method = 'GET', headers = {}, body }: Sent & { path: string },
): Promise<{ status: number; headers: Headers; text: string }> {
  const sent = Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined));
  const answer = await fetch(url + path, {
    method,
    headers: sent,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

async function tokenOf(server: HttpServer, username: string): Promise<string> {
  const body = { username, password: PASSWORD };
  const { text } = await ask(server, {
    path: '/auth/login',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  return (JSON.parse(text) as { access_token: string }).access_token;
}

describe('the router', () => {
  it('offers login, serves MCP with a token, and tells others how to get one', async () => {
    const server = await served();
    const refused = await send(server, modern('tools/list'));
    expect(refused.status).toBe(401);
    expect(refused.text).toContain('POST /auth/login');
    for (const path of [
      ...['/.well-known/oauth-protected-resource', '/.well-known/oauth-protected-resource/mcp'],
      ...['/.well-known/oauth-authorization-server/mcp', '/mcp/.well-known/openid-configuration', '/register'],
    ]) {
      const { status, text } = await ask(server, { ...get(path), method: path === '/register' ? 'POST' : 'GET' });
      expect([path, status]).toEqual([path, 404]);
      expect(text).toContain('no OAuth login');
      expect(text).toContain('POST /auth/login');
    }

    const authorization = `Bearer ${await tokenOf(server, 'ann')}`;
    const answer = await send(server, modern('tools/call', { name: 'echo', arguments: { text: 'hi' } }, { authorization }));
    expect(answer.json.result).toMatchObject({ content: [{ type: 'text', text: 'hi' }] });
    expect(JSON.parse((await ask(server, get('/me', { authorization }))).text)).toMatchObject({ username: 'ann' });
  });

  it('requires the token for every request of a session', async () => {
    const server = await served();
    const session = await openSession(server, '2025-11-25', {}, ADMIN);
    const { authorization: _, ...without } = { ...session, ...ADMIN };
    expect((await send(server, { body: { jsonrpc: '2.0', id: 1, method: 'ping' }, headers: without })).status).toBe(401);
  });

  it('gives each request an id, or keeps a valid one', async () => {
    const server = await served();
    const first = (await ask(server, get('/me'))).headers.get('x-request-id');
    const second = (await send(server, { body: initialize(), headers: ADMIN })).headers['x-request-id'];
    expect(first).toMatch(/^[\w-]+$/);
    expect(second).toMatch(/^[\w-]+$/);
    expect(second).not.toBe(first);
    // Streams, refusals and answers without a body have an id as well.
    const session = await openSession(server, '2025-11-25', {}, ADMIN);
    const live = await begin(server, { method: 'GET', headers: { ...ADMIN, ...session, accept: 'text/event-stream' } });
    const nothing = await send(server, {
      body: { jsonrpc: '2.0', method: 'notifications/initialized' },
      headers: { ...ADMIN, ...session },
    });
    const refused = await send(server, { body: initialize() });
    expect([live.statusCode, nothing.status, refused.status]).toEqual([200, 202, 401]);
    for (const { headers } of [live, nothing, refused]) expect(headers['x-request-id']).toMatch(/^[\w-]+$/);
    expect((await ask(server, get('/me', { 'x-request-id': 'from-a-proxy.1' }))).headers.get('x-request-id')).toBe(
      'from-a-proxy.1',
    );
    expect((await ask(server, get('/me', { 'x-request-id': 'x y' }))).headers.get('x-request-id')).not.toBe('x y');
  });

  it('logs each request, without queries and tokens', async () => {
    const lines: Record<string, unknown>[] = [];
    const logger = { info: (fields: object) => void lines.push({ ...fields }), error: () => undefined };
    const server = await served({ accessLog: true, logger });
    await ask(server, get('/events?ticket=secret-ticket'));
    await send(server, modern('tools/call', { name: 'echo', arguments: { text: 'hi' } }, ADMIN));
    await until(() => lines.length === 2);
    expect(lines[0]).toMatchObject({ method: 'GET', path: '/events', status: 401, address: '127.0.0.1' });
    expect(lines[1]).toMatchObject({ method: 'POST', path: '/mcp', status: 200, subject: 'admin', partition: 'default' });
    expect(JSON.stringify(lines)).not.toMatch(/secret|static/);
  });

  it('logs successful probes at debug level', async () => {
    const [info, debug]: [string[], string[]] = [[], []];
    const note = (lines: string[]) => (fields: object) => void lines.push((fields as { path: string }).path);
    const server = await served({ accessLog: true, logger: { info: note(info), debug: note(debug), error: () => undefined } });
    for (const path of ['/health', '/ready', '/metrics']) await ask(server, get(path, ADMIN));
    await ask(server, get('/metrics'));
    await until(() => info.length + debug.length === 4);
    expect({ info, debug }).toEqual({ info: ['/metrics'], debug: ['/health', '/ready', '/metrics'] });
  });

  it('logs a client that disconnected before its answer', async () => {
    const lines: Record<string, unknown>[] = [];
    const logger = { info: (fields: object) => void lines.push({ ...fields }), error: () => undefined };
    const server = await served({ accessLog: true, logger });
    const leaving = new AbortController();
    const left = fetch(`${server.url}/mcp`, {
      method: 'POST',
      signal: leaving.signal,
      headers: {
        ...(modern('tools/call', { name: 'slow' }).headers as Record<string, string>),
        ...ADMIN,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify(modern('tools/call', { name: 'slow' }).body),
    });
    await until(() => begun === 1);
    leaving.abort();
    await expect(left).rejects.toThrow();
    await until(() => lines.length === 1);
    expect(lines[0]).toMatchObject({ status: 499 });
  });

  it('lets pages of allowed origins use it', async () => {
    const server = await served({ allowedOrigins: ['https://app.example.com'] });
    const preflight = (origin: string): ReturnType<typeof ask> =>
      ask(server, {
        path: '/mcp',
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,mcp-session-id',
        },
      });
    for (const origin of ['https://app.example.com', 'http://localhost:5173']) {
      const { status, headers } = await preflight(origin);
      expect(status).toBe(204);
      expect(headers.get('access-control-allow-origin')).toBe(origin);
      expect(headers.get('access-control-allow-headers')).toContain('authorization');
      expect(headers.get('access-control-allow-credentials')).toBeNull();
    }
    const other = await preflight('https://evil.example.com');
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
    const called = await send(server, modern('tools/list', {}, { ...ADMIN, origin: 'https://app.example.com' }));
    expect(called.headers['access-control-expose-headers']).toContain('Mcp-Session-Id');
    expect((await send(server, modern('tools/list', {}, { ...ADMIN, origin: 'https://evil.example.com' }))).status).toBe(403);
  });

  it('tells a user above the rate limit when to retry, and does not affect others', async () => {
    const server = await served({ rateLimit: 10 });
    stopClock();
    const list = (headers: Record<string, string>): ReturnType<typeof send> => send(server, modern('tools/list', {}, headers));
    expect((await list(ADMIN)).status).toBe(200);
    const second = await list(ADMIN);
    expect(second.status).toBe(429);
    expect(Number(second.headers['retry-after'])).toBeGreaterThan(0);
    expect((await list({ authorization: `Bearer ${await tokenOf(server, 'ann')}` })).status).toBe(200);
  });

  it.each(['/events', '/me'])(
    'an address with many bad tokens at %s is slowed down, and good ones from there are served',
    async (path) => {
      const server = await served();
      stopClock();
      const statuses = new Set<number>();
      for (let n = 0; n < 80; n += 1) statuses.add((await ask(server, get(path, { authorization: `Bearer x${n}` }))).status);
      expect([...statuses]).toEqual([401, 429]);
      expect((await send(server, modern('tools/list', {}, ADMIN))).status).toBe(200);
      expect((await ask(server, get('/me', ADMIN))).status).toBe(200);
    },
  );

  it('accepts the configured host names on every path, and every name for probes', async () => {
    const server = await served({ allowedHosts: ['mcp.example.com'] });
    const statuses = (host: string): Promise<unknown[]> => {
      const asked = ['/me', '/metrics', '/docs', '/openapi.json', '/health', '/ready'];
      return Promise.all(asked.map((path) => statusOf(server.port, path, { ...ADMIN, host })));
    };
    expect(await statuses('mcp.example.com')).toEqual([200, 200, 200, 200, 200, 200]);
    expect(await statuses('localhost:1')).toEqual([200, 200, 200, 200, 200, 200]);
    expect(await statuses('evil.example.com')).toEqual([403, 403, 403, 403, 200, 200]);
  });

  it('redirects its root to the API page', async () => {
    const server = await served();
    const { status, url } = await fetch(server.url);
    expect({ status, url }).toEqual({ status: 200, url: `${server.url}/docs` });
  });

  it('answers 404 for what it does not serve', async () => {
    const server = await served();
    for (const [path, method, status] of [
      ['/nothing', 'GET', 404],
      ['/mcp/more', 'POST', 404],
      ['/a/b/mcp', 'POST', 404],
      ['/mcp', 'PUT', 405],
      ['/events', 'POST', 405],
      ['/events/ticket', 'GET', 405],
      ['/auth/login', 'GET', 405],
      ['/%', 'GET', 404],
      ['/%ff/mcp', 'POST', 400],
      ['/alpha%23one/mcp', 'POST', 400],
    ] as const) {
      const answer = await ask(server, { path, method, headers: { ...ADMIN, accept: 'text/event-stream' } });
      expect([path, method, answer.status]).toEqual([path, method, status]);
      expect(answer.text).not.toContain('    at ');
      expect(() => JSON.parse(answer.text) as unknown).not.toThrow();
    }
  });

  it('takes the partition from the path and Part-ID, and checks that it is granted', async () => {
    const server = await served();
    const authorization = `Bearer ${await tokenOf(server, 'bob')}`;
    const status = async (path: string, part?: string): Promise<number> =>
      (
        await ask(server, {
          path,
          method: 'POST',
          headers: {
            authorization,
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
            ...modern('tools/list').headers,
            ...(part === undefined ? {} : { 'part-id': part }),
          },
          body: modern('tools/list').body,
        })
      ).status;
    // The partition is granted but not in this config file: the answer is not 403.
    expect(await status('/alpha/mcp')).toBe(400);
    expect(await status('/alpha/mcp', 'one')).toBe(400);
    expect(await status('/alpha/mcp', 'two')).toBe(403);
    expect(await status('/mcp')).toBe(403);
    expect(await status('/mcp', 'one')).toBe(403);
    expect(await status('/beta/mcp')).toBe(403);
    expect(await status('/beta/mcp', 'one')).toBe(403);
  });

  it('opens one stream of events with a ticket', async () => {
    const server = await served();
    const made = await ask(server, { path: '/events/ticket', method: 'POST', headers: ADMIN });
    expect(made.headers.get('cache-control')).toBe('no-store');
    const { ticket } = JSON.parse(made.text) as { ticket: string };
    const controller = new AbortController();
    atEnd(() => controller.abort());
    const events = await fetch(`${server.url}/events?ticket=${ticket}`, { signal: controller.signal });
    expect(events.status).toBe(200);
    expect((await ask(server, get(`/events?ticket=${ticket}`))).status).toBe(401);
  });

  it('can be created without the old transport', async () => {
    const on = await served();
    const off = await served({ httpSse: false });
    const headers = { ...ADMIN, accept: 'text/event-stream' };
    const controller = new AbortController();
    atEnd(() => controller.abort());
    for (const path of ['/sse', '/default/sse', '/jsonrpc/sse']) {
      expect((await fetch(on.url + path, { headers, signal: controller.signal })).status).toBe(200);
      expect((await ask(off, get(path, headers))).status).toBe(404);
    }
  });
});

describe('a router in another app', () => {
  async function mounted(path: string): Promise<{ url: string; port: number }> {
    const daemon = newDaemon();
    const app = express();
    app.use(express.json());
    const router = createRouter(daemon, { auth: await localAuth({ adminStaticToken: 'static' }) });
    app.use(path, router);
    app.get('/mine', (_req, res) => void res.send('mine'));
    app.use((_req, res) => void res.status(404).send('theirs'));
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    atEnd(async () => {
      await router.close({ drainMs: 10 });
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}${path}`, port };
  }

  it('serves clients at its mount path, and leaves other paths alone', async () => {
    const { url, port } = await mounted('/ai');
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers: ADMIN } }));
    atEnd(() => client.close());
    const { content } = await client.callTool({ name: 'echo', arguments: { text: 'there' } });
    expect(content).toMatchObject([{ type: 'text', text: 'there' }]);
    expect(await (await fetch(`http://127.0.0.1:${port}/mine`)).text()).toBe('mine');
    expect(await (await fetch(`${url}/nothing`)).text()).toBe('theirs');
  });
});

describe('a server without authentication', () => {
  it('serves its own machine, every partition, with all rights', async () => {
    const server = await served({ auth: createOpenAuth() });
    expect((await send(server, modern('tools/list'))).status).toBe(200);
    expect(JSON.parse((await ask(server, get('/me'))).text)).toMatchObject({ username: 'anonymous', roles: ['admin'] });
  });

  it('refuses a page that reaches it by another host name, on every path', async () => {
    const server = await served({ auth: createOpenAuth() });
    for (const path of ['/mcp', '/events', '/me']) {
      const answer = await send(server, {
        ...modern('tools/list', {}, { host: 'evil.example.com' }),
        ...(path === '/mcp' ? {} : { method: 'GET' }),
      });
      expect([path, answer.status]).toEqual([path, 403]);
    }
    expect((await ask(server, get('/events', { origin: 'https://evil.example.com' }))).status).toBe(403);
  });

  it('does not listen beyond loopback', async () => {
    const daemon = newDaemon();
    await expect(serveHttp(daemon, { host: '0.0.0.0', port: 0 })).rejects.toThrow('without authentication');
    await expect(serveHttp(daemon, { host: '0.0.0.0', port: 0, auth: createOpenAuth() })).rejects.toThrow('AUTH_PROVIDER');
  });

  it('does not start with a public origin beyond loopback', () => {
    expect(() => createOpenAuth({ publicUrl: 'https://mcp.example.com' })).toThrow('without authentication');
    expect(createOpenAuth({ publicUrl: 'http://localhost:8080' }).loopbackOnly).toBe(true);
  });
});

describe('starting and closing a server', () => {
  it('fails with a clear error where it cannot listen', async () => {
    const { port } = await served();
    await expect(served({ port })).rejects.toThrow(`port ${port} of 127.0.0.1 is in use`);
    await expect(served({ host: '192.0.2.1' })).rejects.toThrow('192.0.2.1 is not an address of this machine');
  });

  it.each([
    [{ rateLimit: -1 }, 'rate limit'],
    [{ trustProxy: ['nowhere'] }, 'TRUST_PROXY'],
    [{ trustProxy: 1.5 }, 'TRUST_PROXY'],
    [{ maxBodyBytes: 0 }, 'maxBodyBytes'],
  ])('fails at the start with %j', async (options, message) => {
    await expect(served(options)).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining(message) as string });
  });

  it('lets running calls end before the port closes; new requests are refused, and clients of streams are told to reconnect', async () => {
    const { tool: waits, open, signals } = gate();
    const daemon = createDaemon({ catalog: defineCatalog({ functions: [waits] }) });
    atEnd(() => daemon.close({ drainMs: 10 }));
    const server = await served({}, daemon);
    const events = await stream(server, {
      method: 'GET',
      headers: { ...ADMIN, accept: 'text/event-stream', ...(await openSession(server, '2025-11-25', {}, ADMIN)) },
    });
    const live = await fetch(`${server.url}/events`, { headers: ADMIN });
    const under = send(server, modern('tools/call', { name: 'gate' }, ADMIN));
    await until(() => signals.length === 1);
    const closing = server.close({ drainMs: 1_000_000 });
    expect((await send(server, modern('tools/list', {}, ADMIN))).status).toBe(503);
    open();
    expect((await under).json.result).toMatchObject({ content: [{ text: 'done' }] });
    await closing;
    expect(await live.text()).toContain('retry:');
    await until(() => events.over);
    await expect(fetch(server.url)).rejects.toThrow();
  });

  it('takes client addresses from X-Forwarded-For of trusted proxies', async () => {
    const lines: { address: string }[] = [];
    const logger = { info: (fields: object) => void lines.push(fields as never), error: () => undefined };
    const headers = { 'x-forwarded-for': '203.0.113.9, 198.51.100.7' };
    for (const trustProxy of [0, 1, 2, ['loopback'], ['loopback', '198.51.100.0/24']])
      await ask(await served({ accessLog: true, logger, trustProxy }), get('/me', headers));
    await until(() => lines.length === 5);
    expect(lines.map(({ address }) => address)).toEqual([
      '127.0.0.1',
      '198.51.100.7',
      '203.0.113.9',
      '198.51.100.7',
      '203.0.113.9',
    ]);
  });
});

describe('a server for its operator', () => {
  it('answers probes without authentication, and is not ready while it shuts down', async () => {
    const { tool: waits, open, signals } = gate();
    const daemon = createDaemon({ catalog: defineCatalog({ functions: [waits] }) });
    atEnd(() => daemon.close({ drainMs: 10 }));
    const server = await served({}, daemon);
    expect((await ask(server, get('/health'))).text).toBe('{"status":"ok"}');
    expect((await ask(server, get('/ready'))).status).toBe(200);
    const under = send(server, modern('tools/call', { name: 'gate' }, ADMIN));
    await until(() => signals.length === 1);
    const closing = server.close({ drainMs: 1_000_000 });
    const ready = await ask(server, get('/ready'));
    expect([ready.status, (JSON.parse(ready.text) as { status: string }).status]).toEqual([503, 'draining']);
    expect((await ask(server, get('/health'))).status).toBe(200);
    open();
    await under;
    await closing;
  });

  it('shows its metrics to admins only', async () => {
    const server = await served({ version: '9.9.9' });
    await send(server, modern('tools/call', { name: 'echo', arguments: { text: 'x' } }, ADMIN));
    await openSession(server, '2025-11-25', {}, ADMIN);
    expect((await ask(server, get('/metrics'))).status).toBe(401);
    const asAnn = { authorization: `Bearer ${await tokenOf(server, 'ann')}` };
    expect((await ask(server, get('/metrics', asAnn))).status).toBe(403);
    const { text, headers } = await ask(server, get('/metrics', ADMIN));
    expect(headers.get('content-type')).toContain('text/plain');
    expect(text).toMatch(/mcp_daemon_calls_total\{.*name="echo".*\} 1/);
    expect(text).toMatch(/mcp_daemon_sessions\{transport="streamable_http"\} 1/);
    expect(text).toMatch(/mcp_daemon_http_requests_total\{route="mcp",method="POST",status="200"\} 2/);
    expect(text).toMatch(/mcp_daemon_build_info\{version="9.9.9"/);
  });
});
