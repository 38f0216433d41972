/** What Prometheus may know of a daemon: how much it does, how long that takes, and what goes wrong. */
import type { Daemon } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { createCallCounts } from './metrics/calls.js';
import type { MetricSources } from './metrics/gauges.js';
import { createGauges } from './metrics/gauges.js';
import { processMetrics } from './metrics/process.js';
import type { ServedRequest } from './metrics/requests.js';
import { createRequestCounts } from './metrics/requests.js';

/** What {@link createMetrics} takes. */
export interface MetricsOptions {
  /** Sessions that are open now, by transport: `streamable_http`, `http_sse`. Default: none are told. */
  sessions?: MetricSources;
  /** Streams that are open now, by kind: `events`, and what else there is. Default: none are told. */
  streams?: MetricSources;
  /** The version of the program. Default: `unknown`. */
  version?: string;
  /**
   * Functions that are told apart, of all partitions; each is about 20 lines. Calls of further ones are counted together, with
   * `other` as their partition and name. Default 1,000.
   */
  maxSeries?: number;
}

/** The metrics of one daemon. */
export interface Metrics {
  /** All metrics as text. @throws what a source throws */
  render(): Promise<{ contentType: string; text: string }>;
  /** Counts an HTTP request that was answered. */
  observeRequest(request: ServedRequest): void;
  /** Stops counting. */
  close(): void;
}

/**
 * Counts what a daemon does, from now on. Daemons of one process count apart; what is measured of the process is the same in all.
 *
 * @throws DaemonError `usage` where an option is no good
 * @see https://prometheus.io/docs/practices/naming/
 *
 * @example
 * const metrics = createMetrics(daemon, { sessions: { streamable_http: () => mcp.sessions } });
 * app.get('/metrics', async (_req, res) => {
 *   const { contentType, text } = await metrics.render();
 *   res.setHeader('content-type', contentType).end(text);
 * });
 */
export function createMetrics(daemon: Pick<Daemon, 'events' | 'stats'>, options: MetricsOptions = {}): Metrics {
  const { sessions = {}, streams = {}, version = 'unknown', maxSeries = 1_000 } = options;
  if (!Number.isSafeInteger(maxSeries) || maxSeries < 1)
    throw new DaemonError('usage', `maxSeries must be a whole number from 1 up, got ${String(maxSeries)}`);
  const calls = createCallCounts(maxSeries);
  const requests = createRequestCounts();
  const gauges = createGauges({ daemon, version, sessions, streams });
  const ofProcess = processMetrics();
  const stop = daemon.events.observe(calls.add);

  return {
    async render() {
      const [ours, processes] = await Promise.all([gauges.metrics(), ofProcess.metrics()]);
      return { contentType: gauges.contentType, text: calls.text() + requests.text() + ours + processes };
    },
    observeRequest: requests.add,
    close: stop,
  };
}
