/** What the main thread and the thread that writes call records say to each other. */
import type { CallFault, CallRecord, CallStatus, ErrorCode, McpType } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import type { Identity } from '../base/sigv4.js';
import type { QueueLimits } from './record-writer.js';
import type { RecordSpread } from './spread.js';
import type { Address, WireLimits } from './wire.js';

/** The `workerData` of the thread. */
export interface ThreadData {
  address: Address;
  limits: WireLimits;
  countUnits: boolean;
  spread: RecordSpread;
  owner: string;
  offloadBytes: number;
  expireAfterMs: number;
  /** Whether the main thread has a blob store. */
  hasBlobs: boolean;
  queue: QueueLimits;
  /** Counts of the thread, by {@link COUNTS}: the main thread reads them when it wants to. */
  counts: SharedArrayBuffer;
}

/**
 * What the thread counts, in the order of the shared memory. They are written in this order, so that who sees a record as written sees the
 * request, too. `received`, `receivedChars`: of the records that the thread was given.
 */
export const COUNTS = [
  ...['requests', 'retries', 'throttled', 'readUnits', 'writeUnits', 'cut'],
  ...['received', 'receivedChars', 'waiting', 'inFlight', 'lost', 'written'],
] as const;

/** Values of a record, one after the other: the cheapest form that a message can have. */
export type Values = (string | number | boolean | null)[];

/** An error, without its cause: causes may hold what cannot be copied. */
export interface SentError {
  name: string;
  message: string;
  /** Of a DaemonError. */
  code: ErrorCode | undefined;
}

/** What can be sent of whatever was thrown. */
export function toSent(error: unknown): SentError {
  if (error instanceof DaemonError) return { name: error.name, message: error.message, code: error.code };
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
  return { name, message, code: undefined };
}

/** An error as it was before it was sent. */
export const fromSent = ({ name, message, code }: SentError): Error =>
  code === undefined ? Object.assign(new Error(message), { name }) : new DaemonError(code, message);

/** From the main thread. Numbers are those of the question. */
export type ToThread =
  | { rows: Values }
  | { find: number; partition: string; uuid: string }
  | { drain: number }
  | { close: number; withinMs: number }
  | { identity: number; is: Identity }
  | { blob: number; is: Uint8Array | undefined }
  | { failed: number; error: SentError };

/** From the thread. */
export type FromThread =
  | { found: number; row: Values | undefined }
  | { done: number; error: SentError | undefined }
  | { log: 'error' | 'info' | 'warn'; fields: object; message: string }
  | { identity: number }
  | { blob: number; do: 'get' | 'put' | 'delete'; key: string; bytes: Uint8Array | undefined };

/** Values of one record. */
export const WIDTH = 21;

/** Appends the values of records. */
export function pushValues(values: Values, rows: readonly CallRecord[]): void {
  for (const row of rows)
    values.push(
      row.partition_key,
      row.mcp_function_call_uuid,
      row.name,
      row.mcp_type,
      row.arguments,
      row.content,
      row.content_in_s3,
      row.status,
      row.notes,
      row.time_spent,
      row.updated_by,
      row.created_at,
      row.updated_at,
      row.fault,
      row.revision,
      row.bundle_digest,
      row.owner,
      row.traceparent,
      row.server,
      row.client,
      row.client_id,
    );
}

/** The record whose values begin at an index. */
export const rowAt = (values: Values, at: number): CallRecord => ({
  partition_key: values[at] as string,
  mcp_function_call_uuid: values[at + 1] as string,
  name: values[at + 2] as string,
  mcp_type: values[at + 3] as McpType,
  arguments: values[at + 4] as string | null,
  content: values[at + 5] as string | null,
  content_in_s3: values[at + 6] as boolean,
  status: values[at + 7] as CallStatus,
  notes: values[at + 8] as string | null,
  time_spent: values[at + 9] as number | null,
  updated_by: values[at + 10] as string,
  created_at: values[at + 11] as number,
  updated_at: values[at + 12] as number,
  fault: values[at + 13] as CallFault | null,
  revision: values[at + 14] as string,
  bundle_digest: values[at + 15] as string | null,
  owner: values[at + 16] as string,
  traceparent: values[at + 17] as string | null,
  server: values[at + 18] as string | null,
  client: values[at + 19] as string | null,
  client_id: values[at + 20] as string | null,
});
