/** The resources that tokens are bound to: the URLs of the MCP endpoints (RFC 8707). */
import { DEFAULT_PARTITION } from '@mcp-daemon/core';

import { partitionOfPath, PATHS, routeOf } from '../paths.js';

/** The routes that a token for an MCP endpoint is valid at: MCP in the partition of that endpoint, in both transports. */
const ROUTES: ReadonlySet<string> = new Set([PATHS.mcp.route, PATHS.sse.route, PATHS.messages.route]);

/** The partition of a path at which MCP is served; undefined: it is no such path. */
function mcpPartition(path: string): string | undefined {
  const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  if (plain !== '' && plain !== '/' && !ROUTES.has(routeOf(plain))) return undefined;
  return partitionOfPath(plain);
}

/**
 * The canonical URL of the MCP endpoint that a path belongs to: what tokens for it have as their audience.
 *
 * @param base the URL of the server, without a slash at its end
 * @param path a path of MCP or HTTP+SSE; the root stands for the default partition
 * @returns undefined for every other path
 *
 * @example
 * resourceOfPath('https://example.com', '/alpha/sse') // https://example.com/alpha/mcp
 */
export function resourceOfPath(base: string, path: string): string | undefined {
  const partition = mcpPartition(path);
  if (partition === undefined) return undefined;
  return base + (partition === DEFAULT_PARTITION ? '' : `/${partition}`) + PATHS.mcp.path;
}

/** What a resource indicator names. */
export interface Resource {
  /** The canonical URL. */
  readonly url: string;
  readonly partition: string;
}

/** The resource that a client asks for; undefined: it is none of this server. */
export function findResource(base: string, indicator: string): Resource | undefined {
  const url = URL.canParse(indicator) ? new URL(indicator) : undefined;
  if (url === undefined || url.search !== '' || url.hash !== '' || url.username !== '') return undefined;
  const plain = url.origin + url.pathname;
  if (plain !== base && plain !== `${base}/` && !plain.startsWith(`${base}/`)) return undefined;
  const path = plain.slice(base.length);
  const canonical = resourceOfPath(base, path);
  return canonical === undefined ? undefined : { url: canonical, partition: mcpPartition(path) ?? DEFAULT_PARTITION };
}
