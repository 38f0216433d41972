/** Callers whose tokens lack a scope, over HTTP. */
import type { IncomingMessage } from 'node:http';

import type { FunctionDefinition } from '@mcp-daemon/core';
import { createDaemon, defineCatalog, definePrompt, defineResource, defineTool } from '@mcp-daemon/core';
import { extractWWWAuthenticateParams } from '@modelcontextprotocol/sdk/client/auth.js';

import { createChallenges } from '../../src/auth/challenge.js';
import { createAuthRoutes } from '../../src/auth/routes.js';
import type { AuthProvider } from '../../src/index.js';
import { serveHttp } from '../../src/index.js';
import type { Served } from '../support.js';
import { atEnd, call, JSON_HEADERS, message, modern, openSession, send, serve } from '../support.js';

const run = (): string => 'done';
const functions: FunctionDefinition[] = [
  defineTool({ name: 'open', run }),
  defineTool({ name: 'pay', scopes: ['orders:pay', 'orders:read'], run }),
  defineResource({ name: 'secret', uri: 'x://secret', scopes: ['orders:read'], run }),
  defineResource({ name: 'order', uriTemplate: 'order://{id}', scopes: ['orders:read', 'orders:list'], run }),
  definePrompt({ name: 'ask', scopes: ['orders:ask'], run }),
];

/** The scopes that the header `scopes` names. */
const authenticate = ({ headers: { scopes } }: IncomingMessage): { subject: string; scopes: Set<string> } => ({
  subject: 'ann',
  scopes: new Set(typeof scopes === 'string' && scopes !== '' ? scopes.split(' ') : []),
});

const served = (): Promise<Served> => serve(functions, { authenticate });

const OPERATIONS: [string, Record<string, unknown>, string][] = [
  ['tools/call', { name: 'pay' }, 'orders:pay orders:read'],
  ['resources/read', { uri: 'x://secret' }, 'orders:read'],
  ['resources/read', { uri: 'order://7' }, 'orders:read orders:list'],
  ['prompts/get', { name: 'ask' }, 'orders:ask'],
];

const challenged = (scope: string): object => ({
  status: 403,
  headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"`, 'content-type': 'application/json' },
  json: { id: 1, error: { code: -32043, data: { scopes: scope.split(' ') } } },
});

describe('a request without a scope that it needs is answered with one 403 that names all of them', () => {
  it.each(OPERATIONS)('without a session: %s %j', async (method, params, scope) => {
    const to = await served();
    expect(await send(to, modern(method, params, { scopes: 'orders:pay' }))).toMatchObject(challenged(scope));
    expect((await send(to, modern(method, params, { scopes: scope }))).status).toBe(200);
  });

  it.each(OPERATIONS)('in a session, by the token of each request: %s %j', async (method, params, scope) => {
    const to = await served();
    const headers = await openSession(to, '2025-11-25', {}, { scopes: 'orders:pay' });
    const body = message(method, params as never, 1);
    expect(await send(to, { headers, body })).toMatchObject(challenged(scope));
    expect((await send(to, { headers: { ...headers, accept: 'text/event-stream' }, body })).status).toBe(403);
    expect((await send(to, { headers: { ...headers, scopes: scope }, body })).status).toBe(200);
    // The session was opened with a token that has fewer scopes; another one may have more, and the next one fewer again.
    expect((await send(to, { headers: { ...headers, scopes: '' }, body })).status).toBe(403);
  });

  it('but in a batch by an error of its own, because the other messages are answered', async () => {
    const to = await served();
    const headers = await openSession(to, '2025-03-26');
    const answer = await send(to, { headers, body: [call('open', {}, 1), call('pay', {}, 2)] });
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject([
      { id: 1, result: {} },
      { id: 2, error: { code: -32043 } },
    ]);
  });
});

/** A provider whose tokens are scopes, with an authorization server. */
function provider(): AuthProvider {
  const challenges = createChallenges(undefined, () => true);
  const login = (): never => {
    throw new Error('there is no login');
  };
  const bearerOf = (): never => login();
  return {
    hasMetadata: true,
    authenticate: (req) => ({ partition: 'default', roles: ['user'], ...authenticate(req) }),
    handle: createAuthRoutes({ login, bearerOf, challenges, addressOf: () => '', logger: undefined }),
    scopeChallenge: challenges.scopeChallenge,
  };
}

describe('with an authorization server', () => {
  async function start(): Promise<{ port: number; url: string }> {
    const daemon = createDaemon({ catalog: defineCatalog({ functions }) });
    const server = await serveHttp(daemon, { port: 0, auth: provider() });
    atEnd(async () => {
      await server.close({ drainMs: 1 });
      await daemon.close({ drainMs: 1 });
    });
    return server;
  }

  it('the challenge names the metadata, which lists the scopes of the catalog', async () => {
    const { port, url } = await start();
    const { headers } = await send({ port }, modern('tools/call', { name: 'pay' }));
    const metadata = `${url}/.well-known/oauth-protected-resource/mcp`;
    expect(headers['www-authenticate']).toBe(
      `Bearer error="insufficient_scope", scope="orders:pay orders:read", resource_metadata="${metadata}"`,
    );
    expect(await (await fetch(metadata)).json()).toMatchObject({
      resource: `${url}/mcp`,
      authorization_servers: [url],
      scopes_supported: ['orders:ask', 'orders:list', 'orders:pay', 'orders:read'],
    });
  });

  it('the official client reads the challenge', async () => {
    const { url } = await start();
    const { headers, body } = modern('tools/call', { name: 'pay' });
    const init = {
      method: 'POST',
      headers: { ...JSON_HEADERS, ...(headers as Record<string, string>) },
      body: JSON.stringify(body),
    };
    const found = extractWWWAuthenticateParams(await fetch(`${url}/mcp`, init));
    expect(found).toEqual({
      error: 'insufficient_scope',
      scope: 'orders:pay orders:read',
      resourceMetadataUrl: new URL(`${url}/.well-known/oauth-protected-resource/mcp`),
    });
  });

  it('the metadata of a partition that does not exist has no scopes', async () => {
    const { url } = await start();
    const answer = await fetch(`${url}/.well-known/oauth-protected-resource/nobody/mcp`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).not.toHaveProperty('scopes_supported');
  });
});
