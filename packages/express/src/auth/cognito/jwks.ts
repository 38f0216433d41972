/** The public keys of a user pool: fetched when one is needed, kept, and not asked for more often than needed. */
import type { Logger } from '@mcp-daemon/core';
import type { JwksCache } from 'aws-jwt-verify/jwk';

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 1_000_000;
/** Seconds after a failure in which keys are not asked for. */
export const RETRY_SECONDS = 5;
/** Seconds after a key that was not there in which no other unknown key is looked for: a stranger can name any. */
const UNKNOWN_SECONDS = 10;
/** A key that the pool has given up counts no more after this time. */
const MAX_AGE_MS = 3_600_000;

/** What {@link createJwks} takes. */
export interface JwksOptions {
  /** Where keys are fetched instead of where the issuer has them. */
  jwksUrl: string | undefined;
  logger: Pick<Logger, 'error'> | undefined;
}

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown error';
  const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
  return code ?? (error.name === 'TimeoutError' ? `no answer in ${TIMEOUT_MS / 1000} seconds` : error.message);
};

/** @throws Error, whose message has nothing of the answer in it */
async function read(url: string): Promise<Buffer> {
  const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (answer.status !== 200) {
    await answer.body?.cancel();
    throw new Error(`status ${answer.status}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * Creates a place for keys. While they cannot be had, those that are known still count, and whatever needs another one fails with
 * the library's `FetchError`.
 */
export async function createJwks({ jwksUrl, logger }: JwksOptions): Promise<JwksCache> {
  const [{ SimpleJwksCache, SimplePenaltyBox, isJwks }, errors] = await Promise.all([
    import('aws-jwt-verify/jwk'),
    import('aws-jwt-verify/error'),
  ]);
  const fetchedAt = new Map<string, number>();
  const failedAt = new Map<string, number>();

  async function fetchKeys(uri: string): Promise<ArrayBuffer> {
    const url = jwksUrl ?? uri;
    if (Date.now() - (failedAt.get(uri) ?? 0) < RETRY_SECONDS * 1000) throw new errors.FetchError(url, 'it has just failed');
    try {
      const body = await read(url);
      let keys: unknown;
      try {
        keys = JSON.parse(body.toString('utf8'));
      } catch {
        throw new Error('not JSON'); // what the parser says quotes the text
      }
      if (!isJwks(keys as never)) throw new Error('not a JWKS');
      fetchedAt.set(uri, Date.now());
      failedAt.delete(uri);
      return new Uint8Array(body).buffer;
    } catch (error) {
      failedAt.set(uri, Date.now());
      const reason = reasonOf(error);
      logger?.error({ url, error: reason }, 'the keys of the user pool cannot be fetched');
      throw new errors.FetchError(url, reason);
    }
  }

  const cache = new SimpleJwksCache({
    fetcher: { fetch: fetchKeys },
    penaltyBox: new SimplePenaltyBox({ waitSeconds: UNKNOWN_SECONDS }),
  });
  const inTheBackground = (uri: string): void => {
    cache.getJwks(uri).catch(() => undefined); // the operator has been told
  };
  return {
    getJwk(uri, jwt) {
      const at = fetchedAt.get(uri);
      if (at !== undefined && Date.now() - at > MAX_AGE_MS) inTheBackground(uri);
      return cache.getJwk(uri, jwt);
    },
    getJwks: (uri) => cache.getJwks(uri),
    getCachedJwk: (uri, jwt) => cache.getCachedJwk(uri, jwt),
    addJwks: (uri, jwks) => cache.addJwks(uri, jwks),
  };
}
