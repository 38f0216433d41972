/** One attempt to log in at a server, from the request for a page to the tokens. The official client speaks OAuth, with PKCE. */
import type {
  OAuthClientMetadata,
  OAuthClientProvider,
  OAuthDiscoveryState,
  StoredOAuthClientInformation,
  StoredOAuthTokens,
} from '@modelcontextprotocol/client';
import { auth } from '@modelcontextprotocol/client';

import { challengeOf } from './challenge.js';
import type { KeptLogin } from './kept-login.js';
import { timesOf, watchingFetch } from './kept-login.js';
import { ownClientAt, withoutSecret } from './own-client.js';

/** What is known of us, and where a browser comes back to. */
export interface LoginClient {
  /** Where the browser is sent back to. */
  readonly redirectUrl: string;
  /** Where our metadata are, if the other server can read them there: an https URL. */
  readonly metadataUrl?: string | undefined;
  /** The client of the config. Default: what is known from before, our metadata, or a new registration. */
  readonly own?: StoredOAuthClientInformation | undefined;
}

/** An attempt that waits for the browser. */
export interface BegunLogin {
  /** Where the user logs in. */
  readonly url: URL;
  readonly verifier: string;
  readonly client: StoredOAuthClientInformation;
  readonly discovery: OAuthDiscoveryState;
}

/** What we say of ourselves. */
export const clientMetadataOf = ({ redirectUrl }: LoginClient): OAuthClientMetadata => ({
  client_name: 'mcp-daemon',
  redirect_uris: [redirectUrl],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
});

/** Remembers what the official client finds out. */
class Attempt implements OAuthClientProvider {
  readonly redirectUrl: string;
  readonly clientMetadata: OAuthClientMetadata;
  readonly clientMetadataUrl?: string;
  readonly #state: string;
  readonly #own: StoredOAuthClientInformation | undefined;
  verifier = '';
  url: URL | undefined;
  client: StoredOAuthClientInformation | undefined;
  discovery: OAuthDiscoveryState | undefined;
  kept: StoredOAuthTokens | undefined;

  constructor(client: LoginClient, state: string) {
    this.redirectUrl = client.redirectUrl;
    this.clientMetadata = clientMetadataOf(client);
    if (client.metadataUrl !== undefined) this.clientMetadataUrl = client.metadataUrl;
    this.#state = state;
    this.#own = client.own;
  }

  state(): string {
    return this.#state;
  }

  clientInformation(context?: { issuer: string }): StoredOAuthClientInformation | undefined {
    if (this.#own !== undefined) this.client = ownClientAt(this.#own, context?.issuer);
    return this.client;
  }

  saveClientInformation(client: StoredOAuthClientInformation): void {
    this.client = client;
  }

  tokens(): StoredOAuthTokens | undefined {
    return this.kept;
  }

  saveTokens(tokens: StoredOAuthTokens): void {
    this.kept = tokens;
  }

  saveDiscoveryState(found: OAuthDiscoveryState): void {
    this.discovery = found;
  }

  discoveryState(): OAuthDiscoveryState | undefined {
    return this.discovery;
  }

  redirectToAuthorization(url: URL): void {
    this.url = url;
  }

  saveCodeVerifier(verifier: string): void {
    this.verifier = verifier;
  }

  codeVerifier(): string {
    return this.verifier;
  }
}

/**
 * Finds the authorization server of a server, and registers there if that is needed.
 *
 * @param state comes back with the browser
 * @param known a registration from before. Default: none
 * @throws Error that says why it failed
 */
export async function beginLogin(
  serverUrl: URL,
  client: LoginClient,
  state: string,
  known?: StoredOAuthClientInformation,
): Promise<BegunLogin> {
  const attempt = new Attempt(client, state);
  attempt.client = known;
  const { fetchFn } = watchingFetch();
  await auth(attempt, { serverUrl, fetchFn, ...(await challengeOf(serverUrl, fetchFn)) });
  const { url, verifier, discovery } = attempt;
  if (url === undefined || attempt.client === undefined || discovery === undefined)
    throw new Error('its authorization server has no page to log in at');
  // Anything else, such as javascript:, must not get into a browser.
  if (!/^https?:$/.test(url.protocol)) throw new Error('the page to log in at is no http or https URL');
  return { url, verifier, client: client.own === undefined ? attempt.client : withoutSecret(attempt.client), discovery };
}

/**
 * Gets the tokens.
 *
 * @param answer the parameters with which the browser came back. Their `state` was compared before
 * @param subject whose log-in it is; null: an operator's
 * @throws Error that says why it failed
 */
export async function finishLogin(
  serverUrl: URL,
  client: LoginClient,
  begun: Omit<BegunLogin, 'url'>,
  answer: URLSearchParams,
  subject: string | null,
): Promise<KeptLogin> {
  const code = answer.get('code');
  if (code === null) {
    const why = answer.get('error_description') ?? answer.get('error') ?? 'no reason';
    throw new Error(`the log-in was refused: ${why.slice(0, 300)}`);
  }
  const attempt = new Attempt(client, '');
  attempt.client = begun.client;
  attempt.discovery = begun.discovery;
  attempt.verifier = begun.verifier;
  const iss = answer.get('iss');
  const watching = watchingFetch();
  const options = { serverUrl, authorizationCode: code, fetchFn: watching.fetchFn, ...(iss === null ? {} : { iss }) };
  await auth(attempt, options);
  if (attempt.kept === undefined) throw new Error('the authorization server gave no tokens');
  return {
    tokens: attempt.kept,
    client: begun.client,
    discovery: attempt.discovery,
    subject,
    ...timesOf(watching.answer()),
  };
}
