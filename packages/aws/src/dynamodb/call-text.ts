/**
 * Call records as rows of `mcp-function_calls`: as the JSON text that a request has, because objects of all their values take longer
 * to make and to write. `call-item.ts` reads rows.
 */
import type { CallRecord } from '@mcp-daemon/core';

import { OPEN_TYPE } from './call-item.js';
import { attributeText } from './codec.js';
import { formatTime } from './dates.js';
import { TTL_ATTRIBUTE } from './table-names.js';

/** Makes the JSON text of a row, with all payloads in it. @param key its `partition_key`: see {@link Spread} */
export type CallEncoder = (row: CallRecord, key: string) => string;

/** Whether two records have in common what those of one function and one user usually have. */
export const isAlike = (a: CallRecord, b: CallRecord): boolean =>
  a.name === b.name &&
  a.mcp_type === b.mcp_type &&
  a.status === b.status &&
  a.fault === b.fault &&
  a.content_in_s3 === b.content_in_s3 &&
  a.updated_by === b.updated_by &&
  a.revision === b.revision &&
  a.bundle_digest === b.bundle_digest &&
  a.owner === b.owner &&
  a.server === b.server &&
  a.client === b.client &&
  a.client_id === b.client_id;

const text = (name: string, value: string | null): string => (value === null ? '' : `,"${name}":{"S":${JSON.stringify(value)}}`);

const commonText = (row: CallRecord): string =>
  // Texts of an index cannot be empty.
  (row.name === '' ? '' : text('name', row.name)) +
  text(row.status === 'in_process' ? OPEN_TYPE : 'mcp_type', row.mcp_type) +
  text('status', row.status) +
  text('fault', row.fault) +
  `,"content_in_s3":{"BOOL":${row.content_in_s3}}` +
  text('updated_by', row.updated_by) +
  text('revision', row.revision) +
  text('bundle_digest', row.bundle_digest) +
  text('owner', row.owner) +
  text('server', row.server) +
  text('client', row.client) +
  text('client_id', row.client_id);

/** Arguments as the map that the Python engine has; as JSON text where it would not come back from a map as it was. */
function argumentsText(value: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    return text('arguments_json', value);
  }
  const isMap = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
  const map = isMap && JSON.stringify(parsed) === value ? attributeText(parsed) : undefined;
  return map === undefined ? text('arguments_json', value) : `,"arguments":${map}`;
}

/** Creates an encoder. What a record has in common with the one before it is not made again. @param expireAfterMs 0: never */
export function createCallEncoder(expireAfterMs: number): CallEncoder {
  let last: CallRecord | undefined;
  let common = '';
  return (row, key) => {
    if (last === undefined || !isAlike(last, row)) {
      common = commonText(row);
      last = row;
    }
    const { arguments: input, time_spent: spent, created_at, updated_at } = row;
    return (
      `{"partition_key":{"S":${JSON.stringify(key)}}${text('mcp_function_call_uuid', row.mcp_function_call_uuid)}${common}` +
      `,"created_at":{"S":"${formatTime(created_at)}"},"updated_at":{"S":"${formatTime(updated_at)}"}` +
      (spent === null ? '' : `,"time_spent":{"N":"${spent}"}`) +
      (input === null ? '' : argumentsText(input)) +
      text('content', row.content) +
      text('notes', row.notes) +
      text('traceparent', row.traceparent) +
      (expireAfterMs > 0 ? `,"${TTL_ATTRIBUTE}":{"N":"${Math.ceil((updated_at + expireAfterMs) / 1_000)}"}}` : '}')
    );
  };
}
