/** Authentication of MCP requests by valid and invalid bearer tokens. */
import { writeFile } from 'node:fs/promises';

import type { AuthIdentity, Refusal } from '@mcp-daemon/express';
import { mayCall } from '@mcp-daemon/express';
import type { LocalAuth } from '@mcp-daemon/express/local';
import { createLocalAuth } from '@mcp-daemon/express/local';
import { Client as ClientV2, StreamableHTTPClientTransport as HttpV2 } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { call, echo, initialize, openSession, passTime, send, serve, tool } from '../support.js';
import { ask, bearer, forge, localAuth, mint, PASSWORD, SECRET, USERS, usersFile } from './support.js';

/** The parts of a request that `authenticate` uses. */
const requestTo = (url: string, headers: Record<string, string>): never => ({ url, headers, socket: {} }) as never;

type Answer = AuthIdentity | Refusal;
const identify = async (auth: LocalAuth, token: string, url = '/mcp', more: Record<string, string> = {}): Promise<Answer> => {
  const answer = await auth.authenticate(requestTo(url, { host: 'localhost:8000', ...bearer(token), ...more }));
  if ('status' in answer) return answer;
  // A function cannot be compared. Scopes have tests of their own.
  const { isValid: _function, scopes: _scopes, ...rest } = answer;
  return rest;
};

const ANN = { partition: 'default', subject: 'ann', roles: ['user'] };

