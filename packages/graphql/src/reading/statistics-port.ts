/** The statistics of a store, for stores that have them. */
import type { Awaitable, CallStore } from '@mcp-daemon/core';

import { ApiError } from '../base/errors.js';

/** What to count. */
export interface StatisticsQuery {
  by: 'name' | 'updated_by' | 'status' | 'hour' | 'day';
  since?: number;
  until?: number;
  offset?: number;
  order?: 'calls' | 'errors' | 'time';
  limit?: number;
  readonly [filter: string]: unknown;
}

/** Counts of calls. */
export interface CallCounts {
  calls: number;
  open: number;
  completed: number;
  failed: { transport: number; protocol: number; tool: number; unknown: number };
  cancelled: number;
  timed_out: number;
  interrupted: number;
  time_spent: { count: number; mean: number; p50: number; p95: number; p99: number; max: number } | null;
}

/** The calls of one group. */
export interface StatisticsGroup extends CallCounts {
  key: string;
  start?: number;
}

/** What was counted. */
export interface CallStatistics {
  since: number | null;
  until: number | null;
  groups: StatisticsGroup[];
  total: CallCounts;
  omitted: number;
  complete: boolean;
  readSince: number | null;
}

interface CountingStore {
  statistics?(partition: string, query: StatisticsQuery, signal?: AbortSignal): Awaitable<CallStatistics>;
}

/** Counts the calls of a partition. @throws ApiError `NOT_AVAILABLE` if the store cannot; DaemonError `invalid_params` and others */
export function readStatistics(
  calls: CallStore,
  partition: string,
  query: StatisticsQuery,
  signal: AbortSignal,
): Awaitable<CallStatistics> {
  const counting = calls as CountingStore;
  if (counting.statistics === undefined) throw new ApiError('NOT_AVAILABLE', 'This store does not count calls.');
  return counting.statistics(partition, query, signal);
}
