/**
 * What an orchestrator and a load balancer ask: whether this process lives, and whether it is to be sent work. Anybody may ask, so
 * the answers say no more than that.
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
  /** Whether new work is taken; false once the server is on its way out. Default: always. */
  isReady?: () => boolean;
  /** How long the store may take to answer. Default 2 seconds. */
  timeoutMs?: number;
  /** For how long the store's answer is remembered, however many ask. Default 1 second. */
  rememberMs?: number;
  /** Told when the store is lost, with the reason that is told to nobody else, and when it is back. Default: nowhere. */
  logger?: Pick<Logger, 'info' | 'error'>;
}

/** Plain handlers; they need no `this`, and answer GET and HEAD. */
export interface Probes {
  /** 200 for as long as the process answers at all. */
  readonly health: (req: IncomingMessage, res: ServerResponse) => void;
  /** 200, or 503 with `status` (`draining`, `unavailable`), a `reason` and `Retry-After`. Never rejects. */
  readonly ready: (req: IncomingMessage, res: ServerResponse) => Promise<void>;
}

/** Why no work can be taken. */
interface Trouble {
  readonly status: 'draining' | 'unavailable';
  readonly reason: string;
}

const RETRY_AFTER_S = 5;
const NO_STORE = ['cache-control', 'no-store'];

const DRAINING: Trouble = { status: 'draining', reason: 'The server is shutting down.' };
const SILENT: Trouble = { status: 'unavailable', reason: 'The store does not answer.' };
const BUSY: Trouble = { status: 'unavailable', reason: 'The store is busy.' };
const FAILED: Trouble = { status: 'unavailable', reason: 'The store cannot be used.' };

/** An error's own words may name files, which are the operator's business. */
function troubleOf(error: unknown): Trouble {
  const code = error instanceof DaemonError ? error.code : undefined;
  if (code === 'closed') return DRAINING;
  return code === 'store_busy' ? BUSY : FAILED;
}

/**
 * Creates the probes of a daemon.
 *
 * @throws DaemonError `usage` where an option is no good
 *
 * @example
 * const probes = createProbes(daemon, { isReady: () => !leaving });
 * app.all('/health', probes.health);
 * app.all('/ready', probes.ready);
 */
export function createProbes(daemon: Pick<Daemon, 'check'>, options: ProbesOptions = {}): Probes {
  const { isReady = () => true, logger } = options;
  const timeoutMs = positive('timeoutMs', options.timeoutMs ?? 2_000);
  const rememberMs = positive('rememberMs', options.rememberMs ?? 1_000);

  let checked: Promise<Trouble | undefined> | undefined;
  let checkedAt = -Infinity;
  let last: Trouble | undefined;

  function noted(trouble: Trouble | undefined, error?: unknown): Trouble | undefined {
    const { status, reason } = trouble ?? {};
    if (status === 'unavailable' && reason !== last?.reason)
      logger?.error({ error: error instanceof Error ? error.message : undefined }, `not ready: ${reason}`);
    if (trouble === undefined && last?.status === 'unavailable') logger?.info({}, 'ready again');
    last = trouble;
    return trouble;
  }

  async function ask(): Promise<Trouble | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Trouble>((resolve) => (timer = setTimeout(() => resolve(SILENT), timeoutMs)));
    try {
      return noted(await Promise.race([daemon.check().then(() => undefined), late]));
    } catch (error) {
      return noted(troubleOf(error), error);
    } finally {
      clearTimeout(timer);
      checkedAt = performance.now();
    }
  }

  function trouble(): Promise<Trouble | undefined> {
    if (checked === undefined || performance.now() - checkedAt > rememberMs) {
      checkedAt = Infinity; // until there is an answer
      checked = ask();
    }
    return checked;
  }

  function refused(req: IncomingMessage, res: ServerResponse): boolean {
    if (req.method === 'GET' || req.method === 'HEAD') return false;
    sendProblem(res, { status: 405, message: 'Use GET or HEAD.', headers: { allow: 'GET, HEAD' } });
    return true;
  }

  return {
    health(req, res) {
      if (!refused(req, res)) sendJson(res, 200, '{"status":"ok"}', NO_STORE);
    },
    async ready(req, res) {
      if (refused(req, res)) return;
      const found = isReady() ? await trouble() : DRAINING;
      if (found === undefined) sendJson(res, 200, '{"status":"ready"}', NO_STORE);
      else sendJson(res, 503, JSON.stringify(found), [...NO_STORE, 'retry-after', String(RETRY_AFTER_S)]);
    },
  };
}
