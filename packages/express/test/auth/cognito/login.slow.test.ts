/** Logins with a user pool. */
import { execFile } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { promisify } from 'node:util';

import { jest } from '@jest/globals';
import type { Refusal } from '@mcp-daemon/express';
import { mayCall } from '@mcp-daemon/express';
import type { CognitoAuth } from '@mcp-daemon/express/cognito';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { decodeJwt } from 'jose';

import { secretHash } from '../../../src/auth/cognito/login.js';
import { call, send, serve, stopClock, tool } from '../../support.js';
import type { Response } from '../support.js';
import { ask, bearer, JSON_TYPE, serveAuth } from '../support.js';
import type { RunningPool, Scripted } from './support.js';
import {
  CLIENT,
  CLIENT_SECRET,
  cognitoAuth,
  ID,
  ISSUER,
  listen,
  makeKey,
  mint,
  PASSWORD,
  scripted,
  serveKeys,
  startPool,
} from './support.js';

afterEach(() => jest.restoreAllMocks());

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

describe('SECRET_HASH', () => {
  it.each([
    // printf '%s' "$USERNAME$CLIENT" | openssl dgst -sha256 -hmac "$SECRET" -binary | base64
    ['ann@example.com', CLIENT, CLIENT_SECRET, 'XbKxCYGjaBd360Wo/DJ2V1+1sqqQLrZTQaI6A7wNcOE='],
    ['jörg', 'client1', 'gehéim', 'MRfv7xMjMP5PZOVlDbKeGTjZ+9wma//Xr87qX/fOQFw='],
  ])('is right for the user %s and the client %s', (username, clientId, secret, expected) => {
    expect(secretHash(username, clientId, secret)).toBe(expected);
  });
});

describe('a login with a local user pool', () => {
  let pool: RunningPool;
  let auth: CognitoAuth;
  let port: number;
  const logged: unknown[] = [];
  beforeAll(async () => {
    pool = await startPool();
  });
  afterAll(() => pool.stop());
  beforeEach(async () => {
    logged.length = 0;
    const { endpoint, jwksUrl } = pool;
    auth = await cognitoAuth({ endpoint, jwksUrl, logger: { error: (...all) => logged.push(all) } });
    ({ port } = await serveAuth(auth));
  });
  const logIn = (username: string, password = PASSWORD): Promise<Response> =>
    ask(port, 'POST', '/auth/login', JSON_TYPE, JSON.stringify({ username, password }));

  it('returns a valid access token and a valid ID token', async () => {
    const answer = await logIn('ann');
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    const { access_token, id_token, token_type, expires_in, ...more } = answer.json;
    expect([token_type, more]).toEqual(['bearer', {}]); // and no refresh token
    const { exp = 0, iss, token_use } = decodeJwt(String(access_token));
    expect([iss, token_use, decodeJwt(String(id_token))['token_use']]).toEqual([ISSUER, 'access', 'id']);
    expect(Math.abs(Number(expires_in) - (exp - Date.now() / 1000))).toBeLessThan(30);
    for (const token of [access_token, id_token]) {
      const me = await ask(port, 'GET', '/me', bearer(String(token)));
      expect(me.json).toEqual({ username: 'ann', roles: ['user'], partitions: ['default'], scopes: [], exp: expect.any(Number) });
    }
    expect(logged).toEqual([]);
  });

  it('works with an OAuth 2 form as well', async () => {
    const form = (fields: Record<string, string>): Promise<Response> =>
      ask(port, 'POST', '/auth/token', FORM, new URLSearchParams(fields).toString());
    const answer = await form({ grant_type: 'password', username: 'bob', password: PASSWORD });
    const me = await ask(port, 'GET', '/me', bearer(String(answer.json['access_token'])));
    expect(me.json).toMatchObject({ username: 'bob', roles: ['user'], partitions: ['alpha', 'alpha#one'] });
    const wrong = await form({ grant_type: 'password', username: 'bob', password: 'wrong' });
    expect([wrong.status, wrong.json['error']]).toEqual([400, 'invalid_grant']);
  });

  it('grants the partitions in an attribute of the user, where its claim is configured', async () => {
    const { endpoint, jwksUrl } = pool;
    const claiming = await cognitoAuth({ endpoint, jwksUrl, partitionsClaim: 'custom:partitions' });
    const { idToken } = (await claiming.login('ann', PASSWORD, '::1')) as { idToken: string };
    const me = await ask((await serveAuth(claiming)).port, 'GET', '/me', bearer(idToken));
    expect(me.json).toMatchObject({ partitions: ['beta', 'gamma'] });
  });

  it('gives the same answer for a wrong password and an unknown username', async () => {
    const [wrong, unknown] = [await logIn('ann', 'wrong'), await logIn('stranger')];
    expect([wrong.status, wrong.json]).toEqual([
      401,
      { error: 'invalid_credentials', error_description: 'The username or the password is wrong.' },
    ]);
    expect([unknown.status, unknown.text]).toEqual([401, wrong.text]);
    expect(logged).toEqual([]);
  });

  it.each([
    ['newcomer', 'challenge_required', /a new password \(NEW_PASSWORD_REQUIRED\)/],
    ['careful', 'challenge_required', /more than a password \(SOFTWARE_TOKEN_MFA\)/],
    ['reset', 'password_reset_required', /has to be reset/],
    ['unconfirmed', 'user_not_confirmed', /not confirmed/],
  ])('is refused for the user %s with 403 %s', async (username, error, message) => {
    const answer = await logIn(username);
    expect([answer.status, answer.json]).toEqual([403, { error, error_description: expect.stringMatching(message) }]);
  });

  it('works for a user in no group, whose token allows nothing', async () => {
    const { access_token } = (await logIn('nobody')).json;
    const answer = await auth.authenticate({ url: '/mcp', headers: bearer(String(access_token)), socket: {} } as never);
    expect(answer).toMatchObject({ status: 403, message: expect.stringContaining('roles') });
  });

  it('gives a token with which an MCP client, which finds the issuer by itself, makes calls', async () => {
    const whoami = tool('whoami', (_args, { subject, partition }) => `${subject}@${partition}`);
    const served = await serve([whoami], { authenticate: auth.authenticate, authorize: mayCall });
    served.server.removeAllListeners('request');
    served.server.on('request', (req: IncomingMessage, res: ServerResponse) => {
      void auth.handle(req, res).then((done) => (done ? undefined : served.mcp.handle(req, res)));
    });
    const refused = await send(served, { body: call('whoami') });
    const [, path] = /resource_metadata="http:\/\/[^/]+([^"]+)"/.exec(String(refused.headers['www-authenticate']))!;
    expect((await ask(served.port, 'GET', path!)).json).toMatchObject({
      resource: served.url,
      authorization_servers: [new URL(served.url).origin],
    });

    const { accessToken } = (await auth.login('ann', PASSWORD, '::1')) as { accessToken: string };
    const client = new Client({ name: 'test', version: '1' });
    const requestInit = { headers: bearer(accessToken) };
    await client.connect(new StreamableHTTPClientTransport(new URL(served.url), { requestInit }));
    expect(await client.callTool({ name: 'whoami', arguments: {} })).toMatchObject({ content: [{ text: 'ann@default' }] });
    await client.close();

    const eve = (await auth.login('eve', PASSWORD, '::1')) as { accessToken: string };
    const viewer = await send(served, { body: call('whoami'), headers: bearer(eve.accessToken) });
    expect(viewer.status).not.toBe(200);
  });

  it('is refused with 429 after too many attempts, whatever the case of the username', async () => {
    stopClock();
    for (const name of ['ann', 'Ann', 'aNN', 'ANN', 'ann']) expect((await logIn(name, 'wrong')).status).toBe(401);
    const refused = await logIn('ann');
    expect([refused.status, refused.json['error']]).toEqual([429, 'temporarily_unavailable']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await logIn('bob')).status).toBe(200);
  });
});

