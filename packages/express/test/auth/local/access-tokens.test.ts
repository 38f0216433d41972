/** Personal access tokens: created by a command, checked by a running server. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';

import { jest } from '@jest/globals';
import type { AuthIdentity, Refusal } from '@mcp-daemon/express';
import type { LocalAuth } from '@mcp-daemon/express/local';
import { createTokenFile, createUserFile, tokensFileOf } from '@mcp-daemon/express/local';

import { localAuth, USERS, usersFile } from '../support.js';

afterEach(() => jest.restoreAllMocks());

const as = async (auth: LocalAuth, token: string, url = '/mcp', part?: string): Promise<AuthIdentity | Refusal> =>
  auth.authenticate({
    headers: { authorization: `Bearer ${token}`, host: 'localhost', ...(part === undefined ? {} : { 'part-id': part }) },
    url,
    socket: {},
  } as unknown as IncomingMessage);

/** Lets the time pass after which files are looked at again. */
function later(ms = 1_001): void {
  const now = performance.now() + ms;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
}

describe('a personal access token', () => {
  it('is shown once: the file, which only its owner can read, has a digest of it', async () => {
    const userFile = await usersFile();
    const tokens = createTokenFile(userFile);
    const { token, info } = await tokens.createToken({ username: 'ann', days: 90, name: 'laptop' });
    expect(token).toMatch(/^mcpd_[\w-]{43}$/);
    expect(info).toMatchObject({ username: 'ann', name: 'laptop' });
    expect(Date.parse(info.expires) - Date.parse(info.created)).toBe(90 * 24 * 60 * 60_000);
    const file = tokensFileOf(userFile);
    expect(file).toBe(userFile.replace('users.json', 'users.tokens.json'));
    expect(await readFile(file, 'utf8')).not.toContain(token.slice(5, 20));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(JSON.stringify(await tokens.listTokens())).not.toContain('digest');
  });

  it('belongs to its user: records name that user', async () => {
    const userFile = await usersFile();
    const { token } = await createTokenFile(userFile).createToken({ username: 'ann', days: 1 });
    const auth = await localAuth({ userFile });
    expect(await as(auth, token)).toMatchObject({ subject: 'ann', roles: ['user'], partition: 'default' });
    expect(await as(auth, `${token}x`)).toMatchObject({ status: 401, message: 'The token is not valid.' });
  });

  it('works in a running server as soon as it is created, and no more within two seconds after it is revoked', async () => {
    const userFile = await usersFile();
    const auth = await localAuth({ userFile });
    const tokens = createTokenFile(userFile);
    const { token, info } = await tokens.createToken({ username: 'ann', days: 1 });
    later();
    const before = (await as(auth, token)) as AuthIdentity;
    expect(before).toMatchObject({ subject: 'ann' });
    expect(before.isValid?.()).toBe(true);
    await tokens.revokeToken(info.id);
    later();
    expect(await as(auth, token)).toMatchObject({ status: 401 });
    expect(before.isValid?.()).toBe(false);
    await expect(tokens.revokeToken(info.id)).rejects.toMatchObject({ code: 'usage' });
  });

  it('never grants more than its user has now', async () => {
    const userFile = await usersFile();
    const users = createUserFile(userFile);
    const { token } = await createTokenFile(userFile).createToken({ username: 'bob', days: 1 });
    const auth = await localAuth({ userFile });
    expect(await as(auth, token, '/alpha/mcp', 'one')).toMatchObject({ partition: 'alpha#one', roles: ['user'] });
    await users.changeUser('bob', () => ({ roles: ['viewer'], partitions: ['alpha'] }));
    later();
    expect(await as(auth, token, '/alpha/mcp')).toMatchObject({ roles: ['viewer'] });
    expect(await as(auth, token, '/alpha/mcp', 'one')).toMatchObject({ status: 403 });
    await users.removeUser('bob');
    later();
    expect(await as(auth, token, '/alpha/mcp')).toMatchObject({ status: 401 });
  });

  it('becomes invalid with a new password, also where the user was removed and added again', async () => {
    const userFile = await usersFile();
    const users = createUserFile(userFile);
    const { token } = await createTokenFile(userFile).createToken({ username: 'ann', days: 1 });
    const auth = await localAuth({ userFile });
    expect(await as(auth, token)).toMatchObject({ subject: 'ann' });
    await users.removeUser('ann');
    await users.addUser({ username: 'ann', password: 'another horse', roles: ['admin'] });
    later();
    expect(await as(auth, token)).toMatchObject({ status: 401 });
  });

  it('may grant less than its user has: a lower role, or fewer partitions', async () => {
    const userFile = await usersFile();
    const tokens = createTokenFile(userFile);
    const reader = await tokens.createToken({ username: 'root', days: 1, roles: ['viewer'], partitions: ['alpha'] });
    const part = await tokens.createToken({ username: 'bob', days: 1, partitions: ['alpha#one'] });
    const auth = await localAuth({ userFile });
    expect(await as(auth, reader.token, '/alpha/mcp')).toMatchObject({ roles: ['viewer'] });
    expect(await as(auth, reader.token)).toMatchObject({ status: 403 });
    expect(await as(auth, part.token, '/alpha/mcp')).toMatchObject({ status: 403 });
    expect(await as(auth, part.token, '/alpha/mcp', 'one')).toMatchObject({ roles: ['user'] });
  });

  it.each([
    [{ username: 'nobody', days: 1 }, 'has no user of that name'],
    [{ username: 'ann', days: 0 }, '1 to 3650 days'],
    [{ username: 'ann', days: 1.5 }, '1 to 3650 days'],
    [{ username: 'ann', days: 1, roles: ['admin'] }, 'does not have the role admin'],
    [{ username: 'eve', days: 1, roles: ['viewer', 'user'] }, 'does not have the role user'],
    [{ username: 'ann', days: 1, partitions: ['alpha'] }, 'does not have the partition alpha'],
    [{ username: 'root', days: 1, partitions: ['alpha'] }, 'has access to all partitions'],
    [{ username: 'ann', days: 1, name: 'a\nb' }, 'the name of a token must be'],
  ])('is not created with %j', async (token, message) => {
    await expect(createTokenFile(await usersFile()).createToken(token)).rejects.toThrow(message);
  });

  it('of the built-in admin works only while the users file has no user of that name', async () => {
    const userFile = await usersFile();
    const { token } = await createTokenFile(userFile).createToken({ username: 'admin', days: 1 });
    const auth = await localAuth({ userFile, adminPassword: 'a password' });
    expect(await as(auth, token)).toMatchObject({ subject: 'admin', roles: ['admin'] });
    expect(await as(await localAuth({ userFile }), token)).toMatchObject({ status: 401 });
    await writeFile(userFile, JSON.stringify([...USERS, { ...USERS[0], username: 'admin' }]));
    later();
    expect(await as(auth, token)).toMatchObject({ status: 401 });
  });

  it('expires', async () => {
    const userFile = await usersFile();
    const { token } = await createTokenFile(userFile).createToken({ username: 'ann', days: 1 });
    const auth = await localAuth({ userFile });
    const held = (await as(auth, token)) as AuthIdentity;
    const next = Date.now() + 24 * 60 * 60_000 + 61_000;
    jest.spyOn(Date, 'now').mockImplementation(() => next);
    expect(held.isValid?.()).toBe(false);
    for (let again = 0; again < 2; again += 1)
      expect(await as(auth, token)).toMatchObject({ status: 401, message: 'The token has expired.' });
  });

  it('is refused where the tokens file has mistakes at the start', async () => {
    const userFile = await usersFile();
    await writeFile(tokensFileOf(userFile), JSON.stringify([{ id: 'a', role: ['viewer'] }]));
    await expect(localAuth({ userFile })).rejects.toThrow('$[0].digest: must be a SHA-256 in hex');
  });
});
