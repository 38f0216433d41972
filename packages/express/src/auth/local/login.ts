/** Logging in with a username and a password, with limits on attempts. */
import { timingSafeEqual } from 'node:crypto';

import { createAttempts, retryLater } from '../attempts.js';
import { digestOf } from '../bearer.js';
import type { Login } from '../login.js';
import { arePlausible, WRONG_CREDENTIALS } from '../login.js';
import type { Bearers, BootstrapAdmin } from './bearers.js';
import { createPasswordChecker } from './password.js';
import type { Users } from './users.js';

/** What {@link createLogin} takes. */
export interface LoginOptions {
  users: Users;
  admin: BootstrapAdmin;
  bearers: Pick<Bearers, 'issue' | 'scopesOf'>;
  /** Seconds for which a token is valid. */
  seconds: number;
}

/** Creates the login. */
export function createLogin({ users, admin, bearers, seconds }: LoginOptions): Login {
  const passwords = createPasswordChecker();
  const attempts = createAttempts();

  /** Takes the time of one hash in every case, so that the time does not show whether a user exists. */
  async function check(username: string, password: string): Promise<boolean> {
    const user = users.find(username);
    const matched = await passwords.matches(password, user?.passwordHash, users.longest);
    // The user may have been changed in the meantime: then the password that matched may be the old one.
    if (user !== undefined || users.find(username) !== undefined) return matched && users.find(username) === user;
    const isAdmin = username === admin.username && admin.passwordDigest !== undefined;
    const isRight = timingSafeEqual(digestOf(password), admin.passwordDigest ?? digestOf(''));
    return isAdmin && isRight && password !== '';
  }

  return async (username, password, address, wanted) => {
    if (!arePlausible(username, password)) return WRONG_CREDENTIALS;
    const refusal = attempts.take(username, address);
    if (refusal !== undefined) return refusal;
    await users.refresh();
    if (passwords.full) return retryLater(503, 'Too many logins are running; retry in a moment.', 1);
    if (!(await check(username, password))) return WRONG_CREDENTIALS;
    attempts.succeeded(username, address);
    if (wanted === undefined) return { accessToken: await bearers.issue(username), expiresIn: seconds };
    const held = bearers.scopesOf(username);
    const scopes = wanted.filter((scope) => held?.has(scope) !== false);
    if (scopes.length === 0) return { status: 400, message: 'You have none of these scopes.', code: 'invalid_scope' };
    return { accessToken: await bearers.issue(username, scopes), expiresIn: seconds, scopes };
  };
}
