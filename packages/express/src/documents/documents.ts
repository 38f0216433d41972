/** The OpenAPI document, and two pages that show it without loading anything from other servers. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

import type { Request, RequestHandler, Response } from 'express';
import { Router } from 'express';
import helmet from 'helmet';

import { PATHS } from '../paths.js';
import type { Middleware } from '../wire/middleware.js';
import { sendProblem } from '../wire/problem.js';
import type { Asset, PageName } from './assets.js';
import { openAssets, PAGES } from './assets.js';
import type { ApiOptions } from './openapi.js';
import { describeApi } from './openapi.js';

/** What {@link createDocuments} takes. */
export interface DocumentsOptions extends ApiOptions {
  /** The folder with the files of the pages. Needed where a bundler has moved the code away from it. Default: found by itself. */
  assetsDir?: string | undefined;
}

/** For files whose names change with their content. */
const IMMUTABLE = 'public, max-age=31536000, immutable';
/** The browser keeps the file, but asks each time whether it has changed. */
const REVALIDATE = 'no-cache';

const SELF = ["'self'"];
const NONE = ["'none'"];
const policy = (more: Record<string, string[]> = {}): RequestHandler =>
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: NONE,
        baseUri: NONE,
        connectSrc: SELF,
        formAction: NONE,
        frameAncestors: NONE,
        imgSrc: ["'self'", 'data:'],
        scriptSrc: SELF,
        styleSrc: SELF,
        ...more,
      },
    },
    // HSTS is for the server that terminates TLS. Without TLS, browsers log warnings about the other two headers.
    strictTransportSecurity: false,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
  });

const POLICIES: Readonly<Record<PageName, RequestHandler>> = {
  docs: policy(),
  // Redoc creates styles at run time, and runs its search in a worker from a blob URL.
  redoc: policy({ styleSrc: ["'self'", "'unsafe-inline'"], workerSrc: ['blob:'] }),
};

/** The `ETag` of a text. */
const tagOf = (text: string): string => `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;

/** Sends a text, or 304 where the client has it already. */
function sender(text: string, type: string): RequestHandler {
  const tag = tagOf(text);
  return (req, res) => {
    res.set({ 'cache-control': REVALIDATE, etag: tag });
    if (req.fresh) res.status(304).end();
    else res.type(type).send(text);
  };
}

async function sendAsset({ file, type, gzip }: Asset, name: string, req: Request, res: Response): Promise<void> {
  res.set({ 'content-type': type, 'cache-control': gzip ? IMMUTABLE : REVALIDATE });
  if (gzip) res.set({ etag: `W/"${name}"`, vary: 'Accept-Encoding' });
  if (req.fresh) return void res.status(304).end();
  const compressed = gzip && req.acceptsEncodings('gzip') !== false;
  if (compressed) res.set('content-encoding', 'gzip');
  if (req.method === 'HEAD') return void res.end();
  const source = createReadStream(file);
  try {
    await (gzip && !compressed ? pipeline(source, createGunzip(), res) : pipeline(source, res));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error; // else the client has disconnected
  }
}

/**
 * Serves `/openapi.json`, `/docs` and `/redoc`, under any mount path. They need no authentication and contain no data of any
 * partition. Where the files of the pages are missing, because a bundler did not copy them, only the document is served.
 *
 * @throws DaemonError `usage` where `assetsDir` does not contain the pages
 *
 * @example
 * app.use(createDocuments({ version: '1.2.3', without: ['httpSse'] }));
 */
export function createDocuments({ assetsDir, ...options }: DocumentsOptions = {}): Middleware {
  const assets = openAssets(assetsDir);
  const { without = [] } = options;
  const document = describeApi(assets === undefined ? { ...options, without: [...without, 'pages'] } : options);

  const router = Router({ caseSensitive: true, strict: true });
  router.get(PATHS.openapi.path, sender(JSON.stringify(document), 'application/json'));
  const paths: string[] = [PATHS.openapi.path];
  if (assets !== undefined) {
    for (const name of PAGES) {
      const { path } = PATHS[name];
      router.get(path, POLICIES[name], sender(assets.pages[name], 'text/html'));
      // The URLs in the page are relative to its path, so with a slash they begin one level up.
      const below = assets.pages[name].replaceAll(/"(docs\/assets\/|openapi\.json)/g, '"../$1');
      router.get(`${path}/`, POLICIES[name], sender(below, 'text/html'));
      paths.push(path);
    }
    router.get(`${PATHS.docs.path}/assets/:name`, async (req, res, next) => {
      const { name = '' } = req.params;
      const asset = assets.files.get(name);
      if (asset === undefined) next();
      else await sendAsset(asset, name, req, res);
    });
  }
  router.all(paths, (_req, res) => sendProblem(res, { status: 405, message: 'Use GET.', headers: { allow: 'GET, HEAD' } }));
  return router as Router & Middleware;
}
