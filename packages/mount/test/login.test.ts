import { createMemoryState } from '@mcp-daemon/core';

import type { Listening } from './http-servers.js';
import { listen, serveV1 } from './http-servers.js';
import { closeBenches, openBench, textOf } from './support.js';

afterEach(closeBenches);

/** A server that demands tokens, and the authorization server that gives them. */
async function serveGuarded(): Promise<Listening & { tokens: Set<string>; refreshes(): number; refuse(): void }> {
  const inner = await serveV1();
  const tokens = new Set<string>();
  let issued = 0;
  let refreshes = 0;
  let refuses = false;
  const outer: Listening = await listen((req, res) => {
    const { pathname, origin, searchParams } = new URL(req.url ?? '/', outer.url);
    const json = (status: number, body: object): void =>
      void res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const body = Buffer.concat(chunks);
      if (pathname.startsWith('/.well-known/oauth-protected-resource'))
        return json(200, { resource: outer.url, authorization_servers: [origin] });
      if (pathname.startsWith('/.well-known/'))
        return json(200, {
          issuer: origin,
          authorization_endpoint: `${origin}/authorize`,
          token_endpoint: `${origin}/token`,
          registration_endpoint: `${origin}/register`,
          response_types_supported: ['code'],
          code_challenge_methods_supported: ['S256'],
          token_endpoint_auth_methods_supported: ['none'],
        });
      if (pathname === '/register') return json(201, { ...(JSON.parse(body.toString()) as object), client_id: 'us' });
      if (pathname === '/authorize') {
        const back = new URL(searchParams.get('redirect_uri') ?? '');
        back.searchParams.set('code', 'the code');
        back.searchParams.set('state', searchParams.get('state') ?? '');
        return void res.writeHead(302, { location: back.href }).end();
      }
      if (pathname === '/token') {
        const form = new URLSearchParams(body.toString());
        const isRefresh = form.get('grant_type') === 'refresh_token';
        if (isRefresh) refreshes += 1;
        const isGood = isRefresh ? !refuses : form.get('code') === 'the code' && form.get('code_verifier') !== null;
        if (!isGood) return json(400, { error: 'invalid_grant' });
        issued += 1;
        const token = `token-${issued}`;
        tokens.add(token);
        return json(200, { access_token: token, token_type: 'Bearer', expires_in: 3_600, refresh_token: 'again' });
      }
      const given = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1] ?? '';
      if (!tokens.has(given)) {
        res
          .writeHead(401, { 'www-authenticate': `Bearer resource_metadata="${origin}/.well-known/oauth-protected-resource"` })
          .end();
        return undefined;
      }
      void fetch(inner.url, {
        method: req.method ?? 'GET',
        headers: Object.fromEntries(
          Object.entries(req.headers).filter(([name]) => !/^(host|connection|content-length|transfer-encoding)$/.test(name)),
        ) as Record<string, string>,
        ...(body.length === 0 ? {} : { body }),
      }).then(
        async (answer) => {
          res.writeHead(answer.status, Object.fromEntries([...answer.headers].filter(([name]) => name !== 'transfer-encoding')));
          try {
            for await (const chunk of answer.body ?? []) res.write(chunk);
          } catch {
            // The server was closed in the middle of a stream: so is this one.
          }
          res.end();
        },
        () => res.destroy(),
      );
      return undefined;
    });
  });
  return {
    ...outer,
    tokens,
    refreshes: () => refreshes,
    refuse: () => void (refuses = true),
    async close() {
      await outer.close();
      await inner.close();
    },
  };
}

describe('a server with the credentials of a service', () => {
  it('is used after one log-in; its tokens are kept sealed and renewed, and their end is told', async () => {
    const served = await serveGuarded();
    const state = createMemoryState();
    const document = { mcpServers: { web: { url: served.url, credentials: 'service' } } };
    const options = { mounts: { state: () => Promise.resolve(state), secret: 'a secret of more than thirty-two characters' } };

    const before = openBench(document, options);
    await (await before.client()).close();
    expect(before.mounts.status()[0]?.failure).toContain('needs a log-in: run "mcp-daemon mounts login web"');
    let come: (parameters: URLSearchParams) => void = () => undefined;
    const [mount] = (await before.source.load('default'))?.mounts ?? [];
    await before.mounts.login(mount!, {
      redirectUrl: 'http://127.0.0.1:9/callback',
      answer: new Promise((resolve) => (come = resolve)),
      show: (url) =>
        void fetch(url, { redirect: 'manual' }).then((answer) =>
          come(new URL(answer.headers.get('location') ?? '').searchParams),
        ),
    });
    await before.close();
    const entry = await state.get('default', 'token/web/service');
    expect(entry?.value).toMatch(/^[\w-]+$/);
    expect(Buffer.from(entry?.value ?? '', 'base64url').toString('latin1')).not.toContain('token-1');

    const bench = openBench(document, options);
    const client = await bench.client();
    expect(textOf(await client.callTool({ name: 'web_echo', arguments: { text: 'hi' } }))).toBe('hi');
    served.tokens.clear(); // they have expired
    expect(textOf(await client.callTool({ name: 'web_echo', arguments: { text: 'again' } }))).toBe('again');
    expect(served.refreshes()).toBe(1);

    served.tokens.clear();
    served.refuse(); // the consent is over
    expect(textOf(await client.callTool({ name: 'web_echo', arguments: { text: 'late' } }))).toContain('needs a log-in');
    await bench.close();
    await served.close();
  });

  it('keeps no tokens without a secret', async () => {
    const served = await serveGuarded();
    const bench = openBench({ mcpServers: { web: { url: served.url, credentials: 'service' } } });
    await (await bench.client()).close();
    expect(bench.mounts.status()[0]?.failure).toContain('tokens are kept only with MCP_STATE_SECRET');
    await bench.close();
    await served.close();
  });
});
