/** One log-in of an operator, whose tokens all calls of a mounted server use. The official client speaks OAuth, with PKCE. */
import { randomUUID } from 'node:crypto';

import type { JsonObject } from '@mcp-daemon/core';
import type {
  OAuthClientMetadata,
  OAuthClientProvider,
  OAuthDiscoveryState,
  StoredOAuthClientInformation,
  StoredOAuthTokens,
} from '@modelcontextprotocol/client';
import { auth } from '@modelcontextprotocol/client';

import { NeedsAttention } from '../base/unsent.js';
import type { SealedEntry } from './sealed.js';

/** Where a browser comes back to, and how it gets there. */
export interface LoginPlace {
  /** The address on this machine that the browser is sent back to. */
  readonly redirectUrl: string;
  /** Shows the address to log in at. */
  show(url: URL): void;
  /** The parameters with which the browser came back. */
  readonly answer: Promise<URLSearchParams>;
}

/** What is kept of a log-in. */
interface Kept {
  tokens?: StoredOAuthTokens | undefined;
  client?: StoredOAuthClientInformation | undefined;
}

/** The provider for the official client. Without a place it never logs in: it uses and renews the tokens that are kept. */
export class ServiceProvider implements OAuthClientProvider {
  readonly #name: string;
  readonly #entry: SealedEntry;
  readonly #place: LoginPlace | undefined;
  readonly #state = randomUUID();
  #verifier = '';
  /** The authorization server that was found: the code is sent to that one only. */
  #discovery: OAuthDiscoveryState | undefined;
  /** A log-in registers anew: its address to come back to has another port. */
  #client: StoredOAuthClientInformation | undefined;
  #isDone = false;

  constructor(name: string, entry: SealedEntry, place?: LoginPlace) {
    this.#name = name;
    this.#entry = entry;
    this.#place = place;
  }

  get redirectUrl(): string {
    return this.#place?.redirectUrl ?? 'http://127.0.0.1/callback';
  }

  get clientMetadata(): OAuthClientMetadata {
    return {
      client_name: 'mcp-daemon',
      redirect_uris: [this.redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    };
  }

  state(): string {
    return this.#state;
  }

  async clientInformation(): Promise<StoredOAuthClientInformation | undefined> {
    return this.#place === undefined ? (await this.#read()).client : this.#client;
  }

  async saveClientInformation(client: StoredOAuthClientInformation): Promise<void> {
    this.#client = client;
    await this.#write({ ...(await this.#read()), client });
  }

  async tokens(): Promise<StoredOAuthTokens | undefined> {
    return this.#place === undefined || this.#isDone ? (await this.#read()).tokens : undefined;
  }

  async saveTokens(tokens: StoredOAuthTokens): Promise<void> {
    await this.#write({ ...(await this.#read()), tokens });
    this.#isDone = true;
  }

  /** Called when the server takes what is kept no more. */
  async invalidateCredentials(scope: 'all' | 'client' | 'tokens' | 'verifier' | 'discovery'): Promise<void> {
    if (scope === 'discovery' || scope === 'all') this.#discovery = undefined;
    const { tokens, client } = await this.#read();
    if (scope === 'tokens' || scope === 'client') await this.#write(scope === 'tokens' ? { client } : { tokens });
    else if (scope === 'all') await this.#write({});
  }

  saveDiscoveryState(found: OAuthDiscoveryState): void {
    this.#discovery = found;
  }

  discoveryState(): OAuthDiscoveryState | undefined {
    return this.#discovery;
  }

  redirectToAuthorization(url: URL): void {
    if (this.#place === undefined)
      throw new NeedsAttention(`the server "${this.#name}" needs a log-in: run "mcp-daemon mounts login ${this.#name}"`);
    this.#place.show(url);
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  codeVerifier(): string {
    return this.#verifier;
  }

  async #read(): Promise<Kept> {
    return ((await this.#entry.read()) ?? {}) as Kept;
  }

  #write(kept: Kept): Promise<void> {
    return this.#entry.write(kept as JsonObject);
  }
}

/**
 * Logs in at a server, and keeps the tokens.
 *
 * @throws Error that says why it failed
 */
export async function logIn(name: string, serverUrl: URL, entry: SealedEntry, place: LoginPlace): Promise<void> {
  const provider = new ServiceProvider(name, entry, place);
  if ((await auth(provider, { serverUrl })) === 'AUTHORIZED') return;
  const answer = await place.answer;
  if (answer.get('state') !== provider.state()) throw new Error('the browser came back from another log-in: try again');
  const code = answer.get('code');
  if (code === null)
    throw new Error(`the log-in was refused: ${answer.get('error_description') ?? answer.get('error') ?? 'no reason'}`);
  const iss = answer.get('iss');
  await auth(provider, { serverUrl, authorizationCode: code, ...(iss === null ? {} : { iss }) });
}
