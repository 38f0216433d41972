/** Where call records are kept. Adapters pass one contract suite (`contract/calls.ts`). */
import type { Awaitable } from '../base/awaitable.js';
import type { CatalogStore } from './catalog-store.js';
import type { Page } from './page.js';

/** What a call was made on, in the words of the record. A template's read is a `resource`. */
export type McpType = 'tool' | 'resource' | 'prompt';

/** All states of a call record. `in_process` is the only open one. */
export const CALL_STATUSES = ['in_process', 'completed', 'failed', 'cancelled', 'timed_out', 'interrupted'] as const;

/** One state of a call record. `interrupted`: the process ended before the call did. */
export type CallStatus = (typeof CALL_STATUSES)[number];

/** Why a call did not complete: our transport, the protocol (bad arguments, refused state) or the function itself. */
export type CallFault = 'transport' | 'protocol' | 'tool';

/**
 * One call, as it is stored. Field names are those of the Python engine's table.
 *
 * `fault`, `revision`, `bundle_digest`, `owner`, `traceparent`, `server` and `client` are additions: rows that the Python engine wrote
 * lack them. A store that reads such rows returns null, or an empty text where the type has no null.
 */
export interface CallRecord {
  partition_key: string;
  mcp_function_call_uuid: string;
  name: string;
  mcp_type: McpType;
  /** JSON text, or null where the record's policy keeps none. */
  arguments: string | null;
  /** JSON text of the MCP result, or null where there is none or the policy keeps none. */
  content: string | null;
  /** True where `content` was moved to a blob store. */
  content_in_s3: boolean;
  status: CallStatus;
  /** What went wrong, in one line. */
  notes: string | null;
  /** Milliseconds, with fractions; null while the call runs. */
  time_spent: number | null;
  /** Who called. */
  updated_by: string;
  /** Milliseconds since 1970. */
  created_at: number;
  /** Milliseconds since 1970. */
  updated_at: number;
  fault: CallFault | null;
  /** Revision of the catalog that the call was made on. */
  revision: string;
  /** Digest of the code that ran, where it has one. */
  bundle_digest: string | null;
  /** The process that wrote the record: only its end can leave one open. */
  owner: string;
  /** W3C trace context of the request. */
  traceparent: string | null;
  /** Name of the server that was called, as in its config file. */
  server: string | null;
  /** The program that called, as it named itself: `name/version`, at most 100 characters. */
  client: string | null;
}

/** Which records to list; all members narrow. */
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
  /** Only records with `updated_at` greater than this, in milliseconds since 1970. */
  updated_at_gt?: number;
  /** Only records with `updated_at` less than this, in milliseconds since 1970. */
  updated_at_lt?: number;
  /** Whether to read arguments and results; without, both are null, and a list of large ones is quick. Default true. */
  bodies?: boolean;
  /** Records per page. Default 100. */
  limit?: number;
  /** Where the page before ended. */
  cursor?: string;
}

/** How many settled records to keep. Open records are never pruned. */
export interface Retention {
  /** Milliseconds since 1970: older ones go. */
  before?: number;
  /** At most this many of a partition: the oldest go. */
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
   * Writes all rows in one commit: a uuid that is new is inserted, a known one is replaced. Durable against the end of this
   * process when it returns (or resolves).
   *
   * @throws DaemonError `store_busy` (try again later) or `store_failed`; then none of the rows was written.
   */
  write(rows: readonly CallRecord[]): Awaitable<void>;
  /** The record of that partition, or undefined. */
  get(partition: string, uuid: string): Awaitable<CallRecord | undefined>;
  /** Newest first: by uuid, which sorts by the time of its making. Pages stay whole while new records arrive. @throws DaemonError `invalid_cursor`. */
  list(partition: string, query: CallQuery): Awaitable<Page<CallRecord>>;
  /** How many records match; `limit` and `cursor` of the query are ignored. Counting stops at `most`. Default: no limit. */
  count(partition: string, query: CallQuery, most?: number): Awaitable<number>;
  /**
   * The uuids that begin or end with this text, newest first, at most `most` of them (default 2). Upper case and lower case are
   * the same. Reads no bodies.
   */
  find(partition: string, part: string, most?: number): Awaitable<string[]>;
  /** Marks the open records of processes that have ended `interrupted`; returns how many. Leaves those of living processes. */
  interrupt(): Awaitable<number>;
  /** Removes settled records; returns how many. */
  prune(partition: string, keep: Retention): Awaitable<number>;
  /**
   * Removes the oldest settled records, of whatever partition, while the store takes more than `bytes`; returns how many. Absent
   * where a store does not know its size.
   *
   * @param withinMs stop after about this many milliseconds. Default: no limit
   */
  shrink?(bytes: number, withinMs?: number): Awaitable<number>;
  /**
   * When records were last pruned; undefined: never. Absent where a store does not remember it, which is right for a store that
   * only this process uses, or that removes old records by itself.
   */
  lastPrune?(): Awaitable<LastPrune | undefined>;
  /** Remembers for {@link lastPrune} that records were pruned. @param at milliseconds since 1970 */
  pruned?(at: number): Awaitable<void>;
}

/** Where records live. */
export interface Store {
  /** `memory`, `sqlite`, ... */
  readonly name: string;
  readonly calls: CallStore;
  /** The catalogs of partitions. Absent: this store keeps records only. */
  readonly catalogs?: CatalogStore;
  /** Identifies this process in `CallRecord.owner`. */
  readonly owner: string;
  /** Records that this process wrote and that were removed from outside since, with the file they were in. Absent: none. */
  readonly lost?: number;
  /** Ends the use of the store; a second call does nothing. */
  close(): Awaitable<void>;
}
