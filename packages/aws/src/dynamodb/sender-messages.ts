/** What the main thread and the thread that sends batches of call records say to each other. */
import type { CallFault, CallRecord, CallStatus, ErrorCode, McpType } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import type { Identity } from '../base/sigv4.js';
import { isAlike } from './call-text.js';
import type { Spread } from './spread.js';
import type { Address, DynamoCounts, WireLimits } from './wire.js';

/** The `workerData` of the thread. */
export interface ThreadData {
  address: Address;
  limits: WireLimits;
  countUnits: boolean;
  /** Milliseconds after which a record expires; 0: never. */
  expireAfterMs: number;
}

type Value = string | number | boolean | null;

/** Records as plain lists of their values: the form that is cheapest to send. */
export interface PackedRecords {
  /** Values that records have in common with those before them: see {@link isAlike}. */
  common: Value[][];
  /** The other values of all records, one after the other, each record's with the index of what it has in common. */
  values: Value[];
}

/** Records to write, with the number of the answer. */
export interface Batch extends PackedRecords {
  id: number;
  identity: Identity;
}

/** An error that was thrown in the other thread, without its cause, which may hold what cannot be sent. */
export interface SentError {
  name: string;
  message: string;
  /** Of a connection, as `ECONNRESET`. */
  code: string | undefined;
  $metadata: { httpStatusCode?: number } | undefined;
  /** Of a DaemonError. */
  errorCode: ErrorCode | undefined;
}

/** An answer of the thread. */
export interface Answer {
  id: number;
  /** Indexes of the records that DynamoDB left undone. */
  left: number[];
  error: SentError | undefined;
  /** What was counted since the last answer. */
  counts: DynamoCounts;
}

/** Values of each record, beside those in common. */
const WIDTH = 10;

const commonOf = (row: CallRecord): Value[] => [
  ...[row.name, row.mcp_type, row.status, row.fault, row.content_in_s3, row.updated_by, row.revision, row.bundle_digest],
  ...[row.owner, row.server, row.client, row.client_id],
];

/** The values of records. */
export function pack(rows: readonly CallRecord[], keyOf: Spread['keyOf']): PackedRecords {
  const common: Value[][] = [];
  const values: Value[] = [];
  let last: CallRecord | undefined;
  for (const row of rows) {
    if (last === undefined || !isAlike(last, row)) common.push(commonOf(row));
    last = row;
    const { mcp_function_call_uuid: uuid, created_at, updated_at, time_spent, traceparent } = row;
    values.push(common.length - 1, keyOf(row.partition_key, uuid), uuid, created_at, updated_at, time_spent);
    values.push(row.arguments, row.content, row.notes, traceparent);
  }
  return { common, values };
}

/** The records of {@link pack}; the partition of each is its key. One literal with all names: objects that are put together take longer. */
export function unpack({ common, values }: PackedRecords): CallRecord[] {
  const rows: CallRecord[] = [];
  for (let at = 0; at < values.length; at += WIDTH) {
    const shared = common[values[at] as number] ?? [];
    rows.push({
      name: shared[0] as string,
      mcp_type: shared[1] as McpType,
      status: shared[2] as CallStatus,
      fault: shared[3] as CallFault | null,
      content_in_s3: shared[4] as boolean,
      updated_by: shared[5] as string,
      revision: shared[6] as string,
      bundle_digest: shared[7] as string | null,
      owner: shared[8] as string,
      server: shared[9] as string | null,
      client: shared[10] as string | null,
      client_id: shared[11] as string | null,
      partition_key: values[at + 1] as string,
      mcp_function_call_uuid: values[at + 2] as string,
      created_at: values[at + 3] as number,
      updated_at: values[at + 4] as number,
      time_spent: values[at + 5] as number | null,
      arguments: values[at + 6] as string | null,
      content: values[at + 7] as string | null,
      notes: values[at + 8] as string | null,
      traceparent: values[at + 9] as string | null,
    });
  }
  return rows;
}

/** What can be sent of whatever was thrown. */
export function toSent(thrown: unknown): SentError {
  const error = thrown instanceof Error ? (thrown as Error & Partial<SentError>) : new Error(String(thrown));
  const { name, message, code, $metadata } = error as Error & Partial<SentError>;
  if (thrown instanceof DaemonError) return { name, message, code: undefined, $metadata: undefined, errorCode: thrown.code };
  return { name, message, code, $metadata, errorCode: undefined };
}

/** An error as it was before it was sent. */
export function fromSent({ name, message, code, $metadata, errorCode }: SentError): Error {
  if (errorCode !== undefined) return new DaemonError(errorCode, message);
  return Object.assign(new Error(message), { name, ...(code === undefined ? {} : { code }), $metadata });
}
