/** The paths on cached catalogs, for administrators. */
import type { CatalogSource, FunctionDefinition } from '@mcp-daemon/core';
import { createDaemon, defineCatalog, defineResource } from '@mcp-daemon/core';
import type { HttpServer } from '@mcp-daemon/express';
import { serveHttp } from '@mcp-daemon/express';

import type { Response } from '../auth/support.js';
import { ask, localAuth, PASSWORD } from '../auth/support.js';
import { atEnd, echo, JSON_HEADERS, modern, tool } from '../support.js';
import { readExposition, valueOf } from './exposition.js';

const ADMIN = { authorization: 'Bearer static' };
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string;
const linked = (name: string, module: string): FunctionDefinition => ({
  kind: 'tool',
  name,
  inputSchema: { type: 'object' },
  binding: { kind: 'link', package_name: module, module_name: module, function_name: name, setting: {} },
});

interface Setup {
  server: HttpServer;
  /** What the source gives, by partition. */
  catalogs: Map<string, readonly FunctionDefinition[]>;
  logged: string[];
  fail: { with?: Error };
  asAdmin: (method: string, path: string, headers?: Record<string, string>) => Promise<Response>;
  list: (partition: string) => Promise<Response>;
}

async function setUp(): Promise<Setup> {
  const catalogs = new Map<string, readonly FunctionDefinition[]>([
    ['acme', [echo, linked('a', 'm'), linked('b', 'm'), defineResource({ name: 'page', uri: 'file:///page', run: () => 'x' })]],
    ['beta', [echo]],
    ['acme#b', []],
  ]);
  const fail: { with?: Error } = {};
  const source: CatalogSource = {
    load(name) {
      const functions = catalogs.get(name);
      return functions === undefined ? undefined : { revision: `of ${name}`, functions };
    },
    refresh() {
      if (fail.with !== undefined) throw fail.with;
    },
    stats: () => ({ watched: 2, reads: 5 }),
  };
  const logged: string[] = [];
  const log = (_fields: object, message: string): void => void logged.push(message);
  const daemon = createDaemon({ catalogs: source });
  atEnd(() => daemon.close({ drainMs: 10 }));
  const server = await serveHttp(daemon, {
    auth: await localAuth({ adminStaticToken: 'static' }),
    port: 0,
    cache: daemon.catalogs,
    logger: { info: () => undefined, error: log },
  });
  atEnd(() => server.close({ drainMs: 10 }));
  return {
    ...{ server, catalogs, logged, fail },
    asAdmin: (method, path, headers = {}) => ask(server.port, method, path, { ...ADMIN, ...headers }),
    list(partition) {
      const { headers, body } = modern('tools/list');
      return ask(
        server.port,
        'POST',
        `/${partition}/mcp`,
        { ...JSON_HEADERS, ...ADMIN, ...headers } as Record<string, string>,
        JSON.stringify(body),
      );
    },
  };
}

