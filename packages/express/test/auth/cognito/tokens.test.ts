/** Valid and invalid tokens of a user pool. */
import { createHmac, KeyObject, sign } from 'node:crypto';

import { jest } from '@jest/globals';
import type { AuthIdentity, Refusal } from '@mcp-daemon/express';
import type { CognitoAuth } from '@mcp-daemon/express/cognito';
import { exportSPKI } from 'jose';

import { grantsOf } from '../../../src/auth/cognito/tokens.js';
import { bearer } from '../support.js';
import type { KeyServer, PoolKey } from './support.js';
import { cognitoAuth, ID, ISSUER, makeKey, mint, serveKeys } from './support.js';

afterEach(() => jest.restoreAllMocks());

type Answer = AuthIdentity | Refusal;
const identify = async (auth: CognitoAuth, token: string, url = '/mcp', more: Record<string, string> = {}): Promise<Answer> => {
  const answer = await auth.authenticate({
    url,
    headers: { host: 'localhost:8000', ...bearer(token), ...more },
    socket: {},
  } as never);
  if ('status' in answer) return answer;
  // A function cannot be compared. Scopes have tests of their own.
  const { isValid: _function, scopes: _scopes, ...rest } = answer;
  return rest;
};

let key: PoolKey;
let other: PoolKey;
beforeAll(async () => {
  [key, other] = await Promise.all([makeKey('one'), makeKey('one')]);
});

interface Setup {
  auth: CognitoAuth;
  keys: KeyServer;
  logged: unknown[];
}

async function setup(options: Parameters<typeof cognitoAuth>[0] = {}): Promise<Setup> {
  const keys = await serveKeys(key);
  const logged: unknown[] = [];
  const logger = { error: (...all: unknown[]) => void logged.push(all) };
  return { auth: await cognitoAuth({ jwksUrl: keys.url, logger, ...options }), keys, logged };
}

const ANN = { partition: 'default', subject: 'ann', roles: ['user'] };
const now = (): number => Math.floor(Date.now() / 1000);

describe('a token of the user pool', () => {
  it('identifies its user, both as an access token and as an ID token', async () => {
    const { auth } = await setup();
    expect(await identify(auth, await mint(key))).toMatchObject(ANN);
    expect(await identify(auth, await mint(key, ID))).toMatchObject(ANN);
  });

  it('is verified once, and the keys are fetched with the first token', async () => {
    const { auth, keys } = await setup();
    expect(keys.count).toBe(0);
    const token = await mint(key);
    expect(await identify(auth, token)).toEqual(ANN);
    const again = auth.authenticate({ url: '/mcp', headers: bearer(token), socket: {} } as never);
    expect(again).toMatchObject(ANN); // not a promise: the token is not verified again
    await identify(auth, await mint(key, { username: 'bob' }));
    expect(keys.count).toBe(1);
  });

  it('is refused when it has expired, although it is in the cache', async () => {
    const { auth } = await setup();
    const token = await mint(key, { exp: now() + 100 });
    expect(await identify(auth, token)).toEqual(ANN);
    const after = Date.now() + 161_000;
    jest.spyOn(Date, 'now').mockImplementation(() => after);
    for (let again = 0; again < 2; again += 1)
      expect(await identify(auth, token)).toMatchObject({ status: 401, message: 'The token has expired.' });
  });

  it('may have the other issuer URL of Cognito', async () => {
    const { auth } = await setup();
    const iss = ISSUER.replace('//cognito-idp.', '//issuer-cognito-idp.');
    expect(await identify(auth, await mint(key, { iss }))).toEqual(ANN);
  });
});

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token with any header, signed with the public key as if it were a secret. */
async function forge(header: object, signed = true): Promise<string> {
  const [, payload] = (await mint(key, { 'cognito:groups': ['admin'] })).split('.');
  const text = `${part({ kid: 'one', ...header })}.${payload}`;
  const secret = await exportSPKI(key.publicKey);
  return `${text}.${signed ? createHmac('sha256', secret).update(text).digest('base64url') : ''}`;
}

