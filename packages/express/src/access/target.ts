/** Brings the target of a request into the form of the table of paths. */
import type { IncomingMessage } from 'node:http';

import { OTHER_ROUTE, routeOf } from '../paths.js';

const SLASH = 47;
const ABSOLUTE = /^https?:\/\/([^/?#]*)([^#]*)/i;

/** Whether a target has the common form: a path with one slash in front and none at the end, without a query. */
const isPlain = (url: string): boolean =>
  url.charCodeAt(0) === SLASH && url.charCodeAt(1) !== SLASH && url.charCodeAt(url.length - 1) !== SLASH && !url.includes('?');

/**
 * A path as the table has it: without a slash at the end, and with one slash in front. Paths that are not in the table stay as they are, so
 * that an app that has mounted the router sees them unchanged.
 *
 * @example
 * canonicalPath('//alpha/mcp/') // /alpha/mcp
 */
export function canonicalPath(path: string): string {
  if (routeOf(path) !== OTHER_ROUTE) return path;
  const plain = path.replace(/^\/+/, '/').replace(/(?<=.)\/$/, '');
  return routeOf(plain) === OTHER_ROUTE ? path : plain;
}

const RAW = Symbol('raw');

type WithRaw = IncomingMessage & { [RAW]?: string };

/** The target of a request as the client has sent it. */
export const rawUrlOf = (req: IncomingMessage): string => (req as WithRaw)[RAW] ?? req.url ?? '/';

/**
 * Rewrites `req.url`, so that a slash at the end, a doubled slash in front and the absolute form (`GET http://host/mcp`) name the same
 * address as the plain path. The host of an absolute form replaces the `Host` header, as RFC 9112 asks.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2
 */
export function normalizeTarget(req: IncomingMessage): void {
  const { url = '/' } = req;
  if (isPlain(url)) return;
  (req as WithRaw)[RAW] ??= url;
  let target = url;
  const [whole, host, rest = ''] = ABSOLUTE.exec(url) ?? [];
  if (whole !== undefined && host !== undefined && URL.canParse(url)) {
    req.headers.host = host;
    target = rest.startsWith('/') ? rest : `/${rest}`;
  }
  const end = target.indexOf('?');
  const path = end === -1 ? target : target.slice(0, end);
  req.url = canonicalPath(path) + (end === -1 ? '' : target.slice(end));
}
