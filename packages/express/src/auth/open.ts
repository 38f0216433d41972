/** No authentication: every user of this machine is an admin, and requests from other machines are refused. */
import { DaemonError } from '@mcp-daemon/core';

import { isAt, pathOfUrl } from '../paths.js';
import type { GuardOptions } from '../wire/guard.js';
import { createGuard } from '../wire/guard.js';
import { sendProblem } from '../wire/problem.js';
import { recordCaller } from '../wire/request-info.js';
import type { Refusal } from '../wire/respond.js';
import { sendJson } from '../wire/respond.js';
import { partitionOf } from './partition.js';
import type { AuthProvider } from './provider.js';
import { isPublicElsewhere } from './secrets.js';

/** What {@link createOpenAuth} takes: hosts and origins that are allowed besides loopback. */
export interface OpenAuthOptions extends Partial<GuardOptions> {
  /** The origin under which clients reach this server. It must be a loopback address. Default: none. */
  publicUrl?: string | undefined;
}

const USE_GET: Refusal = { status: 405, message: 'Use GET.', headers: { allow: 'GET' } };

/** The identity of every caller. */
const ANONYMOUS = { subject: 'anonymous', roles: ['admin'] } as const;

/**
 * Creates the provider that asks for no proof of identity. It accepts requests that come from this machine, name a loopback host or
 * an allowed one, and do not come from a web page of another origin.
 *
 * @throws DaemonError `usage` if `publicUrl` is not a loopback address: a proxy would forward requests from other machines
 *
 * @example
 * const router = createRouter(daemon, { auth: createOpenAuth() });
 */
export function createOpenAuth({ allowedHosts, allowedOrigins = [], publicUrl }: OpenAuthOptions = {}): AuthProvider {
  if (isPublicElsewhere(publicUrl))
    throw new DaemonError(
      'usage',
      `PUBLIC_URL cannot be ${publicUrl} without authentication: set AUTH_PROVIDER, or leave PUBLIC_URL out`,
    );
  if (allowedOrigins.includes('*'))
    throw new DaemonError('usage', 'ALLOWED_ORIGINS cannot be * without authentication: every web page could use this server');
  const guard = createGuard({ allowedHosts, allowedOrigins });
  return {
    loopbackOnly: true,
    authenticate(req) {
      const refusal = guard(req, false);
      if (refusal !== undefined) return refusal;
      const partition = partitionOf(req);
      return typeof partition === 'string' ? { partition, ...ANONYMOUS } : partition;
    },
    async handle(req, res) {
      if (!isAt('me', pathOfUrl(req.url))) return false;
      const refusal = req.method === 'GET' ? guard(req, false) : USE_GET;
      if (refusal === undefined) {
        recordCaller(req, ANONYMOUS);
        const body = { username: ANONYMOUS.subject, roles: ANONYMOUS.roles, partitions: [] };
        sendJson(res, 200, JSON.stringify(body), ['cache-control', 'no-store']);
      } else sendProblem(res, refusal);
      return true;
    },
  };
}
