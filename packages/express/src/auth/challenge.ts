/**
 * How a client that has no token, or not a good one, learns what it needs.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9728
 */
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';

import { DaemonError } from '@mcp-daemon/core';

import type { Refusal } from '../wire/respond.js';
import { mountOf, partitionOfPath, pathOf } from './partition.js';

/** Where the metadata of a protected resource is, before the resource's own path. */
export const METADATA_PATH = '/.well-known/oauth-protected-resource';

const HOST = /^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/;

/** What is said of protected resources. */
export interface Challenges {
  /** 401. @param problem what is wrong with the token; undefined: there was none */
  unauthorized(req: IncomingMessage, problem?: string): Refusal;
  /** The metadata of a resource. @param path the resource's; undefined where nothing is served there */
  metadata(req: IncomingMessage, path: string): object | undefined;
}

/** @throws DaemonError `usage` */
function originOf(publicUrl: string): string {
  const url = URL.canParse(publicUrl) ? new URL(publicUrl) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url.origin;
  throw new DaemonError('usage', 'PUBLIC_URL must be an origin such as https://mcp.example.com');
}

/**
 * Creates what says so.
 *
 * @param publicUrl the origin that clients know us by; undefined: what they say in `Host`
 * @param issuer who issues the tokens; undefined: we do
 * @throws DaemonError `usage`
 */
export function createChallenges(publicUrl: string | undefined, issuer?: string): Challenges {
  const origin = publicUrl === undefined ? undefined : originOf(publicUrl);

  function baseOf({ headers: { host = '' }, socket }: IncomingMessage): string {
    if (origin !== undefined) return origin;
    const scheme = (socket as Partial<TLSSocket>).encrypted === true ? 'https' : 'http';
    return `${scheme}://${HOST.test(host) ? host : 'localhost'}`;
  }

  return {
    unauthorized(req, problem) {
      const path = pathOf(req);
      // What is repeated in a header is a path that we know the form of.
      const resource = path === '/' || partitionOfPath(path) === undefined ? '' : path;
      const said = problem === undefined ? '' : `error="invalid_token", error_description="${problem}", `;
      return {
        status: 401,
        message: problem ?? 'A bearer token is needed.',
        headers: {
          'www-authenticate': `Bearer realm="mcp-daemon", ${said}resource_metadata="${baseOf(req)}${mountOf(req)}${METADATA_PATH}${resource}"`,
        },
      };
    },
    metadata(req, path) {
      if (partitionOfPath(path) === undefined) return undefined;
      const base = `${baseOf(req)}${mountOf(req)}`;
      return {
        resource: path === '' || path === '/' ? base : `${base}${path}`,
        authorization_servers: [issuer ?? base],
        bearer_methods_supported: ['header'],
        resource_name: 'mcp-daemon',
      };
    },
  };
}