describe('a token', () => {
  it('identifies its user', async () => {
    const auth = await localAuth();
    expect(await identify(auth, await mint())).toEqual(ANN);
    expect(await identify(auth, await mint())).toEqual(ANN);
  });

  it('that is in the cache is not verified again, and is found synchronously', async () => {
    const auth = await localAuth();
    const token = await mint();
    await identify(auth, token);
    expect(auth.authenticate(requestTo('/mcp', bearer(token)))).toMatchObject(ANN);
    await auth.users.removeUser('ann');
    expect(await identify(auth, token)).toMatchObject({ status: 401 });
  });

  const now = Math.floor(Date.now() / 1000);
  it.each<[string, () => string | Promise<string>]>([
    ['nonsense', () => 'nonsense'],
    ['three parts of nonsense', () => 'a.b.c'],
    ['of alg none', () => forge({ alg: 'none' }, {}, false)],
    ['of alg none with a signature', () => forge({ alg: 'none' })],
    ['of alg NONE', () => forge({ alg: 'NONE' }, {}, false)],
    ['that has lost its signature', async () => (await mint()).replace(/[^.]*$/, '')],
    ['with another signature', async () => (await mint()).replace(/[^.]*$/, 'AAAA')],
    ['of an algorithm that is not ours', () => mint({}, { alg: 'HS512', secret: SECRET.repeat(2) })],
    ['of an algorithm that it only claims', () => forge({ alg: 'RS256' })],
    ['with an unknown critical header', () => forge({ alg: 'HS256', crit: ['x'], x: 1 })],
    ['signed with another key', () => mint({}, { secret: 'another secret, which is long enough, too' })],
    ['signed with the default key', () => mint({}, { secret: 'CHANGEME' })],
    ['of another issuer', () => mint({ iss: 'somebody' })],
    ['of no issuer', () => mint({ iss: undefined })],
    ['that has expired', () => mint({ exp: now - 61 })],
    ['that never expires', () => mint({ exp: undefined })],
    ['that is not valid yet', () => mint({ nbf: now + 3_000 })],
    ['of the future', () => mint({ iat: now + 3_000 })],
    ['without a date', () => mint({ iat: undefined })],
    ['without a subject', () => mint({ sub: undefined })],
    ['of an unknown user', () => mint({ sub: 'nobody' })],
    ['with an empty subject', () => mint({ sub: '' })],
    ['without roles', () => mint({ roles: undefined })],
    ['whose roles are no list', () => mint({ roles: 'admin' })],
    ['whose partitions are no list of names', () => mint({ partitions: [1] })],
    ['that is too large', () => mint({ more: 'x'.repeat(10_000) })],
    ['of a password that is no more', () => mint({ pwm: 'AAAA' })],
    ['whose mark is no text', () => mint({ pwm: 1 })],
    ['that claims the rights of the static one', () => 'static'],
  ])('is refused: %s', async (_what, make) => {
    const auth = await localAuth();
    const token = await make();
    for (let again = 0; again < 2; again += 1) {
      const answer = (await identify(auth, token, '/alpha/mcp')) as Refusal;
      expect(answer.status).toBe(401);
      expect(answer.headers?.['www-authenticate']).toMatch(
        /^Bearer realm="mcp-daemon", error="invalid_token", error_description="The token [\w ]+\."$/,
      );
      expect(JSON.stringify(answer)).not.toContain(token);
    }
  });

  it('is refused when it has expired, although it is in the cache', async () => {
    const auth = await localAuth();
    const token = await mint({ exp: Math.floor(Date.now() / 1000) - 30 }); // which counts for 30 seconds more
    expect(await identify(auth, token)).toEqual(ANN);
    passTime(30_100, Date);
    expect(await identify(auth, token)).toMatchObject({ status: 401, message: 'The token has expired.' });
    expect(await identify(auth, token)).toMatchObject({ status: 401, message: 'The token has expired.' });
  });

  it.each([
    ['no header', undefined],
    ['another scheme', 'Basic YW5uOng='],
    ['a scheme alone', 'Bearer'],
    ['two tokens', 'Bearer a b'],
    ['odd characters', 'Bearer a"b'],
    ['a token without a scheme', 'abc'],
  ])('is refused with 401, and no authorization server is named: %s', async (_what, authorization) => {
    const auth = await localAuth({ publicUrl: 'https://mcp.example.com' });
    const headers = { host: 'evil.example', ...(authorization === undefined ? {} : { authorization }) };
    const answer = (await auth.authenticate(requestTo('/mcp?access_token=x', headers))) as Refusal;
    expect(answer.status).toBe(401);
    expect(answer.headers?.['www-authenticate']).not.toContain('resource_metadata');
    expect(answer.headers?.['www-authenticate']?.includes('invalid_token')).toBe(authorization !== undefined);
  });

  it('is refused without repeating a malformed Host header', async () => {
    const auth = await localAuth();
    const answer = (await auth.authenticate(requestTo('/a"b/mcp', { host: 'x", error="y' }))) as Refusal;
    expect(answer.headers?.['www-authenticate']).toBe('Bearer realm="mcp-daemon"');
  });
});

describe('the static token', () => {
  it('authenticates the admin in every partition', async () => {
    const auth = await localAuth({ adminStaticToken: 'static-token' });
    const admin = { subject: 'admin', roles: ['admin'] };
    expect(await identify(auth, 'static-token')).toEqual({ ...admin, partition: 'default' });
    expect(await identify(auth, 'static-token', '/x/mcp', { 'part-id': 'y' })).toEqual({ ...admin, partition: 'x#y' });
    for (const wrong of ['static-tokem', 'static-toke', 'static-tokens', 'STATIC-TOKEN', 'undefined'])
      expect(await identify(auth, wrong)).toMatchObject({ status: 401 });
  });

  it('does not exist where the option is empty', async () => {
    const auth = await localAuth({ adminStaticToken: '' });
    expect(await auth.authenticate(requestTo('/mcp', { authorization: 'Bearer ' }))).toMatchObject({ status: 401 });
  });

  it('with characters that cannot be sent is refused at the start, and not quoted', async () => {
    const started = localAuth({ adminStaticToken: 'p@ss word' });
    await expect(started).rejects.toMatchObject({ code: 'usage', message: expect.stringMatching(/^ADMIN_STATIC_TOKEN /) });
    await expect(started).rejects.not.toMatchObject({ message: expect.stringContaining('p@ss') });
  });
});

