/** The port of stores for call records. Adapters pass one contract suite (`contract/calls.ts`). */
import type { Awaitable } from '../base/awaitable.js';
import type { CallFilters, CallRecord } from './call-record.js';
import type { CallStatistics, StatisticsQuery } from './call-statistics.js';
import type { CatalogStore } from './catalog-store.js';
import type { Page } from './page.js';
import type { StateStore } from './state.js';

export { CALL_STATUSES } from './call-record.js';
export type { CallFault, CallFilters, CallRecord, CallStatus, McpType } from './call-record.js';

/** Which records to list. A record must match all filters. */
export interface CallQuery extends CallFilters {
  /** Only records with `updated_at` greater than this, in milliseconds since 1970. */
  updated_at_gt?: number;
  /** Only records with `updated_at` less than this, in milliseconds since 1970. */
  updated_at_lt?: number;
  /** Whether to read arguments and results. If false, both are null, which makes lists of large records fast. Default true. */
  bodies?: boolean;
  /** Records per page. Default 100. */
  limit?: number;
  /** The cursor of the previous page. */
  cursor?: string;
}

/** Further options of {@link CallStore.getMany}. */
export interface GetManyOptions {
  /** Whether to read arguments and results. If false, both are null. Default true. */
  bodies?: boolean;
}

/** How many settled records to keep. Open records are never pruned. */
export interface Retention {
  /** Milliseconds since 1970: older records are removed. */
  before?: number;
  /** Maximum number of records of a partition: the oldest are removed. */
  count?: number;
  /** Stop after about this many milliseconds, even if more should go. Default: no limit. */
  withinMs?: number;
}

/** When records were last pruned, by any process that shares the store. */
export interface LastPrune {
  /** Milliseconds since 1970, by the clock of the process that pruned. */
  at: number;
  /** About how many records were added since. */
  added: number;
}

/** The call records of all partitions. */
export interface CallStore {
  /** Whether records are sorted by their ids alone, so that each id must be a UUID of version 7. Default: false, any text is an id. */
  readonly sortsByUuid?: boolean;
  /**
   * Writes all rows in one commit: a new uuid is inserted, a known uuid is replaced. When it returns (or resolves), the rows
   * survive a crash of this process.
   *
   * @throws DaemonError `store_busy` (try again later) or `store_failed`; then no row was written.
   */
  write(rows: readonly CallRecord[]): Awaitable<void>;
  /** The partition's record with this uuid, or undefined. */
  get(partition: string, uuid: string): Awaitable<CallRecord | undefined>;
  /**
   * The partition's records with these uuids, in their order; undefined where there is none. Reads them at once, not one by one.
   *
   * @param uuids at most 1000; a uuid may be there twice
   * @throws DaemonError `invalid_params` if there are more
   */
  getMany(partition: string, uuids: readonly string[], options?: GetManyOptions): Awaitable<(CallRecord | undefined)[]>;
  /** Newest first: sorted by uuid, and uuids sort by time of creation. New records do not shift pages. @throws DaemonError `invalid_cursor` */
  list(partition: string, query: CallQuery): Awaitable<Page<CallRecord>>;
  /**
   * The number of records that match; `limit` and `cursor` of the query are ignored. Counting stops at `most`. Default: no limit.
   */
  count(partition: string, query: CallQuery, most?: number): Awaitable<number>;
  /**
   * Counts the records that match, in groups, with their errors and times. Reads in small parts, so that running calls do not wait;
   * records that are written meanwhile may be counted or not. A store in which reading is expensive may stop early: see
   * `CallStatistics.complete`.
   *
   * @param signal stops it
   * @throws DaemonError `invalid_params` for an invalid query; the signal's reason
   */
  statistics(partition: string, query: StatisticsQuery, signal?: AbortSignal): Awaitable<CallStatistics>;
  /**
   * The uuids that begin or end with this text, newest first, at most `most` of them (default 2). Case does not matter. Bodies
   * are not read.
   */
  find(partition: string, part: string, most?: number): Awaitable<string[]>;
  /**
   * Marks the open records of ended processes as `interrupted`; returns how many. Does not touch the records of running
   * processes.
   */
  interrupt(): Awaitable<number>;
  /** Removes settled records; returns how many. */
  prune(partition: string, keep: Retention): Awaitable<number>;
  /**
   * Removes one record, whatever its state, with what was moved to a blob store. Absent: the store removes records by age and number only.
   *
   * @returns whether there was one
   */
  delete?(partition: string, uuid: string): Awaitable<boolean>;
  /**
   * Removes the oldest settled records of all partitions while the store takes more than `bytes`; returns how many. Absent if a
   * store does not know its size.
   *
   * @param withinMs stop after about this many milliseconds. Default: no limit
   */
  shrink?(bytes: number, withinMs?: number): Awaitable<number>;
  /**
   * When records were last pruned; undefined: never. A store may leave it out if only this process uses the store, or if the
   * store removes old records by itself.
   */
  lastPrune?(): Awaitable<LastPrune | undefined>;
  /** Stores the time for {@link lastPrune}. @param at milliseconds since 1970 */
  pruned?(at: number): Awaitable<void>;
}

/** What a store on a network has counted since it was opened. */
export interface StoreStats {
  /** Requests that were answered, or given up. */
  requests: number;
  /** Attempts beyond the first, of all requests. */
  retries: number;
  /** Requests that the service refused to the end because there were too many. */
  throttled: number;
  /** Records that wait to be written, whether the service can be written or not. */
  waiting: number;
  /** Records that will never be written. */
  lost: number;
  /** Records whose arguments or result were cut because they were too large. */
  cut: number;
}

/** A store of call records. */
export interface Store {
  /** `memory`, `sqlite`, ... */
  readonly name: string;
  readonly calls: CallStore;
  /** The catalogs of partitions. Absent: this store keeps records only. */
  readonly catalogs?: CatalogStore;
  /** What outlives a call and is no record: tasks, idempotency keys and so on. Absent: the daemon keeps it in memory. */
  readonly state?: StateStore;
  /** Identifies this process in `CallRecord.owner`. */
  readonly owner: string;
  /** Number of records of this process that were lost because their file was removed from outside. Absent: none. */
  readonly lost?: number;
  /** What it has counted. It is cheap. Absent: it needs no network. */
  counts?(): StoreStats;
  /** Closes the store. A second call does nothing. */
  close(): Awaitable<void>;
}
