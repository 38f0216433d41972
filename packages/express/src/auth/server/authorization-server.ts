/**
 * An authorization server for the users of this server (OAuth 2.1), so that MCP clients log in by themselves:
 *
 *     metadata -> register, or a document at the client's id -> authorize: log in, allow -> token -> refresh
 *
 * The protocol is spoken by oidc-provider, which is loaded when the first endpoint is used. Its metadata needs nothing loaded.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { StateStore } from '@mcp-daemon/core';
import { DEFAULT_PARTITION } from '@mcp-daemon/core';
import type { Provider } from 'oidc-provider';

import { isAt, pathOfUrl, PATHS } from '../../paths.js';
import { sendProblem } from '../../wire/problem.js';
import type { Refusal } from '../../wire/respond.js';
import { sendJson } from '../../wire/respond.js';
import type { AuthLogger } from '../auth-logger.js';
import type { ScopesOf } from '../provider.js';
import { findResource } from '../resource.js';
import { isLoopbackHost } from '../secrets.js';
import { createThrottle, networkOf } from '../throttle.js';
import type { AccessTokens } from './access-tokens.js';
import { createAccessTokens } from './access-tokens.js';
import type { Accounts } from './accounts.js';
import { saveClient } from './adapter.js';
import { authorizeQuery } from './authorize-query.js';
import type { ClientDocumentOptions } from './client-document.js';
import { createDocumentFetch } from './client-document.js';
import { openEntries } from './entries.js';
import { openGrants } from './grants.js';
import { createGrantsPage } from './grants-page.js';
import { createInteractions } from './interactions.js';
import { deriveKeys } from './keys.js';
import { ENDPOINTS, isMetadataPath, isOwnMetadata, metadataOf } from './metadata.js';
import { createProviders } from './provider.js';
import { clientOf } from './registration.js';
import { jsonOf, redirect } from './request.js';

/** What {@link createAuthorizationServer} takes. */
export interface AuthorizationServerOptions {
  /** The secret that all keys are derived from. */
  secret: string;
  /** The shared state of all replicas: {@link StateStore}. */
  state: () => Promise<StateStore>;
  accounts: Accounts;
  /** Seconds for which an access token is valid. */
  accessTokenSeconds: number;
  addressOf: (req: IncomingMessage) => string;
  /** For tests: which addresses are asked for the documents of clients. */
  clientDocuments?: ClientDocumentOptions | undefined;
  logger: AuthLogger | undefined;
}

/** The authorization server. None of its functions needs `this`. */
export interface AuthorizationServer {
  readonly tokens: AccessTokens;
  /** Whether clients can log in at a URL of the server: with https, or on this machine. */
  isOffered(base: string): boolean;
  /** Serves the metadata and everything below `/oauth`. @returns false for other paths; the request is untouched then */
  handle(req: IncomingMessage, res: ServerResponse, base: string, scopesOf?: ScopesOf): Promise<boolean>;
  /** Checks the grants of tokens in use. @returns undefined where there is nothing to wait for */
  refresh(): Promise<void> | undefined;
}

const MAX_KEYS = 10_000;
/** Requests from one address: as many as there are people behind it who connect their clients at the same time. */
const PER_ADDRESS = { burst: 120, everyMs: 500, maxKeys: MAX_KEYS };
/** Registrations from one address. */
const REGISTRATIONS = { burst: 20, everyMs: 30_000, maxKeys: MAX_KEYS };
/** Registrations from all addresses: with the time that an unused one is kept, at most about 8,800 exist. */
const ALL_REGISTRATIONS = { burst: 200, everyMs: 10_000, maxKeys: 1 };
/** Log-ins that are begun, from all addresses: at most about 9,500 are kept. */
const ALL_LOGINS = { burst: 500, everyMs: 100, maxKeys: 1 };
/** Documents of clients that are fetched. */
const DOCUMENTS = { burst: 30, everyMs: 2_000, maxKeys: 1 };
/** For how many URLs of this server there are providers at the same time. */
const MAX_PROVIDERS = 8;
const ALL = '';
/** Of how many resources of a request the scopes are looked up. */
const MAX_RESOURCES = 4;

