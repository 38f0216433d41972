/** Authentication without the optional packages: the error says what to install, and nothing else needs them. */
import { jest } from '@jest/globals';
import { createCognitoAuth } from '@mcp-daemon/express/cognito';
import { createUserFile } from '@mcp-daemon/express/local';

import { loadOptional } from '../../src/auth/optional-package.js';
import { CLIENT, POOL } from './cognito/support.js';
import { localAuth, logIn, serveAuth, usersFile } from './support.js';

/** Makes `import(name)` fail as it does where the package is not installed. */
function uninstall(name: string): void {
  jest.unstable_mockModule(name, () => {
    const error = new Error(`Cannot find package '${name}' imported from /app/dist/index.js`);
    throw Object.assign(error, { code: 'ERR_MODULE_NOT_FOUND' });
  });
}

const missing = (name: string): unknown =>
  expect.objectContaining({
    code: 'usage',
    message: expect.stringMatching(new RegExp(`needs the package ${name}, .* run "npm install ${name}"$`)),
  });

describe('an optional package', () => {
  it('that fails to load for another reason keeps its own error', async () => {
    const broken = new Error('no native binding');
    await expect(loadOptional('bcrypt', 'x', () => Promise.reject(broken))).rejects.toBe(broken);
    const other = Object.assign(new Error(`Cannot find package 'other'`), { code: 'ERR_MODULE_NOT_FOUND' }); // a dependency of bcrypt
    await expect(loadOptional('bcrypt', 'x', () => Promise.reject(other))).rejects.toBe(other);
  });

  it('is loaded and returned where it is installed', async () => {
    expect(await loadOptional('x', 'x', () => Promise.resolve(7))).toBe(7);
  });
});

describe('without the optional packages', () => {
  it('a new user needs bcrypt', async () => {
    uninstall('bcrypt');
    const users = createUserFile(await usersFile([]));
    await expect(users.addUser({ username: 'ann', password: 'a long password' })).rejects.toEqual(missing('bcrypt'));
  });

  it('a login needs bcrypt: the client gets 500, and the log says what to install', async () => {
    uninstall('bcrypt');
    const error = jest.fn();
    const { port } = await serveAuth(await localAuth({ logger: { error } }));
    expect((await logIn(port, 'ann')).status).toBe(500);
    expect(error).toHaveBeenCalledWith({ error: expect.stringContaining('npm install bcrypt') }, 'an HTTP request failed');
  });

  it('local authentication needs jose', async () => {
    uninstall('jose');
    await expect(localAuth()).rejects.toEqual(missing('jose'));
  });

  it('a login with Cognito needs the AWS SDK', async () => {
    uninstall('@aws-sdk/client-cognito-identity-provider');
    const { login } = await createCognitoAuth({ userPoolId: POOL, clientId: CLIENT });
    await expect(login('ann', 'a long password', '127.0.0.1')).rejects.toEqual(
      missing('@aws-sdk/client-cognito-identity-provider'),
    );
  });

  it('authentication by Cognito needs aws-jwt-verify', async () => {
    uninstall('aws-jwt-verify');
    await expect(createCognitoAuth({ userPoolId: POOL, clientId: CLIENT })).rejects.toEqual(missing('aws-jwt-verify'));
  });
});
