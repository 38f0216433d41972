/** Logging in, as all ways of authentication have it in common. */
import type { Problem } from '../wire/problem.js';
import type { Refusal } from '../wire/respond.js';
import { MAX_NAME } from './identity.js';

const MAX_PASSWORD = 1_024;

/** The result of a successful login. */
export interface LoggedIn {
  readonly accessToken: string;
  /** Seconds for which the token is valid. */
  readonly expiresIn: number;
  /** With Cognito: an ID token, which has attributes of the user that the access token lacks. */
  readonly idToken?: string;
  /** The scopes of the token, where they are others than was asked for. */
  readonly scopes?: readonly string[];
}

/**
 * Logs a user in, or returns the reason why not.
 *
 * @param address the address of the client, for the limits on attempts
 * @param scopes the scopes that the token is to have at most. Default: all that the user has
 */
export type Login = (
  username: string,
  password: string,
  address: string,
  scopes?: readonly string[],
) => Promise<LoggedIn | Problem>;

/** It does not say which of the two is wrong, so that usernames cannot be probed. */
export const WRONG_CREDENTIALS: Refusal = { status: 401, message: 'The username or the password is wrong.' };

/** Whether a username and a password have a possible length. */
export const arePlausible = (username: string, password: string): boolean =>
  username !== '' && username.length <= MAX_NAME && password !== '' && password.length <= MAX_PASSWORD;
