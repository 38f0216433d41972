/** The record of a call, and its filters. Parts of the port `calls.ts`. */

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
 * `fault`, `revision`, `bundle_digest`, `owner`, `traceparent`, `server`, `client` and `client_id` are additions: rows that the Python
 * engine wrote lack them. A store that reads such rows returns null, or an empty text if the type has no null.
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
  /** The OAuth client that the caller's token was issued to, at most 500 characters. Null: the token is not from OAuth. */
  client_id: string | null;
}

/** Which records are meant. A record must match all filters. */
export interface CallFilters {
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
}
