/** What clients find that log in at a user pool by themselves: a pool of our own on this machine plays Cognito. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';

import { mayCall } from '@mcp-daemon/express';
import type { CognitoAuthOptions } from '@mcp-daemon/express/cognito';

import { echo, serve } from '../../support.js';
import { CLIENTS, Host } from '../sdk-clients.js';
import { ask } from '../support.js';
import { CLIENT, cognitoAuth, listen, makeKey, mint } from './support.js';

/** A user pool whose page logs everybody in as `ann`. */
interface Pool {
  readonly url: string;
  /** The metadata; what is undefined is missing. */
  metadata: Record<string, unknown>;
  broken: boolean;
  /** The paths that were requested. */
  readonly asked: string[];
}

const bodyOf = async (req: IncomingMessage): Promise<URLSearchParams> => {
  let text = '';
  for await (const chunk of req.setEncoding('utf8')) text += chunk as string;
  return new URLSearchParams(text);
};

async function startPool(): Promise<Pool> {
  const key = await makeKey('one');
  const codes = new Map<string, URLSearchParams>();

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://localhost');
    pool.asked.push(pathname);
    const json = (status: number, body: object): void => {
      res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (pool.broken) return json(500, {});
    if (pathname === '/pool/.well-known/jwks.json') return json(200, { keys: [key.jwk] });
    if (pathname === '/pool/.well-known/openid-configuration') return json(200, pool.metadata);
    if (pathname === '/oauth2/authorize' && searchParams.get('client_id') === CLIENT) {
      const code = randomBytes(8).toString('hex');
      codes.set(code, searchParams);
      const query = new URLSearchParams({ code, state: searchParams.get('state') ?? '' });
      return void res.writeHead(302, { location: `${searchParams.get('redirect_uri')}?${query.toString()}` }).end();
    }
    if (pathname !== '/oauth2/token') return json(404, {});
    const form = await bodyOf(req);
    const known = codes.get(form.get('code') ?? '');
    if (known === undefined || form.get('client_id') !== CLIENT || !form.has('code_verifier'))
      return json(400, { error: 'invalid_grant' });
    json(200, { access_token: await mint(key), token_type: 'Bearer', expires_in: 60 });
  }

  const url = await listen(createServer((req, res) => void answer(req, res)));
  const pool: Pool = {
    ...{ url, asked: [], broken: false },
    // The members that Cognito gives; it says nothing of PKCE.
    metadata: {
      authorization_endpoint: `${url}/oauth2/authorize`,
      end_session_endpoint: `${url}/logout`,
      id_token_signing_alg_values_supported: ['RS256'],
      issuer: `${url}/pool`,
      jwks_uri: `${url}/pool/.well-known/jwks.json`,
      response_types_supported: ['code', 'token'],
      revocation_endpoint: `${url}/oauth2/revoke`,
      scopes_supported: ['openid', 'email', 'phone', 'profile'],
      subject_types_supported: ['public'],
      token_endpoint: `${url}/oauth2/token`,
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      userinfo_endpoint: `${url}/oauth2/userInfo`,
    },
  };
  return pool;
}

async function serveWith(
  pool: Pool,
  options: Partial<CognitoAuthOptions> = {},
): Promise<{ base: string; port: number; errors: unknown[] }> {
  const errors: unknown[] = [];
  const auth = await cognitoAuth({
    clientSecret: undefined,
    jwksUrl: `${pool.url}/pool/.well-known/jwks.json`,
    logger: { error: (...what: unknown[]) => void errors.push(what) },
    ...options,
  });
  const served = await serve([echo], { authenticate: auth.authenticate, authorize: mayCall });
  served.server.removeAllListeners('request');
  served.server.on('request', (req: IncomingMessage, res: ServerResponse) => {
    void auth.handle(req, res).then((done) => (done ? undefined : served.mcp.handle(req, res)));
  });
  return { base: new URL(served.url).origin, port: served.port, errors };
}

const register = (port: number, body: object): ReturnType<typeof ask> =>
  ask(port, 'POST', '/oauth/register', { 'content-type': 'application/json' }, JSON.stringify(body));

const PATH = '/.well-known/oauth-authorization-server';

