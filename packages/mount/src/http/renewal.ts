/** Gets new tokens for old ones, and gives tokens back. */
import type { OAuthClientInformationFull, StoredOAuthClientInformation } from '@modelcontextprotocol/client';
import { OAuthError, OAuthErrorCode, refreshAuthorization } from '@modelcontextprotocol/client';

import type { KeptLogin } from './kept-login.js';
import { timesOf, watchingFetch } from './kept-login.js';

/** Answers of an authorization server that may be another one later. */
const PASSING: readonly string[] = [
  OAuthErrorCode.ServerError,
  OAuthErrorCode.TemporarilyUnavailable,
  OAuthErrorCode.TooManyRequests,
];

/** An end that moved less than this did not move. */
const SAME_END_MS = 60_000;

/**
 * Renews tokens.
 *
 * @param clientInformation the client that they belong to, with its secret if it has one
 * @returns the new log-in, or why the authorization server refuses for good
 * @throws Error if it cannot be reached, or may answer otherwise later
 */
export async function renewTokens(
  kept: KeptLogin & { tokens: { refresh_token: string } },
  clientInformation: StoredOAuthClientInformation,
): Promise<KeptLogin | { refused: string }> {
  const { client, discovery, subject, tokens } = kept;
  const { authorizationServerUrl, authorizationServerMetadata: metadata, resourceMetadata } = discovery;
  const watching = watchingFetch();
  try {
    const renewed = await refreshAuthorization(authorizationServerUrl, {
      ...(metadata === undefined ? {} : { metadata }),
      ...(resourceMetadata === undefined ? {} : { resource: resourceMetadata.resource }),
      clientInformation,
      refreshToken: tokens.refresh_token,
      fetchFn: watching.fetchFn,
    });
    const times = timesOf(watching.answer());
    const { refreshExpires: before } = kept;
    const { refreshExpires = before } = times;
    const moved = refreshExpires !== undefined && before !== undefined && refreshExpires - before > SAME_END_MS;
    return {
      ...{ client, discovery, subject },
      // A server that gives no new refresh token lets the old one go on.
      tokens: { ...tokens, ...renewed },
      ...times,
      ...(refreshExpires === undefined ? {} : { refreshExpires, endsForGood: !moved }),
    };
  } catch (error) {
    if (error instanceof OAuthError && !PASSING.includes(error.code))
      return { refused: `${error.code}: ${error.message}`.slice(0, 300) };
    throw error;
  }
}

/**
 * Gives tokens back, if the authorization server takes them (RFC 7009).
 *
 * @param client the client that they belong to, with its secret if it has one
 * @returns whether it took them
 * @throws Error if it cannot be reached
 */
export async function revokeTokens(
  { tokens, discovery }: Pick<KeptLogin, 'tokens' | 'discovery'>,
  client: StoredOAuthClientInformation,
): Promise<boolean> {
  const { revocation_endpoint: endpoint } = (discovery.authorizationServerMetadata ?? {}) as { revocation_endpoint?: string };
  if (endpoint === undefined || !URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol)) return false;
  const { client_id: id, client_secret: secret } = client as Partial<OAuthClientInformationFull>;
  const isLong = tokens.refresh_token !== undefined;
  const form = new URLSearchParams({
    token: tokens.refresh_token ?? tokens.access_token,
    token_type_hint: isLong ? 'refresh_token' : 'access_token',
    client_id: id ?? '',
    ...(secret === undefined ? {} : { client_secret: secret }),
  });
  const answer = await watchingFetch().fetchFn(endpoint, { method: 'POST', body: form, redirect: 'error' });
  return answer.ok;
}
