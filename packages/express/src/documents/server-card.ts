/**
 * Server cards: what a client has to know to connect, for everybody to read, and the catalog that lists them. They name no tools,
 * resources or prompts.
 *
 * @see https://github.com/modelcontextprotocol/experimental-ext-server-card (docs/discovery.md)
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Daemon, Exchange, JsonObject } from '@mcp-daemon/core';
import { DEFAULT_PARTITION, isObject, LEGACY_VERSIONS, META, MODERN_VERSIONS } from '@mcp-daemon/core';

import { mountOf } from '../auth/partition.js';
import { partitionOfPath, pathOfUrl, PATHS, patternsOf } from '../paths.js';
import { createBaseUrl } from '../wire/base-url.js';
import { sendProblem } from '../wire/problem.js';
import { requestHeaders } from '../wire/request-info.js';
import type { Refusal } from '../wire/respond.js';

/** What {@link createServerCards} takes. */
export interface ServerCardsOptions {
  daemon: Pick<Daemon, 'handle'>;
  /** The partitions that have a card. The catalog lists them, in this order. */
  partitions: readonly string[];
  /** The URL under which clients reach this server. Default: the one in the `Host` header. */
  publicUrl?: string | undefined;
  /** Whether callers need a bearer token, and who sets it: `oauth`: clients, which log in by OAuth; `user`: the user. */
  token: 'none' | 'oauth' | 'user';
}

/** Paths, as Express writes them, and the plain handler for GET, HEAD and the preflight of web pages. */
export type ServerCardRoute = readonly [paths: string[], serve: (req: IncomingMessage, res: ServerResponse) => Promise<void>];

const SCHEMA = 'https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json';
/** A header that the user sets. */
const AUTHORIZATION = { name: 'Authorization', description: 'Bearer, a space, a token.', isRequired: true, isSecret: true };
/** Required is what the user must be asked for. A client that logs in by OAuth sets this header itself. */
const HEADERS = {
  none: {},
  user: { headers: [AUTHORIZATION] },
  oauth: {
    headers: [
      {
        ...AUTHORIZATION,
        description: 'Bearer, a space, a token. Not needed by clients that log in by OAuth.',
        isRequired: false,
      },
    ],
  },
} as const satisfies Record<ServerCardsOptions['token'], JsonObject>;

/** The media type of a card. */
export const CARD_TYPE = 'application/mcp-server-card+json';
/** The media type of the catalog. */
export const CATALOG_TYPE = 'application/ai-catalog+json';

/** Everybody may read them, web pages of all origins too. */
const PUBLIC = [
  ...['access-control-allow-origin', '*', 'access-control-allow-methods', 'GET'],
  ...['access-control-allow-headers', 'Content-Type, If-None-Match', 'access-control-expose-headers', 'ETag'],
];
const CACHED = ['cache-control', 'public, max-age=3600', 'vary', 'Host'];

const NOT_FOUND: Refusal = { status: 404, message: 'Nothing is served at this path.' };
const USE_GET: Refusal = { status: 405, message: 'Use GET.', headers: { allow: 'GET, HEAD, OPTIONS' } };

const MAX_TITLE = 100;
const MAX_VERSION = 255;
const MAX_NAME = 80;
/** A name of a card: a namespace in reverse DNS, a slash, the name of the server. */
const CARD_NAME = /^[a-zA-Z0-9.-]{1,99}\/[a-zA-Z0-9._-]{1,100}$/;

/** A request for what the server says of itself. Its answer is what clients get once they have connected. */
const DISCOVER = {
  jsonrpc: '2.0',
  id: 0,
  method: 'server/discover',
  params: { _meta: { [META.protocolVersion]: MODERN_VERSIONS[0], [META.clientCapabilities]: {} } },
};

/** How the server names itself. */
interface Identity {
  readonly name: string;
  readonly version: string;
  readonly title?: string;
}