describe('an invalid token', () => {
  const VALID = /^The token is not valid\.$/;
  const YET = /^The token is not valid yet\.$/;
  it.each<[string, () => string | Promise<string>, RegExp?]>([
    ['nonsense', () => 'nonsense'],
    ['three parts of nonsense', () => 'a.b.c'],
    ['too large', () => mint(key, { more: 'x'.repeat(20_000) })],
    ['of alg none', () => forge({ alg: 'none' }, false)],
    ['of alg none with a signature', () => forge({ alg: 'none' })],
    ['of HS256, signed with the public key', () => forge({ alg: 'HS256' })],
    ['of RS256, signed like HS256', () => forge({ alg: 'RS256' })],
    ['without an algorithm', () => forge({})],
    ['without the id of a key', () => mint(key, {}, { kid: undefined })],
    ['of a key that the pool does not have', () => mint(key, {}, { kid: 'two' })],
    ['signed with another key', () => mint(other)],
    ['that has lost its signature', async () => (await mint(key)).replace(/[^.]*$/, '')],
    ['with the signature of another', async () => (await mint(key)).replace(/[^.]*$/, (await mint(other)).split('.')[2]!)],
    ['of another pool', () => mint(key, { iss: ISSUER.replace('Test12345', 'Test12346') })],
    ['of another issuer', () => mint(key, { iss: 'https://example.com' })],
    ['of an issuer that only begins so', () => mint(key, { iss: `${ISSUER}/x` })],
    ['of no issuer', () => mint(key, { iss: undefined })],
    ['that has expired', () => mint(key, { exp: now() - 61 }), /^The token has expired\.$/],
    ['that never expires', () => mint(key, { exp: undefined })],
    ['that is not valid yet', () => mint(key, { nbf: now() + 3_000 }), YET],
    ['of the future', () => mint(key, { iat: now() + 3_000 }), YET],
    ['without a date', () => mint(key, { iat: undefined })],
    ['of another app client', () => mint(key, { client_id: 'another' })],
    ['of no app client', () => mint(key, { client_id: undefined })],
    ['of access with an audience alone', () => mint(key, { client_id: undefined, aud: ID.aud })],
    ['of ID for another app client', () => mint(key, { ...ID, aud: 'another' })],
    ['of ID with a client_id alone', () => mint(key, { ...ID, aud: undefined, client_id: ID.aud })],
    ['to refresh', () => mint(key, { token_use: 'refresh' })],
    ['of no use', () => mint(key, { token_use: undefined })],
    ['of a program', () => mint(key, { username: undefined })],
    ['with an invalid username', () => mint(key, { username: 'a\nb' })],
    ['of access with the name of an ID token', () => mint(key, { username: undefined, 'cognito:username': 'ann' })],
  ])('is refused with 401: %s', async (_what, make, message = VALID) => {
    const { auth, logged } = await setup();
    const token = await make();
    for (let again = 0; again < 2; again += 1) {
      const answer = (await identify(auth, token, '/alpha/mcp')) as Refusal;
      expect([answer.status, answer.message]).toEqual([401, expect.stringMatching(message)]);
      expect(answer.headers?.['www-authenticate']).toMatch(/^Bearer realm="mcp-daemon", error="invalid_token", /);
      expect(JSON.stringify(answer)).not.toContain(token);
    }
    expect(logged).toEqual([]);
  });

  it("is refused with 401 where its algorithm is not Cognito's, even if the key supports it", async () => {
    const { alg: _, ...jwk } = key.jwk;
    const { auth, keys } = await setup();
    keys.keys = [{ ...key, jwk }];
    const [header, payload] = (await mint(key, {}, { kid: 'one' })).split('.');
    const token = (head: string, hash: string): string => {
      const text = `${head}.${payload}`;
      return `${text}.${sign(hash, Buffer.from(text), KeyObject.from(key.privateKey as never)).toString('base64url')}`;
    };
    expect(await identify(auth, token(header!, 'sha256'))).toEqual(ANN);
    expect(await identify(auth, token(part({ alg: 'RS512', kid: 'one' }), 'sha512'))).toMatchObject({ status: 401 });
  });

  it('is answered like a missing one, with 401 and the URL of the metadata', async () => {
    const { auth, keys } = await setup();
    const answer = (await auth.authenticate({ url: '/mcp', headers: {}, socket: {} } as never)) as Refusal;
    expect([answer.status, answer.message]).toEqual([401, expect.stringMatching(/^A bearer token is needed\./) as string]);
    expect(answer.headers?.['www-authenticate']).toMatch(/resource_metadata="/);
    expect(keys.count).toBe(0);
  });

  it('is answered with the path of PUBLIC_URL in the URL of the metadata', async () => {
    const { auth } = await setup({ publicUrl: 'https://example.com/tools' });
    const answer = (await auth.authenticate({ url: '/mcp', headers: {}, socket: {} } as never)) as Refusal;
    expect(answer.headers?.['www-authenticate']).toContain(
      'resource_metadata="https://example.com/tools/.well-known/oauth-protected-resource/mcp"',
    );
  });
});

describe('the groups of a token', () => {
  it.each<[string, string[], string, string, number | object]>([
    ['a user, in the default partition', ['user'], '/mcp', '', ANN],
    ['a viewer', ['viewer'], '/mcp', '', { ...ANN, roles: ['viewer'] }],
    ['an admin, anywhere', ['admin'], '/any/mcp', 'one', { ...ANN, partition: 'any#one', roles: ['admin'] }],
    ['a partition', ['user', 'partition:alpha'], '/alpha/mcp', '', { ...ANN, partition: 'alpha' }],
    ['a part', ['user', 'partition:alpha#one'], '/alpha/mcp', 'one', { ...ANN, partition: 'alpha#one' }],
    ['no part of a partition', ['user', 'partition:alpha'], '/alpha/mcp', 'one', 403],
    ['no partition of a part', ['user', 'partition:alpha#one'], '/alpha/mcp', '', 403],
    ['not the default partition besides another', ['user', 'partition:alpha'], '/mcp', '', 403],
    ['both where both are named', ['user', 'partition:alpha', 'partition:default'], '/mcp', '', ANN],
    ['another partition', ['user'], '/alpha/mcp', '', 403],
    ['nothing for an invalid partition name', ['user', 'partition:a/b'], '/mcp', '', 403],
    ['nothing without a role', ['partition:default'], '/mcp', '', 403],
    ['nothing to strangers', ['gardeners', 'Admin', 'users'], '/mcp', '', 403],
    ['nothing without groups', [], '/mcp', '', 403],
  ])('grant %s', async (_what, groups, url, partId, expected) => {
    const { auth } = await setup();
    const more = partId === '' ? {} : { 'part-id': partId };
    for (const use of [{}, ID]) {
      const token = await mint(key, { ...use, 'cognito:groups': groups.length === 0 ? undefined : groups });
      const answer = await identify(auth, token, url, more as Record<string, string>);
      if (typeof expected === 'number') expect(answer).toMatchObject({ status: expected });
      else expect(answer).toEqual(expected);
    }
  });

  it('grant nothing where they are not a list; neither does a claim that is not configured', async () => {
    const { auth } = await setup();
    expect(await identify(auth, await mint(key, { 'cognito:groups': 'admin' }))).toMatchObject({ status: 403 });
    const token = await mint(key, { ...ID, 'custom:partitions': 'alpha', roles: ['admin'] });
    expect(await identify(auth, token, '/alpha/mcp')).toMatchObject({ status: 403 });
  });

  it('are combined with the claim for partitions, where one is configured', async () => {
    const { auth } = await setup({ partitionsClaim: 'custom:partitions' });
    const token = await mint(key, {
      ...ID,
      'cognito:groups': ['user', 'partition:x'],
      'custom:partitions': 'alpha, beta gamma#1,,',
    });
    for (const [url, part, granted] of [
      ['/alpha/mcp', undefined, true],
      ['/beta/mcp', undefined, true],
      ['/gamma/mcp', '1', true],
      ['/x/mcp', undefined, true],
      ['/gamma/mcp', undefined, false],
      ['/mcp', undefined, false],
    ] as const) {
      const answer = await identify(auth, token, url, part === undefined ? {} : { 'part-id': part });
      expect([url, 'status' in answer]).toEqual([url, !granted]);
    }
    // An access token without the claim grants no partition.
    expect(await identify(auth, await mint(key))).toMatchObject({ status: 403 });
  });

  it.each([
    [{}, { roles: [], partitions: ['default'] }, undefined],
    [{ 'cognito:groups': ['user', 1, null], p: ['alpha', 2, '../x'] }, { roles: ['user'], partitions: ['alpha'] }, 'p'],
    [{ 'cognito:groups': ['user', 'partition:'] }, { roles: ['user'], partitions: [] }, undefined],
    [{ p: '' }, { roles: [], partitions: [] }, 'p'],
    [{ p: { a: 1 } }, { roles: [], partitions: [] }, 'p'],
    [{ p: 'a a', 'cognito:groups': ['partition:a'] }, { roles: [], partitions: ['a'] }, 'p'],
  ])('of the payload %j grant %j', (payload: Record<string, unknown>, grants, claim) => {
    expect(grantsOf(payload, claim)).toEqual(grants);
  });
});

describe('the keys of the user pool', () => {
  it('may change: a new key is fetched, and the old one is accepted as long as the pool has it', async () => {
    const { auth, keys } = await setup();
    expect(await identify(auth, await mint(key))).toEqual(ANN);
    const next = await makeKey('next');
    keys.keys = [key, next];
    expect(await identify(auth, await mint(next))).toEqual(ANN);
    expect(await identify(auth, await mint(key, { username: 'bob' }))).toMatchObject({ subject: 'bob' });
    expect(keys.count).toBe(2);
  });

  it('are not fetched again for every made-up key id', async () => {
    const { auth, keys } = await setup();
    const junk = (kid: string): Promise<Answer> => mint(other, {}, { kid }).then((token) => identify(auth, token));
    for (let index = 0; index < 20; index += 1) expect(await junk(`junk-${index}`)).toMatchObject({ status: 401 });
    await Promise.all(Array.from({ length: 50 }, (_, index) => junk(`more-${index}`)));
    expect(keys.count).toBe(1);
    expect(await identify(auth, await mint(key))).toEqual(ANN);
  });

  it('cause 503 instead of 401 while they cannot be fetched', async () => {
    const { auth, keys, logged } = await setup();
    keys.broken = { status: 500, text: 'a secret' };
    const now = performance.now();
    const clock = jest.spyOn(performance, 'now').mockReturnValue(now);
    for (let again = 0; again < 3; again += 1) {
      const answer = (await identify(auth, await mint(key))) as Refusal;
      expect([answer.status, answer.headers?.['retry-after']]).toEqual([503, '5']);
    }
    expect(keys.count).toBe(1); // the second request failed at once
    expect(JSON.stringify(logged)).toMatch(/the keys of the user pool cannot be fetched/);
    expect(JSON.stringify(logged)).not.toContain('a secret');
    keys.broken = undefined;
    clock.mockReturnValue(now + 5_001);
    expect(await identify(auth, await mint(key))).toEqual(ANN);
  });

  it.each([
    ['no JSON', '<html>'],
    ['no keys', '{}'],
    ['no object', '[]'],
    ['more than there can be', `{"keys":[],"more":"${'x'.repeat(1_100_000)}"}`],
  ])('cause 503 where they are %s', async (_what, text) => {
    const { auth, keys } = await setup();
    keys.broken = { status: 200, text };
    expect(await identify(auth, await mint(key))).toMatchObject({ status: 503 });
  });

  it('cause 503 when their server is gone; cached keys are still accepted', async () => {
    const dead = await setup({ jwksUrl: 'http://127.0.0.1:1/jwks.json' });
    expect(await identify(dead.auth, await mint(key))).toMatchObject({ status: 503 });
    const { auth, keys } = await setup();
    expect(await identify(auth, await mint(key))).toEqual(ANN);
    keys.broken = { status: 404, text: '' };
    expect(await identify(auth, await mint(key, { username: 'bob' }))).toMatchObject({ subject: 'bob' });
    expect(await identify(auth, await mint(other, {}, { kid: 'next' }))).toMatchObject({ status: 503 });
    expect(await identify(auth, await mint(key, { username: 'eve' }))).toMatchObject({ subject: 'eve' });
  });

  it('are fetched again after an hour: a key that the pool has removed is refused', async () => {
    const { auth, keys } = await setup();
    expect(await identify(auth, await mint(key))).toEqual(ANN);
    keys.keys = [await makeKey('next')];
    const later = performance.now() + 3_600_001;
    jest.spyOn(performance, 'now').mockImplementation(() => later);
    let answer: Answer;
    let count = 0;
    do answer = await identify(auth, await mint(key, { username: `user-${(count += 1)}` }));
    while (!('status' in answer));
    expect([answer.status, keys.count]).toEqual([401, 3]); // the third fetch looks for the removed key
  });
});

describe('the options of createCognitoAuth', () => {
  it.each([
    [{ userPoolId: '' }, 'COGNITO_USER_POOL_ID'],
    [{ userPoolId: undefined as never }, 'COGNITO_USER_POOL_ID'],
    [{ userPoolId: 'eu-central-1' }, 'COGNITO_USER_POOL_ID'],
    [{ userPoolId: 'eu-central-1_a/../b' }, 'COGNITO_USER_POOL_ID'],
    [{ clientId: '' }, 'COGNITO_APP_CLIENT_ID'],
    [{ clientId: undefined as never }, 'COGNITO_APP_CLIENT_ID'],
    [{ jwksUrl: 'http://example.com/jwks.json' }, 'COGNITO_JWKS_URL'],
    [{ jwksUrl: 'http://localhost.example.com/' }, 'COGNITO_JWKS_URL'],
    [{ jwksUrl: 'file:///etc/passwd' }, 'COGNITO_JWKS_URL'],
    [{ jwksUrl: 'https://user:word@example.com/' }, 'COGNITO_JWKS_URL'],
    [{ jwksUrl: 'jwks.json' }, 'COGNITO_JWKS_URL'],
    [{ endpoint: 'http://example.com' }, 'endpoint'],
    [{ publicUrl: 'mcp.example.com' }, 'PUBLIC_URL'],
  ])('are refused: %j', async (options, named) => {
    const started = cognitoAuth(options);
    await expect(started).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining(named) });
    await expect(started).rejects.not.toMatchObject({ message: expect.stringContaining('word@') });
  });

  it.each(['us-gov-west-1_a1', 'ap-southeast-1_Ab', 'eusc-de-east-1_x'])('accept the user pool id %s', async (userPoolId) => {
    await expect(cognitoAuth({ userPoolId })).resolves.toHaveProperty('authenticate');
  });

  it('accept a JWKS URL with http on loopback, and with https', async () => {
    for (const jwksUrl of ['http://localhost:1/', 'http://[::1]:1/x', 'https://example.com/jwks.json', ''])
      await expect(cognitoAuth({ jwksUrl })).resolves.toHaveProperty('login');
  });
});
