/** Metrics of a daemon for Prometheus: numbers of calls and requests, their durations and their failures. */
import type { CatalogCacheStats, Daemon } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { createCallCounts } from './metrics/calls.js';
import type { MetricSources } from './metrics/gauges.js';
import { createGauges } from './metrics/gauges.js';
import { processMetrics } from './metrics/process.js';
import type { ServedRequest } from './metrics/requests.js';
import { createRequestCounts } from './metrics/requests.js';

/** What {@link createMetrics} takes. */
export interface MetricsOptions {
  /** Counts the open sessions, by transport: `streamable_http`, `http_sse`. Default: there is no such metric. */
  sessions?: MetricSources;
  /** Counts the open streams, by kind, such as `events`. Default: there is no such metric. */
  streams?: MetricSources;
  /** Counts the cached catalogs: `() => daemon.catalogs.stats()`. Default: there are no such metrics. */
  catalogs?: () => CatalogCacheStats;
  /** Counts the bundles of code whose newest version is not used. Default: there is no such metric. */
  failingBundles?: () => number;
  /** The version of the program. Default: `unknown`. */
  version?: string;
  /**
   * How many functions of all partitions have their own series; each is about 20 lines. Calls of further functions are counted
   * together, with `other` as their partition and name. Default 1,000.
   */
  maxSeries?: number;
}

/** The metrics of one daemon. */
export interface Metrics {
  /** All metrics as text, with its media type. @throws what a source throws */
  render(): Promise<{ contentType: string; text: string }>;
  /** Counts an HTTP request that has ended. */
  observeRequest(request: ServedRequest): void;
  /** Stops counting calls. */
  close(): void;
}

/**
 * Counts the calls of a daemon from now on. Each daemon of a process has its own counts; the metrics of the process are the same in all.
 *
 * @throws DaemonError `usage` if an option is invalid
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
  const { sessions = {}, streams = {}, catalogs, failingBundles, version = 'unknown', maxSeries = 1_000 } = options;
  if (!Number.isSafeInteger(maxSeries) || maxSeries < 1)
    throw new DaemonError('usage', `maxSeries must be a whole number from 1 up, got ${String(maxSeries)}`);
  const calls = createCallCounts(maxSeries);
  const requests = createRequestCounts();
  const gauges = createGauges({ daemon, version, sessions, streams, catalogs, failingBundles });
  const processRegistry = processMetrics();
  const stop = daemon.events.observe(calls.add);

  return {
    async render() {
      const [ours, processes] = await Promise.all([gauges.metrics(), processRegistry.metrics()]);
      return { contentType: gauges.contentType, text: calls.text() + requests.text() + ours + processes };
    },
    observeRequest: requests.add,
    close: stop,
  };
}
