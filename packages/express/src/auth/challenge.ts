/**
 * What a client without a valid token is sent: a 401 that points to metadata, and the metadata, which says where to get a token.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9728
 */
import type { IncomingMessage } from 'node:http';

import { partitionOfPath, PATHS } from '../paths.js';
import { createBaseUrl } from '../wire/base-url.js';
import type { Refusal } from '../wire/respond.js';
import type { ScopeChallenge } from '../wire/scope-challenge.js';
import { insufficientScope } from '../wire/scope-challenge.js';
import { mountOf, pathOf } from './partition.js';

const NOT_FOUND: Refusal = { status: 404, message: 'Nothing is served at this path.' };

/** Makes 401 answers and the metadata that they point to. */
export interface Challenges {
  /** A 401. @param problem what is wrong with the token; undefined: the request has no token */
  unauthorized(req: IncomingMessage, problem?: string): Refusal;
  /** The challenge for a token that lacks scopes. */
  readonly scopeChallenge: ScopeChallenge;
  /**
   * The metadata of a resource, or a refusal with 404.
   *
   * @param path the path of the resource
   * @param scopes the scopes that its functions need
   */
  metadata(req: IncomingMessage, path: string, scopes: readonly string[]): object | Refusal;
  /** The answer to clients that look for an authorization server here; undefined: they find it through the metadata. */
  readonly discovery: Refusal | undefined;
  /** The URL of this server as the client of a request knows it, without a slash at its end. */
  urlOf(req: IncomingMessage): string;
}

/** The paths at which OAuth clients look for an authorization server, and register with it. */
const DISCOVERY = /^(?:\/[^?]*)?\/(?:\.well-known\/(?:oauth-authorization-server|openid-configuration)(?:\/|$)|register$)/;

/** The error for clients that look for an authorization server. Claude Code and mcp-remote show it to their user. */
const NO_OAUTH: Refusal = {
  status: 404,
  message:
    'This server has no OAuth login. Get a token: POST /auth/login with {"username", "password"}, or "mcp-daemon tokens create". ' +
    'Then give it to your client as a header, such as --header "Authorization: Bearer ..."',
};

/** Whether a path belongs to the discovery of OAuth. */
export const isDiscovery = (path: string): boolean => DISCOVERY.test(path);

/**
 * Creates the challenges of one server.
 *
 * @param publicUrl the URL under which clients reach this server; undefined: the one in the `Host` header of the request
 * @param hasLogin whether clients find an authorization server at a URL of this server; undefined: there is none, and so no metadata
 *   is served or named
 * @throws DaemonError `usage` if `publicUrl` is not a URL
 */
export function createChallenges(publicUrl: string | undefined, hasLogin?: (url: string) => boolean): Challenges {
  const baseOf = createBaseUrl(publicUrl);

  const urlOf = (req: IncomingMessage): string => {
    const text = baseOf(req) + mountOf(req);
    const { origin, pathname } = new URL(text);
    return origin + pathname.replace(/\/$/, '');
  };

  function metadataHint(req: IncomingMessage): string {
    if (hasLogin?.(urlOf(req)) !== true) return '';
    const path = pathOf(req);
    // Only a path that is in our table is repeated in a header.
    const resource = path === '/' || partitionOfPath(path) === undefined ? '' : path;
    return `resource_metadata="${baseOf(req)}${mountOf(req)}${PATHS.metadata.path}${resource}"`;
  }

  return {
    unauthorized(req, problem) {
      const error = problem === undefined ? '' : `error="invalid_token", error_description="${problem}"`;
      const parts = ['realm="mcp-daemon"', error, metadataHint(req)].filter((part) => part !== '');
      return {
        status: 401,
        message: problem ?? 'A bearer token is needed. Get one at POST /auth/login and send it as "Authorization: Bearer ...".',
        headers: { 'www-authenticate': `Bearer ${parts.join(', ')}` },
      };
    },
    scopeChallenge: (req, scopes) => insufficientScope(scopes, ...[metadataHint(req)].filter((part) => part !== '')),
    metadata(req, path, scopes) {
      if (hasLogin?.(urlOf(req)) !== true) return NO_OAUTH;
      if (partitionOfPath(path) === undefined) return NOT_FOUND;
      const base = `${baseOf(req)}${mountOf(req)}`;
      return {
        resource: path === '' || path === '/' ? base : `${base}${path}`,
        authorization_servers: [urlOf(req)],
        ...(scopes.length === 0 ? {} : { scopes_supported: scopes }),
        bearer_methods_supported: ['header'],
        resource_name: 'mcp-daemon',
      };
    },
    discovery: hasLogin === undefined ? NO_OAUTH : undefined,
    urlOf,
  };
}
