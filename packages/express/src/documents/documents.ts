/** The API, told to programs and to people: a document, and two pages that show it, with nothing from elsewhere. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

import type { Request, RequestHandler, Response } from 'express';
import { Router } from 'express';
import helmet from 'helmet';

import type { Middleware } from '../wire/middleware.js';
import { sendProblem } from '../wire/problem.js';
import type { Asset, PageName } from './assets.js';
import { openAssets, PAGES } from './assets.js';
import type { ApiOptions } from './openapi.js';
import { describeApi } from './openapi.js';

/** What {@link createDocuments} takes. */
export interface DocumentsOptions extends ApiOptions {
  /** The folder of what the pages are made of, where a bundler has moved the code away from it. Default: it is found. */
  assetsDir?: string | undefined;
}

/** Names of assets change with what is in them. */
const FOR_GOOD = 'public, max-age=31536000, immutable';
/** Kept, and asked after each time. */
const ASK = 'no-cache';

const SELF = ["'self'"];
const NOBODY = ["'none'"];
const policy = (more: Record<string, string[]> = {}): RequestHandler =>
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: NOBODY,
        baseUri: NOBODY,
        connectSrc: SELF,
        formAction: NOBODY,
        frameAncestors: NOBODY,
        imgSrc: ["'self'", 'data:'],
        scriptSrc: SELF,
        styleSrc: SELF,
        ...more,
      },
    },
    // Whether pages come over TLS is the business of whoever ends it; without it browsers complain of the other two.
    strictTransportSecurity: false,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
  });

const POLICIES: Readonly<Record<PageName, RequestHandler>> = {
  docs: policy(),
  // It makes its styles as it goes; and its search works in the background, in a script that it makes.
  redoc: policy({ styleSrc: ["'self'", "'unsafe-inline'"], workerSrc: ['blob:'] }),
};

const tagOf = (text: string): string => `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;

/** Sends a text, unless the client has it. */
function sender(text: string, type: string): RequestHandler {
  const tag = tagOf(text);
  return (req, res) => {
    res.set({ 'cache-control': ASK, etag: tag });
    if (req.fresh) res.status(304).end();
    else res.type(type).send(text);
  };
}

async function sendAsset({ file, type, gzip }: Asset, name: string, req: Request, res: Response): Promise<void> {
  res.set({ 'content-type': type, 'cache-control': gzip ? FOR_GOOD : ASK });
  if (gzip) res.set({ etag: `W/"${name}"`, vary: 'Accept-Encoding' });
  if (req.fresh) return void res.status(304).end();
  const compressed = gzip && req.acceptsEncodings('gzip') !== false;
  if (compressed) res.set('content-encoding', 'gzip');
  if (req.method === 'HEAD') return void res.end();
  const source = createReadStream(file);
  try {
    await (gzip && !compressed ? pipeline(source, createGunzip(), res) : pipeline(source, res));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error; // else the client has left
  }
}

/**
 * Serves `/openapi.json`, `/docs` and `/redoc`, under any path; they need no identity, and tell of no tenant. Without the files of
 * the pages, which a bundler may have left behind, there is the document alone.
 *
 * @throws DaemonError `usage` where `assetsDir` has no pages
 *
 * @example
 * app.use(createDocuments({ version: '1.2.3', without: ['httpSse'] }));
 */
export function createDocuments({ assetsDir, ...options }: DocumentsOptions = {}): Middleware {
  const assets = openAssets(assetsDir);
  const { without = [] } = options;
  const document = describeApi(assets === undefined ? { ...options, without: [...without, 'pages'] } : options);

  const router = Router({ caseSensitive: true, strict: true });
  router.get('/openapi.json', sender(JSON.stringify(document), 'application/json'));
  const paths = ['/openapi.json'];
  if (assets !== undefined) {
    for (const name of PAGES) {
      router.get(`/${name}`, POLICIES[name], sender(assets.pages[name], 'text/html'));
      // What the page refers to is relative to its path without the slash.
      router.get(`/${name}/`, (_req, res) => res.redirect(308, `../${name}`));
      paths.push(`/${name}`);
    }
    router.get('/docs/assets/:name', async (req, res, next) => {
      const { name = '' } = req.params;
      const asset = assets.files.get(name);
      if (asset === undefined) next();
      else await sendAsset(asset, name, req, res);
    });
  }
  router.all(paths, (_req, res) => sendProblem(res, { status: 405, message: 'Use GET.', headers: { allow: 'GET, HEAD' } }));
  return router as Router & Middleware;
}
