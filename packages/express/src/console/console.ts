/** The console: a page for people, made of the files of `@mcp-daemon/console`. It contains no data, so it needs no authentication. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { DaemonError } from '@mcp-daemon/core';
import type { RequestHandler } from 'express';
import { Router } from 'express';
import helmet from 'helmet';

import { PATHS } from '../paths.js';
import type { Middleware } from '../wire/middleware.js';
import { sendProblem } from '../wire/problem.js';
import type { StaticFile } from '../wire/static-files.js';
import { sendFile, textSender } from '../wire/static-files.js';

/** What {@link createConsole} takes. */
export interface ConsoleOptions {
  /** The folder with the files of the console: `consoleAssets` of `@mcp-daemon/console`, or a copy of that folder. */
  assetsDir: string | URL;
  /** How callers authenticate: by a login, by a token alone, or not at all. Default: `login`. */
  security?: 'none' | 'login' | 'token';
}

const PAGE = 'console.html';

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
};

const SELF = ["'self'"];
const NONE = ["'none'"];

/**
 * Scripts, styles and requests of this server alone. No text can become markup or code: the page has no way to write HTML, which
 * `require-trusted-types-for` and the empty list of policies make sure of.
 */
const POLICY: RequestHandler = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: NONE,
      baseUri: NONE,
      connectSrc: SELF,
      formAction: NONE,
      frameAncestors: NONE,
      imgSrc: ["'self'", 'data:'],
      requireTrustedTypesFor: ["'script'"],
      scriptSrc: SELF,
      styleSrc: SELF,
      trustedTypes: NONE,
    },
  },
  referrerPolicy: { policy: 'no-referrer' },
  // HSTS is for the server that terminates TLS. Without TLS, browsers log warnings about the other two headers.
  strictTransportSecurity: false,
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
});

/** What is sent, read from the folder once. */
interface Files {
  readonly page: RequestHandler;
  /** The page for an address with a slash at its end. */
  readonly pageBelow: RequestHandler;
  readonly assets: ReadonlyMap<string, StaticFile>;
}

function read(folder: string, security: string): Files {
  const assets = new Map<string, StaticFile>();
  for (const name of readdirSync(folder)) {
    const gzip = name.endsWith('.gz');
    const shown = gzip ? name.slice(0, -'.gz'.length) : name;
    const type = TYPES[shown.slice(shown.lastIndexOf('.') + 1)];
    if (type !== undefined) assets.set(shown, { file: join(folder, name), type, gzip });
  }
  const html = readFileSync(join(folder, PAGE), 'utf8').replace('{{security}}', security);
  // The URLs in the page are relative to its path, so with a slash they begin one level up.
  const below = html.replaceAll('"console/assets/', '"../console/assets/');
  return { page: textSender(html, 'text/html'), pageBelow: textSender(below, 'text/html'), assets };
}

/**
 * Serves `/console`, under any mount path. The files are read at the first request.
 *
 * @throws DaemonError `usage` where the folder does not contain the console
 *
 * @example
 * app.use(createConsole({ assetsDir: consoleAssets }));
 */
export function createConsole({ assetsDir, security = 'login' }: ConsoleOptions): Middleware {
  const folder = assetsDir instanceof URL ? fileURLToPath(assetsDir) : assetsDir;
  if (!existsSync(join(folder, PAGE))) throw new DaemonError('usage', `assetsDir does not contain the console: ${folder}`);
  let files: Files | undefined;
  const filesOf = (): Files => (files ??= read(folder, security));

  const { path } = PATHS.console;
  const router = Router({ caseSensitive: true, strict: true });
  router.get(path, POLICY, (req, res, next) => filesOf().page(req, res, next));
  router.get(`${path}/`, POLICY, (req, res, next) => filesOf().pageBelow(req, res, next));
  router.get(`${path}/assets/:name`, async (req, res, next) => {
    const { name = '' } = req.params;
    const asset = filesOf().assets.get(name);
    if (asset === undefined) next();
    else await sendFile(asset, name, req, res);
  });
  router.all(path, (_req, res) => sendProblem(res, { status: 405, message: 'Use GET.', headers: { allow: 'GET, HEAD' } }));
  return router as Router & Middleware;
}
