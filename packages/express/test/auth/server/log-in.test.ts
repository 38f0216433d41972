/** The whole way of a client: metadata, registration, log-in, consent, tokens, refresh, revocation. */
import { defineCatalog } from '@mcp-daemon/core';
import { createLocalAuth } from '@mcp-daemon/express/local';

import { echo, tool } from '../../support.js';
import { ask as askRaw, HASH, logIn as passwordLogin, PASSWORD, SECRET, usersFile } from '../support.js';
import type { Shown } from './support.js';
import {
  allow,
  ask,
  attempt,
  Browser,
  claimsOf,
  codeIn,
  exchange,
  listTools,
  logIn,
  post,
  refresh,
  register,
  serveOAuth,
} from './support.js';

describe('the metadata', () => {
  it('leads from a 401 to the endpoints', async () => {
    const { base } = await serveOAuth();
    const refused = await ask(`${base}/mcp`, { method: 'POST' });
    expect(refused.status).toBe(401);
    const resource = /resource_metadata="([^"]+)"/.exec(refused.headers.get('www-authenticate') ?? '')?.[1];
    expect(resource).toBe(`${base}/.well-known/oauth-protected-resource/mcp`);
    expect((await ask(String(resource))).json).toMatchObject({ resource: `${base}/mcp`, authorization_servers: [base] });
    for (const path of ['oauth-authorization-server', 'openid-configuration'])
      expect((await ask(`${base}/.well-known/${path}`)).json).toMatchObject({
        issuer: base,
        authorization_endpoint: `${base}/oauth/authorize`,
        token_endpoint: `${base}/oauth/token`,
        registration_endpoint: `${base}/oauth/register`,
        code_challenge_methods_supported: ['S256'],
        authorization_response_iss_parameter_supported: true,
        client_id_metadata_document_supported: true,
      });
    expect((await ask(`${base}/.well-known/oauth-authorization-server/mcp`)).status).toBe(404);
  });

  it('names the public URL, also where it has a path', async () => {
    const publicUrl = 'https://example.com/tools';
    const { base } = await serveOAuth({ publicUrl, http: { publicUrl } });
    const resource = (await ask(`${base}/.well-known/oauth-protected-resource/alpha/mcp`)).json;
    expect(resource).toMatchObject({ resource: `${publicUrl}/alpha/mcp`, authorization_servers: [publicUrl] });
    for (const path of ['oauth-authorization-server/tools', 'openid-configuration'])
      expect((await ask(`${base}/.well-known/${path}`)).json).toMatchObject({
        issuer: publicUrl,
        token_endpoint: `${publicUrl}/oauth/token`,
      });
  });

  it('is not there without https on another host than this machine', async () => {
    const publicUrl = 'http://mcp.example.com';
    const { base } = await serveOAuth({ publicUrl, http: { publicUrl } });
    const refused = await ask(`${base}/mcp`, { method: 'POST' });
    expect(refused.headers.get('www-authenticate')).not.toContain('resource_metadata');
    for (const path of ['/.well-known/oauth-authorization-server', '/oauth/grants', '/.well-known/oauth-protected-resource']) {
      const answer = await ask(base + path);
      expect([path, answer.status, answer.text]).toEqual([path, 404, expect.stringMatching(/POST \/auth\/login/)]);
    }
  });

  it('is answered for every Host header', async () => {
    const { port } = await serveOAuth();
    for (const host of ['localhost:99999', '[::', 'a b', '', 'LOCALHOST:1', '%'])
      for (const path of ['/mcp', '/.well-known/oauth-authorization-server', '/oauth/grants']) {
        const { status } = await askRaw(port, 'GET', path, { host });
        expect([host, path, [200, 400, 401, 404].includes(status)]).toEqual([host, path, true]);
      }
  });

  it('is not there where it is turned off', async () => {
    const { base } = await serveOAuth({ oauth: undefined });
    for (const path of ['/.well-known/oauth-authorization-server', '/oauth/authorize', '/.well-known/oauth-protected-resource'])
      expect([path, (await ask(base + path)).status]).toEqual([path, 404]);
  });
});

