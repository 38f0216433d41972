/** The table of paths: every row is routed, named and documented. */
import { createDaemon, defineCatalog } from '@mcp-daemon/core';
import type { HttpServer } from '@mcp-daemon/express';
import { serveHttp } from '@mcp-daemon/express';

import { describeApi, OPERATIONS } from '../src/documents/openapi.js';
import type { PathName, PathRow } from '../src/paths.js';
import { isAt, OTHER_ROUTE, partitionOfPath, PATHS, patternsOf, POLLED_ROUTES, routeOf } from '../src/paths.js';
import { ask, localAuth } from './auth/support.js';
import { consoleFolder } from './console/support.js';
import { atEnd, echo } from './support.js';

const NAMES = Object.keys(PATHS) as PathName[];
const ADMIN = { authorization: 'Bearer static' };
const fill = (pattern: string): string => pattern.replace(':partition', 'alpha');

async function serveAll(): Promise<HttpServer> {
  const daemon = createDaemon({ catalog: defineCatalog({ functions: [echo] }) });
  atEnd(() => daemon.close({ drainMs: 10 }));
  const auth = await localAuth({ adminStaticToken: 'static', oauth: { state: () => daemon.state() } });
  const graphql = (): Promise<never> => Promise.reject(new Error('not needed'));
  const server = await serveHttp(daemon, {
    auth,
    port: 0,
    cache: daemon.catalogs,
    serverCards: ['default'],
    graphql,
    mountLogins: {
      open: () => Promise.resolve(undefined),
      begin: () => Promise.reject(new Error('not needed')),
      finish: () => Promise.reject(new Error('not needed')),
      clientDocument: () => undefined,
    },
    console: { assetsDir: await consoleFolder() },
  });
  atEnd(() => server.close({ drainMs: 10 }));
  return server;
}

describe('the table of paths', () => {
  it('has a handler for every row: each path refuses PUT with 405 instead of 404', async () => {
    const { port } = await serveAll();
    for (const name of NAMES)
      for (const path of patternsOf(name).map(fill)) {
        const { status, headers } = await ask(port, 'PUT', path, ADMIN);
        expect([path, status]).toEqual([path, 405]);
        expect([path, headers['allow']]).toEqual([path, expect.stringMatching(/^(GET|POST|DELETE)/)]);
      }
  });

  it('names the route of every row in the metrics', async () => {
    const { port } = await serveAll();
    const routes = new Set<string>(Object.values(PATHS).map(({ route }: PathRow) => route));
    for (const name of NAMES) for (const path of patternsOf(name).map(fill)) await ask(port, 'PUT', path, ADMIN);
    const { text } = await ask(port, 'GET', '/metrics', ADMIN);
    const counted = [...text.matchAll(/^mcp_daemon_http_requests_total\{route="(\w+)",method="PUT",status="405"\} (\d+)$/gm)];
    expect(counted.map(([, route]) => route).sort()).toEqual([...routes].sort());
    expect(counted.reduce((sum, [, , count]) => sum + Number(count), 0)).toBe(NAMES.flatMap((name) => patternsOf(name)).length);
  });

  it('has an OpenAPI entry for every row', () => {
    const { paths } = describeApi() as { paths: Record<string, object> };
    for (const name of NAMES)
      for (const pattern of patternsOf(name, '{partition}'))
        expect([pattern, Object.keys(paths[pattern] ?? {})]).toEqual([pattern, OPERATIONS[name].map(({ method }) => method)]);
    expect(Object.keys(paths).sort()).toEqual(NAMES.flatMap((name) => patternsOf(name, '{partition}')).sort());
  });

  it('gives the route and the partition of every row by its path', () => {
    for (const name of NAMES) {
      const row: PathRow = PATHS[name];
      if (row.partition === 'required') {
        expect([routeOf(`/alpha${row.path}`), partitionOfPath(`/alpha${row.path}`)]).toEqual([row.route, 'alpha']);
        continue;
      }
      const alone = row.partition === 'none' ? undefined : 'default';
      expect([row.path, routeOf(row.path), partitionOfPath(row.path)]).toEqual([row.path, row.route, alone]);
      const below = `${row.path}/below`;
      expect([below, routeOf(below)]).toEqual([below, row.subpaths === true ? row.route : OTHER_ROUTE]);
      expect([isAt(name, row.path), isAt(name, below), isAt(name, `${row.path}x`)]).toEqual([true, row.subpaths === true, false]);
      if (row.partition !== 'segment') continue;
      expect([routeOf(`/alpha${row.path}`), partitionOfPath(`/alpha${row.path}`)]).toEqual([row.route, 'alpha']);
    }
    expect([...POLLED_ROUTES].sort()).toEqual(['health', 'metrics', 'ready']);
  });

  it.each([
    '/',
    '',
    '/other',
    '/mcp/x',
    '/a/b/mcp',
    '//mcp',
    '/a%20b/mcp',
    '/alpha/health',
    '/.well-known/mcp',
    '/documents',
    '/admin/cache/status',
  ])('gives the route "other" for %j', (path) => expect(routeOf(path)).toBe(OTHER_ROUTE));
});
