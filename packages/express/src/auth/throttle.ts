/** How often somebody may try: so many times at once, and then one time more every so often. */
import { isIPv6 } from 'node:net';

/** What {@link createThrottle} takes. */
export interface ThrottleOptions {
  /** Attempts at once. */
  burst: number;
  /** Milliseconds after which there is one more. */
  everyMs: number;
  /** Keys that are remembered; the one that was quiet longest is forgotten first. */
  maxKeys: number;
}

/** A throttle. */
export interface Throttle {
  /** Takes an attempt. @returns 0, or the seconds to wait: no attempt is taken then */
  take(key: string): number;
  /** Gives an attempt back. */
  give(key: string): void;
  /** Begins anew. */
  forget(key: string): void;
}

/** Creates a throttle. */
export function createThrottle({ burst, everyMs, maxKeys }: ThrottleOptions): Throttle {
  /** When the attempts of a key will all be back; the key that was quiet longest is first. */
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
      const now = Date.now();
      const next = Math.max(fullAt.get(key) ?? 0, now) + everyMs;
      const waitMs = next - now - burst * everyMs;
      if (waitMs > 0) return Math.ceil(waitMs / 1000);
      set(key, next);
      return 0;
    },
    give(key) {
      const at = fullAt.get(key);
      if (at !== undefined) fullAt.set(key, at - everyMs);
    },
    forget: (key) => void fullAt.delete(key),
  };
}

/** What one client has of addresses: an IPv4 address, or the 64 bits of an IPv6 network, whose rest a client can choose. */
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