describe('the partition of a request', () => {
  const bob = (): Promise<string> => mint({ sub: 'bob', partitions: ['alpha', 'alpha#one', 'beta'] });

  it.each([
    ['/alpha/mcp', {}, 'alpha'],
    ['/alpha/mcp/', {}, 'alpha'],
    ['/alpha/mcp?x=/beta/mcp', {}, 'alpha'],
    ['/alpha/sse', {}, 'alpha'],
    ['/alpha/events', {}, 'alpha'],
    ['/alpha/mcp', { 'part-id': 'one' }, 'alpha#one'],
  ])('of %s with the headers %j is granted', async (url, headers, partition) => {
    expect(await identify(await localAuth(), await bob(), url, headers as never)).toMatchObject({ partition, subject: 'bob' });
  });

  it.each([
    ['/mcp', {}],
    ['/', {}],
    ['/jsonrpc/sse', {}],
    ['/default/mcp', {}],
    ['/beta/mcp', {}], // the token has it, the user no longer does
    ['/Alpha/mcp', {}],
    ['/alpha/mcp', { 'part-id': 'two' }],
    ['/mcp', { 'part-id': 'one' }],
  ])('of %s with the headers %j is not granted', async (url, headers) => {
    expect(await identify(await localAuth(), await bob(), url, headers as never)).toMatchObject({ status: 403 });
  });

  it.each([
    ['/al%70ha/mcp', {}],
    ['/alpha%23one/mcp', {}],
    ['/../mcp', {}],
    ['//mcp', {}],
    ['/alpha/beta/mcp', {}],
    ['/alpha/other', {}],
    ['/alpha', {}],
    ['/--/mcp', {}],
    ['/älpha/mcp', {}],
    [`/${'a'.repeat(129)}/mcp`, {}],
    ['/alpha/mcp', { 'part-id': '' }],
    ['/alpha/mcp', { 'part-id': 'one#two' }],
    ['/alpha/mcp', { 'part-id': 'one, one' }],
    ['/alpha/mcp', { 'part-id': '../one' }],
    ['/alpha/mcp', { 'part-id': '-' }],
  ])('of %s with the headers %j is invalid', async (url, headers) => {
    const root = await mint({ sub: 'root', roles: ['admin'] });
    expect(await identify(await localAuth(), root, url, headers as never)).toMatchObject({ status: 400 });
  });

  it('is in the mount path where Express has mounted the handler', async () => {
    const auth = await localAuth();
    const root = bearer(await mint({ sub: 'root', roles: ['admin'] }));
    const at = async (baseUrl: string, url: string): Promise<unknown> =>
      auth.authenticate({ url, baseUrl, headers: root, socket: {} } as never);
    expect(await at('/mcp', '/')).toMatchObject({ partition: 'default' });
    expect(await at('/alpha/mcp', '/?a=b')).toMatchObject({ partition: 'alpha' });
    expect(await at('/ai', '/alpha/mcp')).toMatchObject({ partition: 'alpha' });
    expect(await at('/ai', '/mcp')).toMatchObject({ partition: 'default' });
  });
});

