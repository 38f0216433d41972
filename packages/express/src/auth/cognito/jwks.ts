/** The public keys of a user pool: fetched when one is needed, and cached. */
import type { Logger } from '@mcp-daemon/core';
import type { JwksCache } from 'aws-jwt-verify/jwk';

import { parsed, read, reasonOf } from './read.js';

/** Seconds after a failed request in which no other request is sent. */
export const RETRY_SECONDS = 5;
/** Seconds after an unknown key id in which no other unknown id is looked up: a forged token can name any id. */
const UNKNOWN_SECONDS = 10;
/** After this time the keys are fetched again, so that a key that the pool has removed is no longer accepted. */
const MAX_AGE_MS = 3_600_000;

/** What {@link createJwks} takes. */
export interface JwksOptions {
  /** The URL to fetch keys from, instead of that of the issuer. */
  jwksUrl: string | undefined;
  logger: Pick<Logger, 'error'> | undefined;
}

/**
 * Creates a cache of keys. While keys cannot be fetched, the cached ones stay in use, and a token that needs another key fails with the
 * `FetchError` of aws-jwt-verify.
 */
export async function createJwks({ jwksUrl, logger }: JwksOptions): Promise<JwksCache> {
  const [{ SimpleJwksCache, SimplePenaltyBox, isJwks }, errors] = await Promise.all([
    import('aws-jwt-verify/jwk'),
    import('aws-jwt-verify/error'),
  ]);
  const fetchedAt = new Map<string, number>();
  // In milliseconds of performance.now().
  const failedAt = new Map<string, number>();

  async function fetchKeys(uri: string): Promise<ArrayBuffer> {
    const url = jwksUrl ?? uri;
    if (performance.now() - (failedAt.get(uri) ?? -Infinity) < RETRY_SECONDS * 1000)
      throw new errors.FetchError(url, 'the last request failed moments ago');
    try {
      const body = await read(url);
      if (!isJwks(parsed(body) as never)) throw new Error('not a JWKS');
      fetchedAt.set(uri, performance.now());
      failedAt.delete(uri);
      return new Uint8Array(body).buffer;
    } catch (error) {
      failedAt.set(uri, performance.now());
      const reason = reasonOf(error);
      logger?.error({ url, error: reason }, 'the keys of the user pool cannot be fetched');
      throw new errors.FetchError(url, reason);
    }
  }

  const cache = new SimpleJwksCache({
    fetcher: { fetch: fetchKeys },
    penaltyBox: new SimplePenaltyBox({ waitSeconds: UNKNOWN_SECONDS }),
  });
  const refreshInBackground = (uri: string): void => {
    cache.getJwks(uri).catch(() => undefined); // fetchKeys has logged it
  };
  return {
    getJwk(uri, jwt) {
      const at = fetchedAt.get(uri);
      if (at !== undefined && performance.now() - at > MAX_AGE_MS) refreshInBackground(uri);
      return cache.getJwk(uri, jwt);
    },
    getJwks: (uri) => cache.getJwks(uri),
    getCachedJwk: (uri, jwt) => cache.getCachedJwk(uri, jwt),
    addJwks: (uri, jwks) => cache.addJwks(uri, jwks),
  };
}