describe('the request to Cognito', () => {
  async function sent(clientSecret: string | undefined): Promise<Scripted['asked'][number]> {
    const api = await scripted(400, 'NotAuthorizedException', { message: 'Incorrect username or password.' });
    const auth = await cognitoAuth({ endpoint: api.endpoint, clientSecret });
    expect(await auth.login('ann', 'a password', '::1')).toMatchObject({ status: 401 });
    expect(api.asked).toHaveLength(1);
    return api.asked[0]!;
  }

  it('has the password and a SECRET_HASH, and is not signed', async () => {
    const { body, headers } = await sent(CLIENT_SECRET);
    expect(body).toEqual({
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId: CLIENT,
      AuthParameters: { USERNAME: 'ann', PASSWORD: 'a password', SECRET_HASH: secretHash('ann', CLIENT, CLIENT_SECRET) },
    });
    expect(headers['x-amz-target']).toBe('AWSCognitoIdentityProviderService.InitiateAuth');
    expect(headers).not.toHaveProperty('authorization');
  });

  it.each([undefined, ''])('has no SECRET_HASH where the client secret is %j', async (secret) => {
    expect((await sent(secret)).body['AuthParameters']).toEqual({ USERNAME: 'ann', PASSWORD: 'a password' });
  });
});

describe('an answer of Cognito', () => {
  interface Told {
    answer: Refusal & { code?: string };
    logged: string;
    api: Scripted;
  }
  async function say(...script: Scripted['answer']): Promise<Told> {
    const api = await scripted(...script);
    const logged: unknown[] = [];
    const { url } = await serveKeys(await makeKey('one'));
    const auth = await cognitoAuth({ endpoint: api.endpoint, jwksUrl: url, logger: { error: (...all) => logged.push(all) } });
    const answer = (await auth.login('ann', 'a password', '::1')) as Refusal;
    return { answer, logged: JSON.stringify(logged), api };
  }

  it.each<[string, string, number, object, RegExp | undefined]>([
    ['UserNotFoundException', 'User does not exist.', 401, {}, undefined],
    ['NotAuthorizedException', 'User is disabled.', 401, {}, undefined],
    ['InvalidParameterException', 'Value at username failed', 401, {}, undefined],
    ['NotAuthorizedException', 'Password attempts exceeded', 429, { 'retry-after': '60' }, undefined],
    ['TooManyRequestsException', 'Rate exceeded', 429, { 'retry-after': '10' }, undefined],
    ['UserLambdaValidationException', 'PreAuthentication failed with ann', 403, {}, undefined],
    ['NotAuthorizedException', 'Unable to verify secret hash for client', 502, {}, /COGNITO_APP_SECRET/],
    ['InvalidParameterException', 'USER_PASSWORD_AUTH flow not enabled for this client', 502, {}, /ALLOW_USER_PASSWORD_AUTH/],
    ['ResourceNotFoundException', 'User pool client does not exist.', 502, {}, /COGNITO_APP_CLIENT_ID/],
    ['SomethingNewException', 'ann typed a password', 502, {}, /SomethingNewException/],
  ])('%s with the message "%s" leads to status %d', async (error, message, status, headers, log) => {
    const { answer, logged } = await say(400, error, { message });
    expect([answer.status, answer.headers ?? {}]).toEqual([status, headers]);
    if (log === undefined) expect(logged).toBe('[]');
    else expect(logged).toMatch(log);
    expect(JSON.stringify(answer) + logged).not.toMatch(/ann typed|PreAuthentication|a password/);
  });

  it('that is an internal error leads to 502 after a second attempt', async () => {
    const { answer, logged, api } = await say(500, 'InternalErrorException', { message: 'x' });
    expect([answer.status, api.asked.length]).toEqual([502, 2]);
    expect(logged).toContain('InternalErrorException');
  });

  it('with tokens of another pool, or without any, leads to 502 and a log message', async () => {
    const key = await makeKey('two');
    for (const AuthenticationResult of [{ AccessToken: await mint(key), IdToken: await mint(key, ID) }, {}, undefined]) {
      const { answer, logged } = await say(200, undefined, { AuthenticationResult });
      expect(answer).toMatchObject({ status: 502 });
      expect(logged).toMatch(/is not from the pool of COGNITO_USER_POOL_ID/);
    }
  });

  it('with an unknown challenge is not repeated to the client', async () => {
    const { answer } = await say(200, undefined, { ChallengeName: 'a"b\n', Session: 'session' });
    expect([answer.status, answer.code]).toEqual([403, 'challenge_required']);
    expect(JSON.stringify(answer)).not.toMatch(/a\\"b|session/);
  });

  it('that is missing because Cognito cannot be reached leads to 503', async () => {
    const logged: unknown[] = [];
    const auth = await cognitoAuth({ endpoint: 'http://127.0.0.1:1', logger: { error: (...all) => logged.push(all) } });
    expect(await auth.login('ann', PASSWORD, '::1')).toMatchObject({ status: 503, headers: { 'retry-after': '10' } });
    expect(JSON.stringify(logged)).toMatch(/Cognito cannot be reached/);
  });

  it('that never comes keeps at most 32 logins waiting', async () => {
    let waiting = 0;
    const endpoint = await listen(createServer(() => (waiting += 1)));
    const auth = await cognitoAuth({ endpoint });
    let settled = 0;
    const logins = Array.from({ length: 40 }, async (_, index) => {
      const answer = (await auth.login(`user-${index}`, PASSWORD, `10.0.0.${index}`)) as Refusal;
      settled += 1;
      return answer.status;
    });
    await expect(Promise.race(logins)).resolves.toBe(503);
    expect(settled).toBeLessThanOrEqual(8);
    expect(waiting).toBeLessThanOrEqual(32);
    // The other logins fail when the test closes its server.
    void Promise.allSettled(logins);
  });
});

it('the AWS SDK is loaded only for a login, which needs no AWS credentials', async () => {
  const api = await scripted(400, 'NotAuthorizedException', { message: 'Incorrect username or password.' });
  const key = await makeKey('one');
  const { url } = await serveKeys(key);
  const token = await mint(key);
  const options = { userPoolId: ISSUER.split('/').at(-1), clientId: CLIENT, endpoint: api.endpoint, jwksUrl: url };
  const script = `
    import Module from 'node:module';
    import { createCognitoAuth } from ${JSON.stringify(new URL('../../../dist/auth/cognito/index.js', import.meta.url).href)};
    const loaded = () => Object.keys(Module._cache).some((path) => path.includes('client-cognito-identity-provider'));
    const auth = await createCognitoAuth(${JSON.stringify(options)});
    const { subject } = await auth.authenticate({ url: '/mcp', headers: ${JSON.stringify(bearer(token))}, socket: {} });
    const before = loaded();
    const { status } = await auth.login('ann', 'wrong', '::1');
    console.log(JSON.stringify([subject, before, status, loaded()]));`;
  const env = { PATH: process.env['PATH'], HOME: '/nonexistent' };
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env });
  expect(stdout.trim()).toBe('["ann",false,401,true]');
});
