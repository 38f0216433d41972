/**
 * Configures the library that speaks OAuth: oidc-provider. Here is everything that it is told; what it keeps is in `adapter.ts`, and
 * the pages are ours.
 */
import type * as Oidc from 'oidc-provider';
import type { Configuration, Interaction, KoaContextWithOIDC, Provider } from 'oidc-provider';

import { PATHS } from '../../paths.js';
import type { AuthLogger } from '../auth-logger.js';
import { loadOptional } from '../optional-package.js';
import { findResource, resourceOfPath } from '../resource.js';
import type { OwnClaims } from './access-tokens.js';
import { ALGORITHM } from './access-tokens.js';
import type { Accounts } from './accounts.js';
import { findAccount, usernameOf } from './accounts.js';
import { createAdapters } from './adapter.js';
import type { Entries } from './entries.js';
import type { ClientGrants } from './grants.js';
import type { OAuthKeys } from './keys.js';
import { CLIENT_AUTHENTICATION, ENDPOINTS } from './metadata.js';
import { messagePage } from './pages.js';

/** How long things are valid, in seconds. */
export const TTL = {
  /** From the start of a log-in to its end. */
  interaction: 15 * 60,
  /** A code, which a client has to exchange for tokens. */
  code: 60,
  /** A log-in in a browser: a user who connects several clients gives the password once. */
  session: 60 * 60,
  /** A refresh token that is not used. */
  refreshToken: 30 * 24 * 60 * 60,
  /** What a user allows a client. Then the user has to log in again. */
  grant: 90 * 24 * 60 * 60,
} as const;

/** How the cookie of a log-in is set. @param base the URL of the server */
export const sessionCookie = (base: string): CookieOptions => ({
  ...{ signed: true, httpOnly: true, sameSite: 'lax', secure: base.startsWith('https:') },
  path: new URL(base).pathname.replace(/\/$/, '') + PATHS.oauth.path,
});

/** How a cookie is set. */
type CookieOptions = Readonly<Record<'signed' | 'httpOnly' | 'secure', boolean>> & {
  readonly sameSite: 'lax';
  readonly path: string;
};

/** What all providers of a server share. */
export interface ProviderOptions {
  keys: OAuthKeys;
  entries: Entries;
  grants: ClientGrants;
  accounts: Accounts;
  /** Seconds for which an access token is valid. */
  accessTokenSeconds: number;
  /** Fetches the documents at the URLs that are the ids of clients. */
  fetchDocument: (url: string | URL) => Promise<Response>;
  /** Whether a document may be fetched now. */
  mayFetch: () => boolean;
  logger: AuthLogger | undefined;
}

/** Loads the library. Node 20: it uses `URL.parse`, which Node has from 22.1 on. */
async function load(): Promise<typeof Oidc> {
  const withParse = URL as typeof URL & { parse?: (url: string, base?: string) => URL | null };
  withParse.parse ??= (url, base) => (URL.canParse(url, base) ? new URL(url, base) : null);
  return loadOptional('oidc-provider', 'the log-in of MCP clients by OAuth', () => import('oidc-provider'));
}

/**
 * The scopes of a request, or of the code or token that it brings. Those of an authorization request are known to exist (see
 * `authorize-query.ts`), and what is issued is what the user has allowed, whatever is here.
 */
function scopesIn({ oidc }: KoaContextWithOIDC): string {
  const { AuthorizationCode: code, RefreshToken: token } = oidc.entities;
  return [oidc.params?.['scope'], code?.scope, token?.scope].filter((one) => typeof one === 'string').join(' ');
}

/** Makes the provider of one URL of the server. */
export type MakeProvider = (base: string) => Provider;

