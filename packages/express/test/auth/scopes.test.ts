/** Scopes: of users, of their tokens, and of the tokens of a user pool. */
import { writeFile } from 'node:fs/promises';

import type { AuthIdentity, Refusal } from '@mcp-daemon/express';
import type { LocalAuth } from '@mcp-daemon/express/local';
import { createTokenFile, createUserFile } from '@mcp-daemon/express/local';
import { decodeJwt } from 'jose';

import { scopesOf } from '../../src/auth/cognito/tokens.js';
import { ask, bearer, HASH, JSON_TYPE, localAuth, mint, PASSWORD, serveAuth, usersFile } from './support.js';

const USERS = [
  { username: 'ann', password_hash: HASH, roles: ['user'], scopes: ['files:read', 'files:write'] },
  { username: 'bob', password_hash: HASH, roles: ['user'] },
  { username: 'root', password_hash: HASH, roles: ['admin'], scopes: ['ignored'] },
];

const identify = (auth: LocalAuth, token: string): AuthIdentity | Refusal | Promise<AuthIdentity | Refusal> =>
  auth.authenticate({ url: '/mcp', headers: { host: 'localhost', ...bearer(token) }, socket: {} } as never);

/** The scopes of a token, sorted; undefined: all. */
async function scopesFor(auth: LocalAuth, token: string): Promise<string[] | undefined> {
  const identity = await identify(auth, token);
  if ('status' in identity) throw new Error(`refused: ${JSON.stringify(identity)}`);
  return identity.scopes === undefined ? undefined : [...identity.scopes].sort();
}

const auth = async (): Promise<LocalAuth> => localAuth({ userFile: await usersFile(USERS), adminStaticToken: 'static' });

describe('the scopes of a token', () => {
  it.each<[string, object, string[] | undefined]>([
    ['those of its user', {}, ['files:read', 'files:write']],
    ['none, where the user has none', { sub: 'bob' }, []],
    ['all, for an admin', { sub: 'root', roles: ['admin'] }, undefined],
    ['those in its claim that the user has', { scope: 'files:write other openid' }, ['files:write']],
    ['none, where its claim is empty', { scope: '' }, []],
    ['those in its claim, for an admin', { sub: 'root', roles: ['admin'], scope: 'a b' }, ['a', 'b']],
  ])('are %s', async (_what, claims, scopes) => {
    expect(await scopesFor(await auth(), await mint({ ...claims }))).toEqual(scopes);
  });

  it('are all for the static token of the admin', async () => {
    expect(await scopesFor(await auth(), 'static')).toBeUndefined();
  });

  it('are no others than texts', async () => {
    expect(await identify(await auth(), await mint({ scope: ['a'] }))).toMatchObject({ status: 401 });
  });

  it('change with those of the user, and end what runs', async () => {
    const local = await auth();
    const token = await mint();
    const before = (await identify(local, token)) as AuthIdentity;
    await local.users.changeUser('ann', () => ({ scopes: ['files:read'] }));
    expect(before.isValid?.()).toBe(false);
    expect(await scopesFor(local, token)).toEqual(['files:read']);
    await local.users.changeUser('ann', () => ({ scopes: [] }));
    expect(await scopesFor(local, token)).toEqual([]);
  });
});

describe('a personal access token', () => {
  it('has the scopes of its user, or fewer', async () => {
    const userFile = await usersFile(USERS);
    const tokens = createTokenFile(userFile);
    const [all, some, admins] = await Promise.all([
      tokens.createToken({ username: 'ann', days: 1 }),
      tokens.createToken({ username: 'ann', days: 1, scopes: ['files:read'] }),
      tokens.createToken({ username: 'root', days: 1, scopes: ['anything'] }),
    ]);
    expect(some.info).toMatchObject({ scopes: ['files:read'] });
    const local = await localAuth({ userFile });
    expect(await scopesFor(local, all.token)).toEqual(['files:read', 'files:write']);
    expect(await scopesFor(local, some.token)).toEqual(['files:read']);
    expect(await scopesFor(local, admins.token)).toEqual(['anything']);
    await local.users.changeUser('ann', () => ({ scopes: ['files:write'] }));
    expect(await scopesFor(local, some.token)).toEqual([]);
  });

  it('cannot be created with a scope that its user does not have, or that is none', async () => {
    const tokens = createTokenFile(await usersFile(USERS));
    const create = (scopes: string[]): Promise<unknown> => tokens.createToken({ username: 'ann', days: 1, scopes });
    await expect(create(['files:delete'])).rejects.toMatchObject({
      code: 'usage',
      message: /does not have the scope files:delete/,
    });
    await expect(create(['two words'])).rejects.toMatchObject({ code: 'usage', message: /scopes must be an array of scopes/ });
  });
});

