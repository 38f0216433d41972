/**
 * The answer to a caller whose token lacks a scope: 403, with a challenge that names all scopes of the operation, so that a client can
 * ask its user for them.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-3.1
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization#scope-challenge-handling
 */
import type { IncomingMessage } from 'node:http';

import type { JsonRpcResponse } from '@mcp-daemon/core';
import { INSUFFICIENT_SCOPE_NUMBER, isObject } from '@mcp-daemon/core';

/** Makes the value of `WWW-Authenticate` for a request that needs these scopes. */
export type ScopeChallenge = (req: IncomingMessage, scopes: readonly string[]) => string;

/**
 * The value of `WWW-Authenticate`. Scopes need no escapes: they have neither quotes nor backslashes.
 *
 * @param more further parameters, such as `resource_metadata="…"`
 */
export const insufficientScope = (scopes: readonly string[], ...more: readonly string[]): string =>
  `Bearer ${['error="insufficient_scope"', `scope="${scopes.join(' ')}"`, ...more].join(', ')}`;

/** The scopes that an answer asks for; undefined: it is no refusal for want of a scope. */
export function scopesAskedBy(answer: JsonRpcResponse): readonly string[] | undefined {
  if (!('error' in answer) || answer.error.code !== INSUFFICIENT_SCOPE_NUMBER) return undefined;
  const { data } = answer.error;
  const scopes = isObject(data) ? data['scopes'] : undefined;
  return Array.isArray(scopes) ? (scopes as string[]) : undefined;
}
