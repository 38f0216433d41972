/** What logging in is, whoever checks the password. */
import type { Problem } from '../wire/problem.js';
import type { Refusal } from '../wire/respond.js';
import { MAX_NAME } from './identity.js';

const MAX_PASSWORD = 1_024;

/** A login that succeeded. */
export interface LoggedIn {
  readonly accessToken: string;
  /** Seconds that the token is good for. */
  readonly expiresIn: number;
  /** Another token, with what an access token of its issuer cannot say. */
  readonly idToken?: string;
}

/** Logs somebody in, or says why not. @param address where the request comes from */
export type Login = (username: string, password: string, address: string) => Promise<LoggedIn | Problem>;

/** It does not say which of the two is wrong. */
export const WRONG: Refusal = { status: 401, message: 'The username or the password is wrong.' };

/** Whether a name and a password could be anybody's at all. */
export const plausible = (username: string, password: string): boolean =>
  username !== '' && username.length <= MAX_NAME && password !== '' && password.length <= MAX_PASSWORD;
