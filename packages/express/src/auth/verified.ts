/** What has been verified, so that it is not verified again at every request. */

/** Tokens that are remembered; the oldest goes first. */
const MAX_REMEMBERED = 10_000;

/** Verified tokens, by their digests: what was verified of each, until it expires. */
export interface VerifiedTokens<T> {
  /** @returns undefined: it is not remembered */
  find(digest: string): T | 'The token has expired.' | undefined;
  /** @param expires in seconds since 1970 */
  add(digest: string, value: T, expires: number): void;
  forgetUnless(keep: (value: T) => boolean): void;
  readonly size: number;
}

/** Creates a memory without tokens. */
export function createVerifiedTokens<T>(): VerifiedTokens<T> {
  const verified = new Map<string, { value: T; expiresMs: number }>();
  return {
    find(digest) {
      const known = verified.get(digest);
      if (known === undefined) return undefined;
      if (known.expiresMs > Date.now()) return known.value;
      verified.delete(digest);
      return 'The token has expired.';
    },
    add(digest, value, expires) {
      verified.set(digest, { value, expiresMs: expires * 1000 });
      if (verified.size <= MAX_REMEMBERED) return;
      const oldest = verified.keys().next();
      if (!oldest.done) verified.delete(oldest.value);
    },
    forgetUnless(keep) {
      for (const [digest, { value }] of verified) if (!keep(value)) verified.delete(digest);
    },
    get size() {
      return verified.size;
    },
  };
}