it('a users file with scopes that no token can have is refused', async () => {
  const userFile = await usersFile([{ ...USERS[0], scopes: ['a b'] }]);
  await expect(localAuth({ userFile })).rejects.toMatchObject({ mistakes: [{ path: '$[0].scopes' }] });
  await writeFile(userFile, '[]');
  const users = createUserFile(userFile);
  const user = { username: 'ann', password: PASSWORD };
  await expect(users.addUser({ ...user, scopes: ['"'] })).rejects.toMatchObject({ code: 'usage', message: /scopes must be/ });
  await users.addUser({ ...user, scopes: ['a'] });
  expect(await users.listUsers()).toEqual([{ username: 'ann', roles: ['user'], partitions: ['default'], scopes: ['a'] }]);
});

describe('POST /auth/token', () => {
  const form = (port: number, fields: Record<string, string>): ReturnType<typeof ask> =>
    ask(
      port,
      'POST',
      '/auth/token',
      { 'content-type': 'application/x-www-form-urlencoded' },
      new URLSearchParams({ username: 'ann', password: PASSWORD, ...fields }).toString(),
    );

  it('narrows the scopes of the token to those asked for, and says which they are', async () => {
    const local = await auth();
    const { port } = await serveAuth(local);
    const { status, json } = await form(port, { scope: 'files:read files:delete  files:read' });
    expect([status, json['scope']]).toEqual([200, 'files:read']);
    const token = String(json['access_token']);
    expect(decodeJwt(token)['scope']).toBe('files:read');
    expect(await scopesFor(local, token)).toEqual(['files:read']);
    expect((await ask(port, 'GET', '/me', bearer(token))).json['scopes']).toEqual(['files:read']);
    const admin = await form(port, { username: 'root', scope: 'anything' });
    expect(admin.json['scope']).toBe('anything');
  });

  it('gives all scopes of the user where none are asked for', async () => {
    const local = await auth();
    const { port } = await serveAuth(local);
    for (const fields of [{}, { scope: '' }] as Record<string, string>[]) {
      const { json } = await form(port, fields);
      expect(json).not.toHaveProperty('scope');
      expect(await scopesFor(local, String(json['access_token']))).toEqual(['files:read', 'files:write']);
    }
    expect((await ask(port, 'GET', '/me', bearer('static'))).json).not.toHaveProperty('scopes');
  });

  it.each(['files:delete', 'files"read', 'a\\b'])('refuses %j as RFC 6749 says', async (scope) => {
    const { port } = await serveAuth(await auth());
    const { status, json } = await form(port, { scope });
    expect([status, json['error']]).toEqual([400, 'invalid_scope']);
  });

  it('refuses a form with two scopes', async () => {
    const { port } = await serveAuth(await auth());
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await ask(port, 'POST', '/auth/token', type, `username=ann&password=${PASSWORD}&scope=a&scope=b`);
    expect([answer.status, answer.json['error']]).toEqual([400, 'invalid_request']);
    const login = await ask(port, 'POST', '/auth/login', JSON_TYPE, JSON.stringify({ username: 'ann', password: PASSWORD }));
    expect(login.status).toBe(200);
  });
});

it.each<[object, string[] | undefined]>([
  [{}, []],
  [{ scope: 'aws.cognito.signin.user.admin openid' }, []],
  [{ scope: 'mcp/read openid mcp/write' }, ['mcp/read', 'mcp/write']],
  [{ 'cognito:groups': ['user', 'scope:files:read', 'scope:', 'scope:a b'] }, ['files:read']],
  [{ 'cognito:groups': ['scope:a'], scope: 'mcp/read' }, ['a', 'mcp/read']],
  [{ 'cognito:groups': ['admin'], scope: 'aws.cognito.signin.user.admin' }, undefined],
  [{ 'cognito:groups': ['admin'], scope: 'mcp/read' }, ['mcp/read']],
  [{ scope: ['a'] }, []],
])('a token of a user pool with %j has the scopes %j', (payload, scopes) => {
  const held = scopesOf(payload as Record<string, unknown>);
  expect(held === undefined ? undefined : [...held].sort()).toEqual(scopes);
});
