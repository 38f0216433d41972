/** The ids of records in a store that sorts them by id. */
import { createHash } from 'node:crypto';

import type { CallRecord, CallStore } from '../ports/calls.js';

const TIME_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** The time in a UUID of version 7 has 48 bits. */
const LATEST_MS = 2 ** 48 - 1;

/**
 * A UUID of version 7 for a record: its own id, if that is one. Otherwise one that is made of the time at which the call began and of a hash
 * of its id, and so is the same each time.
 *
 * @example timeUuidOf({ ...record, mcp_function_call_uuid: '1234567890123456789' }) // '019ccd5e-5f3b-715e-82b0-d9ee7594…'
 */
export function timeUuidOf({
  mcp_function_call_uuid: id,
  created_at: began,
}: Pick<CallRecord, 'mcp_function_call_uuid' | 'created_at'>): string {
  if (TIME_UUID.test(id)) return id;
  const time = Math.trunc(Math.max(0, Math.min(began, LATEST_MS)))
    .toString(16)
    .padStart(12, '0');
  const hash = createHash('sha256').update(id).digest('hex');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hash.slice(0, 3)}-8${hash.slice(3, 6)}-${hash.slice(6, 18)}`;
}

/** The id under which a store keeps a record of another store. */
export const idIn = ({ sortsByUuid = false }: CallStore, record: CallRecord): string =>
  sortsByUuid ? timeUuidOf(record) : record.mcp_function_call_uuid;
