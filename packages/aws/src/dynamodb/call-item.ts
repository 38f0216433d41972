/** Rows of `mcp-function_calls` as call records, by the names and types of the Python engine. `call-text.ts` is the other direction. */
import type { CallFault, CallRecord, CallStatus, McpType } from '@mcp-daemon/core';

import type { Item } from './codec.js';
import { isThere, numberOf, textOf, toJsonText, truthOf } from './codec.js';
import { parseTime } from './dates.js';
import { TTL_ATTRIBUTE } from './table-names.js';

/**
 * Attributes that the Python engine does not know:
 *
 *   arguments_json    arguments that a map cannot hold as they are: JSON text
 *   arguments_in_s3   arguments were moved to the blob store, as content can be
 *   content_sha256, arguments_sha256   of what was moved, to be compared when it is read
 *   open_mcp_type     `mcp_type` of a call that runs: so its row is in one index less, and a call costs 8 write units and not 9
 *   expires_at        when DynamoDB may remove the row: seconds since 1970
 */
const FAULTS: readonly string[] = ['transport', 'protocol', 'tool'];
const TYPES: readonly string[] = ['tool', 'resource', 'prompt'];

/** The states of a record that has ended. Any other word is one of a call that has not: the Python engine begins with `initial`. */
export const SETTLED: readonly CallStatus[] = ['completed', 'failed', 'cancelled', 'timed_out', 'interrupted'];

/** Where the type of a running call is. */
export const OPEN_TYPE = 'open_mcp_type';

/** The key of a record's row. */
export const callKey = (partition: string, uuid: string): Item => ({
  partition_key: { S: partition },
  mcp_function_call_uuid: { S: uuid },
});

function argumentsText(item: Item): string | null {
  const text = textOf(item['arguments_json']);
  if (text !== undefined) return text;
  const value = item['arguments'];
  // The Python engine may hold text where a map belongs: it is given back as it is.
  if (value?.S !== undefined) return value.S;
  return isThere(value) ? toJsonText(value) : null;
}

const oneOf = <T extends string>(words: readonly string[], word: string | undefined): T | undefined =>
  word !== undefined && words.includes(word) ? (word as T) : undefined;

/** A record of any row of a partition, also one of the Python engine; payloads that were moved are null. */
export function decodeCall(item: Item, partition: string): CallRecord {
  const text = (name: string): string | undefined => textOf(item[name]);
  const updated_at = parseTime(text('updated_at'));
  const created_at = parseTime(text('created_at'));
  const content = item['content'];
  return {
    partition_key: partition,
    mcp_function_call_uuid: text('mcp_function_call_uuid') ?? '',
    name: text('name') ?? '',
    mcp_type: oneOf<McpType>(TYPES, text('mcp_type') ?? text(OPEN_TYPE)) ?? 'tool',
    arguments: argumentsText(item),
    content: content?.S ?? (isThere(content) ? toJsonText(content) : null),
    content_in_s3: truthOf(item['content_in_s3']) ?? false,
    status: oneOf<CallStatus>(SETTLED, text('status')) ?? 'in_process',
    notes: text('notes') ?? null,
    time_spent: numberOf(item['time_spent']) ?? null,
    updated_by: text('updated_by') ?? '',
    created_at: created_at ?? updated_at ?? 0,
    updated_at: updated_at ?? created_at ?? 0,
    fault: oneOf<CallFault>(FAULTS, text('fault')) ?? null,
    revision: text('revision') ?? '',
    bundle_digest: text('bundle_digest') ?? null,
    owner: text('owner') ?? '',
    traceparent: text('traceparent') ?? null,
    server: text('server') ?? null,
    client: text('client') ?? null,
    client_id: text('client_id') ?? null,
  };
}

/** Whether a row's time is over. DynamoDB removes such rows up to two days later. */
export function isExpired(item: Item, now: number): boolean {
  const seconds = numberOf(item[TTL_ATTRIBUTE]);
  return seconds !== undefined && seconds * 1_000 <= now;
}