describe('the rights of a token', () => {
  it('are at most the current rights of its user', async () => {
    const auth = await localAuth();
    expect(await identify(auth, await mint({ roles: ['admin', 'user'] }))).toEqual(ANN);
    expect(await identify(auth, await mint({ roles: ['admin'] }))).toMatchObject({ status: 403 });
    expect(await identify(auth, await mint({ sub: 'odd', roles: ['gardener'] }))).toMatchObject({ status: 403 });
    expect(await identify(auth, await mint({ partitions: [] }))).toMatchObject({ status: 403 });
    expect(await identify(auth, await mint({ partitions: undefined }))).toEqual(ANN);
    expect(await identify(auth, await mint({ partitions: undefined }), '/alpha/mcp')).toMatchObject({ status: 403 });
  });

  it('follow changes of the users file, also for cached tokens', async () => {
    const userFile = await usersFile();
    const auth = await localAuth({ userFile });
    const token = await mint({ roles: ['user', 'viewer'] });
    expect(await identify(auth, token)).toMatchObject({ roles: ['user'] });
    await writeFile(
      userFile,
      JSON.stringify(USERS.map((user) => (user.username === 'ann' ? { ...user, roles: ['viewer'] } : user))),
    );
    passTime(1_001);
    expect(await identify(auth, token)).toMatchObject({ roles: ['viewer'] });
  });

  it('end with a change of the password, also after a restart', async () => {
    const userFile = await usersFile();
    const auth = await localAuth({ userFile });
    const { accessToken } = (await auth.login('ann', PASSWORD, '::1')) as { accessToken: string };
    const restarted = await localAuth({ userFile });
    expect(await identify(restarted, accessToken)).toEqual(ANN);
    await restarted.users.setPassword('ann', 'another password');
    expect(await identify(restarted, accessToken)).toMatchObject({ status: 401 });
    expect(await identify(await localAuth({ userFile }), accessToken)).toMatchObject({ status: 401 });
  });

  it('of the bootstrap admin end when the users file gets a user of that name', async () => {
    const options = { adminUsername: 'boss', adminPassword: 'admin123' };
    const auth = await localAuth(options);
    const { accessToken } = (await auth.login('boss', 'admin123', '::1')) as { accessToken: string };
    expect(await identify(auth, accessToken, '/any/mcp')).toEqual({ partition: 'any', subject: 'boss', roles: ['admin'] });
    await auth.users.addUser({ username: 'boss', password: 'a new password', roles: ['viewer'] });
    expect(await identify(auth, accessToken, '/any/mcp')).toMatchObject({ status: 401 });
    expect(await auth.login('boss', 'admin123', '::1')).toMatchObject({ status: 401 });
    expect(await auth.login('boss', 'a new password', '::1')).toHaveProperty('accessToken');
  });

  it('of the bootstrap admin end with a new password, but not with a restart', async () => {
    const auth = await localAuth({ adminPassword: 'admin123' });
    const { accessToken } = (await auth.login('admin', 'admin123', '::1')) as { accessToken: string };
    expect(await identify(await localAuth({ adminPassword: 'admin123' }), accessToken)).toMatchObject({ subject: 'admin' });
    expect(await identify(await localAuth({ adminPassword: 'another password' }), accessToken)).toMatchObject({ status: 401 });
  });
});

describe('the options of createLocalAuth', () => {
  it.each([
    [{ jwtSecret: '' }, 'JWT_SECRET_KEY'],
    [{ jwtSecret: undefined as never }, 'JWT_SECRET_KEY'],
    [{ accessTokenMinutes: 0 }, 'ACCESS_TOKEN_EXP'],
    [{ accessTokenMinutes: Number.NaN }, 'ACCESS_TOKEN_EXP'],
    [{ accessTokenMinutes: 1e9 }, 'ACCESS_TOKEN_EXP'],
    [{ publicUrl: 'mcp.example.com' }, 'PUBLIC_URL'],
    [{ publicUrl: 'https://example.com/path?x' }, 'PUBLIC_URL'],
    [{ publicUrl: 'ftp://example.com' }, 'PUBLIC_URL'],
  ])('are refused: %j', async (options, named) => {
    await expect(localAuth(options)).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining(named) });
  });

  it('accept the default secret on this machine', async () => {
    const auth = await createLocalAuth({ userFile: await usersFile(), jwtSecret: 'CHANGEME' });
    expect(await identify(auth, await mint({}, { secret: 'CHANGEME' }))).toEqual(ANN);
  });
});

