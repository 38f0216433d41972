/** Metrics that are read from the daemon and its transports only when they are requested. */
import type { Daemon, DaemonStats } from '@mcp-daemon/core';
import { Counter, Gauge, Registry } from 'prom-client';

/** Functions that return a current count, by the name of its kind. */
export type MetricSources = Readonly<Record<string, () => number>>;

/** What {@link createGauges} takes. */
export interface GaugesOptions {
  daemon: Pick<Daemon, 'stats'>;
  version: string;
  sessions: MetricSources;
  streams: MetricSources;
}

/** Creates a registry that reads the values at each request. */
export function createGauges({ daemon, version, sessions, streams }: GaugesOptions): Registry {
  const registry = new Registry();
  const registers = [registry];

  function gauge(name: string, help: string, count: keyof DaemonStats): void {
    new Gauge({
      ...{ name, help, registers },
      collect() {
        this.set(daemon.stats()[count]);
      },
    });
  }

  function counter(name: string, help: string, count: keyof DaemonStats): void {
    new Counter({
      ...{ name, help, registers },
      collect() {
        this.reset();
        this.inc(daemon.stats()[count]);
      },
    });
  }

  function kinds(name: string, help: string, label: string, sources: MetricSources): void {
    new Gauge({
      ...{ name, help, registers, labelNames: [label] },
      collect() {
        for (const [kind, count] of Object.entries(sources)) this.set({ [label]: kind }, count());
      },
    });
  }

  gauge('mcp_daemon_calls_in_flight', 'Running calls.', 'inFlight');
  kinds('mcp_daemon_sessions', 'Open sessions.', 'transport', sessions);
  kinds('mcp_daemon_streams', 'Open streams.', 'kind', streams);
  counter('mcp_daemon_records_written_total', 'Rows of call records that have been written.', 'written');
  gauge('mcp_daemon_records_waiting', 'Call records that wait for the store because it cannot be written.', 'waiting');
  counter('mcp_daemon_records_lost_total', 'Call records that have been lost.', 'lost');
  new Gauge({
    ...{ name: 'mcp_daemon_build_info', help: 'Always 1; the label has the version.', registers, labelNames: ['version'] },
  }).set({ version }, 1);
  return registry;
}
