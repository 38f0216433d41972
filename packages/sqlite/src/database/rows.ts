/** Converts rows to records. */
import type { CallRecord, McpType } from '@mcp-daemon/core';
import { CALL_STATUSES } from '@mcp-daemon/core';

import type { Row, Value } from '../engine/connection.js';
import { FAULTS } from '../journal/frames.js';

const text = (value: Value | undefined): string => (value === null || value === undefined ? '' : String(value));
const textOrNull = (value: Value | undefined): string | null => (value === null || value === undefined ? null : String(value));

/** A uuid's 16 bytes. The text must be one. */
export const uuidBytes = (uuid: string): Uint8Array => Buffer.from(uuid.replaceAll('-', ''), 'hex');

/** A uuid from its 32 hexadecimal digits. */
export const uuidText = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`.toLowerCase();

/** The columns of {@link toRecord}, from `calls c JOIN contexts x`. The caller knows the partition. */
const RECORD_COLUMNS = `hex(c.uuid) AS uuid, x.name, x.mcp_type, c.arguments, c.content, c.content_in_s3, c.status, c.notes,
  c.time_spent, x.updated_by, c.created_at, c.updated_at, c.fault, x.revision, x.bundle_digest, x.owner, c.traceparent,
  nullif(x.server, '') AS server, nullif(x.client, '') AS client, nullif(x.client_id, '') AS client_id`;

/**
 * The columns of {@link toRecord}, from `calls c JOIN contexts x`.
 *
 * @param bodies whether arguments and results are read
 * @param clientIds whether contexts have the column `client_id`, which files before version 4 lack
 */
export function recordColumns(bodies: boolean, clientIds: boolean): string {
  const columns = clientIds ? RECORD_COLUMNS : RECORD_COLUMNS.replace("nullif(x.client_id, '')", 'NULL');
  return bodies ? columns : columns.replace('c.arguments, c.content,', 'NULL AS arguments, NULL AS content,');
}

/** The record of a row of {@link RECORD_COLUMNS}. */
export function toRecord(row: Row, partition: string): CallRecord {
  return {
    partition_key: partition,
    mcp_function_call_uuid: uuidText(text(row['uuid'])),
    name: text(row['name']),
    mcp_type: text(row['mcp_type']) as McpType,
    arguments: textOrNull(row['arguments']),
    content: textOrNull(row['content']),
    content_in_s3: row['content_in_s3'] === 1,
    status: CALL_STATUSES[Number(row['status'])] ?? 'failed',
    notes: textOrNull(row['notes']),
    time_spent: row['time_spent'] === null ? null : Number(row['time_spent']),
    updated_by: text(row['updated_by']),
    created_at: Number(row['created_at']),
    updated_at: Number(row['updated_at']),
    fault: FAULTS[Number(row['fault'])] ?? null,
    revision: text(row['revision']),
    bundle_digest: text(row['bundle_digest']) === '' ? null : text(row['bundle_digest']),
    owner: text(row['owner']),
    traceparent: textOrNull(row['traceparent']),
    server: textOrNull(row['server']),
    client: textOrNull(row['client']),
    client_id: textOrNull(row['client_id']),
  };
}
