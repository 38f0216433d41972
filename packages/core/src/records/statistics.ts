/** Statistics of call records, for stores: checks the query, counts records in groups, and makes the answer. */
import { Histogram } from '../base/histogram.js';
import { compareText } from '../base/order.js';
import type {
  CallCounts,
  CallStatistics,
  StatisticsGroup,
  StatisticsGrouping,
  StatisticsOrder,
  StatisticsQuery,
} from '../ports/call-statistics.js';
import { MAX_STATISTICS_DAYS, STATISTICS_GROUPINGS, STATISTICS_ORDERS } from '../ports/call-statistics.js';
import type { CallFault, CallQuery, CallRecord, CallStatus } from '../ports/calls.js';
import { CALL_STATUSES } from '../ports/calls.js';
import { DaemonError } from '../protocol/errors.js';

const MINUTE = 60_000;
const WIDTHS = { hour: 60 * MINUTE, day: 24 * 60 * MINUTE } as const;
const MAX_OFFSET = 24 * 60;
const MAX_LIMIT = 1_000;
/** The last time that a date can have. */
const LAST = 8_640_000_000_000_000;
/** Memory is limited: calls of further names or callers are only in the total. */
const MOST_GROUPS = 20_000;

/** A checked query, with its defaults. */
export interface StatisticsPlan {
  by: StatisticsGrouping;
  /** Inclusive; undefined: no limit. */
  since: number | undefined;
  /** Exclusive; undefined: no limit. */
  until: number | undefined;
  offsetMs: number;
  order: StatisticsOrder;
  limit: number;
  /** The same filters and period as a query of a list. */
  filter: CallQuery;
}

const refuse = (what: string): never => {
  throw new DaemonError('invalid_params', what);
};

function checkTime(name: string, time: number | undefined): void {
  if (time === undefined || (Number.isSafeInteger(time) && Math.abs(time) <= LAST)) return;
  refuse(`${name} must be a time in whole milliseconds since 1970.`);
}

/**
 * Checks a query.
 *
 * @param now milliseconds since 1970: the end of a period that has none
 * @throws DaemonError `invalid_params`, which says what is wrong
 */
export function planStatistics(query: StatisticsQuery, now = Date.now()): StatisticsPlan {
  const { by, since, until, offset = 0, order = 'calls', limit = 100, ...filters } = query;
  if (!STATISTICS_GROUPINGS.includes(by)) refuse(`by must be one of ${STATISTICS_GROUPINGS.join(', ')}.`);
  if (!STATISTICS_ORDERS.includes(order)) refuse(`order must be one of ${STATISTICS_ORDERS.join(', ')}.`);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) refuse(`limit must be a whole number from 1 to ${MAX_LIMIT}.`);
  if (!Number.isInteger(offset) || Math.abs(offset) > MAX_OFFSET)
    refuse(`offset must be a whole number of minutes from -${MAX_OFFSET} to ${MAX_OFFSET}.`);
  checkTime('since', since);
  checkTime('until', until);
  let end = until;
  if (by === 'hour' || by === 'day') {
    if (since === undefined) return refuse(`since is needed to count calls by ${by}.`);
    end ??= Math.max(now, since) + 1;
    const days = MAX_STATISTICS_DAYS[by];
    if (end - since > days * WIDTHS.day + 1)
      refuse(`The period from since to until is too long: by ${by} it can have at most ${days} days.`);
  }
  if (since !== undefined && end !== undefined && since >= end) refuse('since must be earlier than until.');
  const filter: CallQuery = { ...filters, bodies: false };
  // The bounds of a list are exclusive.
  if (since !== undefined) filter.updated_at_gt = since - 1;
  if (end !== undefined) filter.updated_at_lt = end;
  return { by, since, until: end, offsetMs: offset * MINUTE, order, limit, filter };
}

/** Counts the calls of one group. */
export interface CallCounter {
  /** @param time_spent milliseconds; null or not finite: unknown */
  add(status: CallStatus, fault: CallFault | null, time_spent: number | null): void;
}

class Counter implements CallCounter {
  readonly statuses: Record<CallStatus, number> = {
    ...{ in_process: 0, completed: 0, failed: 0, cancelled: 0, timed_out: 0, interrupted: 0 },
  };
  readonly failed: CallCounts['failed'] = { transport: 0, protocol: 0, tool: 0, unknown: 0 };
  readonly times = new Histogram();

  add(status: CallStatus, fault: CallFault | null, time_spent: number | null): void {
    this.statuses[status] += 1;
    if (status === 'failed') this.failed[fault ?? 'unknown'] += 1;
    if (time_spent !== null && status !== 'in_process' && Number.isFinite(time_spent)) this.times.add(time_spent);
  }

  merge(other: Counter): void {
    for (const status of CALL_STATUSES) this.statuses[status] += other.statuses[status];
    for (const fault of Object.keys(this.failed) as (keyof CallCounts['failed'])[]) this.failed[fault] += other.failed[fault];
    this.times.merge(other.times);
  }