describe('a client', () => {
  it('gets tokens for a user who logs in and allows it', async () => {
    const { base, errors } = await serveOAuth();
    const { client_id: clientId } = (await register(base)).json;
    const begun = attempt(base, String(clientId));
    const browser = new Browser();
    const login = await browser.follow(begun.url);
    expect(login.page.status).toBe(200);
    expect(login.page.text).toContain('Tester wants to use this MCP server in your name.');
    const consent = await browser.follow(login.url, { username: 'ann', password: PASSWORD });
    for (const text of ['Allow Tester?', 'ann', 'a program on this computer (127.0.0.1)', 'default', 'not verified'])
      expect(consent.page.text).toContain(text);
    const end = new URL((await browser.follow(consent.url, { answer: 'allow' })).url);
    expect(end.origin + end.pathname).toBe('http://127.0.0.1:5555/callback');
    expect(end.searchParams.get('state')).toBe('the state');
    expect(end.searchParams.get('iss')).toBe(base);
    const answer = await exchange(begun, codeIn(end.href));
    expect(answer.json).toMatchObject({ token_type: 'Bearer', expires_in: 900, scope: 'mcp' });
    const claims = claimsOf(String(answer.json['access_token']));
    expect(claims).toMatchObject({ iss: base, aud: `${base}/mcp`, sub: 'ann', client_id: clientId, scope: 'mcp' });
    expect((await listTools(base, String(answer.json['access_token']))).status).toBe(200);
    expect(errors).toEqual([]);
  });

  it('gets cookies that neither scripts nor other sites can use', async () => {
    const publicUrl = 'https://example.com/tools';
    const { base } = await serveOAuth({ publicUrl, http: { publicUrl } });
    const clientId = String((await register(base)).json['client_id']);
    const browser = new Browser();
    const begun = attempt(base, clientId, { resource: `${publicUrl}/mcp` });
    const first = await browser.go(begun.url);
    expect(first.headers.get('location')).toMatch(/^https:\/\/example\.com\/tools\/oauth\/login\/[\w-]+$/);
    expect(browser.set.length).toBeGreaterThan(1);
    for (const cookie of browser.set) {
      expect(cookie).toMatch(/; secure/i);
      expect(cookie).toMatch(/; httponly/i);
      expect(cookie).toMatch(/; samesite=lax/i);
      expect(cookie).toMatch(/path=\/tools\/oauth\//i);
    }
  });

  it('is told that the user has not allowed it', async () => {
    const { base } = await serveOAuth();
    const clientId = String((await register(base)).json['client_id']);
    const browser = new Browser();
    const login = await browser.follow(attempt(base, clientId).url);
    const cancelled = await browser.follow(login.url, { cancel: '1' });
    expect(new URL(cancelled.url).searchParams.get('error')).toBe('access_denied');
    const again = await browser.follow(attempt(base, clientId).url);
    const consent = await browser.follow(again.url, { username: 'ann', password: PASSWORD });
    const denied = await browser.follow(consent.url, { answer: 'deny' });
    expect(new URL(denied.url).searchParams.get('error')).toBe('access_denied');
  });

  it('is asked for each time, but the password is not', async () => {
    const { base } = await serveOAuth();
    const clientId = String((await register(base)).json['client_id']);
    const browser = new Browser();
    await allow(attempt(base, clientId), { browser });
    const again = await browser.follow(attempt(base, clientId).url);
    expect(again.page.text).toContain('Allow Tester?');
    expect(again.page.text).not.toContain('name="password"');
  });

  it('can be allowed by another user of the same browser', async () => {
    const { base } = await serveOAuth();
    const clientId = String((await register(base)).json['client_id']);
    const browser = new Browser();
    await allow(attempt(base, clientId), { browser });
    const begun = attempt(base, clientId);
    const consent = await browser.follow(begun.url);
    const login = await browser.follow(consent.url, { answer: 'other' });
    expect(login.page.text).toContain('name="password"');
    const asked = await browser.follow(login.url, { username: 'root', password: PASSWORD });
    expect(asked.page.text).toContain('in your name, root.');
    const end = await browser.follow(asked.url, { answer: 'allow' });
    const answer = await exchange(begun, codeIn(end.url));
    expect(claimsOf(String(answer.json['access_token']))['sub']).toBe('root');
  });

  it('with a secret has to send it', async () => {
    const { base } = await serveOAuth();
    const { client_id: clientId, client_secret: secret } = (
      await register(base, { token_endpoint_auth_method: 'client_secret_post' })
    ).json;
    const begun = attempt(base, String(clientId));
    const code = codeIn((await allow(begun)).url);
    expect((await exchange(begun, code)).json['error']).toBe('invalid_client');
    expect((await exchange(begun, code, { client_secret: 'guessed' })).json['error']).toBe('invalid_client');
    expect((await exchange(begun, code, { client_secret: String(secret) })).status).toBe(200);
  });

  it('may use any port of this machine, but no other path', async () => {
    const { base } = await serveOAuth();
    const clientId = String((await register(base)).json['client_id']);
    const other = attempt(base, clientId, { redirect_uri: 'http://127.0.0.1:61234/callback' });
    expect((await allow(other)).url).toMatch(/^http:\/\/127\.0\.0\.1:61234\/callback\?code=/);
    const wrong = await new Browser().follow(attempt(base, clientId, { redirect_uri: 'http://127.0.0.1:5555/other' }).url);
    expect(wrong.page.status).toBe(400);
  });

  it('gets the default partition where it names no resource', async () => {
    const { base } = await serveOAuth();
    const { access } = await logIn(base, { resource: undefined });
    expect(claimsOf(access)['aud']).toBe(`${base}/mcp`);
  });
});

describe('a token', () => {
  it('is valid for MCP in its partition alone', async () => {
    const { base } = await serveOAuth();
    const { access } = await logIn(base, { username: 'root' });
    for (const path of ['/mcp', '/default/mcp'])
      expect([path, (await listTools(base, access, path)).status]).toEqual([path, 200]);
    expect((await listTools(base, access, '/alpha/mcp')).headers.get('www-authenticate')).toContain('for another resource');
    const authorization = `Bearer ${access}`;
    for (const path of ['/metrics', '/me', '/events', '/alpha/events'])
      expect([path, (await ask(base + path, { headers: { authorization } })).status]).toEqual([path, 401]);
  });

  it('for another partition needs a user of that partition', async () => {
    const { base } = await serveOAuth();
    const resource = `${base}/alpha/mcp`;
    const { access } = await logIn(base, { username: 'bob', resource });
    expect(claimsOf(access)['aud']).toBe(resource);
    expect((await listTools(base, access, '/mcp')).status).toBe(401);
    expect((await listTools(base, access, '/alpha/mcp')).status).not.toBe(401);
    const clientId = String((await register(base)).json['client_id']);
    const browser = new Browser();
    const login = await browser.follow(attempt(base, clientId, { resource }).url);
    const consent = await browser.follow(login.url, { username: 'ann', password: PASSWORD });
    expect(consent.page.text).toContain('ann has no access to alpha.');
    expect(consent.page.text).not.toContain('value="allow"');
    expect((await browser.go(consent.url, { answer: 'allow' })).status).toBe(403);
  });

  it('is accepted by another process with the same secret and state', async () => {
    const { base, daemon } = await serveOAuth();
    const userFile = await usersFile();
    const tokens = await logIn(base);
    const other = await createLocalAuth({ userFile, jwtSecret: SECRET, oauth: { state: () => daemon.state() } });
    const request = (token: string): never =>
      ({ url: '/mcp', headers: { host: new URL(base).host, authorization: `Bearer ${token}` }, socket: {} }) as never;
    expect(await other.authenticate(request(tokens.access))).toMatchObject({ subject: 'ann', clientId: tokens.clientId });
    const stranger = await createLocalAuth({ userFile, jwtSecret: `${SECRET}!`, oauth: { state: () => daemon.state() } });
    expect(await stranger.authenticate(request(tokens.access))).toMatchObject({ status: 401 });
  });

  it('does what its user may do now', async () => {
    const { base, auth } = await serveOAuth();
    const { access } = await logIn(base);
    await auth.users.changeUser('ann', () => ({ roles: ['gardener'] }));
    expect((await listTools(base, access)).status).toBe(403);
    await auth.users.changeUser('ann', () => ({ roles: ['viewer'] }));
    expect((await listTools(base, access)).status).toBe(200);
    await auth.users.changeUser('ann', () => ({ partitions: ['alpha'] }));
    expect((await listTools(base, access)).status).toBe(403);
  });
});

describe('a refresh token', () => {
  it('gives new tokens, and is used up', async () => {
    const { base } = await serveOAuth();
    const tokens = await logIn(base);
    const answer = await refresh(base, tokens);
    expect(answer.status).toBe(200);
    expect(answer.json['refresh_token']).not.toBe(tokens.refresh);
    expect((await listTools(base, String(answer.json['access_token']))).status).toBe(200);
    expect((await refresh(base, tokens)).json['error']).toBe('invalid_grant');
    // Somebody has a stolen copy: nothing of this log-in is valid any more.
    const next = { ...tokens, refresh: String(answer.json['refresh_token']) };
    expect((await refresh(base, next)).json['error']).toBe('invalid_grant');
    expect((await listTools(base, String(answer.json['access_token']))).status).toBe(401);
  });

  it('ends with the password and with the user', async () => {
    const { base, auth } = await serveOAuth({
      userFile: await usersFile([{ username: 'ann', password_hash: HASH, roles: ['user'] }]),
    });
    const tokens = await logIn(base);
    await auth.users.setPassword('ann', 'another password');
    expect((await listTools(base, tokens.access)).status).toBe(401);
    expect((await refresh(base, tokens)).json['error']).toBe('invalid_grant');
    await auth.users.setPassword('ann', PASSWORD);
    const again = await logIn(base);
    await auth.users.removeUser('ann');
    expect((await listTools(base, again.access)).status).toBe(401);
    expect((await refresh(base, again)).json['error']).toBe('invalid_grant');
  });

  it('that is revoked ends the access token too', async () => {
    const { base } = await serveOAuth();
    const tokens = await logIn(base);
    const answer = await post(`${base}/oauth/revoke`, { token: tokens.refresh, client_id: tokens.clientId });
    expect(answer.status).toBe(200);
    expect((await listTools(base, tokens.access)).status).toBe(401);
    expect((await refresh(base, tokens)).json['error']).toBe('invalid_grant');
  });

  it('cannot be revoked by another client', async () => {
    const { base } = await serveOAuth();
    const tokens = await logIn(base);
    const other = String((await register(base)).json['client_id']);
    await post(`${base}/oauth/revoke`, { token: tokens.refresh, client_id: other });
    expect((await listTools(base, tokens.access)).status).toBe(200);
  });
});

describe('scopes', () => {
  const users = [
    { username: 'ann', password_hash: HASH, roles: ['user'], scopes: ['read', 'write'] },
    { username: 'eve', password_hash: HASH, roles: ['user'], scopes: ['read'] },
    { username: 'root', password_hash: HASH, roles: ['admin'] },
  ];
  const scoped = (name: string, scopes: string[]) => ({ ...tool(name, () => name), scopes });
  async function serveScopes(): ReturnType<typeof serveOAuth> {
    const catalog = defineCatalog({ functions: [echo, scoped('reads', ['read']), scoped('writes', ['read', 'write'])] });
    return serveOAuth({ userFile: await usersFile(users), store: { catalog } });
  }
  const namesIn = ({ json }: Shown): string[] =>
    (json as { result: { tools: { name: string }[] } }).result.tools.map(({ name }) => name).sort();

  it('are named by the metadata, and asked for by the client', async () => {
    const { base } = await serveScopes();
    const { json } = await ask(`${base}/.well-known/oauth-protected-resource/mcp`);
    expect(json['scopes_supported']).toEqual(['read', 'write']);
    const { access } = await logIn(base, { scope: 'read openid unknown' });
    expect(claimsOf(access)['scope']).toBe('mcp read');
    expect(namesIn(await listTools(base, access))).toEqual(['echo', 'reads']);
  });

  it('are all those of the user where the client names none', async () => {
    const { base } = await serveScopes();
    const { access } = await logIn(base);
    expect(namesIn(await listTools(base, access))).toEqual(['echo', 'reads', 'writes']);
  });

  it('that the user does not have are not given, and the page does not show them', async () => {
    const { base } = await serveScopes();
    const clientId = String((await register(base)).json['client_id']);
    const begun = attempt(base, clientId, { scope: 'read write' });
    const browser = new Browser();
    const login = await browser.follow(begun.url);
    const consent = await browser.follow(login.url, { username: 'eve', password: PASSWORD });
    expect(consent.page.text).toContain('<code>read</code>');
    expect(consent.page.text).not.toContain('<code>write</code>');
    const answer = await exchange(begun, codeIn((await browser.follow(consent.url, { answer: 'allow' })).url));
    expect(answer.json['scope']).toBe('mcp read');
    expect(namesIn(await listTools(base, String(answer.json['access_token'])))).toEqual(['echo', 'reads']);
  });

  it('limit an admin too, and follow the user', async () => {
    const { base, auth } = await serveScopes();
    const root = await logIn(base, { username: 'root', scope: 'read' });
    expect(namesIn(await listTools(base, root.access))).toEqual(['echo', 'reads']);
    const ann = await logIn(base);
    await auth.users.changeUser('ann', () => ({ scopes: ['read'] }));
    expect(namesIn(await listTools(base, ann.access))).toEqual(['echo', 'reads']);
    const renewed = await refresh(base, ann, { scope: 'mcp' });
    expect(namesIn(await listTools(base, String(renewed.json['access_token'])))).toEqual(['echo']);
  });
});

it('the way to log in with a password stays as it was', async () => {
  const { port, base } = await serveOAuth();
  const { json } = await passwordLogin(port, 'ann');
  expect((await listTools(base, String(json['access_token']))).status).toBe(200);
});
