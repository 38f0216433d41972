/** The bodies of logins, as JSON Schema: the routes check them, and the OpenAPI document shows them. */
import type { JsonObject } from '@mcp-daemon/core';

const CREDENTIALS = { username: { type: 'string' }, password: { type: 'string', format: 'password' } };

/** The body of `POST /auth/login`. */
export const LOGIN_BODY = {
  type: 'object',
  properties: CREDENTIALS,
  required: ['username', 'password'],
} satisfies JsonObject;

/**
 * The form of `POST /auth/token`. Like the Python engine, we accept it without `grant_type`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.3.2
 */
export const TOKEN_FORM = {
  type: 'object',
  properties: {
    grant_type: { const: 'password', default: 'password' },
    ...CREDENTIALS,
    scope: {
      type: 'string',
      description: 'The scopes that the token is to have at most, separated by spaces. Default: all that the user has.',
    },
  },
  required: ['username', 'password'],
} satisfies JsonObject;
