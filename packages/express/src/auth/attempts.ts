/** How often somebody may try to log in: per user, from wherever, and per address, as whomever. */
import type { Refusal } from '../wire/respond.js';
import { createThrottle, networkOf } from './throttle.js';

const MAX_KEYS = 10_000;
/** Five at once, then five a minute. */
const PER_USER = { burst: 5, everyMs: 12_000, maxKeys: MAX_KEYS };
/** Several people may share an address. */
const PER_ADDRESS = { burst: 20, everyMs: 3_000, maxKeys: MAX_KEYS };

/**
 * Attempts to log in. Who tries as somebody else uses up that user's attempts, wherever they are: but where the user has logged in
 * before, they have attempts of their own, and nobody elsewhere can lock them out.
 */
export interface Attempts {
  /** Takes one, before the password is looked at: attempts that run side by side count, too. @returns why there is none */
  take(username: string, address: string): Refusal | undefined;
  /** The last one succeeded: it does not count. */
  succeeded(username: string, address: string): void;
}

/** A refusal for now. @param seconds when to come back */
export const later = (status: number, message: string, seconds: number): Refusal => ({
  status,
  message,
  headers: { 'retry-after': String(seconds) },
});

/** Creates what counts attempts. */
export function createAttempts(): Attempts {
  const byUser = createThrottle(PER_USER);
  /** Users where they have logged in; who did not for longest is forgotten first. */
  const known = new Set<string>();
  const byKnown = createThrottle(PER_USER);
  const pairOf = (username: string, network: string): string => JSON.stringify([network, username]);

  const byAddress = createThrottle(PER_ADDRESS);
  return {
    take(username, address) {
      const network = networkOf(address);
      const pair = pairOf(username, network);
      const wait = byAddress.take(network) || (known.has(pair) ? byKnown.take(pair) : byUser.take(username));
      return wait > 0 ? later(429, 'Too many attempts to log in; try again later.', wait) : undefined;
    },
    succeeded(username, address) {
      const network = networkOf(address);
      const pair = pairOf(username, network);
      if (!known.delete(pair)) byUser.forget(username);
      byKnown.forget(pair);
      byAddress.give(network);
      known.add(pair);
      if (known.size > MAX_KEYS) known.delete(known.values().next().value ?? '');
    },
  };
}
