/** What attackers and broken clients send to the authorization server. */
import type { StateStore } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { atEnd, JSON_HEADERS, passTime, stopClock } from '../../support.js';
import { logIn as passwordLogin, PASSWORD } from '../support.js';
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
  REDIRECT,
  refresh,
  register,
  serveOAuth,
} from './support.js';

const clientOf = async (base: string): Promise<string> => String((await register(base)).json['client_id']);

describe('registration', () => {
  it('in a storm is limited, for each address and for all', async () => {
    let address = 0;
    const { base, daemon } = await serveOAuth({ addressOf: () => `10.0.${address >> 8}.${address & 255}` });
    stopClock();
    const statuses = await Promise.all(Array.from({ length: 40 }, async () => (await register(base)).status));
    expect(statuses.filter((status) => status === 201)).toHaveLength(20);
    const refused = await register(base);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(1);
    for (address = 1; address < 300; address += 1) statuses.push((await register(base)).status);
    expect(statuses.filter((status) => status === 201).length).toBeLessThanOrEqual(200);
    const state = await daemon.state();
    const { items } = await state.list('default', 'oauth/Client/', { limit: 1_000 });
    expect(items.length).toBeLessThanOrEqual(200);
    for (const { expires_at } of items) expect(expires_at).toBeLessThanOrEqual(Date.now() + 24 * 60 * 60_000);
  });

  it('is kept longer once a user has allowed the client', async () => {
    const { base, daemon } = await serveOAuth();
    await logIn(base);
    const [entry] = (await (await daemon.state()).list('default', 'oauth/Client/')).items;
    expect(entry?.expires_at).toBeGreaterThan(Date.now() + 80 * 24 * 60 * 60_000);
  });

  it.each<[string, unknown]>([
    ['no redirects', { redirect_uris: [] }],
    ['redirects that are no array', { redirect_uris: REDIRECT }],
    ['too many redirects', { redirect_uris: Array(11).fill(REDIRECT) }],
    ['a redirect that is too long', { redirect_uris: [`https://example.com/${'x'.repeat(2_000)}`] }],
    ['a redirect that is no URI', { redirect_uris: ['callback'] }],
    ['a redirect with a fragment', { redirect_uris: ['https://example.com/#x'] }],
    ['a redirect to a script', { redirect_uris: ['javascript:alert(1)'] }],
    ['a redirect to a document', { redirect_uris: ['data:text/html,x'] }],
    ['a redirect by http to another machine', { redirect_uris: ['http://example.com/callback'] }],
    ['one good and one bad redirect', { redirect_uris: [REDIRECT, 'http://192.168.0.1/'] }],
    ['an unknown authentication', { token_endpoint_auth_method: 'private_key_jwt' }],
    ['another grant', { grant_types: ['client_credentials'] }],
    ['another response', { response_types: ['token'] }],
  ])('with %s is refused', async (_what, more) => {
    const { base } = await serveOAuth();
    const answer = await register(base, more as Record<string, unknown>);
    expect([answer.status, answer.json['error']]).toEqual([
      400,
      expect.stringMatching(/^invalid_(redirect_uri|client_metadata)$/),
    ]);
  });

  it('of anything but a small JSON object is refused', async () => {
    const { base } = await serveOAuth();
    const send = (body: string, type = 'application/json'): Promise<number> =>
      ask(`${base}/oauth/register`, { method: 'POST', headers: { 'content-type': type }, body }).then(({ status }) => status);
    expect(await send('[]')).toBe(400);
    expect(await send('null')).toBe(400);
    expect(await send('{')).toBe(400);
    expect(await send('{}', 'text/plain')).toBe(415);
    expect(await send(JSON.stringify({ redirect_uris: [REDIRECT], client_name: 'x'.repeat(20_000) }))).toBe(413);
  });

  it('keeps nothing else of what the client says', async () => {
    const { base } = await serveOAuth();
    const { json } = await register(base, {
      client_name: ' A\u202e\n  name \u0000 ',
      client_id: 'mine',
      client_secret: 'mine',
      jwks_uri: 'https://example.com/keys',
      logo_uri: 'https://example.com/logo.png',
      scope: 'openid',
    });
    expect(json).toEqual({
      client_id: expect.stringMatching(/^[\w-]{22}$/),
      client_id_issued_at: expect.any(Number),
      client_name: 'A name',
      application_type: 'native',
      redirect_uris: [REDIRECT],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    });
  });
});

