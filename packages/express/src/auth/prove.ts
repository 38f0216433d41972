/** Finds out whether a person is a user, for pages that act for one user. */
import type { Problem } from '../wire/problem.js';
import type { Bearer } from './bearer.js';
import type { Login } from './login.js';
import type { FindBearer } from './request-authenticator.js';

/**
 * Checks a username and a password.
 *
 * @param address the address of the client, for the limits on attempts
 * @returns the user, or the reason why not
 */
export type Prove = (username: string, password: string, address: string) => Promise<Bearer | Problem>;

/** Proves by a login: its token says who it is. */
export const createProof =
  (login: Login, find: FindBearer): Prove =>
  async (username, password, address) => {
    const answer = await login(username, password, address);
    if ('status' in answer) return answer;
    const bearer = await find(answer.accessToken);
    return typeof bearer === 'string' ? { status: 401, message: bearer } : bearer;
  };
