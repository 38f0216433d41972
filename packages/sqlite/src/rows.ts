/**
 * Records as rows.
 */
import type { CallFault, CallRecord, CallStatus, McpType } from '@mcp-daemon/core';

import type { Row, Value } from './connection.js';

const text = (value: Value | undefined): string => (value === null || value === undefined ? '' : String(value));
const textOrNull = (value: Value | undefined): string | null => (value === null || value === undefined ? null : String(value));

/** The record of a row of `mcp_function_calls`. */
export function toRecord(row: Row): CallRecord {
  return {
    partition_key: text(row['partition_key']),
    mcp_function_call_uuid: text(row['mcp_function_call_uuid']),
    name: text(row['name']),
    mcp_type: text(row['mcp_type']) as McpType,
    arguments: textOrNull(row['arguments']),
    content: textOrNull(row['content']),
    content_in_s3: row['content_in_s3'] === 1,
    status: text(row['status']) as CallStatus,
    notes: textOrNull(row['notes']),
    time_spent: row['time_spent'] === null ? null : Number(row['time_spent']),
    updated_by: text(row['updated_by']),
    created_at: Number(row['created_at']),
    updated_at: Number(row['updated_at']),
    fault: textOrNull(row['fault']) as CallFault | null,
    revision: text(row['revision']),
    bundle_digest: textOrNull(row['bundle_digest']),
    owner: text(row['owner']),
    traceparent: textOrNull(row['traceparent']),
  };
}

/** Text as it can be kept: to SQLite, text ends at a NUL, so that `a` and `a\0b` would be one partition. */
export function keepable(value: string): string {
  return value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value;
}
