/** Server cards, as clients and web pages read them. */
import type { Daemon } from '@mcp-daemon/core';
import { createDaemon, defineCatalog, LEGACY_VERSIONS, MODERN_VERSIONS } from '@mcp-daemon/core';

import type { AuthProvider, HttpOptions } from '../../src/index.js';
import { serveHttp } from '../../src/index.js';
import { atEnd, echo } from '../support.js';

/** Asks for a token that nobody has. */
const closed: AuthProvider = { authenticate: () => ({ status: 401 }), handle: () => Promise.resolve(false) };

async function start(options: HttpOptions = {}, server: object = {}): Promise<{ port: number; url: string }> {
  const catalog = defineCatalog({ functions: [echo], instructions: 'A secret word: rosebud.' });
  const daemon: Daemon = createDaemon({
    catalogs: { load: (partition) => (['default', 'alpha'].includes(partition) ? catalog : undefined) },
    server: { name: 'weather', version: '1.2.3', title: 'Weather service', ...server },
  });
  const served = await serveHttp(daemon, { port: 0, ...options });
  atEnd(async () => {
    await served.close({ drainMs: 1 });
    await daemon.close({ drainMs: 1 });
  });
  return served;
}

type Json = Record<string, unknown>;
const cardAt = async (url: string, path = '/mcp/server-card'): Promise<Json> => (await (await fetch(url + path)).json()) as Json;

const SUPPORTED = [...MODERN_VERSIONS, ...LEGACY_VERSIONS];

describe('the server card', () => {
  it('says how to connect, and names no tools', async () => {
    const { url } = await start();
    const answer = await fetch(`${url}/mcp/server-card`, { headers: { accept: 'application/mcp-server-card+json' } });
    expect(answer.headers.get('content-type')).toBe('application/mcp-server-card+json');
    const text = await answer.text();
    expect(JSON.parse(text)).toEqual({
      $schema: 'https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json',
      name: '127.0.0.1/weather',
      version: '1.2.3',
      title: 'Weather service',
      description: 'MCP server Weather service',
      remotes: [{ type: 'streamable-http', url: `${url}/mcp`, supportedProtocolVersions: SUPPORTED }],
    });
    expect(text).not.toMatch(/echo|rosebud/);
  });

  it('is listed in the catalog, at both of its paths', async () => {
    const { url } = await start({ serverCards: ['default', 'alpha', 'gone'] });
    const answer = await fetch(`${url}/.well-known/ai-catalog.json`);
    expect(answer.headers.get('content-type')).toBe('application/ai-catalog+json');
    const shared = { displayName: 'Weather service', type: 'application/mcp-server-card+json' };
    const catalog = {
      specVersion: '1.0',
      entries: [
        { identifier: 'urn:air:127.0.0.1:mcp:weather', ...shared, url: `${url}/mcp/server-card` },
        { identifier: 'urn:air:127.0.0.1:mcp:weather.alpha', ...shared, url: `${url}/alpha/mcp/server-card` },
      ],
    };
    expect(await answer.json()).toEqual(catalog);
    expect(await cardAt(url, '/.well-known/mcp/catalog.json')).toEqual(catalog);
    expect(await cardAt(url, '/alpha/mcp/server-card')).toMatchObject({
      name: '127.0.0.1/weather.alpha',
      remotes: [{ url: `${url}/alpha/mcp` }],
    });
    expect((await fetch(`${url}/gone/mcp/server-card`)).status).toBe(404);
  });

  it('is not served where callers need a token, unless the operator says of which partitions', async () => {
    const none = await start({ auth: closed });
    for (const path of ['/mcp/server-card', '/.well-known/ai-catalog.json', '/.well-known/mcp/catalog.json'])
      expect((await fetch(none.url + path)).status).toBe(404);
    const { url } = await start({ auth: closed, serverCards: ['alpha'], publicUrl: 'https://mcp.example.com/tools' });
    expect((await fetch(`${url}/mcp/server-card`)).status).toBe(404);
    expect(await cardAt(url, '/alpha/mcp/server-card')).toMatchObject({
      name: 'com.example.mcp/weather.alpha',
      remotes: [
        {
          url: 'https://mcp.example.com/tools/alpha/mcp',
          headers: [{ name: 'Authorization', isRequired: true, isSecret: true }],
        },
      ],
    });
    expect(await cardAt(url, '/.well-known/ai-catalog.json')).toMatchObject({
      entries: [{ identifier: 'urn:air:mcp.example.com:mcp:weather.alpha' }],
    });
  });

  it('asks for no token where clients log in by OAuth: they may have one all the same', async () => {
    const { url } = await start({ auth: { ...closed, hasMetadata: true }, serverCards: ['default'] });
    const { remotes } = (await cardAt(url)) as { remotes: { headers: Json[] }[] };
    const description = 'Bearer, a space, a token. Not needed by clients that log in by OAuth.';
    expect(remotes[0]?.headers).toEqual([{ name: 'Authorization', description, isRequired: false, isSecret: true }]);
  });

  it.each([
    [{ name: 'com.acme/Weather' }, 'com.acme/Weather'],
    [{ name: 'Wetter für alle!' }, 'localhost/Wetter-f-r-alle'],
    [{ name: '天気' }, 'localhost/mcp-daemon'],
    [{ name: 'x'.repeat(500) }, `localhost/${'x'.repeat(80)}`],
  ])('of a server with %j has the name %s', async (server, name) => {
    const { port } = await start({}, server);
    const card = await cardAt(`http://localhost:${port}`);
    expect(card['name']).toBe(name);
    expect(card['name']).toMatch(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/);
    expect(String(card['description']).length).toBeLessThanOrEqual(100);
  });

  it('can be read by web pages of all origins, and cached', async () => {
    const { url } = await start();
    const origin = 'https://anywhere.example';
    const preflight = await fetch(`${url}/mcp/server-card`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'if-none-match' },
    });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('If-None-Match');
    const first = await fetch(`${url}/mcp/server-card`, { headers: { origin } });
    expect(Object.fromEntries(first.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-expose-headers': 'ETag',
      'cache-control': 'public, max-age=3600',
    });
    const etag = first.headers.get('etag')!;
    const again = await fetch(`${url}/mcp/server-card`, { headers: { origin, 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const head = await fetch(`${url}/mcp/server-card`, { method: 'HEAD' });
    expect([head.status, head.headers.get('etag'), await head.text()]).toEqual([200, etag, '']);
    expect((await fetch(`${url}/mcp/server-card`, { method: 'POST' })).status).toBe(405);
  });

  it('is in the API documents only where it is served', async () => {
    const paths = async (url: string): Promise<string[]> => Object.keys((await cardAt(url, '/openapi.json'))['paths'] as object);
    expect(await paths((await start()).url)).toEqual(
      expect.arrayContaining(['/mcp/server-card', '/{partition}/mcp/server-card', '/.well-known/ai-catalog.json']),
    );
    expect(await paths((await start({ auth: closed })).url)).not.toContain('/mcp/server-card');
  });
});
