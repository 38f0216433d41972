/** Counts calls by function. This is part of every call, so it uses plain maps; the text is made only when it is requested. */
import type { CallEnd } from '@mcp-daemon/core';

import { Distribution } from './distribution.js';
import { labelsText, metricText } from './text.js';

/** Counts of calls. */
export interface CallCounts {
  /** Counts a call that has ended. */
  add(call: CallEnd): void;
  /** The counts in the text format of Prometheus. */
  text(): string;
}

const TOTAL = 'mcp_daemon_calls_total';
const SECONDS = 'mcp_daemon_call_duration_seconds';
/** The partition and name of all functions without their own series. */
const OTHER = 'other';

const OUTCOMES = ['completed', 'tool_error', 'protocol_error', 'cancelled', 'timed_out'] as const;
type Outcome = (typeof OUTCOMES)[number];

const outcomeOf = ({ status, fault }: CallEnd): Outcome =>
  status !== 'failed' ? status : fault === 'protocol' ? 'protocol_error' : 'tool_error';

/** The counts of one function. */
interface Series {
  readonly labels: string;
  readonly outcomes: Record<Outcome, number>;
  readonly spent: Distribution;
}

/** Functions by partition and name. */
type Table = Map<string, Map<string, Series>>;

/** Creates counts. @param maxSeries how many functions have their own series; calls of others are counted together */
export function createCallCounts(maxSeries: number): CallCounts {
  const tables: Record<CallEnd['mcp_type'], Table> = { tool: new Map(), resource: new Map(), prompt: new Map() };
  const all: Series[] = [];

  function create(type: CallEnd['mcp_type'], partition: string, name: string): Series {
    const outcomes = { completed: 0, tool_error: 0, protocol_error: 0, cancelled: 0, timed_out: 0 };
    const series: Series = { labels: labelsText({ partition, type, name }), outcomes, spent: new Distribution() };
    const functions = tables[type].get(partition) ?? new Map<string, Series>();
    tables[type].set(partition, functions.set(name, series));
    all.push(series);
    return series;
  }

  function seriesOf({ mcp_type: type, partition, name }: CallEnd): Series {
    const found = tables[type].get(partition)?.get(name);
    if (found !== undefined) return found;
    if (all.length < maxSeries) return create(type, partition, name);
    return tables[type].get(OTHER)?.get(OTHER) ?? create(type, OTHER, OTHER);
  }

  return {
    add(call) {
      const series = seriesOf(call);
      series.outcomes[outcomeOf(call)] += 1;
      series.spent.observe(call.time_spent / 1_000);
    },
    text() {
      const totals = all.flatMap(({ labels, outcomes }) =>
        // An outcome that has never occurred has no series, except `completed`, whose 0 is informative.
        OUTCOMES.filter((outcome) => outcome === 'completed' || outcomes[outcome] > 0).map(
          (outcome) => `${TOTAL}{${labels},outcome="${outcome}"} ${outcomes[outcome]}`,
        ),
      );
      const times = all.flatMap(({ labels, spent }) => spent.lines(SECONDS, labels));
      return (
        metricText(TOTAL, 'counter', 'Calls that have ended, by function and outcome.', totals) +
        metricText(SECONDS, 'histogram', 'Duration of calls, including their records.', times)
      );
    },
  };
}
