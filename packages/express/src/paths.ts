/**
 * The table of HTTP paths. To serve another path, add a row here, a handler, a line in `router.ts` and the OpenAPI entry of the
 * same name in `documents/`.
 */
import { DEFAULT_PARTITION } from '@mcp-daemon/core';

/**
 * How a path names the partition of a request: `segment`, by an optional first segment (`/mcp` is the default partition's,
 * `/alpha/mcp` is alpha's); `required`, the same, but the path is served with that segment only; `default`, it is always the default
 * partition; `none`, the path has nothing to do with partitions.
 */
export type PartitionRule = 'segment' | 'required' | 'default' | 'none';

/** One row of {@link PATHS}. */
export interface PathRow {
  /** The path, without a partition. */
  readonly path: string;
  readonly partition: PartitionRule;
  /** The name of the route in metrics and in the access log. Rows may share one. */
  readonly route: string;
  /** Whether paths below this one belong to it as well, such as `/docs/assets/docs.js`. */
  readonly subpaths?: true;
  /** Whether monitoring asks for it every few seconds: the access log has its successful requests at `debug`. */
  readonly polled?: true;
}

/** All paths that this package serves. The key of a row is also the name of its entry in the OpenAPI document. */
export const PATHS = {
  mcp: { path: '/mcp', partition: 'segment', route: 'mcp' },
  sse: { path: '/sse', partition: 'segment', route: 'sse' },
  messages: { path: '/messages', partition: 'segment', route: 'messages' },
  // The paths that the Python engine uses for the default partition.
  jsonrpcSse: { path: '/jsonrpc/sse', partition: 'default', route: 'sse' },
  jsonrpcMessages: { path: '/jsonrpc/messages', partition: 'default', route: 'messages' },
  events: { path: '/events', partition: 'segment', route: 'events' },
  ticket: { path: '/events/ticket', partition: 'segment', route: 'ticket' },
  graphql: { path: '/graphql', partition: 'segment', route: 'graphql' },
  // The path that the Python engine uses.
  coreGraphql: { path: '/mcp_core_graphql', partition: 'required', route: 'graphql' },
  login: { path: '/auth/login', partition: 'none', route: 'login' },
  token: { path: '/auth/token', partition: 'none', route: 'token' },
  me: { path: '/me', partition: 'none', route: 'me' },
  metadata: { path: '/.well-known/oauth-protected-resource', partition: 'none', route: 'well_known', subpaths: true },
  authorizationServer: {
    path: '/.well-known/oauth-authorization-server',
    partition: 'none',
    route: 'well_known',
    subpaths: true,
  },
  openidConfiguration: { path: '/.well-known/openid-configuration', partition: 'none', route: 'well_known', subpaths: true },
  oauth: { path: '/oauth', partition: 'none', route: 'oauth', subpaths: true },
  // Pages on which users log in at mounted servers.
  mounts: { path: '/mounts', partition: 'default', route: 'mounts', subpaths: true },
  // Public, and for web pages of all origins. The second path of the catalog is the one of earlier drafts.
  serverCard: { path: '/mcp/server-card', partition: 'segment', route: 'server_card' },
  aiCatalog: { path: '/.well-known/ai-catalog.json', partition: 'none', route: 'server_card' },
  mcpCatalog: { path: '/.well-known/mcp/catalog.json', partition: 'none', route: 'server_card' },
  health: { path: '/health', partition: 'none', route: 'health', polled: true },
  ready: { path: '/ready', partition: 'none', route: 'ready', polled: true },
  metrics: { path: '/metrics', partition: 'default', route: 'metrics', polled: true },
  // As in the Python engine: without a partition, the path is about all of them.
  caches: { path: '/admin/cache', partition: 'default', route: 'cache' },
  cache: { path: '/admin/cache', partition: 'required', route: 'cache' },
  cacheStatus: { path: '/admin/cache/status', partition: 'required', route: 'cache' },
  cacheRefresh: { path: '/admin/cache/refresh', partition: 'required', route: 'cache' },
  openapi: { path: '/openapi.json', partition: 'none', route: 'documents' },
  docs: { path: '/docs', partition: 'none', route: 'documents', subpaths: true },
  redoc: { path: '/redoc', partition: 'none', route: 'documents', subpaths: true },
  console: { path: '/console', partition: 'none', route: 'console', subpaths: true },
} as const satisfies Record<string, PathRow>;

