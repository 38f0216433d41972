/** No authentication: whoever works on this machine may do everything, and nobody else anything. */
import { DaemonError } from '@mcp-daemon/core';

import type { GuardOptions } from '../wire/guard.js';
import { createGuard } from '../wire/guard.js';
import { sendProblem } from '../wire/problem.js';
import { noteCaller } from '../wire/request-info.js';
import type { Refusal } from '../wire/respond.js';
import { sendJson } from '../wire/respond.js';
import { partitionOf } from './partition.js';
import type { AuthProvider } from './provider.js';
import { isPublicElsewhere } from './secrets.js';

/** What {@link createOpenAuth} takes: hosts and origins besides those of loopback. */
export interface OpenAuthOptions extends Partial<GuardOptions> {
  /** The origin that clients know: a proxy on this machine would bring everybody in. Default: none. */
  publicUrl?: string | undefined;
}

const GET_ALONE: Refusal = { status: 405, message: 'Use GET.', headers: { allow: 'GET' } };

/** Who everybody is. */
const ANYBODY = { subject: 'anonymous', roles: ['admin'] } as const;

/**
 * Creates what lets everybody in who comes from this machine, by a name of this machine's, and from no page of somebody else's.
 *
 * @throws DaemonError `usage` where clients know it by an origin beyond loopback
 *
 * @example
 * const router = createRouter(daemon, { auth: createOpenAuth() });
 */
export function createOpenAuth({ allowedHosts, allowedOrigins = [], publicUrl }: OpenAuthOptions = {}): AuthProvider {
  if (isPublicElsewhere(publicUrl))
    throw new DaemonError('usage', `cannot be ${publicUrl} without authentication: set AUTH_PROVIDER, or leave PUBLIC_URL out`);
  const guard = createGuard({ allowedHosts, allowedOrigins });
  return {
    loopbackOnly: true,
    authenticate(req) {
      const refusal = guard(req, false);
      if (refusal !== undefined) return refusal;
      const partition = partitionOf(req);
      return typeof partition === 'string' ? { partition, ...ANYBODY } : partition;
    },
    async handle(req, res) {
      if ((req.url ?? '/').split('?', 1).join('') !== '/me') return false;
      const refusal = req.method === 'GET' ? guard(req, false) : GET_ALONE;
      if (refusal === undefined) {
        noteCaller(req, ANYBODY);
        const body = { username: ANYBODY.subject, roles: ANYBODY.roles, partitions: [] };
        sendJson(res, 200, JSON.stringify(body), ['cache-control', 'no-store']);
      } else sendProblem(res, refusal);
      return true;
    },
  };
}