describe('a log-in', () => {
  it.each<[string, Record<string, string | undefined>]>([
    ['of an unknown client', { client_id: 'nobody' }],
    ['without a client', { client_id: undefined }],
    ['with a redirect that was not registered', { redirect_uri: 'https://evil.example/callback' }],
    ['with a redirect that begins like a registered one', { redirect_uri: `${REDIRECT}/../evil` }],
    ['with a user in its redirect', { redirect_uri: 'http://127.0.0.1:5555@evil.example/callback' }],
  ])('%s is refused on a page of ours', async (_what, more) => {
    const { base } = await serveOAuth();
    const { url, page } = await new Browser().follow(attempt(base, await clientOf(base), more).url);
    expect(page.status).toBe(400);
    expect(url.startsWith(base)).toBe(true);
    expect(page.text).toContain('This log-in cannot go on');
    expect(page.headers.get('content-security-policy')).toContain(`default-src 'none'`);
  });

  it.each<[string, Record<string, string | undefined>, string]>([
    ['without PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['with plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['without a method of PKCE', { code_challenge_method: undefined }, 'invalid_request'],
    ['for tokens without a code', { response_type: 'none' }, 'unsupported_response_type'],
    ['for another server', { resource: 'https://example.com/mcp' }, 'invalid_target'],
    ['for a path that is not MCP', { resource: '%BASE%/metrics' }, 'invalid_target'],
    ['for a resource that is no URL', { resource: 'mcp' }, 'invalid_target'],
    ['without a page', { prompt: 'none' }, 'login_required'],
  ])('%s is refused at the client', async (_what, more, error) => {
    const { base } = await serveOAuth();
    const given = Object.fromEntries(Object.entries(more).map(([name, value]) => [name, value?.replace('%BASE%', base)]));
    const { url } = await new Browser().follow(attempt(base, await clientOf(base), given).url);
    const { origin, searchParams } = new URL(url);
    expect([origin, searchParams.get('error'), searchParams.get('iss')]).toEqual(['http://127.0.0.1:5555', error, base]);
  });

  it('ignores scopes that do not exist, and parameters of OpenID', async () => {
    const { base } = await serveOAuth();
    const begun = attempt(base, await clientOf(base), {
      scope: 'openid admin offline_access',
      nonce: 'x',
      max_age: '1',
      claims: '{}',
    });
    expect((await exchange(begun, codeIn((await allow(begun)).url))).json['scope']).toBe('mcp');
  });

  it('that is guessed is limited as elsewhere', async () => {
    const { base, port } = await serveOAuth();
    stopClock();
    const browser = new Browser();
    const { url } = await browser.follow(attempt(base, await clientOf(base)).url);
    for (let at = 0; at < 3; at += 1) {
      const answer = await browser.go(url, { username: 'ann', password: `guess ${at}` });
      expect(answer.status).toBe(401);
      expect(answer.text).toContain('The username or the password is wrong.');
      expect(answer.text).not.toContain(`guess ${at}`);
    }
    // The attempts at both places are counted together.
    for (let at = 0; at < 2; at += 1) expect((await passwordLogin(port, 'ann', 'wrong')).status).toBe(401);
    const refused = await browser.go(url, { username: 'ann', password: PASSWORD });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, expect.stringMatching(/^\d+$/)]);
  });

  it('cannot be continued in another browser, from another site, or twice', async () => {
    const { base } = await serveOAuth();
    const browser = new Browser();
    const { url } = await browser.follow(attempt(base, await clientOf(base)).url);
    expect((await new Browser().go(url)).status).toBe(400);
    expect((await new Browser().go(url, { username: 'ann', password: PASSWORD })).status).toBe(400);
    const form = { username: 'ann', password: PASSWORD };
    expect((await browser.go(url, form, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    const other = await browser.follow(attempt(base, await clientOf(base)).url);
    const cookies = new Browser();
    expect((await cookies.go(other.url)).status).toBe(400);
    const consent = await browser.follow(url, form);
    expect((await browser.follow(consent.url, { answer: 'allow' })).url).toContain('code=');
    expect((await browser.go(consent.url, { answer: 'allow' })).status).toBe(400);
    expect((await browser.go(url, form)).status).toBe(400);
  });

  it('in a second tab can be finished by another user, and the first tab then allows nothing', async () => {
    const { base } = await serveOAuth();
    const browser = new Browser();
    const clientId = await clientOf(base);
    const [first, second] = [attempt(base, clientId), attempt(base, clientId)];
    const [loginA, loginB] = [await browser.follow(first.url), await browser.follow(second.url)];
    const consentA = await browser.follow(loginA.url, { username: 'ann', password: PASSWORD });
    const consentB = await browser.follow(loginB.url, { username: 'root', password: PASSWORD });
    expect(consentB.page.text).toContain('in your name, root.');
    const refused = await browser.go(consentA.url, { answer: 'allow' });
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('or logged in as another user')]);
    const answer = await exchange(second, codeIn((await browser.follow(consentB.url, { answer: 'allow' })).url));
    expect(claimsOf(String(answer.json['access_token']))['sub']).toBe('root');
  });

  it('in a second tab can be finished by the same user', async () => {
    const { base } = await serveOAuth();
    const browser = new Browser();
    const clientId = await clientOf(base);
    const [first, second] = [attempt(base, clientId), attempt(base, clientId)];
    const logins = [await browser.follow(first.url), await browser.follow(second.url)];
    const consents = [];
    for (const { url } of logins) consents.push(await browser.follow(url, { username: 'ann', password: PASSWORD }));
    for (const { url } of consents) expect((await browser.follow(url, { answer: 'allow' })).url).toContain('code=');
  });

  it('ends where the user logs out before allowing it', async () => {
    const { base } = await serveOAuth();
    const browser = new Browser();
    const login = await browser.follow(attempt(base, await clientOf(base)).url);
    const consent = await browser.follow(login.url, { username: 'ann', password: PASSWORD });
    const grants = await browser.follow(`${base}/oauth/grants`);
    const [, token = ''] = /name="token" value="([^"]+)"/.exec(grants.page.text) ?? [];
    await browser.follow(`${base}/oauth/grants`, { token, logout: '1' });
    expect((await browser.go(consent.url, { answer: 'allow' })).status).toBe(400);
    expect((await browser.follow(`${base}/oauth/grants`, { username: 'ann', password: PASSWORD })).page.text).toContain(
      'There are none.',
    );
  });

  it('is not allowed by an answer that is none', async () => {
    const { base } = await serveOAuth();
    const browser = new Browser();
    const login = await browser.follow(attempt(base, await clientOf(base)).url);
    const consent = await browser.follow(login.url, { username: 'ann', password: PASSWORD });
    expect((await browser.follow(consent.url, {})).url).toContain('error=access_denied');
  });

  it('ends where the user gets another password before allowing it', async () => {
    const { base, auth } = await serveOAuth();
    const browser = new Browser();
    const login = await browser.follow(attempt(base, await clientOf(base)).url);
    const consent = await browser.follow(login.url, { username: 'ann', password: PASSWORD });
    await auth.users.setPassword('ann', 'another password');
    expect((await browser.go(consent.url, { answer: 'allow' })).status).toBe(400);
    const again = await browser.follow(attempt(base, await clientOf(base)).url);
    expect(again.page.text).toContain('name="password"');
  });

  it('shows what others have written as text', async () => {
    const { base } = await serveOAuth();
    const { client_id: clientId } = (await register(base, { client_name: '<script>alert(1)</script>"&' })).json;
    const browser = new Browser();
    const login = await browser.follow(attempt(base, String(clientId), { login_hint: '"><b>' }).url);
    expect(login.page.text).toContain('value="&quot;&gt;&lt;b&gt;"');
    const consent = await browser.follow(login.url, { username: 'ann', password: PASSWORD });
    for (const { text } of [login.page, consent.page]) {
      expect(text).toContain('&lt;script&gt;');
      expect(text).not.toContain('<script');
    }
  });

  it('of which too many are begun is refused', async () => {
    let address = 0;
    const { base } = await serveOAuth({ addressOf: () => `10.1.${(address += 1) >> 8}.${address & 255}` });
    const { url } = attempt(base, await clientOf(base));
    stopClock();
    const statuses: number[] = [];
    for (let round = 0; round < 6; round += 1)
      statuses.push(...(await Promise.all(Array.from({ length: 100 }, async () => (await ask(url)).status))));
    expect(statuses.filter((status) => status === 303)).toHaveLength(500);
    expect(statuses.filter((status) => status === 429)).toHaveLength(100);
  });

  it('is limited for each address', async () => {
    const { base } = await serveOAuth();
    stopClock();
    const statuses = await Promise.all(Array.from({ length: 200 }, async () => (await ask(`${base}/oauth/jwks`)).status));
    expect(statuses.filter((status) => status === 200)).toHaveLength(120);
    expect(statuses.filter((status) => status === 429)).toHaveLength(80);
  });
});

