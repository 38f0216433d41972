/** A daemon on a port of its own: `node:http`, which hands calls to their handler before Express sees them. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Daemon } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';
import express from 'express';

import { isLoopbackHost } from './auth/secrets.js';
import type { RouterOptions } from './router.js';
import { createRouter } from './router.js';
import { positive } from './wire/options.js';
import { sendProblem } from './wire/problem.js';
import type { Refusal } from './wire/respond.js';

/** What {@link serveHttp} takes. */
export interface HttpOptions extends RouterOptions {
  /** Where to listen. Default: 127.0.0.1. */
  host?: string;
  /** Default: 8000; 0: any that is free. */
  port?: number;
  /** Connections at once; further ones are closed. Default 10,000. */
  maxConnections?: number;
  /** How long a client may take to send the headers of a request. Default 10 seconds. */
  headersTimeoutMs?: number;
  /** How long it may take to send all of a request. Default 60 seconds. */
  requestTimeoutMs?: number;
  /** How long a connection is kept that is idle. Default 65 seconds: longer than the proxies that are common keep theirs. */
  keepAliveTimeoutMs?: number;
}

/** A server that listens. */
export interface HttpServer {
  readonly port: number;
  /** Such as `http://127.0.0.1:8000`. */
  readonly url: string;
  /**
   * Ends it: `/ready` turns red, streams are told to come back, calls under way are given `drainMs` (default 5 seconds); then the
   * port is closed. The daemon stays open. A second call waits for the first.
   */
  close(options?: { drainMs?: number }): Promise<void>;
}

const REASONS: Readonly<Record<string, (host: string, port: number) => string>> = {
  EADDRINUSE: (host, port) => `port ${port} of ${host} is in use: choose another with --port or PORT`,
  EACCES: (_host, port) => `this user may not listen on port ${port}: choose one from 1024 up with --port or PORT`,
  EADDRNOTAVAIL: (host) => `${host} is no address of this machine: choose another with --host or HOST`,
  ENOTFOUND: (host) => `there is no host ${host}: choose another with --host or HOST`,
};

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      const why = REASONS[error.code ?? '']?.(host, port) ?? error.message;
      reject(new DaemonError('usage', `cannot listen: ${why}`, { cause: error }));
    };
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

/** Node drops what is more in silence, be it a Part-ID: such a request is refused. Their size is bounded by Node, too (16 KB). */
const MAX_HEADERS = 256;
const TOO_MANY_HEADERS: Refusal = {
  status: 431,
  message: `A request may have at most ${MAX_HEADERS} headers.`,
  headers: { connection: 'close' },
};
const NOTHING: Refusal = { status: 404, message: 'Nothing is served there.' };

/** How often connections are looked through for those that take too long. */
const CHECK_EVERY_MS = 2_000;
/** What connections are given to take their last answer. */
const GOODBYE_MS = 1_000;

/**
 * Serves a daemon over HTTP, until it is closed.
 *
 * @throws DaemonError `usage` where an option is no good, it cannot listen there, or must not without authentication
 *
 * @example
 * const server = await serveHttp(daemon, { auth: await createLocalAuth({ userFile, jwtSecret }), port: 8000 });
 */
export async function serveHttp(daemon: Daemon, options: HttpOptions = {}): Promise<HttpServer> {
  const { host = '127.0.0.1', port = 8_000, logger } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new DaemonError('usage', `port must be a whole number from 0 to 65535, got ${String(port)}`);
  const maxConnections = positive('maxConnections', options.maxConnections ?? 10_000);
  const headersTimeoutMs = positive('headersTimeoutMs', options.headersTimeoutMs ?? 10_000);
  const requestTimeoutMs = positive('requestTimeoutMs', options.requestTimeoutMs ?? 60_000);
  const keepAliveTimeoutMs = positive('keepAliveTimeoutMs', options.keepAliveTimeoutMs ?? 65_000);
  const open = options.auth === undefined || options.auth.loopbackOnly === true;
  if (open && !isLoopbackHost(host))
    throw new DaemonError('usage', `cannot listen on ${host} without authentication: set AUTH_PROVIDER, or listen on 127.0.0.1`);

  const router = createRouter(daemon, options);
  const app = express();
  app.disable('x-powered-by');
  app.use(router);
  app.get('/', (_req, res) => res.redirect('docs')); // where a person looks first
  // Called as a middleware is, it leaves to us what it does not know; by itself it would answer with a page.
  const serve = app as unknown as (req: IncomingMessage, res: ServerResponse, next: () => void) => void;

  const limits = {
    headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs), // the headers are a part of the request
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    connectionsCheckingInterval: CHECK_EVERY_MS,
  };
  const server = createServer(limits, (req, res) => {
    if (req.rawHeaders.length > 2 * MAX_HEADERS) sendProblem(res, TOO_MANY_HEADERS);
    else if (!router.serveMcp(req, res)) serve(req, res, () => sendProblem(res, NOTHING));
  });
  server.maxHeadersCount = MAX_HEADERS + 1;
  server.maxConnections = maxConnections;
  try {
    await listen(server, host, port);
  } catch (error) {
    await router.close();
    throw error;
  }
  // Such as the system's table of files being full: without a listener it would end the process.
  server.on('error', (error) => logger?.error({ error: error.message }, 'a connection could not be accepted'));

  async function close(drainMs: number): Promise<void> {
    await router.close({ drainMs });
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const goodbye = setTimeout(() => server.closeAllConnections(), GOODBYE_MS);
    await closed;
    clearTimeout(goodbye);
  }

  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  let closing: Promise<void> | undefined;
  return {
    port: address.port,
    url: `http://${name}:${address.port}`,
    close: ({ drainMs = 5_000 } = {}) => (closing ??= close(drainMs)),
  };
}