/** Loads the library. @throws DaemonError `usage` if it is not installed */
export async function createProviders(options: ProviderOptions): Promise<MakeProvider> {
  const { keys, entries, grants, accounts, accessTokenSeconds, logger } = options;
  const library = await load();
  const { errors, interactionPolicy } = library;
  const adapter = createAdapters({ entries, grants, errors });

  function policy(): ReturnType<typeof interactionPolicy.base> {
    const { base, Check } = interactionPolicy;
    const prompts = base();
    const { REQUEST_PROMPT, NO_NEED_TO_PROMPT } = Check;
    // The user has been removed, or has another password now.
    prompts.get('login')?.checks.add(
      new Check('account_gone', 'the user has to log in again', ({ oidc }) => {
        const { accountId } = oidc.session ?? {};
        return accountId !== undefined && findAccount(accounts, accountId) === undefined ? REQUEST_PROMPT : NO_NEED_TO_PROMPT;
      }),
    );
    // A registered client is only a name that anybody can take, so the user is asked each time.
    prompts
      .get('consent')
      ?.checks.add(
        new Check('always', 'the user has to allow it', ({ oidc }) =>
          oidc.result?.consent === undefined ? REQUEST_PROMPT : NO_NEED_TO_PROMPT,
        ),
      );
    return prompts;
  }

  /** The claims of an access token that are ours. */
  function ownClaims({
    accountId = '',
    grantId = '',
  }: {
    accountId?: string | undefined;
    grantId?: string | undefined;
  }): OwnClaims & { sub: string } {
    const sub = usernameOf(accountId);
    return { sub, gid: grants.idOf(grantId), pwm: accounts.find(sub)?.mark ?? '' };
  }

  const configurationOf = (base: string): Configuration => ({
    adapter,
    jwks: { keys: [keys.signing] },
    enabledJWA: { idTokenSigningAlgValues: ['EdDSA'] },
    clientDefaults: {
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      id_token_signed_response_alg: 'EdDSA',
      token_endpoint_auth_method: 'none',
    },
    clientAuthMethods: [...CLIENT_AUTHENTICATION],
    responseTypes: ['code'],
    scopes: [],
    pkce: { required: () => true },
    routes: {
      authorization: ENDPOINTS.authorize,
      token: ENDPOINTS.token,
      revocation: ENDPOINTS.revoke,
      jwks: ENDPOINTS.jwks,
    },
    cookies: {
      names: { session: 'mcp_session', interaction: 'mcp_login', resume: 'mcp_resume' },
      keys: [keys.cookies],
      long: sessionCookie(base),
      short: { signed: true, httpOnly: true, sameSite: 'lax', secure: base.startsWith('https:') },
    },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      clientIdMetadataDocument: {
        enabled: true,
        ack: 'draft-02',
        allowFetch: async () => options.mayFetch(),
        allowClient: async () => true,
        cacheDuration: { min: 60, max: 24 * 60 * 60 },
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: async (_ctx, _client, oneOf) => (oneOf ?? resourceOfPath(base, '')) as string,
        useGrantedResource: async () => true,
        getResourceServerInfo: async (ctx, indicator) => {
          const resource = findResource(base, indicator);
          if (resource === undefined) throw new errors.InvalidTarget('this server has no MCP endpoint at that URL');
          return {
            scope: scopesIn(ctx),
            audience: resource.url,
            accessTokenFormat: 'jwt' as const,
            accessTokenTTL: accessTokenSeconds,
            jwt: { sign: { alg: ALGORITHM, key: keys.accessTokens } },
          };
        },
      },
    },
    formats: {
      customizers: {
        jwt: (_ctx, token, parts) => {
          if (token.kind === 'AccessToken') Object.assign(parts.payload, ownClaims(token));
        },
      },
    },
    ttl: {
      AccessToken: accessTokenSeconds,
      AuthorizationCode: TTL.code,
      RefreshToken: TTL.refreshToken,
      Grant: TTL.grant,
      Interaction: TTL.interaction,
      Session: TTL.session,
      IdToken: accessTokenSeconds,
    },
    clientBasedCORS: () => false, // called only for origins that our own CORS does not allow
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    expiresWithSession: async () => false,
    loadExistingGrant: async ({ oidc }) => {
      const id = oidc.result?.consent?.grantId;
      return id === undefined ? undefined : oidc.provider.Grant.find(id);
    },
    findAccount: async (_ctx, accountId) => {
      await accounts.refresh();
      const account = findAccount(accounts, accountId);
      return account === undefined ? undefined : { accountId, claims: async () => ({ sub: usernameOf(accountId) }) };
    },
    interactions: {
      policy: policy(),
      url: async (_ctx: KoaContextWithOIDC, { uid }: Interaction) => `${base}${ENDPOINTS.login}/${uid}`,
    },
    fetch: (url) => options.fetchDocument(url as string | URL),
    renderError: async (ctx, { error, error_description: description }) => {
      const advice = error === 'invalid_client' ? ' Remove the log-in of this server in your client, and connect again.' : '';
      const why = `${description ?? 'Something went wrong.'} (${error})${advice}`;
      const { headers, text } = messagePage('This log-in cannot go on', why);
      ctx.set(headers);
      ctx.type = 'html';
      ctx.body = text;
    },
  });

  return (base) => {
    const provider = new library.Provider(base, configurationOf(base));
    provider.silent = true; // errors are logged below
    const { protocol, host } = new URL(base);
    // Behind a proxy only the public URL says how clients reach this server.
    Object.defineProperties(provider.request, {
      protocol: { get: () => protocol.slice(0, -1) },
      host: { get: () => host },
    });
    const log = (_ctx: unknown, error: Error): void => logger?.error({ error: error.name }, 'an OAuth request failed');
    provider.on('server_error', log);
    // Clients are told little, so that guesses teach nothing; whoever runs the server has to find out what a client does wrong.
    const logRefusal = ({ path, oidc }: KoaContextWithOIDC, refusal: Oidc.errors.OIDCProviderError): void => {
      const { error, error_detail: detail, error_description: description } = refusal;
      const fields = { path, client: oidc.client?.clientId, error, reason: detail ?? description };
      logger?.info?.(fields, 'an OAuth request was refused');
    };
    provider.on('authorization.error', logRefusal);
    provider.on('grant.error', logRefusal);
    provider.on('revocation.error', logRefusal);
    return provider;
  };
}
