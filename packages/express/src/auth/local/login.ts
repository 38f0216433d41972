/** Logging in: a name and a password for a token, so many times and no more. */
import { timingSafeEqual } from 'node:crypto';

import { createAttempts, later } from '../attempts.js';
import { digestOf } from '../bearer.js';
import type { Login } from '../login.js';
import { plausible, WRONG } from '../login.js';
import type { Bearers, BootstrapAdmin } from './bearers.js';
import { createPasswordDesk } from './password.js';
import type { Users } from './users.js';

/** What {@link createLogin} takes. */
export interface LoginOptions {
  users: Users;
  admin: BootstrapAdmin;
  bearers: Pick<Bearers, 'issue'>;
  /** Seconds that a token is good for. */
  seconds: number;
}

/** Creates what logs people in. */
export function createLogin({ users, admin, bearers, seconds }: LoginOptions): Login {
  const desk = createPasswordDesk();
  const attempts = createAttempts();

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
    if (!plausible(username, password)) return WRONG;
    const refusal = attempts.take(username, address);
    if (refusal !== undefined) return refusal;
    await users.refresh();
    if (desk.full) return later(503, 'Too many people are logging in; try again in a moment.', 1);
    if (!(await check(username, password))) return WRONG;
    attempts.succeeded(username, address);
    return { accessToken: await bearers.issue(username), expiresIn: seconds };
  };
}