/** A part of a name, with other characters replaced. */
const named = (text: string, otherwise: string): string =>
  text
    .replace(/[^a-zA-Z0-9._-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, MAX_NAME) || otherwise;

/** The host of a base URL, as a name: `mcp.example.com`. */
const hostOf = (base: string): string => named(new URL(base).hostname, 'localhost');

/** A host in reverse DNS: `com.example.mcp`. Addresses stay as they are. */
const reversed = (host: string): string => (/^[\d.]+$/.test(host) ? host : host.split('.').reverse().join('.'));

/** The last part of a card's name. It differs between partitions, because each is a server of its own. */
function ownName({ name }: Identity, partition: string): string {
  const own = named(CARD_NAME.test(name) ? name.slice(name.indexOf('/') + 1) : name, 'mcp-daemon');
  return partition === DEFAULT_PARTITION ? own : `${own}.${partition}`.slice(0, MAX_NAME);
}

/**
 * Creates the routes of the cards and of their catalog; none if no partition has a card.
 *
 * @throws DaemonError `usage` if `publicUrl` is not a URL
 */
export function createServerCards({ daemon, partitions, publicUrl, token }: ServerCardsOptions): ServerCardRoute[] {
  const baseOf = createBaseUrl(publicUrl);
  const listed = new Set(partitions);
  const endpointOf = (base: string, partition: string): string =>
    partition === DEFAULT_PARTITION ? `${base}${PATHS.mcp.path}` : `${base}/${partition}${PATHS.mcp.path}`;

  /** How the server names itself in a partition. @returns undefined if there is no such partition */
  async function identityOf(partition: string): Promise<Identity | undefined> {
    const exchange: Exchange = {
      ...{ partition, subject: 'anonymous', signal: new AbortController().signal },
      notify: () => undefined,
    };
    const answer = await daemon.handle(DISCOVER, exchange);
    const result = answer !== undefined && 'result' in answer ? answer.result : undefined;
    const meta = result?.['_meta'];
    const info = isObject(meta) ? meta[META.serverInfo] : undefined;
    return isObject(info) ? (info as unknown as Identity) : undefined;
  }

  function cardOf(identity: Identity, base: string, partition: string): JsonObject {
    const { name, version, title } = identity;
    const shown = (title ?? name).slice(0, MAX_TITLE);
    return {
      $schema: SCHEMA,
      name:
        CARD_NAME.test(name) && partition === DEFAULT_PARTITION
          ? name
          : `${reversed(hostOf(base))}/${ownName(identity, partition)}`,
      version: version.slice(0, MAX_VERSION),
      description: `MCP server ${title ?? name}`.slice(0, MAX_TITLE),
      ...(title === undefined || shown === '' ? {} : { title: shown }),
      remotes: [
        {
          type: 'streamable-http',
          url: endpointOf(base, partition),
          supportedProtocolVersions: [...MODERN_VERSIONS, ...LEGACY_VERSIONS],
          ...HEADERS[token],
        },
      ],
    };
  }

  function send(req: IncomingMessage, res: ServerResponse, type: string, document: JsonObject): void {
    const text = JSON.stringify(document);
    const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
    const headers = [...PUBLIC, ...CACHED, 'etag', etag, ...requestHeaders(res)];
    if (req.headers['if-none-match']?.includes(etag) === true) {
      res.writeHead(304, headers).end();
      return;
    }
    res.writeHead(200, ['content-type', type, 'content-length', String(Buffer.byteLength(text)), ...headers]);
    res.end(req.method === 'HEAD' ? undefined : text);
  }

  /** Answers preflights and other methods. @returns whether the request is one to answer */
  function isReading(req: IncomingMessage, res: ServerResponse): boolean {
    if (req.method === 'GET' || req.method === 'HEAD') return true;
    if (req.method === 'OPTIONS')
      res.writeHead(204, [...PUBLIC, 'access-control-max-age', '86400', ...requestHeaders(res)]).end();
    else sendProblem(res, USE_GET);
    return false;
  }

  async function serveCard(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (!isReading(req, res)) return;
    const partition = partitionOfPath(pathOfUrl(req.url)) ?? '';
    const identity = listed.has(partition) ? await identityOf(partition) : undefined;
    if (identity === undefined) return sendProblem(res, NOT_FOUND);
    send(req, res, CARD_TYPE, cardOf(identity, baseOf(req) + mountOf(req), partition));
  }

  async function serveCatalog(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (!isReading(req, res)) return;
    const base = baseOf(req) + mountOf(req);
    const entries: JsonObject[] = [];
    for (const partition of listed) {
      const identity = await identityOf(partition);
      if (identity === undefined) continue;
      entries.push({
        identifier: `urn:air:${hostOf(base)}:mcp:${ownName(identity, partition)}`,
        displayName: (identity.title ?? identity.name).slice(0, MAX_TITLE),
        type: CARD_TYPE,
        url: `${endpointOf(base, partition)}/server-card`,
      });
    }
    send(req, res, CATALOG_TYPE, { specVersion: '1.0', entries });
  }

  if (listed.size === 0) return [];
  return [
    [patternsOf('serverCard'), serveCard],
    [[PATHS.aiCatalog.path, PATHS.mcpCatalog.path], serveCatalog],
  ];
}
