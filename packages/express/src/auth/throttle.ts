/**
 * A token bucket per key: some attempts at once, then one more at regular intervals. It uses `performance.now()`, so a change of
 * the wall clock does not affect the limits.
 */
import { isIPv6 } from 'node:net';

import { wholeSeconds } from '@mcp-daemon/core';

/** What {@link createThrottle} takes. */
export interface ThrottleOptions {
  /** Number of attempts that a key may make at once. */
  burst: number;
  /** Milliseconds after which a key gets one more attempt. */
  everyMs: number;
  /** How many keys are remembered. The key that was used longest ago is forgotten first. */
  maxKeys: number;
}

/** Counts attempts by key. */
export interface Throttle {
  /** Counts an attempt. @returns 0; or the seconds to wait, and the attempt is not counted then */
  take(key: string): number;
  /**
   * Counts several attempts, also more than the key has left: it then has to wait for them before the next one. Only a key that has
   * to wait already is refused.
   *
   * @returns 0; or the seconds to wait, and the attempts are not counted then
   */
  spend(key: string, attempts: number): number;
  /** Takes back one attempt. */
  give(key: string): void;
  /** Takes back all attempts. */
  forget(key: string): void;
}

/** Creates a throttle without attempts. */
export function createThrottle({ burst, everyMs, maxKeys }: ThrottleOptions): Throttle {
  /** By key, the time in milliseconds at which all attempts are available again. The key that was used longest ago is first. */
  const fullAt = new Map<string, number>();

  function set(key: string, at: number): void {
    fullAt.delete(key);
    fullAt.set(key, at);
    if (fullAt.size <= maxKeys) return;
    const oldest = fullAt.keys().next();
    if (!oldest.done) fullAt.delete(oldest.value);
  }

  return {
    take(key) {
      const now = performance.now();
      const next = Math.max(fullAt.get(key) ?? 0, now) + everyMs;
      const seconds = wholeSeconds(next - now - burst * everyMs);
      if (seconds === 0) set(key, next);
      return seconds;
    },
    spend(key, attempts) {
      const now = performance.now();
      const at = Math.max(fullAt.get(key) ?? 0, now);
      const seconds = wholeSeconds(at - now - burst * everyMs);
      if (seconds === 0) set(key, at + attempts * everyMs);
      return seconds;
    },
    give(key) {
      const at = fullAt.get(key);
      if (at !== undefined) fullAt.set(key, at - everyMs);
    },
    forget: (key) => void fullAt.delete(key),
  };
}

/** The network of an address: an IPv4 address itself, or the first 64 bits of an IPv6 address. A client can choose the others freely. */
export function networkOf(address: string): string {
  const v4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (v4 !== undefined) return v4;
  if (!isIPv6(address)) return address.slice(0, 64);
  const [head = '', tail] = address.split('%', 1).join('').toLowerCase().split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  return [...before, ...zeros, ...after]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
