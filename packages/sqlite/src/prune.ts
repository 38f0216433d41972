/**
 * Removes old records, some at a time: who wants to write in between gets its turn.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Retention } from '@mcp-daemon/core';
import type { Connection } from './connection.js';
import { keepable } from './rows.js';

/** So many go in a few milliseconds. */
const BATCH = 250;

/**
 * Removes settled records of a partition; returns how many. Throws what the engine throws; what was removed before stays so.
 *
 * @param goOn is asked before each batch.
 */
export async function prune(
  connection: Connection,
  partition: string,
  { before, count }: Retention,
  goOn: () => boolean,
): Promise<number> {
  const key = keepable(partition);
  const remove = connection.prepare(
    `DELETE FROM mcp_function_calls WHERE rowid IN (
      SELECT rowid FROM mcp_function_calls WHERE partition_key = ? AND created_at < ? AND status <> 'in_process'
      ORDER BY created_at, mcp_function_call_uuid LIMIT ?)`,
  );
  let removed = 0;

  async function removeOldest(createdBefore: number, most: number): Promise<void> {
    for (let left = most; left > 0 && goOn();) {
      const size = Math.min(BATCH, left);
      const gone = remove.run([key, createdBefore, size]);
      removed += gone;
      left -= gone;
      if (gone < size) return;
      await turn();
    }
  }

  if (before !== undefined) await removeOldest(before, Infinity);
  if (count !== undefined && goOn()) {
    const all = 'SELECT count(*) AS number FROM mcp_function_calls WHERE partition_key = ?';
    const [total] = connection.prepare(all).all([key]);
    const [open] = connection.prepare(`${all} AND status = 'in_process'`).all([key]);
    await removeOldest(Number.MAX_SAFE_INTEGER, Number(total?.['number']) - Number(open?.['number']) - count);
  }
  return removed;
}
