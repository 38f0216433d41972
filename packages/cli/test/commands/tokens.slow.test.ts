/** The commands for personal access tokens, and those that change what a user may do. */
import { stat } from 'node:fs/promises';

import { createLocalAuth } from '@mcp-daemon/express/local';

import { TempFolder } from '../support.js';

const HASH = '$2b$04$P756rP3k0MgBQ0/8Yt28/O3LRg5PwYEHyYFGCmIKR4idPIF5sShBm';

describe('the commands for tokens', () => {
  let temp: TempFolder;
  beforeEach(async () => {
    temp = new TempFolder();
    await temp.write('users.json', [{ username: 'ann', password_hash: HASH, roles: ['user'] }]);
  });
  afterEach(() => temp.remove());
  const contains = (text: string): string => expect.stringContaining(text) as string;

  it('create a token that a server accepts, list it, and revoke it', async () => {
    const created = await temp.run(['tokens', 'create', 'ann', '--days', '90', '--name', 'laptop', '--role', 'viewer']);
    expect(created).toMatchObject({ code: 0, stdout: expect.stringMatching(/^mcpd_[\w-]{43}\n$/) as string });
    const id = /Token (\w+) of ann/.exec(created.stderr)?.[1] ?? '';
    expect((await stat(temp.at('users.tokens.json'))).mode & 0o777).toBe(0o600);
    const auth = await createLocalAuth({ userFile: temp.at('users.json'), jwtSecret: 'a secret of the tests' });
    const req = { headers: { authorization: `Bearer ${created.stdout.trim()}` }, url: '/mcp', socket: {} };
    expect(await auth.authenticate(req as never)).toMatchObject({ subject: 'ann', roles: ['viewer'] });
    const listed = await temp.run(['tokens', 'list']);
    expect(listed.stdout).toMatch(new RegExp(`${id} +ann +laptop +\\d{4}-\\d\\d-\\d\\d +viewer +user's`));
    expect(listed.stdout).not.toContain('mcpd_');
    expect(JSON.parse((await temp.run(['tokens', 'list', '--json'])).stdout)).toMatchObject([{ id, username: 'ann' }]);
    expect(await temp.run(['tokens', 'revoke', id])).toMatchObject({ code: 0, stdout: `revoked token ${id} of ann (laptop)\n` });
    expect(await temp.run(['tokens'])).toMatchObject({ code: 0, stdout: '', stderr: contains('no tokens in users.tokens.json') });
    expect(await temp.run(['tokens', 'revoke', id])).toMatchObject({ code: 2, stderr: contains(`no token "${id}"`) });
  });

  it('refuse a token for an unknown user, and one that grants more than its user has', async () => {
    expect(await temp.run(['tokens', 'create', 'bob'])).toMatchObject({
      code: 1,
      stderr: contains('no user "bob" in users.json'),
    });
    expect(await temp.run(['tokens', 'create', 'ann', '--role', 'admin'])).toMatchObject({
      ...{ code: 2, stderr: contains('the user does not have the role admin') },
    });
  });

  it('change roles, partitions and scopes of a user: set, grant and revoke', async () => {
    const change = async (...args: string[]): Promise<string> => (await temp.run(['users', ...args])).stdout;
    expect(await change('set', 'ann', '--role', 'viewer')).toBe('changed ann: roles viewer; partitions default; scopes none\n');
    expect(await change('grant', 'ann', '--partition', 'alpha', '--role', 'user')).toBe(
      'changed ann: roles viewer, user; partitions default, alpha; scopes none\n',
    );
    expect(await change('revoke', 'ann', '--partition', 'default')).toBe(
      'changed ann: roles viewer, user; partitions alpha; scopes none\n',
    );
    expect(await change('grant', 'ann', '--scope', 'files:read', '--scope', 'files:write')).toBe(
      'changed ann: roles viewer, user; partitions alpha; scopes files:read, files:write\n',
    );
    expect(await change('revoke', 'ann', '--scope', 'files:write')).toContain('; scopes files:read\n');
    expect(await change('list')).toMatch(/ann +viewer, user +alpha +files:read\n/);
    expect(await temp.run(['users', 'grant', 'ann', '--scope', 'two words'])).toMatchObject({
      ...{ code: 2, stderr: contains('scopes must be an array of scopes') },
    });
    const created = await temp.run(['tokens', 'create', 'ann', '--scope', 'files:read']);
    expect(created).toMatchObject({ code: 0 });
    expect((await temp.run(['tokens', 'list'])).stdout).toMatch(/user's +user's +files:read\n/);
    expect(await temp.run(['tokens', 'create', 'ann', '--scope', 'files:write'])).toMatchObject({
      ...{ code: 2, stderr: contains('the user does not have the scope files:write') },
    });
    expect(await temp.run(['users', 'set', 'bob', '--role', 'user'])).toMatchObject({
      code: 1,
      stderr: contains('no user "bob"'),
    });
    expect(await temp.run(['users', 'set', 'ann'])).toMatchObject({
      code: 2,
      stderr: contains('pass --role, --partition or --scope'),
    });
  });

  it('say that the built-in admin can still log in when a user of that name is removed', async () => {
    await temp.write('users.json', [{ username: 'admin', password_hash: HASH, roles: ['admin'] }]);
    expect(await temp.run(['users', 'remove', 'admin', '--yes'])).toMatchObject({
      ...{ code: 0, stderr: contains('MCP_BUILT_IN_ADMIN=off turns the built-in admin off') },
    });
  });
});
