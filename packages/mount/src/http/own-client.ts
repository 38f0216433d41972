/** OAuth clients that the config names, because an authorization server knows them already. */
import type { StoredOAuthClientInformation } from '@modelcontextprotocol/client';

import type { KeptLogin, LoginTarget } from './kept-login.js';

/** Whether two issuers are one authorization server. The official client adds a slash to some. */
const isSameIssuer = (a: string, b: string): boolean => a.replace(/\/$/, '') === b.replace(/\/$/, '');

/**
 * The client of the config, for one authorization server.
 *
 * @param issuer the authorization server that the mounted server names; undefined: it was checked before
 * @throws Error if the client is registered at another one: its secret is sent to no other
 */
export function ownClientAt(own: StoredOAuthClientInformation, issuer: string | undefined): StoredOAuthClientInformation {
  if (issuer === undefined) return own;
  if (own.issuer !== undefined && !isSameIssuer(own.issuer, issuer))
    throw new Error(`its authorization server is ${issuer}, and the client of "auth" is registered at ${own.issuer}`);
  return { ...own, issuer };
}

/** What is stored of the client of the config: its secret stays where the config has it. */
export const withoutSecret = ({ client_id, issuer }: StoredOAuthClientInformation): StoredOAuthClientInformation => ({
  client_id,
  ...(issuer === undefined ? {} : { issuer }),
});

/**
 * The client that the tokens of a log-in belong to, with its secret.
 *
 * @throws Error if the secret that the config refers to cannot be read
 */
export async function clientOf(
  { client }: Pick<KeptLogin, 'client'>,
  target: LoginTarget,
): Promise<StoredOAuthClientInformation> {
  const own = await target.client?.();
  // Tokens of another client than the one that the config has now go on with what was stored.
  if (own?.client_id !== client.client_id) return client;
  const isElsewhere = own.issuer !== undefined && client.issuer !== undefined && !isSameIssuer(own.issuer, client.issuer);
  return isElsewhere ? client : { ...client, ...own };
}