describe('the metadata of a pool', () => {
  it('is served with what clients need besides', async () => {
    const pool = await startPool();
    const { base, port } = await serveWith(pool);
    expect((await ask(port, 'GET', '/.well-known/oauth-protected-resource/mcp')).json).toMatchObject({
      authorization_servers: [base],
    });
    for (const path of [PATH, '/.well-known/openid-configuration'])
      expect((await ask(port, 'GET', path)).json).toEqual({
        issuer: base,
        authorization_endpoint: `${pool.url}/oauth2/authorize`,
        token_endpoint: `${pool.url}/oauth2/token`,
        revocation_endpoint: `${pool.url}/oauth2/revoke`,
        jwks_uri: `${pool.url}/pool/.well-known/jwks.json`,
        registration_endpoint: `${base}/oauth/register`,
        scopes_supported: ['openid', 'email', 'phone', 'profile'],
        response_types_supported: ['code'],
        grant_types_supported: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_methods_supported: ['none'],
        code_challenge_methods_supported: ['S256'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      });
    expect(pool.asked).toEqual(['/pool/.well-known/openid-configuration']);
  });

  it('offers no registration for an app client with a secret, which would be given away', async () => {
    const pool = await startPool();
    const { port } = await serveWith(pool, { clientSecret: 'secret' });
    const { json } = await ask(port, 'GET', PATH);
    expect(json).not.toHaveProperty('registration_endpoint');
    expect(json).toMatchObject({ token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'] });
    expect((await register(port, { redirect_uris: ['http://127.0.0.1/'] })).status).toBe(404);
  });

  it.each<[string, Record<string, unknown>]>([
    ['that has no domain', { authorization_endpoint: undefined }],
    ['whose endpoint is no URL', { token_endpoint: 'token' }],
    ['whose endpoint is not protected', { token_endpoint: 'http://example.com/token' }],
    ['whose endpoint is a script', { authorization_endpoint: 'javascript:alert(1)' }],
  ])('%s is not served', async (_what, more) => {
    const pool = await startPool();
    Object.assign(pool.metadata, more);
    const { port, errors } = await serveWith(pool);
    const answer = await ask(port, 'GET', PATH);
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5']);
    await ask(port, 'GET', PATH);
    expect(pool.asked).toHaveLength(1);
    expect(JSON.stringify(errors)).toContain('give the user pool a domain');
  });

  it('that cannot be fetched is asked for again later', async () => {
    const pool = await startPool();
    pool.broken = true;
    const { port } = await serveWith(pool);
    const statuses = await Promise.all(Array.from({ length: 10 }, async () => (await ask(port, 'GET', PATH)).status));
    expect(statuses).toEqual(Array(10).fill(503));
    expect(pool.asked).toHaveLength(1);
  });

  it('is at no other path, and for no other method', async () => {
    const pool = await startPool();
    const { port } = await serveWith(pool);
    expect((await ask(port, 'GET', `${PATH}/other`)).status).toBe(404);
    expect((await ask(port, 'POST', PATH)).status).toBe(405);
    expect((await ask(port, 'GET', '/oauth/register')).status).toBe(405);
    for (const path of ['/oauth', '/oauth/authorize', '/oauth/token', '/oauth/grants'])
      expect([path, (await ask(port, 'GET', path)).status]).toEqual([path, 404]);
    expect(pool.asked).toEqual([]);
  });
});

describe('registration at a pool', () => {
  it('is answered with the app client', async () => {
    const { port } = await serveWith(await startPool());
    const redirect_uris = ['http://127.0.0.1:33418/'];
    const { status, json } = await register(port, {
      client_name: 'VS Code',
      redirect_uris,
      token_endpoint_auth_method: 'client_secret_post',
    });
    expect([status, json]).toMatchObject([201, { client_id: CLIENT, redirect_uris, token_endpoint_auth_method: 'none' }]);
    expect(json).not.toHaveProperty('client_secret');
  });

  it('of nonsense is refused', async () => {
    const { port } = await serveWith(await startPool());
    expect((await register(port, {})).json).toMatchObject({ error: 'invalid_redirect_uri' });
    expect((await register(port, [])).status).toBe(400);
  });
});

it.each(CLIENTS)('the client of the SDK %s logs in at a pool, and calls a tool', async (_version, connect) => {
  const pool = await startPool();
  const { base } = await serveWith(pool);
  const host = new Host();
  const client = await connect(`${base}/mcp`, host, async (url) => {
    expect(url.origin).toBe(pool.url);
    return String((await fetch(url, { redirect: 'manual' })).headers.get('location'));
  });
  expect(await client.callTool({ name: 'echo', arguments: { text: 'hello' } })).toMatchObject({ content: [{ text: 'hello' }] });
  await client.close();
});
