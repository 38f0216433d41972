/** Reads many call records by their uuids: one batch, not one request for each. */
import type { CallRecord } from '@mcp-daemon/core';

import { readAll } from './batch.js';
import { callKey, isExpired } from './call-item.js';
import type { Dynamo } from './client.js';
import type { Item } from './codec.js';
import { textOf } from './codec.js';
import type { Spread } from './spread.js';
import { isSpreadKey } from './spread.js';
import { TABLE } from './table-names.js';

/** What {@link readMany} takes. */
export interface ManyOptions {
  dynamo: Dynamo;
  spread: Spread;
  partition: string;
  /** Valid keys; may have the same twice. */
  uuids: readonly string[];
  /** Decodes rows, in their order. */
  decode: (items: readonly Item[]) => Promise<CallRecord[]>;
}

/**
 * The records that are there, by uuid. Those that are not under the key where they would be written today are looked for under the
 * partition's other keys.
 *
 * @throws DaemonError `store_busy` or `store_failed`
 */
export async function readMany({ dynamo, spread, partition, uuids, decode }: ManyOptions): Promise<Map<string, CallRecord>> {
  const now = Date.now();
  const found = new Map<string, Item>();
  async function read(keys: readonly { key: string; uuid: string }[]): Promise<void> {
    if (keys.length === 0) return;
    const rows = await readAll(
      dynamo,
      TABLE.calls,
      keys.map(({ key, uuid }) => callKey(key, uuid)),
    );
    for (const row of rows) if (!isExpired(row, now)) found.set(textOf(row['mcp_function_call_uuid']) ?? '', row);
  }
  const all = [...new Set(uuids)];
  if (!isSpreadKey(partition)) await read(all.map((uuid) => ({ key: spread.keyOf(partition, uuid), uuid })));
  const missing = all.filter((uuid) => !found.has(uuid));
  if (missing.length > 0) {
    const keys = await spread.keys(partition);
    const others = (uuid: string): readonly { key: string }[] => keys.filter(({ key }) => key !== spread.keyOf(partition, uuid));
    await read(missing.flatMap((uuid) => others(uuid).map(({ key }) => ({ key, uuid }))));
  }
  const records = await decode([...found.values()]);
  return new Map([...found.keys()].map((uuid, index) => [uuid, records[index] as CallRecord]));
}