const NO_STORE = ['cache-control', 'no-store'];
const NOT_FOUND: Refusal = { status: 404, message: 'Nothing is served at this path.' };
const NEEDS_HTTPS: Refusal = {
  status: 404,
  message:
    'This server has an OAuth login at https and on its own machine only. Set PUBLIC_URL to its https URL. Until then, get a token: ' +
    'POST /auth/login with {"username", "password"}, or "mcp-daemon tokens create".',
};
const tooMany = (seconds: number): Refusal => ({
  status: 429,
  message: 'Too many requests; retry later.',
  headers: { 'retry-after': String(seconds) },
});

/** Creates the authorization server. @throws DaemonError `usage` if the package jose is not installed */
export async function createAuthorizationServer(options: AuthorizationServerOptions): Promise<AuthorizationServer> {
  const { secret, state, accounts, accessTokenSeconds, addressOf, clientDocuments, logger } = options;
  const keys = deriveKeys(secret);
  const entries = openEntries(state, keys.sealing);
  const grants = openGrants(entries, logger);
  const tokens = await createAccessTokens({ key: keys.accessTokens, accounts, grants });
  const interact = createInteractions({ accounts, grants, entries, addressOf });
  const showGrants = createGrantsPage({ accounts, grants, key: keys.forms, addressOf });

  const perAddress = createThrottle(PER_ADDRESS);
  const registrations = createThrottle(REGISTRATIONS);
  const allRegistrations = createThrottle(ALL_REGISTRATIONS);
  const allLogins = createThrottle(ALL_LOGINS);
  const documents = createThrottle(DOCUMENTS);

  let library: ReturnType<typeof createProviders> | undefined;
  /** By the URL of the server; the one that was used longest ago is first. */
  const providers = new Map<string, Provider>();
  async function providerOf(base: string): Promise<Provider> {
    library ??= createProviders({
      ...{ keys, entries, grants, accounts, accessTokenSeconds, logger },
      fetchDocument: createDocumentFetch(clientDocuments),
      mayFetch: () => documents.take(ALL) === 0,
    });
    const make = await library.catch((error: unknown) => {
      library = undefined; // so that a package that is installed later is found
      throw error;
    });
    const provider = providers.get(base) ?? make(base);
    providers.delete(base);
    providers.set(base, provider);
    if (providers.size > MAX_PROVIDERS) providers.delete(providers.keys().next().value ?? '');
    return provider;
  }

  /** Lets the library answer. */
  async function pass(req: IncomingMessage, res: ServerResponse, base: string): Promise<void> {
    const provider = await providerOf(base);
    // From this the library makes its URLs: what a proxy or an app has stripped comes back.
    Object.assign(req, { originalUrl: new URL(base).pathname.replace(/\/$/, '') + (req.url ?? '/') });
    await provider.callback()(req, res);
  }

  async function register(req: IncomingMessage, res: ServerResponse, base: string): Promise<void> {
    const wait = registrations.take(networkOf(addressOf(req))) || allRegistrations.take(ALL);
    if (wait > 0) return sendProblem(res, tooMany(wait));
    const body = await jsonOf(req, res);
    if (body === undefined) return;
    const client = clientOf(body.value);
    if ('status' in client) return sendProblem(res, client);
    const provider = await providerOf(base);
    try {
      await provider.Client.validate({ ...client });
    } catch (error) {
      const { error: code, error_description: message } = error as { error?: string; error_description?: string };
      if (code === undefined) throw error;
      return sendProblem(res, { status: 400, message: message ?? 'The metadata is not valid.', code });
    }
    await saveClient(entries, client);
    sendJson(res, 201, JSON.stringify(client), NO_STORE);
  }

  async function authorize(req: IncomingMessage, res: ServerResponse, base: string, scopesOf?: ScopesOf): Promise<void> {
    const wait = allLogins.take(ALL);
    if (wait > 0) return sendProblem(res, tooMany(wait));
    const [path = '', ...query] = (req.url ?? '').split('?');
    if (path === ENDPOINTS.authorize) {
      const text = query.join('?');
      const resources = new URLSearchParams(text).getAll('resource').slice(0, MAX_RESOURCES);
      const partitions = resources.map((one) => findResource(base, one)?.partition).filter((one) => one !== undefined);
      if (resources.length === 0) partitions.push(DEFAULT_PARTITION);
      const scopes = await Promise.all([...new Set(partitions)].map(async (partition) => (await scopesOf?.(partition)) ?? []));
      req.url = `${path}?${authorizeQuery(text, scopes.flat()).toString()}`;
    }
    await pass(req, res, base);
  }

  type Serve = (req: IncomingMessage, res: ServerResponse, base: string, scopesOf?: ScopesOf) => Promise<void>;
  interface Endpoint {
    readonly methods: readonly string[];
    readonly serve: Serve;
  }
  const loginPages: Endpoint = {
    methods: ['GET', 'POST'],
    serve: async (req, res, base) =>
      interact(req, res, { provider: await providerOf(base), base, uid: pathOfUrl(req.url).slice(ENDPOINTS.login.length + 1) }),
  };
  const endpoints: Readonly<Record<string, Endpoint>> = {
    [PATHS.oauth.path]: { methods: ['GET'], serve: async (_req, res, base) => redirect(res, base + ENDPOINTS.grants) },
    [ENDPOINTS.authorize]: { methods: ['GET'], serve: authorize },
    [ENDPOINTS.token]: { methods: ['POST'], serve: pass },
    [ENDPOINTS.revoke]: { methods: ['POST'], serve: pass },
    [ENDPOINTS.jwks]: { methods: ['GET'], serve: pass },
    [ENDPOINTS.register]: { methods: ['POST'], serve: register },
    [ENDPOINTS.grants]: {
      methods: ['GET', 'POST'],
      serve: async (req, res, base) => showGrants(req, res, { provider: await providerOf(base), base }),
    },
  };

  function endpointOf(path: string): Endpoint | undefined {
    const exact = Object.hasOwn(endpoints, path) ? endpoints[path] : undefined;
    if (exact !== undefined) return exact;
    if (/^\/[\w-]+$/.test(path.slice(ENDPOINTS.authorize.length)) && path.startsWith(ENDPOINTS.authorize))
      return endpoints[ENDPOINTS.authorize];
    return /^\/[\w-]+$/.test(path.slice(ENDPOINTS.login.length)) && path.startsWith(ENDPOINTS.login) ? loginPages : undefined;
  }

  const metadata: Endpoint = {
    methods: ['GET'],
    async serve(req, res, base) {
      if (isOwnMetadata(pathOfUrl(req.url), base)) sendJson(res, 200, JSON.stringify(metadataOf(base)), NO_STORE);
      else sendProblem(res, NOT_FOUND);
    },
  };

  const isOffered = (base: string): boolean => {
    const { protocol, hostname } = new URL(base);
    return protocol === 'https:' || isLoopbackHost(hostname);
  };

  return {
    tokens,
    isOffered,
    refresh: () => grants.refresh(),
    async handle(req, res, base, scopesOf) {
      const path = pathOfUrl(req.url);
      const isMetadata = isMetadataPath(path);
      if (!isMetadata && !isAt('oauth', path)) return false;
      const endpoint = isMetadata ? metadata : endpointOf(path);
      const wait = isMetadata ? 0 : perAddress.take(networkOf(addressOf(req)));
      if (endpoint === undefined) sendProblem(res, NOT_FOUND);
      else if (!endpoint.methods.includes(req.method ?? ''))
        sendProblem(res, {
          status: 405,
          message: `Use ${endpoint.methods[0]}.`,
          headers: { allow: endpoint.methods.join(', ') },
        });
      else if (!isOffered(base)) sendProblem(res, NEEDS_HTTPS);
      else if (wait > 0) sendProblem(res, tooMany(wait));
      else await endpoint.serve(req, res, base, scopesOf);
      return true;
    },
  };
}
