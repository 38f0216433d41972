/**
 * Reads the record of a call that another process runs, or has run. Before that it has the open records of ended processes marked, so
 * that the record tells whether the process still runs.
 */
import type { CallRecord, Store } from '../ports/calls.js';
import type { Logger } from '../ports/logger.js';

/** Milliseconds between two searches for ended processes. */
const SEARCH_EVERY_MS = 5_000;

/**
 * Creates the function. Its promise rejects with what the store throws.
 *
 * @param options.store the open store
 * @returns the record; undefined: the call has none
 */
export function createCallLookup(options: {
  store: () => Promise<Store>;
  logger: Logger;
}): (partition: string, callId: string) => Promise<CallRecord | undefined> {
  let searchedAt = -Infinity;
  let searching: Promise<void> | undefined;

  async function search({ calls }: Store): Promise<void> {
    searchedAt = performance.now();
    try {
      await calls.interrupt();
    } catch (error) {
      options.logger.warn({ error: String(error) }, 'the search for interrupted calls failed');
    }
  }

  return async (partition, callId) => {
    const store = await options.store();
    const before = await store.calls.get(partition, callId);
    if (before?.status !== 'in_process') return before;
    if (performance.now() - searchedAt >= SEARCH_EVERY_MS) searching ??= search(store).finally(() => (searching = undefined));
    if (searching === undefined) return before;
    await searching;
    return store.calls.get(partition, callId);
  };
}
