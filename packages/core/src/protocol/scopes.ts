/**
 * Scopes: names of permissions that a function needs and that a caller's token has.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-3.3
 */
import { DaemonError } from './errors.js';

/** The scopes that a caller has. Undefined: all, as for callers who need no token. */
export type HeldScopes = ReadonlySet<string> | undefined;

/** Characters of one scope. */
const MAX_SCOPE = 256;

/** A `scope-token` of RFC 6749: printable ASCII without spaces, double quotes and backslashes. */
const SCOPE = /^[\x21\x23-\x5B\x5D-\x7E]+$/;

/** What is wrong with a scope; undefined: nothing. */
export function scopeProblem(scope: unknown): string | undefined {
  if (typeof scope !== 'string' || !SCOPE.test(scope))
    return 'must be a scope such as "files:read": printable ASCII characters without spaces, double quotes and backslashes';
  return scope.length > MAX_SCOPE ? `must have at most ${MAX_SCOPE} characters` : undefined;
}

/**
 * Scopes that say something about a login, not about what may be called. Authorization servers handle them themselves, so they
 * permit nothing here.
 */
export const LOGIN_SCOPES: ReadonlySet<string> = new Set([
  ...['openid', 'profile', 'email', 'address', 'phone', 'offline_access'],
  'aws.cognito.signin.user.admin',
]);

/** The scopes in a `scope` claim or parameter, which are separated by spaces. What is no scope is left out. */
export const scopesIn = (text: string): string[] => [
  ...new Set(text.split(' ').filter((scope) => scopeProblem(scope) === undefined)),
];

/** Whether a caller has all scopes that something needs. */
export const hasScopes = (needed: readonly string[] | undefined, held: HeldScopes): boolean =>
  needed === undefined || held === undefined || needed.every((scope) => held.has(scope));

/**
 * Refuses a caller who lacks a scope. The error names all scopes of the operation, so that a client asks for them at once.
 *
 * @throws DaemonError `insufficient_scope`, with the scopes as `data.scopes`
 */
export function requireScopes(needed: readonly string[] | undefined, held: HeldScopes): void {
  if (needed === undefined || held === undefined || hasScopes(needed, held)) return;
  throw new DaemonError('insufficient_scope', `Insufficient scope: this needs ${needed.join(' ')}`, {
    data: { scopes: needed },
  });
}
