/** Serves a daemon on its own port: a `node:http` server that passes MCP and GraphQL requests to their handlers and all others to Express. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import type { Daemon } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';
import express from 'express';

import { isLoopbackHost } from './auth/secrets.js';
import { PATHS } from './paths.js';
import { createRouter } from './router.js';
import type { RouterOptions } from './router-options.js';
import { positive } from './wire/options.js';
import { sendProblem } from './wire/problem.js';
import type { Refusal } from './wire/respond.js';

/** What {@link serveHttp} takes. */
export interface HttpOptions extends RouterOptions {
  /** The address or host name to listen on. Default: 127.0.0.1. */
  host?: string;
  /** The port to listen on; 0: any free port. Default: 8000. */
  port?: number;
  /** How many connections may be open; further ones are closed at once. Default 10,000. */
  maxConnections?: number;
  /** How long a client may take to send the headers of a request. Default 10 seconds. */
  headersTimeoutMs?: number;
  /** How long a client may take to send a whole request. Default 60 seconds. */
  requestTimeoutMs?: number;
  /** How long an idle connection is kept open. Default 65 seconds, which is longer than common proxies keep theirs. */
  keepAliveTimeoutMs?: number;
}

/** A running server. */
export interface HttpServer {
  /** The port that it listens on. */
  readonly port: number;
  /** The URL without a path, such as `http://127.0.0.1:8000`. */
  readonly url: string;
  /**
   * Closes the server: `/ready` answers 503, clients of event streams are told to reconnect, running calls are cancelled after
   * `drainMs` (default 5 seconds), then the port is closed. The daemon stays open. A second call returns the promise of the first.
   */
  close(options?: { drainMs?: number }): Promise<void>;
}

/** Explanations of system errors. */
const REASONS: Readonly<Record<string, (host: string, port: number) => string>> = {
  EADDRINUSE: (host, port) => `port ${port} of ${host} is in use: choose another with --port or PORT`,
  EACCES: (_host, port) => `this user may not listen on port ${port}: choose a port from 1024 up with --port or PORT`,
  EADDRNOTAVAIL: (host) => `${host} is not an address of this machine: choose another with --host or HOST`,
  ENOTFOUND: (host) => `the host name ${host} cannot be resolved: choose another with --host or HOST`,
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

/**
 * Node silently drops further headers, which could be a Part-ID, so a request with more is refused. Node also limits the size of all
 * headers, to 16 KB.
 */
const MAX_HEADERS = 256;
const TOO_MANY_HEADERS: Refusal = {
  status: 431,
  message: `A request may have at most ${MAX_HEADERS} headers.`,
  headers: { connection: 'close' },
};
const NOT_FOUND: Refusal = { status: 404, message: 'Nothing is served at this path.' };

/** How often Node looks for connections that exceed their timeouts. */
const CHECK_EVERY_MS = 2_000;
/** How long connections may stay open when the server closes. Those on which an answer is being read may use all of the time limit. */
const LAST_ANSWER_MS = 1_000;
/** How often to look then whether answers were read. */
const LOOK_EVERY_MS = 50;

/**
 * Serves a daemon over HTTP until the server is closed.
 *
 * @throws DaemonError `usage` if an option is invalid, the port cannot be opened, or `host` is not a loopback address and there is
 *   no authentication
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
  app.get('/', (_req, res) => res.redirect(PATHS.docs.path.slice(1))); // for people who open the server in a browser
  // With a `next` function Express leaves unknown paths to us; without one it would answer with an HTML page.
  const serve = app as unknown as (req: IncomingMessage, res: ServerResponse, next: () => void) => void;

  const limits = {
    headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs), // the headers are part of the request
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    connectionsCheckingInterval: CHECK_EVERY_MS,
  };
  const server = createServer(limits, (req, res) => {
    // A connection that we have closed: Node goes on with the requests that it has already read from it.
    if (req.socket.destroyed) res.destroy();
    else if (req.rawHeaders.length > 2 * MAX_HEADERS) sendProblem(res, TOO_MANY_HEADERS);
    else if (!router.serveDirect(req, res)) serve(req, res, () => sendProblem(res, NOT_FOUND));
  });
  server.maxHeadersCount = MAX_HEADERS + 1;
  server.maxConnections = maxConnections;
  try {
    await listen(server, host, port);
  } catch (error) {
    await router.close();
    throw error;
  }
  // For example when the process has no file descriptors left. Without a listener the error would end the process.
  server.on('error', (error) => logger?.error({ error: error.message }, 'a connection could not be accepted'));

  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });

  const isBeingRead = (socket: Socket): boolean => socket.writableLength > 0;
  // To Node, which calls this when the server closes, a connection is idle as soon as its answer has begun to be sent: it would cut it off.
  const closeIdle = server.closeIdleConnections.bind(server);
  server.closeIdleConnections = () => {
    if (![...sockets].some(isBeingRead)) closeIdle();
  };

  async function close(drainMs: number): Promise<void> {
    const end = performance.now() + drainMs;
    await router.close({ drainMs });
    const soon = performance.now() + LAST_ANSWER_MS;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    function look(): void {
      const now = performance.now();
      const isOver = now >= Math.max(soon, end);
      if (now >= soon) for (const socket of sockets) if (isOver || !isBeingRead(socket)) socket.destroy();
      server.closeIdleConnections();
      timer = setTimeout(look, LOOK_EVERY_MS);
    }
    let timer = setTimeout(look, LOOK_EVERY_MS);
    await closed;
    clearTimeout(timer);
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
