/** One address in several forms, and headers that clients and proxies write differently. */
import { createDaemon, defineCatalog } from '@mcp-daemon/core';
import type { HttpOptions, HttpServer } from '@mcp-daemon/express';
import { createOpenAuth, serveHttp } from '@mcp-daemon/express';

import { canonicalPath } from '../../src/access/target.js';
import { ask, localAuth } from '../auth/support.js';
import { atEnd, echo, initialize, JSON_HEADERS, message, openSession, send } from '../support.js';

const ADMIN = { authorization: 'Bearer static' };

async function served(options: HttpOptions = {}): Promise<HttpServer> {
  const daemon = createDaemon({ catalog: defineCatalog({ functions: [echo] }) });
  atEnd(() => daemon.close({ drainMs: 10 }));
  const server = await serveHttp(daemon, { auth: await localAuth({ adminStaticToken: 'static' }), port: 0, ...options });
  atEnd(() => server.close({ drainMs: 10 }));
  return server;
}

describe('one address', () => {
  it.each([...['/mcp/', '//mcp', '//mcp/', '/default/mcp/', 'http://localhost/mcp', 'http://localhost:1/default/mcp/?x=1']])(
    'is served in every form: POST %s',
    async (path) => {
      const { port } = await served();
      const answer = await ask(port, 'POST', path, { ...JSON_HEADERS, ...ADMIN }, JSON.stringify(initialize()));
      expect([path, answer.status]).toEqual([path, 200]);
    },
  );

  it.each(['/health/', '//ready', '/me/', '/metrics/', 'http://localhost/health', '/docs/', '/openapi.json/'])(
    'is served in every form: GET %s',
    async (path) => {
      const { port } = await served();
      expect([path, (await ask(port, 'GET', path, ADMIN)).status]).toEqual([path, 200]);
    },
  );

  it('of an absolute form is checked by its host, not by the header', async () => {
    const { port } = await served({ allowedHosts: [] });
    const target = 'http://evil.example/me';
    const answer = await ask(port, 'GET', target, { ...ADMIN, host: 'localhost' });
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('ALLOWED_HOSTS');
  });

  it('that is not ours stays as it is', () => {
    for (const path of ['//other', '/other/', '/', '//', '/alpha/health/']) expect(canonicalPath(path)).toBe(path);
  });

  it('has the path of PUBLIC_URL where the server names it', async () => {
    const { url } = await served({ publicUrl: 'https://example.com/tools/' });
    const res = await fetch(`${url}/sse`, { headers: ADMIN });
    const reader = res.body!.getReader();
    expect(Buffer.from((await reader.read()).value!).toString()).toContain('data: /tools/messages?sessionId=');
    await reader.cancel();
  });
});

describe('headers and bodies', () => {
  it.each<[string, Record<string, string>]>([
    ['an unknown parameter', { 'content-type': 'application/json; profile=x' }],
    ['an empty parameter', { 'content-type': 'application/json;' }],
    ['an empty Accept', { accept: '' }],
    ['an empty session id', { 'mcp-session-id': '' }],
    ['the id of a session that has ended', { 'mcp-session-id': '6f9619ff-8b86-d011-b42d-00cf4fc964ff' }],
  ])('are accepted with %s', async (_what, headers) => {
    const server = await served();
    const answer = await send(server, { body: initialize(), headers: { ...ADMIN, ...headers } });
    expect([answer.status, typeof answer.headers['mcp-session-id']]).toEqual([200, 'string']);
  });

  it('may have a byte order mark, and a version that two proxies have added', async () => {
    const server = await served();
    const session = await openSession(server, '2025-11-25', {}, ADMIN);
    const headers = { ...session, 'mcp-protocol-version': '2025-11-25, 2025-11-25' };
    const body = `\uFEFF${JSON.stringify(message('ping', {}, 1))}`;
    expect((await send(server, { body, headers })).status).toBe(200);
    const mixed = { ...session, 'mcp-protocol-version': '2025-11-25, 2025-06-18' };
    expect((await send(server, { body, headers: mixed })).status).toBe(400);
  });

  it('of initialize without an id are refused at once', async () => {
    const server = await served();
    const { status, text } = await send(server, { body: message('initialize', {}), headers: ADMIN });
    expect([status, text]).toEqual([400, expect.stringContaining('must have an id')]);
  });

  it('without a session are told how to call in one line', async () => {
    const server = await served();
    const { status, text } = await send(server, { body: message('tools/list', {}, 1), headers: ADMIN });
    expect(status).toBe(400);
    for (const word of ['Mcp-Method', 'Mcp-Name', '2026-07-28', '_meta', 'clientCapabilities']) expect(text).toContain(word);
    const stream = await send(server, { method: 'GET', headers: { ...ADMIN, accept: 'text/event-stream' } });
    expect([stream.status, stream.text]).toEqual([405, expect.stringContaining('/events')]);
  });

  it.each([
    ['null', 'null'],
    ['file://', 'file://'],
    ['vscode-webview://abc', 'vscode-webview://abc'],
    ['https://app.example.com/', 'https://app.example.com'],
    ['*', 'https://anything.example'],
  ])('may have the Origin that ALLOWED_ORIGINS=%s allows', async (allowed, origin) => {
    const server = await served({ allowedOrigins: [allowed] });
    expect((await send(server, { body: initialize(), headers: { ...ADMIN, origin } })).status).toBe(200);
    const other = await send(server, { body: initialize(), headers: { ...ADMIN, origin: 'https://other.example' } });
    expect(other.status).toBe(allowed === '*' ? 200 : 403);
  });
});

describe('a server without authentication', () => {
  it.each<[Record<string, string>, number]>([
    [{ 'x-forwarded-for': '203.0.113.9' }, 403],
    [{ 'x-forwarded-for': '127.0.0.1, 203.0.113.9' }, 403],
    [{ forwarded: 'for=203.0.113.9;proto=https' }, 403],
    [{ forwarded: 'for="[2001:db8::1]:80"' }, 403],
    [{ 'x-forwarded-for': '127.0.0.1' }, 200],
    [{ forwarded: 'for="[::1]:4711"' }, 200],
  ])('refuses what a proxy forwards from another machine: %j gets %i', async (headers, status) => {
    const { port } = await served({ auth: createOpenAuth() });
    expect((await ask(port, 'GET', '/metrics', headers)).status).toBe(status);
  });

  it('cannot be opened to all origins', () => {
    expect(() => createOpenAuth({ allowedOrigins: ['*'] })).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
