/** A cache of verified tokens, so that a token is not verified again at every request. */
import { hasExpired } from './token-times.js';

/** How many tokens are remembered. The oldest is removed first. */
const MAX_REMEMBERED = 10_000;

/** Verified tokens by their digests, each with a value, until it expires. */
export interface VerifiedTokens<T> {
  /** The value of a token. @returns undefined where the token is not in the cache */
  find(digest: string): T | 'The token has expired.' | undefined;
  /** Adds a token. @param expires in seconds since 1970 */
  add(digest: string, value: T, expires: number): void;
  /** Removes all tokens for whose value `keep` is false. */
  forgetUnless(keep: (value: T) => boolean): void;
  /** How many tokens are in the cache. */
  readonly size: number;
}

/** Creates an empty cache. */
export function createVerifiedTokens<T>(): VerifiedTokens<T> {
  const verified = new Map<string, { value: T; expires: number }>();
  return {
    find(digest) {
      const known = verified.get(digest);
      if (known === undefined) return undefined;
      if (!hasExpired(known.expires)) return known.value;
      verified.delete(digest);
      return 'The token has expired.';
    },
    add(digest, value, expires) {
      verified.set(digest, { value, expires });
      if (verified.size <= MAX_REMEMBERED) return;
      const oldest = verified.keys().next();
      if (!oldest.done) verified.delete(oldest.value);
    },
    /** Removes all tokens for whose value `keep` is false. */
    forgetUnless(keep) {
      for (const [digest, { value }] of verified) if (!keep(value)) verified.delete(digest);
    },
    get size() {
      return verified.size;
    },
  };
}
