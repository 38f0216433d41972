/** The official clients, which log in by themselves: they know the URL of the server and nothing else. */
import type { StoredOAuthClientInformation } from '@modelcontextprotocol/client';
import {
  Client as ClientV2,
  StreamableHTTPClientTransport as HttpV2,
  UnauthorizedError as UnauthorizedV2,
} from '@modelcontextprotocol/client';
import type { OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js';
import { UnauthorizedError as UnauthorizedV1 } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

/** What a host keeps. */
export class Host {
  redirectUrl = 'http://127.0.0.1:5555/callback';
  clientMetadataUrl?: string;
  client: StoredOAuthClientInformation | undefined;
  kept: Parameters<OAuthClientProvider['saveTokens']>[0] | undefined;
  verifier = '';
  /** Where the browser is sent. */
  asked: URL | undefined;

  get clientMetadata(): OAuthClientProvider['clientMetadata'] {
    return {
      client_name: 'A host',
      redirect_uris: [this.redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    };
  }

  state = (): string => 'of the host';
  clientInformation = (): StoredOAuthClientInformation | undefined => this.client;
  saveClientInformation = (client: StoredOAuthClientInformation): void => void (this.client = client);
  tokens = (): Host['kept'] => this.kept;
  saveTokens = (tokens: NonNullable<Host['kept']>): void => void (this.kept = tokens);
  redirectToAuthorization = (url: URL): void => void (this.asked = url);
  saveCodeVerifier = (verifier: string): void => void (this.verifier = verifier);
  codeVerifier = (): string => this.verifier;
}

/** A connected client, of either version. */
export interface Connected {
  callTool(params: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
  close(): Promise<void>;
}

type Browse = (url: URL) => Promise<string>;

/**
 * Connects as a host does: it is refused, sends the browser to log in, takes the code and connects again.
 *
 * @param browse plays the browser, and returns the URL that it is sent to in the end
 */
async function connectV1(url: string, host: Host, browse: Browse): Promise<Connected> {
  const client = new ClientV1({ name: 'host', version: '1' });
  const first = new HttpV1(new URL(url), { authProvider: host as OAuthClientProvider });
  try {
    await client.connect(first as never);
    return client;
  } catch (error) {
    if (!(error instanceof UnauthorizedV1) || host.asked === undefined) throw error;
  }
  await first.finishAuth(new URL(await browse(host.asked)).searchParams.get('code') ?? '');
  const again = new ClientV1({ name: 'host', version: '1' });
  await again.connect(new HttpV1(new URL(url), { authProvider: host as OAuthClientProvider }) as never);
  return again;
}

async function connectV2(url: string, host: Host, browse: Browse): Promise<Connected> {
  const client = new ClientV2({ name: 'host', version: '1' });
  const first = new HttpV2(new URL(url), { authProvider: host as never });
  try {
    await client.connect(first);
    return client;
  } catch (error) {
    if (!(error instanceof UnauthorizedV2) || host.asked === undefined) throw error;
  }
  await first.finishAuth(new URL(await browse(host.asked)).searchParams);
  const again = new ClientV2({ name: 'host', version: '1' });
  await again.connect(new HttpV2(new URL(url), { authProvider: host as never }));
  return again;
}

/** The clients, by their version. */
export const CLIENTS: readonly [string, (url: string, host: Host, browse: Browse) => Promise<Connected>][] = [
  ['v1', connectV1],
  ['v2', connectV2],
];
