/** What the router of a daemon takes, and what it offers. `router.ts` makes it. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { CatalogCache, Logger } from '@mcp-daemon/core';

import type { AuthProvider } from './auth/provider.js';
import type { ConsoleOptions } from './console/console.js';
import type { DocumentsOptions } from './documents/documents.js';
import type { EventsHandlerOptions } from './events/handler.js';
import type { LoadGraphqlApi } from './graphql/api.js';
import type { GraphqlLimits } from './graphql/handler.js';
import type { McpHandlerOptions } from './mcp/handler.js';
import type { MountLogins } from './mounts/mount-logins.js';
import type { Middleware } from './wire/middleware.js';

/** What `createRouter` takes. */
export interface RouterOptions extends Omit<
  McpHandlerOptions,
  'authenticate' | 'authorize' | 'budget' | 'turns' | 'charge' | 'scopeChallenge' | 'logger'
> {
  /** Authenticates requests. Default: every user of this machine is an admin, and requests from other machines are refused. */
  auth?: AuthProvider;
  /**
   * Requests that one user may make in a minute, a tenth of them at once; 0: no limit. A batch counts as many requests as it has
   * messages, and each 64 KB of a body as one more. Default 6,000.
   */
  rateLimit?: number;
  /**
   * The URL under which clients reach this router, where a proxy strips its path: HTTP+SSE names its paths below it. The same as that of
   * the provider in `auth`. Default: none.
   */
  publicUrl?: string | undefined;
  /** The proxies whose `X-Forwarded-For` is trusted: how many there are, or their addresses and networks. Default: none. */
  trustProxy?: number | readonly string[];
  /** Counts the bundles of code whose newest version is not used, for `/metrics` and `/ready`. Default: neither has such a number. */
  failingBundles?: () => number;
  /** Whether the deprecated HTTP+SSE transport is also served. Default: true. */
  httpSse?: boolean;
  /**
   * How many bytes clients may make the server keep: bodies that are being received, and answers and events that are not read. Default
   * 200 MB.
   */
  maxHeldBytes?: number;
  /** How many of these bytes one user may make the server keep in one partition. Default 50 MB. */
  maxHeldBytesPerUser?: number;
  /**
   * The cached catalogs, which administrators can look at and drop below `/admin/cache`, and whose counts are in the metrics:
   * `daemon.catalogs`. Default: there are no such paths and metrics.
   */
  cache?: CatalogCache;
  /**
   * Loads the GraphQL API, which is served below `/graphql`; called at the first request for it. Needs the packages `graphql` and
   * `graphql-http`. Default: there is no such path.
   */
  graphql?: LoadGraphqlApi | undefined;
  /** Limits on GraphQL operations and their streams. */
  graphqlLimits?: GraphqlLimits;
  /** The files of the console, which is served at `/console`: see {@link ConsoleOptions}. Default: there is no such path. */
  console?: Pick<ConsoleOptions, 'assetsDir'> | undefined;
  /** Logs users in at mounted servers, on pages below `/mounts`. Default: there are no such pages. */
  mountLogins?: MountLogins | undefined;
  /**
   * The partitions whose server card is public, at `/mcp/server-card`, and listed in `/.well-known/ai-catalog.json`. Default: `default`
   * where callers need no token, else none.
   */
  serverCards?: readonly string[] | undefined;
  /** Limits on the streams of live events. */
  events?: Omit<EventsHandlerOptions, 'budget'>;
  /** The title and version of the API documents, such as the name and version of your server, and the folder with the files of their pages. Default: see `DocumentsOptions`. */
  documents?: Pick<DocumentsOptions, 'title' | 'version' | 'assetsDir'>;
  /** Gets errors and, with `accessLog`, the access log. Default: nothing is logged. */
  logger?: Pick<Logger, 'info' | 'error'> & Partial<Pick<Logger, 'debug'>>;
  /** Whether each request is logged: at `info`, or at `debug` for successful requests for probes and metrics. Default: false. */
  accessLog?: boolean;
  /** The version of the program, shown in the metrics and the API documents. Default: none. */
  version?: string;
}

/** The router, which has to be closed. */
export interface DaemonRouter extends Middleware {
  /**
   * Serves requests for MCP and GraphQL endpoints without Express, which would take more time than all the rest of a call. Also
   * refuses request targets that Express cannot parse.
   *
   * @returns false for every other path; the request is untouched then
   */
  serveDirect(req: IncomingMessage, res: ServerResponse): boolean;
  /**
   * Closes the router: `/ready` answers 503, clients of event streams are told to reconnect, new calls are refused, running calls are
   * cancelled after `drainMs` (default 5 seconds). The daemon stays open. A second call returns the promise of the first.
   */
  close(options?: { drainMs?: number }): Promise<void>;
}
