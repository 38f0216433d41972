/**
 * What a client without a valid token is sent: a 401 that points to metadata, and the metadata, which says where to get a token.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9728
 */
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';

import { DaemonError } from '@mcp-daemon/core';

import { partitionOfPath, PATHS } from '../paths.js';
import type { Refusal } from '../wire/respond.js';
import { mountOf, pathOf } from './partition.js';

const HOST = /^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/;

/** Makes 401 answers and the metadata that they point to. */
export interface Challenges {
  /** A 401. @param problem what is wrong with the token; undefined: the request has no token */
  unauthorized(req: IncomingMessage, problem?: string): Refusal;
  /** The metadata of a resource. @param path the path of the resource @returns undefined where nothing is served at that path */
  metadata(req: IncomingMessage, path: string): object | undefined;
}

/** @throws DaemonError `usage` where the text is not an origin */
function originOf(publicUrl: string): string {
  const url = URL.canParse(publicUrl) ? new URL(publicUrl) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url.origin;
  throw new DaemonError('usage', 'PUBLIC_URL must be an origin such as https://mcp.example.com');
}

/**
 * Creates the challenges of one server.
 *
 * @param publicUrl the origin under which clients reach this server; undefined: the one in the `Host` header of the request
 * @param issuer the issuer of the tokens; undefined: this server issues them
 * @throws DaemonError `usage` where `publicUrl` is not an origin
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
      // Only a path that is in our table is repeated in a header.
      const resource = path === '/' || partitionOfPath(path) === undefined ? '' : path;
      const error = problem === undefined ? '' : `error="invalid_token", error_description="${problem}", `;
      const metadata = `${baseOf(req)}${mountOf(req)}${PATHS.metadata.path}${resource}`;
      return {
        status: 401,
        message: problem ?? 'A bearer token is needed.',
        headers: { 'www-authenticate': `Bearer realm="mcp-daemon", ${error}resource_metadata="${metadata}"` },
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
