/** What was called in the last minute, from the records. */
import type { CallFilters, CallStore } from '../ports/calls.js';

const MINUTE_MS = 60_000;

/**
 * Counts the calls that ended in the last minute. Calls that still run are not counted.
 *
 * @returns the number of calls, and the milliseconds that they took together
 * @throws what the store throws
 */
export async function recentCalls(
  store: CallStore,
  partition: string,
  filters: CallFilters,
): Promise<{ calls: number; ms: number }> {
  const { total } = await store.statistics(partition, { by: 'status', since: Date.now() - MINUTE_MS, ...filters });
  const { time_spent: time } = total;
  return { calls: total.calls - total.open, ms: time === null ? 0 : time.mean * time.count };
}
