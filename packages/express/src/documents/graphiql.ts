/** GraphiQL: a page for people at the path of the GraphQL API, made of the files of this package. It contains no data. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { rawUrlOf } from '../access/target.js';
import { pathOfUrl } from '../paths.js';
import { requestHeaders } from '../wire/request-info.js';
import { endResponse } from '../wire/respond.js';
import type { Assets } from './assets.js';
import { openAssets } from './assets.js';
import type { ApiOptions } from './openapi.js';

/** What {@link createGraphiqlPage} takes. */
export interface GraphiqlPageOptions {
  /** The folder with the files of the pages. Default: found by itself. */
  assetsDir?: string | undefined;
  /** How callers authenticate: the page asks for nothing, for a password or for a token. */
  security: NonNullable<ApiOptions['security']>;
}

/** Serves the page. @returns false where its files are missing; the request is untouched then */
export type GraphiqlPage = (req: IncomingMessage, res: ServerResponse) => boolean;

/** @param nonce allows the style elements that GraphiQL creates, and no others */
const policyOf = (nonce: string): string =>
  [
    ...["default-src 'none'", "base-uri 'none'", "connect-src 'self'", "form-action 'none'", "frame-ancestors 'none'"],
    ...["img-src 'self' data:", "script-src 'self'", `style-src 'self' 'nonce-${nonce}'`],
  ].join(';');

/** The way from the address in the browser to the router: `../` for each segment after the first. */
function rootOf(req: IncomingMessage): string {
  const { originalUrl } = req as IncomingMessage & { originalUrl?: string };
  const depth = pathOfUrl(req.url).split('/').length - 2;
  const hasSlash = pathOfUrl(originalUrl ?? rawUrlOf(req)).endsWith('/');
  return '../'.repeat(depth + (hasSlash ? 1 : 0));
}

/**
 * Creates the page. Its files are looked for at its first request.
 *
 * @throws DaemonError `usage`, at the first request, where `assetsDir` does not contain the pages
 */
export function createGraphiqlPage({ assetsDir, security }: GraphiqlPageOptions): GraphiqlPage {
  let assets: Assets | undefined;
  return (req, res) => {
    assets ??= openAssets(assetsDir);
    if (assets === undefined) return false;
    const nonce = randomBytes(16).toString('base64');
    const root = rootOf(req);
    const html = assets.graphiql
      .replaceAll('"docs/assets/', `"${root}docs/assets/`)
      .replace('{{security}}', security)
      .replace('{{root}}', root)
      .replace('{{nonce}}', nonce);
    res.writeHead(200, [
      ...['content-type', 'text/html; charset=utf-8', 'content-length', String(Buffer.byteLength(html))],
      ...['cache-control', 'no-store', 'vary', 'Accept', 'content-security-policy', policyOf(nonce)],
      ...['referrer-policy', 'no-referrer', 'x-content-type-options', 'nosniff', 'x-frame-options', 'DENY'],
      ...requestHeaders(res),
    ]);
    endResponse(res, req.method === 'HEAD' ? undefined : html);
    return true;
  };
}