describe('a code', () => {
  it('is used once: the second time ends what the first one gave', async () => {
    const { base } = await serveOAuth();
    const begun = attempt(base, await clientOf(base));
    const code = codeIn((await allow(begun)).url);
    const { json } = await exchange(begun, code);
    expect((await listTools(base, String(json['access_token']))).status).toBe(200);
    expect((await exchange(begun, code)).json['error']).toBe('invalid_grant');
    expect((await listTools(base, String(json['access_token']))).status).toBe(401);
    const tokens = { clientId: begun.clientId, access: '', refresh: String(json['refresh_token']) };
    expect((await refresh(base, tokens)).json['error']).toBe('invalid_grant');
  });

  it('that is used twice at the same moment is refused once at least', async () => {
    const { base } = await serveOAuth();
    const begun = attempt(base, await clientOf(base));
    const code = codeIn((await allow(begun)).url);
    const answers = await Promise.all(Array.from({ length: 8 }, () => exchange(begun, code)));
    const given = answers.filter(({ status }) => status === 200);
    expect(given.length).toBeLessThanOrEqual(1);
    for (const { json } of given) expect((await listTools(base, String(json['access_token']))).status).toBe(401);
  });

  it.each<[string, Record<string, string>, string]>([
    ['without its verifier', { code_verifier: '' }, 'invalid_grant'],
    ['with another verifier', { code_verifier: 'x'.repeat(43) }, 'invalid_grant'],
    ['at another redirect', { redirect_uri: 'http://127.0.0.1:5556/callback' }, 'invalid_grant'],
    ['for another resource', { resource: 'https://example.com/mcp' }, 'invalid_target'],
    ['by an unknown client', { client_id: 'nobody' }, 'invalid_client'],
    ['that does not exist', { code: 'x'.repeat(43) }, 'invalid_grant'],
    ['for another grant', { grant_type: 'password' }, 'unsupported_grant_type'],
  ])('%s gives no token', async (_what, more, error) => {
    const { base } = await serveOAuth();
    const begun = attempt(base, await clientOf(base));
    const answer = await exchange(begun, codeIn((await allow(begun)).url), more);
    expect([answer.status >= 400, answer.json['error']]).toEqual([true, error]);
  });

  it('of another client gives no token', async () => {
    const { base } = await serveOAuth();
    const begun = attempt(base, await clientOf(base));
    const code = codeIn((await allow(begun)).url);
    expect((await exchange({ ...begun, clientId: await clientOf(base) }, code)).json['error']).toBe('invalid_grant');
  });
});

