/** Parts of authentication that need no server. */
import type { IncomingMessage } from 'node:http';

import { jest } from '@jest/globals';
import { checkSecrets, createAddressOf, DEFAULT_ADMIN_PASSWORD, DEFAULT_JWT_SECRET, mayCall, ROLES } from '@mcp-daemon/express';

import { createBearers } from '../../src/auth/local/bearers.js';
import { createTokens } from '../../src/auth/local/tokens.js';
import { createThrottle, networkOf } from '../../src/auth/throttle.js';
import { SECRET } from './support.js';

afterEach(() => jest.restoreAllMocks());

describe('the check of well-known secrets', () => {
  const OWN = '0123456789abcdef0123456789abcdef';
  const check = (host: string, jwtSecret: string = DEFAULT_JWT_SECRET, adminPassword?: string): void =>
    checkSecrets({ host, jwtSecret, adminPassword });

  it.each(['127.0.0.1', '127.1.2.3', 'localhost', 'LOCALHOST', '::1', '[::1]', '::ffff:127.0.0.1'])(
    'accepts them on %s',
    (host) => {
      expect(() => check(host, DEFAULT_JWT_SECRET, DEFAULT_ADMIN_PASSWORD)).not.toThrow();
    },
  );

  it.each(['0.0.0.0', '::', '', '10.0.0.1', '127.0.0.1.example.com', 'localhost.example.com', '128.0.0.1', '::ffff:10.0.0.1'])(
    'refuses them on %j',
    (host) => {
      expect(() => check(host)).toThrow(
        expect.objectContaining({ code: 'usage', message: expect.stringContaining('JWT_SECRET_KEY') }),
      );
      expect(() => check(host, OWN)).not.toThrow();
      expect(() => check(host, OWN.slice(1))).toThrow(/JWT_SECRET_KEY has 31 bytes/);
    },
  );

  it('refuses them behind a proxy, whatever address the server listens on', () => {
    const secrets = { host: '127.0.0.1', jwtSecret: DEFAULT_JWT_SECRET };
    expect(() => checkSecrets({ ...secrets, publicUrl: 'https://mcp.example.com' })).toThrow(
      /^PUBLIC_URL cannot be https:\/\/mcp\.example\.com: JWT_SECRET_KEY still has/,
    );
    expect(() => checkSecrets({ ...secrets, publicUrl: 'http://localhost:8080' })).not.toThrow();
    expect(() => checkSecrets({ ...secrets, behindProxy: true })).toThrow('TRUST_PROXY');
    expect(() => checkSecrets({ ...secrets, behindProxy: true, jwtSecret: OWN })).not.toThrow();
    expect(() => checkSecrets({ ...secrets, publicUrl: 'https://mcp.example.com', jwtSecret: OWN })).not.toThrow();
  });

  it('refuses a short static token', () => {
    const others = { host: '0.0.0.0', jwtSecret: OWN };
    expect(() => checkSecrets({ ...others, adminStaticToken: 'a'.repeat(15) })).toThrow(/ADMIN_STATIC_TOKEN is shorter than 16/);
    for (const adminStaticToken of [undefined, '', 'a'.repeat(16)])
      expect(() => checkSecrets({ ...others, adminStaticToken })).not.toThrow();
    expect(() => checkSecrets({ ...others, host: '127.0.0.1', adminStaticToken: 'a' })).not.toThrow();
  });

  it('names the variable to set, and does not quote the secret', () => {
    expect(() => check('0.0.0.0', OWN, DEFAULT_ADMIN_PASSWORD)).toThrow(
      /: ADMIN_PASSWORD still has the publicly known default\. Set ADMIN_PASSWORD to/,
    );
    expect(() => check('0.0.0.0', '')).toThrow(/Set JWT_SECRET_KEY to/);
    expect(() => check('0.0.0.0', DEFAULT_JWT_SECRET, DEFAULT_ADMIN_PASSWORD)).toThrow(
      /Set JWT_SECRET_KEY and ADMIN_PASSWORD to/,
    );
    expect(() => check('0.0.0.0', DEFAULT_JWT_SECRET, DEFAULT_ADMIN_PASSWORD)).not.toThrow(/CHANGEME|admin123/);
  });
});

