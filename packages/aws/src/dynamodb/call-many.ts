/** Reads many call records by their uuids: one batch, not one request for each. */
import type { CallRecord } from '@mcp-daemon/core';

import { readAll } from './batch.js';
import { callKey, isExpired } from './call-item.js';
import type { Dynamo } from './client.js';
import type { Item } from './codec.js';
import { textOf } from './codec.js';
import { TABLE } from './tables.js';

/** What {@link readMany} takes. */
export interface ManyOptions {
  dynamo: Dynamo;
  partition: string;
  /** Valid keys; may have the same twice. */
  uuids: readonly string[];
  /** Decodes rows, in their order. */
  decode: (items: readonly Item[]) => Promise<CallRecord[]>;
}

/** The records that are there, by uuid. @throws DaemonError `store_busy` or `store_failed` */
export async function readMany({ dynamo, partition, uuids, decode }: ManyOptions): Promise<Map<string, CallRecord>> {
  const keys = [...new Set(uuids)].map((uuid) => callKey(partition, uuid));
  const now = Date.now();
  const items = (await readAll(dynamo, TABLE.calls, keys)).filter((item) => !isExpired(item, now));
  const records = await decode(items);
  return new Map(items.map((item, index) => [textOf(item['mcp_function_call_uuid']) ?? '', records[index] as CallRecord]));
}