/** The name of a row of {@link PATHS}. */
export type PathName = keyof typeof PATHS;

/** The route of every path that is not in the table. */
export const OTHER_ROUTE = 'other';

/** Routes whose successful requests the access log has at `debug`. */
export const POLLED_ROUTES: ReadonlySet<string> = new Set(
  Object.values(PATHS).flatMap((row: PathRow) => (row.polled === true ? [row.route] : [])),
);

/** ASCII letters and digits, `_` and `-`, with at least one letter or digit: the names that the Python engine allows, in ASCII. */
export const PARTITION_NAME = /^(?=[_-]*[A-Za-z0-9])[A-Za-z0-9_-]{1,128}$/;

/** What the table says about one path of a request. */
interface Match {
  readonly route: string;
  /** Undefined: the path has nothing to do with partitions. */
  readonly partition: string | undefined;
}

const rows: readonly PathRow[] = Object.values(PATHS);
const partitionOfRow = ({ partition }: PathRow): string | undefined => (partition === 'none' ? undefined : DEFAULT_PARTITION);

const MCP: Match = { route: PATHS.mcp.route, partition: DEFAULT_PARTITION };
const hasSegment = ({ partition }: PathRow): boolean => partition === 'segment' || partition === 'required';
const EXACT = new Map(
  rows
    .filter(({ partition }) => partition !== 'required')
    .map((row): [string, Match] => [row.path, { route: row.route, partition: partitionOfRow(row) }]),
);
const AFTER_PARTITION = new Map(rows.filter(hasSegment).map((row) => [row.path, row.route]));
const WITH_SUBPATHS = rows.filter((row) => row.subpaths === true);

function matchOf(path: string): Match | undefined {
  if (path === PATHS.mcp.path) return MCP; // the common case
  const exact = EXACT.get(path);
  if (exact !== undefined) return exact;
  const end = path.indexOf('/', 1);
  const route = end === -1 ? undefined : AFTER_PARTITION.get(path.slice(end));
  if (route !== undefined) {
    const partition = path.slice(1, end);
    return path.startsWith('/') && PARTITION_NAME.test(partition) ? { route, partition } : undefined;
  }
  const row = WITH_SUBPATHS.find((one) => path.startsWith(`${one.path}/`));
  return row === undefined ? undefined : { route: row.route, partition: partitionOfRow(row) };
}

/** The path of a URL, without its query. */
export function pathOfUrl(url = '/'): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}

/**
 * The route name of a path: one of the names in {@link PATHS}, or {@link OTHER_ROUTE}.
 *
 * @example
 * routeOf('/alpha/mcp') // mcp
 */
export const routeOf = (path: string): string => matchOf(path)?.route ?? OTHER_ROUTE;

/**
 * The partition that a path names: `/alpha/mcp` is alpha's; `/mcp`, `/jsonrpc/sse` and the root are the default partition's. One
 * slash at the end is ignored.
 *
 * @returns undefined for every other path: a request never falls back to a partition that its path does not name
 */
export function partitionOfPath(path: string): string | undefined {
  if (path === '' || path === '/') return DEFAULT_PARTITION;
  return matchOf(path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path)?.partition;
}

/**
 * The patterns of a row, as Express and OpenAPI write them: the path, and the same path with a partition in front, if the row
 * allows one.
 *
 * @param partition how the parameter is written: `:partition` for Express (the default), `{partition}` for OpenAPI
 *
 * @example
 * patternsOf('mcp') // ['/mcp', '/:partition/mcp']
 */
export function patternsOf(name: PathName, partition = ':partition'): string[] {
  const row: PathRow = PATHS[name];
  return [...(row.partition === 'required' ? [] : [row.path]), ...(hasSegment(row) ? [`/${partition}${row.path}`] : [])];
}

/** Whether a path belongs to a row that has no partition: it is the row's path or, where the row has subpaths, one below it. */
export function isAt(name: PathName, path: string): boolean {
  const row: PathRow = PATHS[name];
  return path === row.path || (row.subpaths === true && path.startsWith(`${row.path}/`));
}
