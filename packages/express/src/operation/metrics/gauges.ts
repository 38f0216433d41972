/** Metrics that are read from the daemon and its transports only when they are requested. */
import type { CatalogCacheStats, Daemon, DaemonStats, RunnerCounts, StoreStats } from '@mcp-daemon/core';
import { TASK_ENDS } from '@mcp-daemon/core';
import { Counter, Gauge, Registry } from 'prom-client';

/** Functions that return a current count, by the name of its kind. */
export type MetricSources = Readonly<Record<string, () => number>>;

/** What {@link createGauges} takes. */
export interface GaugesOptions {
  daemon: Pick<Daemon, 'stats'>;
  version: string;
  sessions: MetricSources;
  streams: MetricSources;
  catalogs: (() => CatalogCacheStats) | undefined;
  failingBundles: (() => number) | undefined;
}

/** Creates a registry that reads the values at each request. */
export function createGauges({ daemon, version, sessions, streams, catalogs, failingBundles }: GaugesOptions): Registry {
  const registry = new Registry();
  const registers = [registry];

  /** @param read undefined: there is no value, and the metric has none */
  function gauge(name: string, help: string, read: () => number | undefined): void {
    new Gauge({
      ...{ name, help, registers },
      collect() {
        const value = read();
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
  }

  function counter(name: string, help: string, read: () => number | undefined): void {
    new Counter({
      ...{ name, help, registers },
      collect() {
        this.reset();
        const value = read();
        if (value === undefined) this.remove();
        else this.inc(value);
      },
    });
  }

  const stat = (count: Exclude<keyof DaemonStats, 'store' | 'processes' | 'servers' | 'quotas' | 'tasks'>) => (): number =>
    daemon.stats()[count];
  const ofProcesses = (count: keyof RunnerCounts) => (): number | undefined => daemon.stats().processes?.[count];
  const ofStore = (count: keyof StoreStats) => (): number | undefined => daemon.stats().store?.[count];

  /** What is counted of the cached catalogs. */
  function cached(stats: () => CatalogCacheStats): void {
    counter('mcp_daemon_catalog_hits_total', 'Requests whose catalog was cached.', () => stats().hits);
    counter('mcp_daemon_catalog_misses_total', 'Requests whose catalog had to be loaded.', () => stats().misses);
    counter('mcp_daemon_catalog_stale_total', 'Hits of a catalog that was being loaded again.', () => stats().stale);
    gauge('mcp_daemon_catalogs_cached', 'Cached catalogs.', () => stats().entries);
    gauge('mcp_daemon_catalog_oldest_seconds', 'Age of the oldest cached catalog.', () => stats().oldestMs / 1_000);
    gauge('mcp_daemon_catalogs_watched', 'Partitions that the store is asked about.', () => stats().watched);
    counter('mcp_daemon_catalog_reads_total', 'Reads of the store of catalogs.', () => stats().reads);
  }

  /** What is counted of the child processes of functions, if there can be any. */
  function processes(): void {
    gauge('mcp_daemon_children', 'Child processes of functions.', ofProcesses('children'));
    counter('mcp_daemon_child_starts_total', 'Child processes that were started.', ofProcesses('starts'));
    counter('mcp_daemon_child_start_failures_total', 'Child processes that could not be started.', ofProcesses('failedStarts'));
    counter('mcp_daemon_child_crashes_total', 'Child processes that ended unexpectedly.', ofProcesses('crashes'));
    const kills = 'Child processes that were killed because a call did not end.';
    counter('mcp_daemon_child_kills_total', kills, ofProcesses('kills'));
    counter('mcp_daemon_code_swaps_total', 'Times that newer code took the place of older code.', ofProcesses('swaps'));
    const failed = 'Times that newer code could not be loaded, and the older code stayed.';
    counter('mcp_daemon_code_swap_failures_total', failed, ofProcesses('failedSwaps'));
    gauge('mcp_daemon_code_outdated', 'Modules whose newest code cannot be loaded.', ofProcesses('outdated'));
  }

  function kinds(name: string, help: string, label: string, sources: MetricSources): void {
    new Gauge({
      ...{ name, help, registers, labelNames: [label] },
      collect() {
        for (const [kind, count] of Object.entries(sources)) this.set({ [label]: kind }, count());
      },
    });
  }

  gauge('mcp_daemon_calls_in_flight', 'Running calls.', stat('inFlight'));
  kinds('mcp_daemon_sessions', 'Open sessions.', 'transport', sessions);
  kinds('mcp_daemon_streams', 'Open streams.', 'kind', streams);
  counter('mcp_daemon_records_written_total', 'Rows of call records that have been written.', stat('written'));
  gauge('mcp_daemon_records_waiting', 'Call records that wait for the store because it cannot be written.', stat('waiting'));
  counter('mcp_daemon_records_lost_total', 'Call records that have been lost.', stat('lost'));
  gauge('mcp_daemon_calls_waiting', 'Calls that wait for a quota.', () => daemon.stats().quotas.waiting);
  new Counter({
    ...{ name: 'mcp_daemon_calls_refused_total', help: 'Calls that a quota refused, by whose it was.', registers },
    labelNames: ['quota'],
    collect() {
      this.reset();
      for (const [quota, count] of Object.entries(daemon.stats().quotas.refused)) this.inc({ quota }, count);
    },
  });
  gauge('mcp_daemon_tasks_open', 'Tasks that have not ended.', () => daemon.stats().tasks?.open ?? 0);
  new Counter({
    ...{ name: 'mcp_daemon_tasks_ended_total', help: 'Tasks that have ended, by how.', registers },
    labelNames: ['end'],
    collect() {
      this.reset();
      for (const end of TASK_ENDS) this.inc({ end }, daemon.stats().tasks?.ended[end] ?? 0);
    },
  });
  // Of a store on a network, such as DynamoDB, once it is open.
  counter('mcp_daemon_store_requests_total', 'Requests to the store.', ofStore('requests'));
  counter('mcp_daemon_store_retries_total', 'Requests to the store that were made again.', ofStore('retries'));
  counter(
    'mcp_daemon_store_throttled_total',
    'Requests that the store refused because there were too many.',
    ofStore('throttled'),
  );
  gauge('mcp_daemon_store_records_waiting', 'Call records that wait to be sent to the store.', ofStore('waiting'));
  counter('mcp_daemon_store_records_cut_total', 'Call records that were cut because they were too large.', ofStore('cut'));
  processes();
  if (catalogs !== undefined) cached(catalogs);
  if (failingBundles !== undefined)
    gauge('mcp_daemon_bundles_failing', 'Bundles whose newest version is not used.', failingBundles);
  new Gauge({
    ...{ name: 'mcp_daemon_build_info', help: 'Always 1; the label has the version.', registers, labelNames: ['version'] },
  }).set({ version }, 1);
  return registry;
}
