/** The OpenAPI document, and two pages that show it without loading anything from other servers. */
import type { RequestHandler } from 'express';
import { Router } from 'express';
import helmet from 'helmet';

import { PATHS } from '../paths.js';
import type { Middleware } from '../wire/middleware.js';
import { sendProblem } from '../wire/problem.js';
import { sendFile, textSender } from '../wire/static-files.js';
import type { PageName } from './assets.js';
import { openAssets, PAGES } from './assets.js';
import type { ApiOptions } from './openapi.js';
import { describeApi } from './openapi.js';

/** What {@link createDocuments} takes. */
export interface DocumentsOptions extends ApiOptions {
  /** The folder with the files of the pages. Needed where a bundler has moved the code away from it. Default: found by itself. */
  assetsDir?: string | undefined;
}

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
  router.get(PATHS.openapi.path, textSender(JSON.stringify(document), 'application/json'));
  const paths: string[] = [PATHS.openapi.path];
  if (assets !== undefined) {
    for (const name of PAGES) {
      const { path } = PATHS[name];
      router.get(path, POLICIES[name], textSender(assets.pages[name], 'text/html'));
      // The URLs in the page are relative to its path, so with a slash they begin one level up.
      const below = assets.pages[name].replaceAll(/"(docs\/assets\/|openapi\.json)/g, '"../$1');
      router.get(`${path}/`, POLICIES[name], textSender(below, 'text/html'));
      paths.push(path);
    }
    router.get(`${PATHS.docs.path}/assets/:name`, async (req, res, next) => {
      const { name = '' } = req.params;
      const asset = assets.files.get(name);
      if (asset === undefined) next();
      else await sendFile(asset, name, req, res);
    });
  }
  router.all(paths, (_req, res) => sendProblem(res, { status: 405, message: 'Use GET.', headers: { allow: 'GET, HEAD' } }));
  return router as Router & Middleware;
}
