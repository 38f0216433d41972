/** Registers clients that ask for it (RFC 7591): what is kept of what they say about themselves. */
import { randomBytes } from 'node:crypto';

import type { JsonObject } from '@mcp-daemon/core';
import { isObject } from '@mcp-daemon/core';

import type { Problem } from '../../wire/problem.js';
import { CLIENT_AUTHENTICATION } from './metadata.js';

const MAX_REDIRECTS = 10;
const MAX_URI = 2_000;
const MAX_NAME = 100;

/** What the library is given, with the names of RFC 7591. */
export interface ClientMetadata {
  client_id: string;
  client_id_issued_at: number;
  client_secret?: string;
  client_secret_expires_at?: number;
  client_name?: string;
  application_type: 'native' | 'web';
  redirect_uris: string[];
  grant_types: string[];
  response_types: ['code'];
  token_endpoint_auth_method: (typeof CLIENT_AUTHENTICATION)[number];
}

/**
 * The kind of a client: `web` if all its redirects are https; otherwise `native`, which may redirect to loopback, at any port, and to
 * schemes of its own.
 */
export const typeOfApplication = (redirects: readonly unknown[]): 'native' | 'web' =>
  redirects.every((uri) => typeof uri === 'string' && /^https:/i.test(uri)) ? 'web' : 'native';

const problem = (message: string, code = 'invalid_client_metadata'): Problem => ({ status: 400, message, code });

/** A name without control characters, which is not too long to be read; undefined: there is none. */
export function plainName(name: unknown): string | undefined {
  if (typeof name !== 'string') return undefined;
  const plain = name
    .replace(/[\p{C}\p{Z}\s]+/gu, ' ')
    .trim()
    .slice(0, MAX_NAME);
  return plain === '' ? undefined : plain;
}

const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];

/** The client of a request for registration, with an id and perhaps a secret of its own; or the problem with the request. */
export function clientOf(body: unknown): ClientMetadata | Problem {
  if (!isObject(body)) return problem('The body must be a JSON object.');
  const { redirect_uris: redirects, client_name, grant_types: grants, response_types: responses } = body as JsonObject;
  const method = body['token_endpoint_auth_method'] ?? 'client_secret_basic'; // the default of RFC 7591
  if (!Array.isArray(redirects) || redirects.length === 0 || redirects.length > MAX_REDIRECTS)
    return problem(`redirect_uris must be an array of 1 to ${MAX_REDIRECTS} URIs.`, 'invalid_redirect_uri');
  if (!redirects.every((uri): uri is string => typeof uri === 'string' && uri.length <= MAX_URI && URL.canParse(uri)))
    return problem(`Each of redirect_uris must be a URI of at most ${MAX_URI} characters.`, 'invalid_redirect_uri');
  const authentication = CLIENT_AUTHENTICATION.find((one) => one === method);
  if (authentication === undefined)
    return problem(`token_endpoint_auth_method must be one of ${CLIENT_AUTHENTICATION.join(', ')}.`);
  if (grants !== undefined && !textsOf(grants).includes('authorization_code'))
    return problem('grant_types must contain authorization_code.');
  if (responses !== undefined && !textsOf(responses).includes('code')) return problem('response_types must contain code.');
  const name = plainName(client_name);
  const secret =
    authentication === 'none' ? {} : { client_secret: randomBytes(32).toString('base64url'), client_secret_expires_at: 0 };
  return {
    client_id: randomBytes(16).toString('base64url'),
    client_id_issued_at: Math.floor(Date.now() / 1_000),
    ...secret,
    ...(name === undefined ? {} : { client_name: name }),
    application_type: typeOfApplication(redirects),
    redirect_uris: redirects,
    // A client gets refresh tokens, whether it has thought of asking for them or not.
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: authentication,
  };
}