describe('consent', () => {
  it('that is withdrawn ends tokens, streams and running calls', async () => {
    const { base } = await serveOAuth();
    const tokens = await logIn(base);
    const headers = { ...JSON_HEADERS, authorization: `Bearer ${tokens.access}`, 'mcp-protocol-version': '2025-11-25' };
    const initialize = {
      ...{ jsonrpc: '2.0', id: 0, method: 'initialize' },
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
    };
    const opened = await ask(`${base}/mcp`, { method: 'POST', headers, body: JSON.stringify(initialize) });
    const session = { ...headers, 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
    const stream = await fetch(`${base}/mcp`, { headers: { ...session, accept: 'text/event-stream' } });
    expect(stream.status).toBe(200);
    const browser = new Browser();
    const list = await browser.follow(`${base}/oauth/grants`, { username: 'ann', password: PASSWORD });
    const [, token = ''] = /name="token" value="([^"]+)"/.exec(list.page.text) ?? [];
    const [, id = ''] = /name="withdraw"\s+value="([^"]+)"/.exec(list.page.text) ?? [];
    const after = await browser.follow(list.url, { token, withdraw: id });
    expect(after.page.text).toContain('There are none.');
    await stream.text(); // until its end
    expect((await listTools(base, tokens.access)).status).toBe(401);
    expect((await refresh(base, tokens)).json['error']).toBe('invalid_grant');
  });

  it('that is withdrawn at one process ends tokens at the others', async () => {
    const first = await serveOAuth();
    const tokens = await logIn(first.base);
    // The other process is reached under the same name, as behind a load balancer.
    const second = await serveOAuth({ daemon: first.daemon, publicUrl: first.base, http: { publicUrl: first.base } });
    expect((await listTools(second.base, tokens.access)).status).toBe(200);
    await post(`${first.base}/oauth/revoke`, { token: tokens.refresh, client_id: tokens.clientId });
    passTime(2_001); // what is known of the grant is too old then
    expect((await listTools(second.base, tokens.access)).status).toBe(401);
  });

  it('is withdrawn by its user alone, with a form of the page', async () => {
    const { base } = await serveOAuth();
    const tokens = await logIn(base);
    const id = String(claimsOf(tokens.access)['gid']);
    const browser = new Browser();
    const list = await browser.follow(`${base}/oauth/grants`, { username: 'root', password: PASSWORD });
    expect(list.page.text).toContain('There are none.');
    const [, token = ''] = /name="token" value="([^"]+)"/.exec(list.page.text) ?? [];
    await browser.follow(list.url, { token, withdraw: id });
    const mine = new Browser();
    await mine.follow(`${base}/oauth/grants`, { username: 'ann', password: PASSWORD });
    for (const fields of [{ withdraw: id }, { token: 'x', withdraw: id }, { token, withdraw: id }])
      expect((await mine.go(`${base}/oauth/grants`, fields as Record<string, string>)).status).toBe(403);
    expect((await mine.go(`${base}/oauth/grants`, { withdraw: id }, { 'sec-fetch-site': 'same-site' })).status).toBe(403);
    expect((await listTools(base, tokens.access)).status).toBe(200);
  });

  it('is given at most fifty times: the oldest is withdrawn', async () => {
    const { base } = await serveOAuth({ addressOf: () => `10.0.0.${Math.floor(Math.random() * 200)}` });
    const first = await logIn(base);
    const browser = new Browser();
    for (let at = 0; at < 50; at += 1) await allow(attempt(base, first.clientId), { browser });
    expect((await listTools(base, first.access)).status).toBe(401);
    const { page } = await browser.follow(`${base}/oauth/grants`);
    expect(page.text.match(/name="withdraw"/g)).toHaveLength(50);
  });
});

