/** Logins, over HTTP and by function. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';

import { jest } from '@jest/globals';
import type { Refusal } from '@mcp-daemon/express';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import bcrypt from 'bcrypt';
import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';

import { call, passTime, send, serve, stopClock, tool, until } from '../../support.js';
import { ask, bearer, HASH, JSON_TYPE, localAuth, logIn, mint, PASSWORD, SECRET, serveAuth, usersFile } from '../support.js';

afterEach(() => jest.restoreAllMocks());

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const form = (fields: Record<string, string>): string => new URLSearchParams(fields).toString();
const WRONG = { error: 'invalid_credentials', error_description: 'The username or the password is wrong.' };

describe('POST /auth/login', () => {
  it('returns a token', async () => {
    const { port } = await serveAuth(await localAuth({ accessTokenMinutes: 30, issuer: 'us' }));
    const answer = await logIn(port, 'bob');
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache', 'content-type': 'application/json' });
    expect(answer.json).toEqual({ access_token: expect.any(String), token_type: 'bearer', expires_in: 1_800 });
    const token = String(answer.json['access_token']);
    const { payload } = await jwtVerify(token, Buffer.from(SECRET), { issuer: 'us', algorithms: ['HS256'] });
    expect(payload).toMatchObject({ sub: 'bob', roles: ['user'], partitions: ['alpha', 'alpha#one'] });
    expect(payload.exp! - payload.iat!).toBe(1_800);
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS256', typ: 'JWT' });
    expect(JSON.stringify(decodeJwt(token))).not.toContain(HASH.slice(-31));
  });

  it('does not say whether the username or the password was wrong', async () => {
    const { port } = await serveAuth(await localAuth({ adminPassword: 'admin123' }));
    for (const [username, password] of [
      ['ann', 'wrong'],
      ['nobody', PASSWORD],
      ['admin', 'wrong'],
      ['ann', ''],
      ['', PASSWORD],
      ['ann', 'x'.repeat(2_000)],
      ['x'.repeat(2_000), PASSWORD],
      ['__proto__', PASSWORD],
      ['ann', HASH],
    ]) {
      const answer = await logIn(port, username, password);
      expect([answer.status, answer.json]).toEqual([401, WRONG]);
      expect(answer.headers['cache-control']).toBe('no-store');
    }
  });

  it('logs in the bootstrap admin, if there is one', async () => {
    const { port } = await serveAuth(await localAuth({ adminUsername: 'boss', adminPassword: 'admin123' }));
    expect((await logIn(port, 'boss', 'admin123')).status).toBe(200);
    expect((await logIn(port, 'admin', 'admin123')).status).toBe(401);
    for (const adminPassword of ['', undefined]) {
      const without = await serveAuth(await localAuth({ adminPassword }));
      expect((await logIn(without.port, 'admin', '')).status).toBe(401);
      expect((await logIn(without.port, 'admin', 'undefined')).status).toBe(401);
    }
  });

  it.each<[string, string | Buffer, Record<string, string>, number]>([
    ['no JSON', '{"username":"hunter22"', JSON_TYPE, 400],
    ['nothing', '', JSON_TYPE, 400],
    ['null', 'null', JSON_TYPE, 400],
    ['no password', '{"username":"hunter22"}', JSON_TYPE, 400],
    ['a password that is no text', '{"username":"hunter22","password":{"$ne":""}}', JSON_TYPE, 400],
    ['a form', 'username=hunter22&password=b', FORM, 415],
    ['no type', '{}', {}, 415],
    ['another charset', '{}', { 'content-type': 'application/json; charset=utf-16' }, 415],
    ['a compressed body', gzipSync('x'.repeat(100_000)), { ...JSON_TYPE, 'content-encoding': 'gzip' }, 415],
    ['a large body', 'x'.repeat(20_000), JSON_TYPE, 413],
    ['a large body in chunks', 'x'.repeat(20_000), { ...JSON_TYPE, 'transfer-encoding': 'chunked' }, 413],
  ])('refuses %s', async (_what, body, headers, status) => {
    const { port } = await serveAuth(await localAuth());
    const answer = await ask(port, 'POST', '/auth/login', headers, body);
    expect([answer.status, answer.json['error']]).toEqual([status, 'invalid_request']);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.text).not.toContain('hunter22');
  });

  it('accepts a body that middleware has parsed', async () => {
    const auth = await localAuth();
    const answered = async (body: unknown, type = 'application/json', url = '/auth/login'): Promise<number> => {
      let status = 0;
      const req = { method: 'POST', url, headers: { 'content-type': type }, socket: {}, complete: true, body };
      const res = { headersSent: false, writeHead: (code: number) => (status = code), end: () => undefined };
      expect(await auth.handle(req as never, res as never)).toBe(true);
      return status;
    };
    expect(await answered({ username: 'ann', password: PASSWORD })).toBe(200);
    expect(await answered(Buffer.from(JSON.stringify({ username: 'ann', password: PASSWORD })))).toBe(200);
    expect(await answered(JSON.stringify({ username: 'ann', password: PASSWORD }))).toBe(200);
    expect(await answered({ username: 'ann', password: PASSWORD }, FORM['content-type'], '/auth/token')).toBe(200);
    expect(await answered({ username: 'ann' })).toBe(400);
  });

  it('does not wait for a client that has disconnected', async () => {
    const auth = await localAuth();
    const handled: Promise<boolean>[] = [];
    const { port } = await serveAuth({ ...auth, handle: (req, res) => (handled.push(auth.handle(req, res)), handled.at(-1)!) });
    const socket = connect(port, '127.0.0.1');
    socket.write('POST /auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{');
    await until(() => handled.length === 1);
    socket.destroy();
    expect(await handled[0]).toBe(true);
  });
});

describe('POST /auth/token', () => {
  it('returns a token for a password form', async () => {
    const { port } = await serveAuth(await localAuth());
    const fields = { grant_type: 'password', username: 'ann', password: PASSWORD, scope: '' };
    const answer = await ask(port, 'POST', '/auth/token', FORM, form(fields));
    expect([answer.status, answer.json['token_type']]).toEqual([200, 'bearer']);
    const me = await ask(port, 'GET', '/me', bearer(String(answer.json['access_token'])));
    expect(me.json).toEqual({ username: 'ann', roles: ['user'], partitions: ['default'], scopes: [], exp: expect.any(Number) });
    expect((await ask(port, 'POST', '/auth/token', FORM, form({ username: 'ann', password: PASSWORD }))).status).toBe(200);
  });

  it.each([
    [{ grant_type: 'password', username: 'ann', password: 'wrong' }, 400, 'invalid_grant'],
    [{ grant_type: 'client_credentials', username: 'ann', password: PASSWORD }, 400, 'unsupported_grant_type'],
    [{ grant_type: 'password', username: 'ann' }, 400, 'invalid_request'],
    [{}, 400, 'invalid_request'],
  ])('refuses %j', async (fields, status, error) => {
    const { port } = await serveAuth(await localAuth());
    const answer = await ask(port, 'POST', '/auth/token', FORM, form(fields as never));
    expect([answer.status, answer.json['error']]).toEqual([status, error]);
  });

  it('refuses a form with a field twice, and JSON', async () => {
    const { port } = await serveAuth(await localAuth());
    const twice = `${form({ username: 'ann', password: PASSWORD })}&username=root`;
    expect((await ask(port, 'POST', '/auth/token', FORM, twice)).json['error']).toBe('invalid_request');
    expect((await ask(port, 'POST', '/auth/token', JSON_TYPE, '{}')).status).toBe(415);
  });
});

describe('the other paths of authentication', () => {
  it('return the user of the token at GET /me', async () => {
    const { port } = await serveAuth(await localAuth({ adminStaticToken: 'static' }));
    const me = await ask(port, 'GET', '/me', bearer('static'));
    expect([me.status, me.json]).toEqual([200, { username: 'admin', roles: ['admin'], partitions: [] }]);
    expect(me.headers['cache-control']).toBe('no-store');
    const nobody = await ask(port, 'GET', '/me');
    expect(nobody.status).toBe(401);
    expect(nobody.headers['www-authenticate']).toBe('Bearer realm="mcp-daemon"');
    expect((await ask(port, 'GET', '/me', bearer(await mint({ exp: 1 })))).json).toEqual({
      error: 'invalid_token',
      error_description: 'The token has expired.',
    });
  });

  it('name no authorization server, because there is none: clients are told how to get a token', async () => {
    const { port } = await serveAuth(await localAuth());
    for (const path of ['', '/mcp', '/alpha/mcp']) {
      const answer = await ask(port, 'GET', `/.well-known/oauth-protected-resource${path}`);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(answer.json['error_description']).toContain('POST /auth/login');
    }
    expect((await ask(port, 'POST', '/.well-known/oauth-protected-resource')).status).toBe(405);
  });

  it('refuse other methods, and leave other paths alone', async () => {
    const { port } = await serveAuth(await localAuth());
    const login = await ask(port, 'GET', '/auth/login?username=ann&password=x');
    expect([login.status, login.headers.allow]).toEqual([405, 'POST']);
    expect((await ask(port, 'GET', '/auth/token')).status).toBe(405);
    expect((await ask(port, 'POST', '/me')).headers.allow).toBe('GET');
    expect((await ask(port, 'POST', '/.well-known/oauth-protected-resource')).status).toBe(405);
    for (const path of ['/', '/auth', '/auth/', '/auth/login/', '/authx', '/me/', '/mcp', '/.well-known/other'])
      expect((await ask(port, 'GET', path)).status).toBe(404);
  });

  it('do not reveal the reason of an internal error', async () => {
    const logged: unknown[] = [];
    const addressOf = (): string => {
      throw new Error('a secret');
    };
    const { port } = await serveAuth(await localAuth({ addressOf, logger: { error: (...all) => logged.push(all) } }));
    const answer = await logIn(port, 'ann');
    expect([answer.status, answer.json]).toEqual([500, { error: 'server_error', error_description: 'Internal error' }]);
    expect(logged).toHaveLength(1);
    expect(JSON.stringify(logged) + answer.text).not.toMatch(/a secret|correct horse/);
  });
});

it('one server offers login and MCP', async () => {
  const auth = await localAuth();
  const served = await serve([tool('whoami', (_args, { subject }) => subject)], { authenticate: auth.authenticate });
  served.server.removeAllListeners('request');
  served.server.on('request', (req: IncomingMessage, res: ServerResponse) => {
    void auth.handle(req, res).then((done) => (done ? undefined : served.mcp.handle(req, res)));
  });
  const refused = await send(served, { body: call('whoami') });
  expect(refused.status).toBe(401);
  const { json } = await logIn(served.port, 'ann');
  const client = new Client({ name: 'test', version: '1' });
  const requestInit = { headers: bearer(String(json['access_token'])) };
  await client.connect(new StreamableHTTPClientTransport(new URL(served.url), { requestInit }));
  expect(await client.callTool({ name: 'whoami', arguments: {} })).toMatchObject({ content: [{ text: 'ann' }] });
  await client.close();
});

describe('too many login attempts', () => {
  it('for one username are refused, from every address, whether the user exists or not', async () => {
    const auth = await localAuth({ addressOf: ({ headers }) => String(headers['x-from']) });
    const { port } = await serveAuth(auth);
    stopClock();
    for (const username of ['ann', 'nobody']) {
      let count = 0;
      const attempt = (password: string): ReturnType<typeof ask> => {
        const headers = { ...JSON_TYPE, 'x-from': `10.0.0.${(count += 1)}` };
        return ask(port, 'POST', '/auth/login', headers, JSON.stringify({ username, password }));
      };
      for (let tries = 0; tries < 5; tries += 1) expect((await attempt('wrong')).status).toBe(401);
      const refused = await attempt(PASSWORD);
      expect([refused.status, refused.json['error']]).toEqual([429, 'temporarily_unavailable']);
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(12);
    }
    passTime(12_000);
    expect(await auth.login('ann', PASSWORD, '10.0.1.1')).toHaveProperty('accessToken');
    expect(await auth.login('ann', PASSWORD, '10.0.1.1')).toHaveProperty('accessToken');
  });

  it('from one address are refused, for every username; successful ones are not counted', async () => {
    const auth = await localAuth();
    stopClock();
    const from = '2001:db8::1';
    for (let index = 0; index < 30; index += 1) expect(await auth.login('ann', PASSWORD, from)).toHaveProperty('accessToken');
    const statuses = await Promise.all(
      Array.from({ length: 25 }, (_, index) => auth.login(`user-${index}`, 'wrong', `2001:db8::${index + 2}`)),
    );
    expect(statuses.filter((result) => (result as Refusal).status === 401)).toHaveLength(20);
    expect(await auth.login('ann', PASSWORD, from)).toMatchObject({
      status: 429,
      headers: { 'retry-after': expect.stringMatching(/^[123]$/) },
    });
    expect(await auth.login('ann', PASSWORD, '2001:db9::1')).toHaveProperty('accessToken');
  });

  it('at the same time wait in a queue of limited length', async () => {
    const auth = await localAuth();
    const all = await Promise.all(
      Array.from({ length: 120 }, (_, index) => auth.login(`user-${index}`, 'wrong', `10.0.0.${index}`)),
    );
    const count = (status: number): number => all.filter((result) => (result as Refusal).status === status).length;
    expect(count(401) + count(503)).toBe(120);
    expect(count(503)).toBeGreaterThan(0);
    expect(await auth.login('ann', PASSWORD, '10.1.1.1')).toHaveProperty('accessToken');
  });
});

it('a login of an unknown user takes as long as that of a known one, whatever the costs of the hashes', async () => {
  const cheap = await bcrypt.hash(PASSWORD, 4);
  const dear = await bcrypt.hash(PASSWORD, 10);
  const users = [
    { username: 'cheap', password_hash: cheap, roles: ['user'] },
    { username: 'dear', password_hash: dear, roles: ['user'] },
  ];
  const auth = await localAuth({ userFile: await usersFile(users), adminPassword: 'admin123' });
  const work = async (username: string): Promise<number> => {
    const compared = jest.spyOn(bcrypt, 'compare');
    await auth.login(username, 'wrong', username);
    const total = compared.mock.calls.reduce((sum, [, hash]) => sum + 2 ** bcrypt.getRounds(hash), 0);
    compared.mockRestore();
    return total;
  };
  for (const username of ['cheap', 'dear', 'nobody', 'admin'])
    expect([username, await work(username)]).toEqual([username, 2 ** 10]);
});

it('a login fails where the user is changed while it runs', async () => {
  const auth = await localAuth();
  const compare = bcrypt.compare.bind(bcrypt);
  jest.spyOn(bcrypt, 'compare').mockImplementation((async (password: string, hash: string) => {
    await auth.users.removeUser('ann');
    return compare(password, hash);
  }) as never);
  expect(await auth.login('ann', PASSWORD, '::1')).toMatchObject({ status: 401 });
});
