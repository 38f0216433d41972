/** Statistics of call records: how many calls, how many failed and why, and how long they took. A part of the port `calls.ts`. */
import type { CallFault, CallFilters } from './call-record.js';

/** By what calls can be grouped: fields of a call record, and the hour or the day of `updated_at`. */
export const STATISTICS_GROUPINGS = ['name', 'updated_by', 'status', 'hour', 'day'] as const;

/** One way to group calls. */
export type StatisticsGrouping = (typeof STATISTICS_GROUPINGS)[number];

/** In which order groups by name or by caller can come. `errors`: most errors first. `time`: greatest p95 first. */
export const STATISTICS_ORDERS = ['calls', 'errors', 'time'] as const;

/** One order of groups. */
export type StatisticsOrder = (typeof STATISTICS_ORDERS)[number];

/**
 * What to count. A record must match all filters.
 *
 * A call counts at its `updated_at`: when it ended, or when it began if it still runs. So the numbers of an hour are those of a
 * list with `updated_at_gt` and `updated_at_lt`.
 */
export interface StatisticsQuery extends CallFilters {
  by: StatisticsGrouping;
  /** Only records with this `updated_at` or a later one, in milliseconds since 1970. Needed for hours and days. Default: all. */
  since?: number;
  /** Only records with an earlier `updated_at`, in milliseconds since 1970. Default: no end; for hours and days: now. */
  until?: number;
  /** The time zone of hours and days, in minutes east of UTC, from -1440 to 1440. Default 0. */
  offset?: number;
  /** The order of groups by name and by caller. Default `calls`: most calls first. Hours and days are in order of time. */
  order?: StatisticsOrder;
  /** Maximum number of groups by name or by caller, from 1 to 1000. Default 100. Other groups are never cut. */
  limit?: number;
}

/** The longest period that can be grouped by hours, and by days. In days. */
export const MAX_STATISTICS_DAYS = { hour: 31, day: 366 } as const;

/** How long calls took, in milliseconds. Only calls that have ended and whose time is known. */
export interface TimeSpent {
  /** Number of these calls. */
  count: number;
  mean: number;
  /** Half of the calls took at most this long. At most 1 % off, as are `p95` and `p99`. */
  p50: number;
  p95: number;
  p99: number;
  /** The longest call, exactly. */
  max: number;
}

/** Counts of calls. Each call is in exactly one of the counts below `calls`. */
export interface CallCounts {
  calls: number;
  /** Calls that still run. */
  open: number;
  completed: number;
  /** Calls with the status `failed`, by what failed. `unknown`: the record does not say, as those of the Python engine. */
  failed: Record<CallFault | 'unknown', number>;
  cancelled: number;
  timed_out: number;
  interrupted: number;
  /** Null if no call has ended, or if no record says how long its call took. */
  time_spent: TimeSpent | null;
}

/** The calls of one function, caller, status, hour or day. */
export interface StatisticsGroup extends CallCounts {
  /** The name, caller or status; the hour as `2026-01-31T14:00Z` or `2026-01-31T14:00+02:00`; the day as `2026-01-31`. */
  key: string;
  /** When the hour or day begins, in milliseconds since 1970. Absent in other groups. */
  start?: number;
}

/** The answer to a {@link StatisticsQuery}. */
export interface CallStatistics {
  by: StatisticsGrouping;
  /** The period, in milliseconds since 1970; null: no limit. `until` is exclusive. */
  since: number | null;
  until: number | null;
  /** Only groups that have calls: an hour without calls is absent. */
  groups: StatisticsGroup[];
  /** All calls, those of groups that were left out included. */
  total: CallCounts;
  /** Number of groups that were left out because of `limit`. In a store with very many groups, the real number may be larger. */
  omitted: number;
  /** False: the store stopped before it had read all records, because that would take too long or cost too much. */
  complete: boolean;
  /** Not null if `complete` is false: only records with this `updated_at` or a later one are counted. Milliseconds since 1970. */
  readSince: number | null;
}