describe('the state store', () => {
  it('has no secret in it', async () => {
    const { base, daemon } = await serveOAuth();
    const { client_secret: secret, client_id: clientId } = (
      await register(base, { token_endpoint_auth_method: 'client_secret_post' })
    ).json;
    const begun = attempt(base, String(clientId));
    const code = codeIn((await allow(begun)).url);
    const { json } = await exchange(begun, code, { client_secret: String(secret) });
    const { items } = await (await daemon.state()).list('default', 'oauth/', { limit: 1_000 });
    const kinds = new Set(items.map(({ key }) => key.split('/')[1]));
    expect([...kinds].sort()).toEqual(['AuthorizationCode', 'Client', 'Grant', 'RefreshToken', 'Session', 'grant', 'uid']);
    const whole = JSON.stringify(items);
    for (const text of [code, String(secret), String(json['refresh_token']), String(clientId), 'ann', 'Tester'])
      expect(whole).not.toContain(text);
    for (const { expires_at } of items) expect(expires_at).not.toBeNull();
  });

  it('that fails ends no log-in that is known', async () => {
    let fails = false;
    const { daemon } = await serveOAuth();
    const state = async (): Promise<StateStore> => {
      if (fails) throw new DaemonError('store_failed', 'the store is gone');
      return daemon.state();
    };
    const { base, errors } = await serveOAuth({ daemon, oauth: { state } });
    const tokens = await logIn(base);
    const other = await logIn(base);
    expect((await listTools(base, tokens.access)).status).toBe(200);
    fails = true;
    atEnd(() => (fails = false));
    passTime(2_001); // what is known of the grant is too old then
    expect((await listTools(base, tokens.access)).status).toBe(200);
    expect((await refresh(base, other)).status).toBe(500);
    expect((await ask(`${base}/oauth/grants`)).status).toBe(200);
    expect(JSON.stringify(errors)).toContain('it cannot be checked whether a log-in is still allowed');
    fails = false;
    expect((await refresh(base, other)).status).toBe(200);
  });
});

