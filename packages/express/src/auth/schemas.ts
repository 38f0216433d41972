/** What people log in with, as JSON Schema: the routes check it, and the document of the API shows it. */
import type { JsonObject } from '@mcp-daemon/core';

const CREDENTIALS = { username: { type: 'string' }, password: { type: 'string', format: 'password' } };

/** The body of `POST /auth/login`. */
export const LOGIN_BODY = {
  type: 'object',
  properties: CREDENTIALS,
  required: ['username', 'password'],
} satisfies JsonObject;

/**
 * The form of `POST /auth/token`. Without a `grant_type` it is what the Python engine takes.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.3.2
 */
export const TOKEN_FORM = {
  type: 'object',
  properties: {
    grant_type: { const: 'password', default: 'password' },
    ...CREDENTIALS,
    scope: { type: 'string', description: 'Not looked at: the roles of a user are what they may do.' },
  },
  required: ['username', 'password'],
} satisfies JsonObject;
