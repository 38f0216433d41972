/**
 * What MCP clients need to log in at a user pool by themselves, and Cognito does not say: that it supports PKCE, and which client they
 * are. So the metadata of the pool is served here, completed, and a registration is answered with the pool's own app client.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { JsonObject, Logger } from '@mcp-daemon/core';
import { isObject } from '@mcp-daemon/core';

import { isAt, pathOfUrl } from '../../paths.js';
import { sendProblem } from '../../wire/problem.js';
import type { Refusal } from '../../wire/respond.js';
import { sendJson } from '../../wire/respond.js';
import { retryLater } from '../attempts.js';
import type { AuthorizationPaths } from '../routes.js';
import { isLoopbackHost } from '../secrets.js';
import { ENDPOINTS, isMetadataPath, isOwnMetadata } from '../server/metadata.js';
import { clientOf } from '../server/registration.js';
import { jsonOf } from '../server/request.js';
import { parsed, read, reasonOf } from './read.js';

/** What {@link createCognitoPaths} takes. */
export interface CognitoPathsOptions {
  /** The URL of the pool. */
  issuer: string;
  /** The URL of the pool's keys; undefined: that of Cognito. The metadata is fetched from beside it. */
  jwksUrl: string | undefined;
  clientId: string;
  /** Whether the app client has a secret. It is not given away, so clients cannot register then. */
  hasSecret: boolean;
  logger: Pick<Logger, 'error'> | undefined;
}

/** After this time the metadata is fetched again. */
const MAX_AGE_MS = 3_600_000;
/** Seconds after a failed request in which no other one is sent. */
const RETRY_SECONDS = 5;
const NO_STORE = ['cache-control', 'no-store'];
const NOT_FOUND: Refusal = { status: 404, message: 'Nothing is served at this path.' };
const use = (method: string): Refusal => ({ status: 405, message: `Use ${method}.`, headers: { allow: method } });

/** Where the pool says what it is: the library of its keys is in the same folder. */
const documentOf = (issuer: string, jwksUrl: string | undefined): string =>
  jwksUrl?.endsWith('/.well-known/jwks.json') === true
    ? new URL('openid-configuration', jwksUrl).href
    : `${issuer}/.well-known/openid-configuration`;

/** A URL to which a password or a code may be sent. */
function isSafeUrl(value: unknown): value is string {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url.hostname));
}

/** What is taken over from the metadata of a pool. @throws Error if it has no endpoints, as pools without a domain */
function checked(document: unknown): JsonObject {
  if (!isObject(document)) throw new Error('not a JSON object');
  const { authorization_endpoint, token_endpoint, revocation_endpoint, jwks_uri, scopes_supported } = document as JsonObject;
  if (!isSafeUrl(authorization_endpoint) || !isSafeUrl(token_endpoint))
    throw new Error('no endpoints; give the user pool a domain');
  return {
    ...{ authorization_endpoint, token_endpoint },
    ...(isSafeUrl(revocation_endpoint) ? { revocation_endpoint } : {}),
    ...(isSafeUrl(jwks_uri) ? { jwks_uri } : {}),
    ...(Array.isArray(scopes_supported) ? { scopes_supported } : {}),
  };
}

/** Creates the paths. */
export function createCognitoPaths(options: CognitoPathsOptions): AuthorizationPaths {
  const { issuer, jwksUrl, clientId, hasSecret, logger } = options;
  const url = documentOf(issuer, jwksUrl);
  let known: JsonObject | undefined;
  // In milliseconds of performance.now().
  let [fetchedAt, failedAt] = [-Infinity, -Infinity];
  let fetching: Promise<JsonObject | undefined> | undefined;

  async function load(): Promise<JsonObject | undefined> {
    try {
      known = checked(parsed(await read(url)));
      fetchedAt = performance.now();
    } catch (error) {
      failedAt = performance.now();
      logger?.error({ url, error: reasonOf(error) }, 'the metadata of the user pool cannot be used');
    } finally {
      fetching = undefined;
    }
    return known; // also where a newer version could not be fetched
  }

  /** The metadata of the pool; undefined: it could not be fetched. */
  async function poolMetadata(): Promise<JsonObject | undefined> {
    const now = performance.now();
    const isDue = now - fetchedAt > MAX_AGE_MS && now - failedAt > RETRY_SECONDS * 1_000;
    return isDue ? (fetching ??= load()) : known;
  }

  const methods = hasSecret ? ['client_secret_basic', 'client_secret_post'] : ['none'];

  async function metadata(res: ServerResponse, base: string): Promise<void> {
    const pool = await poolMetadata();
    if (pool === undefined)
      return sendProblem(res, retryLater(503, 'The metadata of the user pool cannot be fetched; retry later.', RETRY_SECONDS));
    const whole = {
      issuer: base,
      ...pool,
      ...(hasSecret ? {} : { registration_endpoint: base + ENDPOINTS.register }),
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_methods_supported: methods,
      code_challenge_methods_supported: ['S256'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    };
    sendJson(res, 200, JSON.stringify(whole), NO_STORE);
  }

  async function register(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const body = await jsonOf(req, res);
    if (body === undefined) return;
    const client = clientOf(body.value);
    if ('status' in client) return sendProblem(res, client);
    const { client_secret: _secret, client_secret_expires_at: _expires, ...rest } = client;
    sendJson(res, 201, JSON.stringify({ ...rest, client_id: clientId, token_endpoint_auth_method: 'none' }), NO_STORE);
  }

  return {
    async handle(req, res, base) {
      const path = pathOfUrl(req.url);
      if (isMetadataPath(path)) {
        if (req.method !== 'GET') sendProblem(res, use('GET'));
        else if (isOwnMetadata(path, base)) await metadata(res, base);
        else sendProblem(res, NOT_FOUND);
      } else if (path === ENDPOINTS.register && !hasSecret) {
        if (req.method === 'POST') await register(req, res);
        else sendProblem(res, use('POST'));
      } else if (isAt('oauth', path)) sendProblem(res, NOT_FOUND);
      else return false;
      return true;
    },
  };
}
