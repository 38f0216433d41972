/** Logging in: a name and a password for a token, so many times and no more. */
import { timingSafeEqual } from 'node:crypto';

import type { Refusal } from '../respond.js';
import { digestOf } from './bearer.js';
import type { Bearers, BootstrapAdmin } from './bearer.js';
import { createPasswordDesk } from './password.js';
import { createThrottle, networkOf } from './throttle.js';
import { MAX_NAME } from './user-entry.js';
import type { Users } from './users.js';

const MAX_PASSWORD = 1_024;
const MAX_KEYS = 10_000;
/** Five at once, then five a minute. */
const PER_USER = { burst: 5, everyMs: 12_000, maxKeys: MAX_KEYS };
/** Several people may share an address. */
const PER_ADDRESS = { burst: 20, everyMs: 3_000, maxKeys: MAX_KEYS };

/** A login that succeeded. */
export interface LoggedIn {
  readonly accessToken: string;
  /** Seconds that the token is good for. */
  readonly expiresIn: number;
}

/** Logs somebody in. @param address where the request comes from */
export type Login = (username: string, password: string, address: string) => Promise<LoggedIn | Refusal>;

/** What {@link createLogin} takes. */
export interface LoginOptions {
  users: Users;
  admin: BootstrapAdmin;
  bearers: Pick<Bearers, 'issue'>;
  /** Seconds that a token is good for. */
  seconds: number;
}

const later = (status: number, message: string, seconds: number): Refusal => ({
  status,
  message,
  headers: { 'retry-after': String(seconds) },
});

/** It does not say which of the two is wrong. */
const WRONG: Refusal = { status: 401, message: 'The username or the password is wrong.' };

/** Creates what logs people in. */
export function createLogin({ users, admin, bearers, seconds }: LoginOptions): Login {
  const desk = createPasswordDesk();
  const byUser = createThrottle(PER_USER);
  const byAddress = createThrottle(PER_ADDRESS);

  /** Every way through takes the time of one hash. */
  async function check(username: string, password: string): Promise<boolean> {
    const user = users.find(username);
    const matched = await desk.matches(password, user?.passwordHash, users.longest);
    // Meanwhile the user may have been changed: the password that matched may be the old one.
    if (user !== undefined || users.find(username) !== undefined) return matched && users.find(username) === user;
    const isAdmin = username === admin.username && admin.passwordDigest !== undefined;
    const right = timingSafeEqual(digestOf(password), admin.passwordDigest ?? digestOf(''));
    return isAdmin && right && password !== '';
  }

  return async (username, password, address) => {
    if (username === '' || username.length > MAX_NAME || password === '' || password.length > MAX_PASSWORD) return WRONG;
    const network = networkOf(address);
    // Taken before the password is looked at: attempts that run side by side count, too.
    const wait = byAddress.take(network) || byUser.take(username);
    if (wait > 0) return later(429, 'Too many attempts to log in; try again later.', wait);
    await users.refresh();
    if (desk.full) return later(503, 'Too many people are logging in; try again in a moment.', 1);
    if (!(await check(username, password))) return WRONG;
    byUser.forget(username);
    byAddress.give(network);
    return { accessToken: await bearers.issue(username), expiresIn: seconds };
  };
}