describe('the paths on cached catalogs', () => {
  it('say what is cached of a partition, with the names of the Python engine', async () => {
    const { asAdmin, list } = await setUp();
    const none = { partition_key: 'acme', is_cached: false, cache_info: null, timestamp: TIME };
    expect((await asAdmin('GET', '/acme/admin/cache/status')).json).toEqual(none);
    await list('acme');
    expect((await asAdmin('GET', '/acme/admin/cache/status')).json).toEqual({
      partition_key: 'acme',
      is_cached: true,
      cache_info: {
        partition_key: 'acme',
        tools_count: 3,
        resources_count: 1,
        prompts_count: 0,
        modules_count: 1,
        module_links_count: 2,
        revision: 'of acme',
        age_seconds: expect.any(Number) as number,
      },
      timestamp: TIME,
    });
    expect((await asAdmin('GET', '/acme/admin/cache/status', { 'part-id': 'b' })).json).toEqual({
      ...none,
      partition_key: 'acme#b',
    });
  });

  it('load a partition again', async () => {
    const { asAdmin, list, catalogs } = await setUp();
    await list('acme');
    catalogs.set('acme', [tool('new', () => 'x')]);
    const { status, json } = await asAdmin('POST', '/acme/admin/cache/refresh');
    expect(status).toBe(200);
    expect(json).toEqual({
      status: 'success',
      message: 'The catalog of "acme" is loaded again.',
      cache_stats: expect.objectContaining({ partition_key: 'acme', tools_count: 1, modules_count: 0 }) as object,
      timestamp: TIME,
    });
    expect((await list('acme')).text).toContain('"new"');
  });

  it('say where a partition is unknown or cannot be loaded; the reason is in the log only', async () => {
    const { asAdmin, list, fail, logged } = await setUp();
    expect((await asAdmin('POST', '/nowhere/admin/cache/refresh')).status).toBe(404);
    await list('acme');
    fail.with = new Error('no route to db-7');
    const { status, text } = await asAdmin('POST', '/acme/admin/cache/refresh');
    expect(status).toBe(500);
    expect(text).toContain('what was served before still is');
    expect(text).not.toContain('db-7');
    expect(logged).toEqual(['the catalog of partition "acme" could not be refreshed: no route to db-7']);
    expect((await list('acme')).status).toBe(200);
  });

  it('drop one partition, or all', async () => {
    const { asAdmin, list } = await setUp();
    await list('acme');
    await list('beta');
    expect((await asAdmin('DELETE', '/acme/admin/cache')).json).toEqual({
      status: 'success',
      message: 'The cached catalog of "acme" is dropped.',
      timestamp: TIME,
    });
    expect((await asAdmin('GET', '/acme/admin/cache/status')).json['is_cached']).toBe(false);
    expect((await asAdmin('GET', '/beta/admin/cache/status')).json['is_cached']).toBe(true);
    await list('acme');
    const { json } = await asAdmin('DELETE', '/admin/cache');
    expect(json).toMatchObject({ status: 'success', cleared_partitions: ['acme', 'beta'] });
    expect((await asAdmin('GET', '/beta/admin/cache/status')).json['is_cached']).toBe(false);
  });

  it('are for admins', async () => {
    const { server } = await setUp();
    const { json } = await ask(
      server.port,
      'POST',
      '/auth/login',
      JSON_HEADERS,
      JSON.stringify({ username: 'ann', password: PASSWORD }),
    );
    const user = { authorization: `Bearer ${String(json['access_token'])}` };
    const paths: [string, string][] = [
      ['GET', '/alpha/admin/cache/status'],
      ['POST', '/alpha/admin/cache/refresh'],
      ['DELETE', '/alpha/admin/cache'],
      ['DELETE', '/admin/cache'],
    ];
    for (const [method, path] of paths) {
      expect([path, (await ask(server.port, method, path)).status]).toEqual([path, 401]);
      expect([path, (await ask(server.port, method, path, user)).status]).toEqual([path, 403]);
    }
    expect((await ask(server.port, 'GET', '/a%20b/admin/cache/status', ADMIN)).status).toBe(400);
  });

  it('are not there without the option', async () => {
    const daemon = createDaemon({ catalog: defineCatalog({ functions: [echo] }) });
    atEnd(() => daemon.close({ drainMs: 10 }));
    const server = await serveHttp(daemon, { auth: await localAuth({ adminStaticToken: 'static' }), port: 0 });
    atEnd(() => server.close({ drainMs: 10 }));
    expect((await ask(server.port, 'GET', '/default/admin/cache/status', ADMIN)).status).toBe(404);
    expect((await ask(server.port, 'GET', '/openapi.json')).text).not.toContain('admin/cache');
    expect((await ask(server.port, 'GET', '/metrics', ADMIN)).text).not.toContain('mcp_daemon_catalog');
  });

  it('have their counts in the metrics', async () => {
    const { asAdmin, list } = await setUp();
    await list('acme');
    await list('acme');
    await list('acme');
    const families = readExposition((await asAdmin('GET', '/metrics')).text);
    const values = ['hits_total', 'misses_total', 'stale_total', 'reads_total'].map((name) =>
      valueOf(families, `mcp_daemon_catalog_${name}`),
    );
    expect(values).toEqual([2, 1, 0, 5]);
    expect([valueOf(families, 'mcp_daemon_catalogs_cached'), valueOf(families, 'mcp_daemon_catalogs_watched')]).toEqual([1, 2]);
    expect(valueOf(families, 'mcp_daemon_catalog_oldest_seconds')).toBeLessThan(60);
  });
});
