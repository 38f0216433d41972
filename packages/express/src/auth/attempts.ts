/** Limits on login attempts: per username, from any address, and per address, for any username. */
import type { Refusal } from '../wire/respond.js';
import { createThrottle, networkOf } from './throttle.js';

/** How many users, and how many addresses, are remembered. */
const MAX_KEYS = 10_000;
/** Five attempts at once, then five a minute. */
const PER_USER = { burst: 5, everyMs: 12_000, maxKeys: MAX_KEYS };
/** Twenty attempts at once, then twenty a minute: several users may share an address. */
const PER_ADDRESS = { burst: 20, everyMs: 3_000, maxKeys: MAX_KEYS };

/**
 * Counts login attempts. A username has one limit for all addresses, so an attacker can use up a user's attempts. Therefore each
 * network from which the user has logged in before has its own limit, so an attacker elsewhere cannot lock out the user there.
 */
export interface Attempts {
  /**
   * Counts an attempt. It is counted before the password is checked, so that concurrent attempts count as well.
   *
   * @returns a refusal with 429 where a limit is reached; the attempt is not counted then
   */
  take(username: string, address: string): Refusal | undefined;
  /** Takes back the last attempt, because it succeeded. */
  succeeded(username: string, address: string): void;
}

/** A refusal with `Retry-After`. @param seconds after which the client may retry */
export const retryLater = (status: number, message: string, seconds: number): Refusal => ({
  status,
  message,
  headers: { 'retry-after': String(seconds) },
});

/** Creates a counter without attempts. */
export function createAttempts(): Attempts {
  const byUser = createThrottle(PER_USER);
  /** Pairs of network and username that have logged in. The pair whose login is longest ago is removed first. */
  const known = new Set<string>();
  const byKnown = createThrottle(PER_USER);
  const pairOf = (username: string, network: string): string => JSON.stringify([network, username]);

  const byAddress = createThrottle(PER_ADDRESS);
  return {
    take(username, address) {
      const network = networkOf(address);
      const pair = pairOf(username, network);
      const wait = byAddress.take(network) || (known.has(pair) ? byKnown.take(pair) : byUser.take(username));
      return wait > 0 ? retryLater(429, 'Too many login attempts; retry later.', wait) : undefined;
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
