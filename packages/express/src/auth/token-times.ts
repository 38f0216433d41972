/** The times in a token: `iat`, `nbf` and `exp`, compared with the wall clock. */
import type { TokenProblem } from './bearer.js';

/** Seconds that the clocks of two machines may differ. The same for all three times. */
export const CLOCK_TOLERANCE_S = 60;

/**
 * The latest wall clock time that this process has seen, in milliseconds. A token that was valid once must not become "not valid yet"
 * because the clock went back, so `iat` and `nbf` are compared with this time.
 */
let latest = 0;

/** The times of a token, in seconds since 1970; fractions are allowed. */
export interface TokenTimes {
  readonly iat: number;
  readonly nbf?: number | undefined;
  readonly exp: number;
}

/** Whether a token of this expiry has expired. @param exp in seconds since 1970 */
export const hasExpired = (exp: number): boolean => exp + CLOCK_TOLERANCE_S <= Date.now() / 1_000;

/** What is wrong with the times of a token; undefined: nothing. */
export function timeProblem({ iat, nbf = iat, exp }: TokenTimes): TokenProblem | undefined {
  if (![iat, nbf, exp].every(Number.isFinite)) return 'The token is not valid.';
  latest = Math.max(latest, Date.now());
  if (hasExpired(exp)) return 'The token has expired.';
  return Math.max(iat, nbf) > latest / 1_000 + CLOCK_TOLERANCE_S ? 'The token is not valid yet.' : undefined;
}
