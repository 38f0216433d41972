/** Limits on requests: how many one user may make, and how many one address may make without a valid token. */
import type { IncomingMessage } from 'node:http';

import type { Awaitable } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { retryLater } from '../auth/attempts.js';
import type { AuthIdentity } from '../auth/identity.js';
import type { AuthProvider } from '../auth/provider.js';
import { createThrottle, networkOf } from '../auth/throttle.js';
import type { Charge } from '../wire/message-body.js';
import type { Refusal } from '../wire/respond.js';

/** What {@link limitRate} takes. */
export interface RateLimitOptions {
  /** Requests that one user may make in a minute, a tenth of them at once; 0: no limit. */
  perMinute: number;
  /** The address of the client. */
  addressOf: (req: IncomingMessage) => string;
}

/** How many users, and how many addresses, are remembered. */
const MAX_KEYS = 10_000;
/** Requests without a valid token, from one address. */
const UNAUTHENTICATED = { burst: 60, everyMs: 1_000, maxKeys: MAX_KEYS };

/** The limits of a server. */
export interface RateLimit {
  /** Authenticates a request and counts it. Callers above their limit are refused with 429. */
  readonly authenticate: AuthProvider['authenticate'];
  /** Counts what the body of an authenticated request costs beyond that request. */
  readonly charge: Charge;
}

/**
 * Wraps `authenticate` so that callers above their limit are refused with 429.
 *
 * @throws DaemonError `usage` if `perMinute` is not a whole number from 0 to 60,000,000
 */
export function limitRate(authenticate: AuthProvider['authenticate'], { perMinute, addressOf }: RateLimitOptions): RateLimit {
  if (!Number.isInteger(perMinute) || perMinute < 0 || perMinute > 60_000_000)
    throw new DaemonError('usage', `the rate limit must be a whole number of requests a minute, 0 for none, got ${perMinute}`);
  const burst = Math.max(1, Math.ceil(perMinute / 10));
  const users = perMinute === 0 ? undefined : createThrottle({ burst, everyMs: 60_000 / perMinute, maxKeys: MAX_KEYS });
  const unauthenticated = createThrottle(UNAUTHENTICATED);

  function limited(req: IncomingMessage, known: AuthIdentity | Refusal): AuthIdentity | Refusal {
    if ('status' in known) {
      // Users with a valid token are not counted here: they may share an address with somebody who guesses tokens.
      const wait = known.status === 401 ? unauthenticated.take(networkOf(addressOf(req))) : 0;
      return wait === 0 ? known : retryLater(429, 'Too many requests without a valid token; retry later.', wait);
    }
    const seconds = users?.take(known.subject) ?? 0;
    return seconds === 0 ? known : tooMany(seconds);
  }

  const tooMany = (seconds: number): Refusal =>
    retryLater(
      429,
      `More than ${perMinute} requests in a minute; retry later. Large bodies and batches count as several.`,
      seconds,
    );

  return {
    authenticate(req): Awaitable<AuthIdentity | Refusal> {
      const answer = authenticate(req);
      return answer instanceof Promise ? answer.then((known) => limited(req, known)) : limited(req, answer);
    },
    charge({ subject }, requests) {
      const seconds = users?.spend(subject, requests) ?? 0;
      return seconds === 0 ? undefined : tooMany(seconds);
    },
  };
}