describe('an MCP endpoint with authentication', () => {
  const whoami = tool('whoami', (_args, { subject, partition }) => `${subject}@${partition}`);

  it('authorizes every request, not only the first', async () => {
    const auth = await localAuth();
    const served = await serve([whoami], { authenticate: auth.authenticate });
    const refused = await send(served, { body: initialize() });
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toBe('Bearer realm="mcp-daemon"');
    expect(refused.json.error).toMatchObject({ message: expect.stringContaining('POST /auth/login') as string });

    const session = await openSession(served, '2025-11-25', {}, bearer(await mint()));
    const { authorization: _, ...without } = session;
    expect((await send(served, { body: call('whoami'), headers: without })).status).toBe(401);
    const answer = await send(served, { body: call('whoami'), headers: session });
    expect(answer.json.result).toMatchObject({ content: [{ text: 'ann@default' }] });
    // The session of another user is answered like an unknown one.
    const root = bearer(await mint({ sub: 'root', roles: ['admin'] }));
    expect((await send(served, { body: call('whoami'), headers: { ...session, ...root } })).status).toBe(404);
    await auth.users.removeUser('ann');
    expect((await send(served, { body: call('whoami'), headers: session })).status).toBe(401);
  });

  it('lets a viewer list and read, but call no tool: neither alone nor in a batch nor in the modern era', async () => {
    const { authenticate } = await localAuth();
    const served = await serve([whoami], { authenticate, authorize: mayCall });
    const viewer = bearer(await mint({ sub: 'eve', roles: ['viewer'] }));
    const session = await openSession(served, '2025-03-26', {}, viewer);
    const list = { jsonrpc: '2.0', id: 7, method: 'tools/list' };
    expect((await send(served, { body: list, headers: session })).json.result).toHaveProperty('tools');
    for (const body of [call('whoami'), [list, call('whoami')]]) {
      const refused = await send(served, { body, headers: session });
      expect([refused.status, refused.text.includes('tools/call')]).toEqual([403, true]);
    }
    const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'whoami' };
    const modern = (who: Record<string, string>): ReturnType<typeof send> =>
      send(served, { body: call('whoami', {}, 1, meta), headers: { ...who, ...headers } });
    expect((await modern(viewer)).status).toBe(403);
    expect((await modern(bearer(await mint()))).json.result).toMatchObject({ content: [{ text: 'ann@default' }] });
  });

  it('refuses a token for another partition', async () => {
    const served = await serve([whoami], { authenticate: (await localAuth()).authenticate });
    const token = bearer(await mint());
    const body = JSON.stringify(initialize());
    const headers = { ...token, 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    expect((await ask(served.port, 'POST', '/alpha/mcp', headers, body)).status).toBe(403);
    expect((await ask(served.port, 'POST', '/mcp', { ...headers, 'part-id': 'x' }, body)).status).toBe(403);
    expect((await ask(served.port, 'POST', '/mcp', headers, body)).status).toBe(200);
  });

  it('serves the official clients with a token, and tells them that they need one', async () => {
    const { authenticate, login } = await localAuth();
    const served = await serve([whoami, echo], { authenticate });
    const { accessToken } = (await login('ann', PASSWORD, '::1')) as { accessToken: string };
    const requestInit = { headers: bearer(accessToken) };
    const v1 = new ClientV1({ name: 'test', version: '1' });
    await v1.connect(new HttpV1(new URL(served.url), { requestInit }) as never);
    expect(await v1.callTool({ name: 'whoami', arguments: {} })).toMatchObject({ content: [{ text: 'ann@default' }] });
    await v1.close();
    const v2 = new ClientV2({ name: 'test', version: '1' });
    await v2.connect(new HttpV2(new URL(served.url), { requestInit }));
    expect(await v2.callTool({ name: 'whoami', arguments: {} })).toMatchObject({ content: [{ text: 'ann@default' }] });
    await v2.close();
    const nobody = new ClientV1({ name: 'test', version: '1' });
    await expect(nobody.connect(new HttpV1(new URL(served.url)) as never)).rejects.toThrow();
  });
});