it('the log says why a client was refused, which the client is not told', async () => {
  const { base, refusals } = await serveOAuth();
  const clientId = await clientOf(base);
  const begun = attempt(base, clientId);
  const code = codeIn((await allow(begun)).url);
  const answer = await exchange(begun, code, { code_verifier: 'x'.repeat(43) });
  expect(answer.json).toEqual({ error: 'invalid_grant', error_description: 'grant request is invalid' });
  await ask(attempt(base, clientId, { redirect_uri: 'https://evil.example/' }).url);
  await ask(attempt(base, clientId, { code_challenge: undefined }).url);
  expect(refusals).toEqual([
    { path: '/oauth/token', client: clientId, error: 'invalid_grant', reason: 'code_verifier does not match code_challenge' },
    {
      path: '/oauth/authorize',
      client: clientId,
      error: 'invalid_redirect_uri',
      reason: expect.stringContaining('redirect_uri'),
    },
    { path: '/oauth/authorize', client: clientId, error: 'invalid_request', reason: expect.stringContaining('code_challenge') },
  ]);
  expect(JSON.stringify(refusals)).not.toContain(code);
});

it('paths below /oauth that do not exist, and other methods, are refused', async () => {
  const { base } = await serveOAuth();
  for (const path of [
    '/oauth/nothing',
    '/oauth/login',
    '/oauth/login/',
    '/oauth/login/a/b',
    '/oauth/authorize/a/b',
    '/oauth/__proto__',
  ])
    expect([path, (await ask(base + path)).status]).toEqual([path, 404]);
  for (const path of ['/oauth/token', '/oauth/register', '/oauth/revoke'])
    expect([path, (await ask(base + path)).status]).toEqual([path, 405]);
  for (const path of ['/oauth/authorize', '/oauth/jwks'])
    expect([path, (await post(base + path, {})).status]).toEqual([path, 405]);
});
