/** What a server says when it refuses a request without a token: where its metadata are, and which scopes it wants. */
import type { FetchLike } from '@modelcontextprotocol/client';
import { extractWWWAuthenticateParams } from '@modelcontextprotocol/client';

/** What is known of a refusal. */
export interface Challenge {
  resourceMetadataUrl?: URL;
  scope?: string;
}

const HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const PING = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

/** Asks a server without a token. @returns nothing, if it does not refuse, or cannot be reached: then the usual addresses are tried */
export async function challengeOf(serverUrl: URL, fetchFn: FetchLike): Promise<Challenge> {
  try {
    const response = await fetchFn(serverUrl, { method: 'POST', headers: HEADERS, body: PING, redirect: 'manual' });
    await response.body?.cancel();
    if (response.status !== 401) return {};
    const { resourceMetadataUrl, scope } = extractWWWAuthenticateParams(response);
    return {
      ...(resourceMetadataUrl === undefined ? {} : { resourceMetadataUrl }),
      ...(scope === undefined ? {} : { scope }),
    };
  } catch {
    return {}; // what follows fails as well, and says why
  }
}
