/** How much one user may ask of a server; and how often an address may come with a token that is none. */
import type { IncomingMessage } from 'node:http';

import type { Awaitable } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { later } from '../auth/attempts.js';
import type { AuthIdentity } from '../auth/identity.js';
import type { AuthProvider } from '../auth/provider.js';
import { createThrottle, networkOf } from '../auth/throttle.js';
import type { Refusal } from '../wire/respond.js';

/** What {@link limitRate} takes. */
export interface RateLimitOptions {
  /** Requests that one user may make in a minute, a tenth of them at once; 0: any number. */
  perMinute: number;
  /** Where a request comes from. */
  addressOf: (req: IncomingMessage) => string;
}

const MAX_KEYS = 10_000;
/** Requests without a good token, from one address. */
const STRANGERS = { burst: 60, everyMs: 1_000, maxKeys: MAX_KEYS };

/**
 * Asks who calls, and refuses with 429 who calls too often.
 *
 * @throws DaemonError `usage`
 */
export function limitRate(
  authenticate: AuthProvider['authenticate'],
  { perMinute, addressOf }: RateLimitOptions,
): AuthProvider['authenticate'] {
  if (!Number.isInteger(perMinute) || perMinute < 0 || perMinute > 60_000_000)
    throw new DaemonError('usage', `the rate limit must be a whole number of requests a minute, 0 for none, got ${perMinute}`);
  const burst = Math.max(1, Math.ceil(perMinute / 10));
  const users = perMinute === 0 ? undefined : createThrottle({ burst, everyMs: 60_000 / perMinute, maxKeys: MAX_KEYS });
  const strangers = createThrottle(STRANGERS);

  function judge(req: IncomingMessage, known: AuthIdentity | Refusal): AuthIdentity | Refusal {
    if ('status' in known) {
      // Only those whose token is none: somebody with a good one may share their address.
      const wait = known.status === 401 ? strangers.take(networkOf(addressOf(req))) : 0;
      return wait === 0 ? known : later(429, 'Too many requests without a good token: come back later.', wait);
    }
    const seconds = users?.take(known.subject) ?? 0;
    return seconds === 0 ? known : later(429, `More than ${perMinute} requests in a minute: come back later.`, seconds);
  }

  return (req): Awaitable<AuthIdentity | Refusal> => {
    const answer = authenticate(req);
    return answer instanceof Promise ? answer.then((known) => judge(req, known)) : judge(req, answer);
  };
}