  get counts(): CallCounts {
    const { in_process: open, failed: _, ...statuses } = this.statuses;
    const calls = CALL_STATUSES.reduce((sum, status) => sum + this.statuses[status], 0);
    const { count, mean, max } = this.times;
    const [p50 = NaN, p95 = NaN, p99 = NaN] = this.times.percentiles([0.5, 0.95, 0.99]);
    return {
      ...{ calls, open, ...statuses, failed: { ...this.failed } },
      time_spent: count === 0 ? null : { count, mean, p50, p95, p99, max },
    };
  }
}

/** The calls that went wrong: failed, timed out and interrupted. Who cancels a call wants its end. */
export const errorsOf = ({ failed, timed_out, interrupted }: CallCounts): number =>
  failed.transport + failed.protocol + failed.tool + failed.unknown + timed_out + interrupted;

/** The part of the ended calls that went wrong, from 0 to 1; 0 if none has ended. */
export function errorRateOf(counts: CallCounts): number {
  const ended = counts.calls - counts.open;
  return ended === 0 ? 0 : errorsOf(counts) / ended;
}

/** What of a record its group depends on. */
export type GroupedRecord = Pick<CallRecord, 'name' | 'updated_by' | 'status' | 'updated_at'>;

/** Counts records in groups. */
export interface StatisticsCollector {
  /** The counter of the group of a record. */
  of(record: GroupedRecord): CallCounter;
  /**
   * The counter of a group: its name, caller or status; of an hour or day any time in it, in milliseconds since 1970. Keep it, if
   * many records of the group follow.
   */
  group(key: string | number): CallCounter;
  /** The answer. @param readSince if not all records were read: the earliest `updated_at` from which on all were read */
  result(readSince?: number): CallStatistics;
}

/** `+02:00`; `Z` for no offset. */
function zoneText(offsetMs: number): string {
  if (offsetMs === 0) return 'Z';
  const minutes = Math.abs(offsetMs) / MINUTE;
  const two = (number: number): string => String(Math.floor(number)).padStart(2, '0');
  return `${offsetMs < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}

/** Creates a collector without counts. */
export function collectStatistics({ by, since, until, offsetMs, order, limit }: StatisticsPlan): StatisticsCollector {
  const width = by === 'hour' || by === 'day' ? WIDTHS[by] : undefined;
  const groups = new Map<string | number, Counter>();
  let rest: Counter | undefined;

  function counter(key: string | number): Counter {
    let found = groups.get(key);
    if (found !== undefined) return found;
    if (groups.size >= MOST_GROUPS) return (rest ??= new Counter());
    groups.set(key, (found = new Counter()));
    return found;
  }

  /** The number of an hour or day in its time zone. */
  const numberOf = (time: number): number => Math.floor((time + offsetMs) / (width ?? 1));

  function group(key: string | number): Counter {
    return counter(width === undefined ? String(key) : numberOf(Number(key)));
  }

  function toGroup([key, counted]: [string | number, Counter]): StatisticsGroup {
    const { counts } = counted;
    if (width === undefined) return { key: String(key), ...counts };
    const local = new Date(Number(key) * width).toISOString();
    const text = by === 'day' ? local.slice(0, -14) : `${local.slice(0, -8)}${zoneText(offsetMs)}`;
    return { key: text, start: Number(key) * width - offsetMs, ...counts };
  }

  const weights: Record<StatisticsOrder, (counts: CallCounts) => number> = {
    calls: ({ calls }) => calls,
    errors: errorsOf,
    time: ({ time_spent }) => time_spent?.p95 ?? -1,
  };

  function sorted(found: StatisticsGroup[]): StatisticsGroup[] {
    if (width !== undefined) return found.sort((a, b) => (a.start ?? 0) - (b.start ?? 0));
    if (by === 'status') {
      const rank = ({ key }: StatisticsGroup): number => CALL_STATUSES.indexOf(key as CallStatus);
      return found.sort((a, b) => rank(a) - rank(b));
    }
    const weight = weights[order];
    return found.sort((a, b) => weight(b) - weight(a) || b.calls - a.calls || compareText(a.key, b.key));
  }

  return {
    group,
    of: (record) => group(width === undefined ? record[by as 'name' | 'updated_by' | 'status'] : record.updated_at),
    result(readSince) {
      const total = new Counter();
      for (const counted of groups.values()) total.merge(counted);
      if (rest !== undefined) total.merge(rest);
      const all = sorted([...groups].map(toGroup));
      const shown = by === 'name' || by === 'updated_by' ? all.slice(0, limit) : all;
      return {
        ...{ by, since: since ?? null, until: until ?? null },
        groups: shown,
        total: total.counts,
        omitted: all.length - shown.length + (rest === undefined ? 0 : 1),
        complete: readSince === undefined,
        readSince: readSince ?? null,
      };
    },
  };
}
