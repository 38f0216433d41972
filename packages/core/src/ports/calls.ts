/** The port of stores for call records. Adapters pass one contract suite (`contract/calls.ts`). */
import type { Awaitable } from '../base/awaitable.js';
import type { CatalogStore } from './catalog-store.js';
import type { Page } from './page.js';

/** The kind of function that was called. A read of a template's URI is a `resource`. */
export type McpType = 'tool' | 'resource' | 'prompt';

/** All states of a call record. `in_process` is the only open one. */
export const CALL_STATUSES = ['in_process', 'completed', 'failed', 'cancelled', 'timed_out', 'interrupted'] as const;

/** One state of a call record. `interrupted`: the process ended before the call did. */
export type CallStatus = (typeof CALL_STATUSES)[number];

/** What made a call fail: the transport, the protocol (bad arguments, refused state) or the function itself. */
export type CallFault = 'transport' | 'protocol' | 'tool';

/**
 * One call, as it is stored. Field names are those of the Python engine's table.
 *
 * `fault`, `revision`, `bundle_digest`, `owner`, `traceparent`, `server` and `client` are additions: rows that the Python engine
 * wrote lack them. A store that reads such rows returns null, or an empty text if the type has no null.
 */
export interface CallRecord {
  partition_key: string;
  mcp_function_call_uuid: string;
  name: string;
  mcp_type: McpType;
  /** JSON text, or null if the record policy does not keep arguments. */
  arguments: string | null;
  /** JSON text of the MCP result, or null if there is none or the record policy does not keep it. */
  content: string | null;
  /** True if `content` was moved to a blob store. */
  content_in_s3: boolean;
  status: CallStatus;
  /** What went wrong, in one line. */
  notes: string | null;
  /** Milliseconds, with fractions; null while the call runs. */
  time_spent: number | null;
  /** The caller. */
  updated_by: string;
  /** Milliseconds since 1970. */
  created_at: number;
  /** Milliseconds since 1970. */
  updated_at: number;
  fault: CallFault | null;
  /** Revision of the catalog that the call was made on. */
  revision: string;
  /** Digest of the code that ran, if it has one. */
  bundle_digest: string | null;
  /** The process that wrote the record. A record stays open only if this process ends before the call does. */
  owner: string;
  /** W3C trace context of the request. */
  traceparent: string | null;
  /** Name of the called server, as in its config file. */
  server: string | null;
  /** The client program, as it names itself: `name/version`, at most 100 characters. */
  client: string | null;
}

/** Which records to list. A record must match all filters. */
export interface CallQuery {
  name?: string;
  mcp_type?: McpType;
  status?: CallStatus;
  /** Only calls of this caller. */
  updated_by?: string;
  /** Only calls of this client: its name, which matches all versions, or `name/version`. */
  client?: string;
  /** Only calls of the server with this name. */
  server?: string;
  /** Only calls that were made on this revision of the catalog. */
  revision?: string;
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
  /**
   * Writes all rows in one commit: a new uuid is inserted, a known uuid is replaced. When it returns (or resolves), the rows
   * survive a crash of this process.
   *
   * @throws DaemonError `store_busy` (try again later) or `store_failed`; then no row was written.
   */
  write(rows: readonly CallRecord[]): Awaitable<void>;
  /** The partition's record with this uuid, or undefined. */
  get(partition: string, uuid: string): Awaitable<CallRecord | undefined>;
  /** Newest first: sorted by uuid, and uuids sort by time of creation. New records do not shift pages. @throws DaemonError `invalid_cursor` */
  list(partition: string, query: CallQuery): Awaitable<Page<CallRecord>>;
  /**
   * The number of records that match; `limit` and `cursor` of the query are ignored. Counting stops at `most`. Default: no limit.
   */
  count(partition: string, query: CallQuery, most?: number): Awaitable<number>;
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
  /** Identifies this process in `CallRecord.owner`. */
  readonly owner: string;
  /** Number of records of this process that were lost because their file was removed from outside. Absent: none. */
  readonly lost?: number;
  /** What it has counted. It is cheap. Absent: it needs no network. */
  counts?(): StoreStats;
  /** Closes the store. A second call does nothing. */
  close(): Awaitable<void>;
}
