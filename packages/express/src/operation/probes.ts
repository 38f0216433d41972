/**
 * Liveness and readiness probes, for orchestrators and load balancers. They need no authentication, so the answers contain no details.
 *
 * @see https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Daemon, Logger } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { positive } from '../wire/options.js';
import { sendProblem } from '../wire/problem.js';
import { sendJson } from '../wire/respond.js';

/** What {@link createProbes} takes. */
export interface ProbesOptions {
  /** Whether the server takes new requests; false when it is shutting down. Default: always true. */
  isReady?: () => boolean;
  /** How long the store may take to answer. Default 2 seconds. */
  timeoutMs?: number;
  /** How long the result of a check is reused, so that many probes make only one check. Default 1 second. */
  rememberMs?: number;
  /** Counts the bundles of code whose newest version is not used: readiness names the number. Default: 0. */
  failingBundles?: () => number;
  /** Gets the reason when the store becomes unavailable, and a line when it is available again. Default: nothing is logged. */
  logger?: Pick<Logger, 'info' | 'error'>;
}

/** Plain handlers for GET and HEAD. They need no `this`. */
export interface Probes {
  /** Liveness: always 200. */
  readonly health: (req: IncomingMessage, res: ServerResponse) => void;
  /** Readiness: 200, with counts of what does not work (`failing_bundles`, `outdated_modules`, `unavailable_servers`, `logins_needed`), or 503 with `status` (`draining`, `unavailable`), a `reason` and `Retry-After`. Never rejects. */
  readonly ready: (req: IncomingMessage, res: ServerResponse) => Promise<void>;
}

/** The reason why the server is not ready. */
interface NotReady {
  readonly status: 'draining' | 'unavailable';
  readonly reason: string;
}

const RETRY_AFTER_S = 5;
const NO_STORE = ['cache-control', 'no-store'];

const DRAINING: NotReady = { status: 'draining', reason: 'The server is shutting down.' };
const TIMED_OUT: NotReady = { status: 'unavailable', reason: 'The store does not answer.' };
const BUSY: NotReady = { status: 'unavailable', reason: 'The store is busy.' };
const FAILED: NotReady = { status: 'unavailable', reason: 'The store cannot be used.' };

/** The public reason for an error. The message of the error is not sent, because it may contain file names. */
function notReadyOf(error: unknown): NotReady {
  const code = error instanceof DaemonError ? error.code : undefined;
  if (code === 'closed') return DRAINING;
  return code === 'store_busy' ? BUSY : FAILED;
}

/**
 * Creates the probes of a daemon.
 *
 * @throws DaemonError `usage` if an option is invalid
 *
 * @example
 * const probes = createProbes(daemon, { isReady: () => !closing });
 * app.all('/health', probes.health);
 * app.all('/ready', probes.ready);
 */
export function createProbes(
  daemon: Pick<Daemon, 'check'> & Partial<Pick<Daemon, 'stats'>>,
  options: ProbesOptions = {},
): Probes {
  const { isReady = () => true, failingBundles = () => 0, logger } = options;
  const timeoutMs = positive('timeoutMs', options.timeoutMs ?? 2_000);
  const rememberMs = positive('rememberMs', options.rememberMs ?? 1_000);

  let checked: Promise<NotReady | undefined> | undefined;
  let checkedAt = -Infinity;
  let last: NotReady | undefined;

  function record(problem: NotReady | undefined, error?: unknown): NotReady | undefined {
    const { status, reason } = problem ?? {};
    if (status === 'unavailable' && reason !== last?.reason)
      logger?.error({ error: error instanceof Error ? error.message : undefined }, `not ready: ${reason}`);
    if (problem === undefined && last?.status === 'unavailable') logger?.info({}, 'ready again');
    last = problem;
    return problem;
  }

  async function ask(): Promise<NotReady | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<NotReady>((resolve) => (timer = setTimeout(() => resolve(TIMED_OUT), timeoutMs)));
    try {
      return record(await Promise.race([daemon.check().then(() => undefined), late]));
    } catch (error) {
      return record(notReadyOf(error), error);
    } finally {
      clearTimeout(timer);
      checkedAt = performance.now();
    }
  }

  function problem(): Promise<NotReady | undefined> {
    if (checked === undefined || performance.now() - checkedAt > rememberMs) {
      checkedAt = Infinity; // the running check counts as fresh
      checked = ask();
    }
    return checked;
  }

  function refused(req: IncomingMessage, res: ServerResponse): boolean {
    if (req.method === 'GET' || req.method === 'HEAD') return false;
    sendProblem(res, { status: 405, message: 'Use GET or HEAD.', headers: { allow: 'GET, HEAD' } });
    return true;
  }

  /**
   * The old versions of failing bundles are served, older code of outdated modules runs, and only the functions of mounted servers
   * that are down fail: the server is ready.
   */
  function readyBody(): object {
    const failing = failingBundles();
    const { processes, servers = [] } = daemon.stats?.() ?? {};
    const outdated = processes?.outdated ?? 0;
    const down = servers.filter(({ state }) => state === 'down').length;
    const logins = servers.filter(({ login }) => login !== undefined && login.state !== 'ok').length;
    return {
      status: 'ready',
      ...(failing === 0 ? {} : { failing_bundles: failing }),
      ...(outdated === 0 ? {} : { outdated_modules: outdated }),
      ...(down === 0 ? {} : { unavailable_servers: down }),
      ...(logins === 0 ? {} : { logins_needed: logins }),
    };
  }

  return {
    health(req, res) {
      if (!refused(req, res)) sendJson(res, 200, '{"status":"ok"}', NO_STORE);
    },
    async ready(req, res) {
      if (refused(req, res)) return;
      const found = isReady() ? await problem() : DRAINING;
      if (found === undefined) sendJson(res, 200, JSON.stringify(readyBody()), NO_STORE);
      else sendJson(res, 503, JSON.stringify(found), [...NO_STORE, 'retry-after', String(RETRY_AFTER_S)]);
    },
  };
}