describe('the roles', () => {
  it('let a viewer read, and users and admins call', () => {
    expect(ROLES).toEqual(['admin', 'user', 'viewer']);
    const may = (method: string, ...roles: string[]): boolean => mayCall({ roles }, method);
    for (const method of [
      'initialize',
      'tools/list',
      'resources/read',
      'prompts/get',
      'notifications/initialized',
      'server/discover',
    ])
      expect(may(method, 'viewer')).toBe(true);
    for (const method of ['tools/call', 'tools/other', 'tasks/result', '']) expect(may(method, 'viewer')).toBe(false);
    for (const role of ['admin', 'user']) expect(may('tools/call', role, 'viewer')).toBe(true);
    for (const role of ['gardener', 'Admin', '']) expect(may('tools/list', role)).toBe(false);
    expect(may('tools/list')).toBe(false);
  });
});

describe('a throttle', () => {
  it('allows a burst, then one more at each interval', () => {
    let now = 1_000_000;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
    const throttle = createThrottle({ burst: 2, everyMs: 10_000, maxKeys: 100 });
    expect([throttle.take('a'), throttle.take('a'), throttle.take('a'), throttle.take('b')]).toEqual([0, 0, 10, 0]);
    now += 9_500;
    expect(throttle.take('a')).toBe(1);
    now += 500;
    expect([throttle.take('a'), throttle.take('a')]).toEqual([0, 10]);
    throttle.give('a');
    expect([throttle.take('a'), throttle.take('a')]).toEqual([0, 10]);
    throttle.forget('a');
    expect(throttle.take('a')).toBe(0);
    now += 1_000_000;
    expect([throttle.take('a'), throttle.take('a'), throttle.take('a')]).toEqual([0, 0, 10]);
    throttle.give('nobody');
  });

  it('forgets the keys that were used longest ago', () => {
    const throttle = createThrottle({ burst: 1, everyMs: 100_000, maxKeys: 2 });
    for (const key of ['a', 'b', 'c']) throttle.take(key);
    expect([throttle.take('c') > 0, throttle.take('b') > 0, throttle.take('a')]).toEqual([true, true, 0]);
  });

  it.each([
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['2001:db8:0:1::5', '2001:db8:0:1'],
    ['2001:0db8:0000:0001:ffff::', '2001:db8:0:1'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4'],
    ['', ''],
  ])('finds that the network of %j is %j', (address, network) => expect(networkOf(address)).toBe(network));
});

describe('the address of a client', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:50123', '203.0.113.7'],
    ['2001:db8::7', '2001:db8::7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['[2001:db8::7]:50123', '2001:db8::7'],
    ['198.51.100.1:1, 203.0.113.7:2', '203.0.113.7'],
  ])('in X-Forwarded-For %j is %s, without the port', (forwarded, address) => {
    const req = { headers: { 'x-forwarded-for': forwarded }, socket: { remoteAddress: '127.0.0.1' } };
    for (const trust of [1, ['loopback']]) expect(createAddressOf(trust)(req as unknown as IncomingMessage)).toBe(address);
  });
});

describe('the cache of verified tokens', () => {
  it('is limited in size, and drops the tokens of a user who has changed', async () => {
    const tokens = await createTokens({ secret: SECRET, issuer: 'us', seconds: 60 });
    const user = { username: 'ann', passwordHash: 'x', roles: ['user'], partitions: ['default'] };
    const known = new Map([['ann', user]]);
    const admin = { username: 'admin', passwordDigest: undefined };
    const bearers = createBearers({ tokens, users: { find: (name) => known.get(name) }, admin, staticToken: undefined });
    const verify = jest.spyOn(tokens, 'verify');
    const first = await bearers.issue('ann');
    await bearers.find(first);
    await bearers.find(first);
    expect(verify).toHaveBeenCalledTimes(1);
    const claims = { subject: 'ann', roles: ['user'], partitions: [], expires: Date.now(), mark: undefined, scopes: undefined };
    verify.mockImplementation(async () => claims);
    for (let index = 0; index < 10_005; index += 1) await bearers.find(`token-${index}`);
    expect(bearers.remembered).toBe(10_000);
    bearers.forgetChanged();
    expect(bearers.remembered).toBe(10_000);
    known.set('ann', { ...user, roles: ['viewer'] });
    bearers.forgetChanged();
    expect(bearers.remembered).toBe(0);
  });
});
