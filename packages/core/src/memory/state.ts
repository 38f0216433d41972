/** Shared state in this process's memory. It ends with the process. */
import { compareText } from '../base/order.js';
import type { StateEntry, StateStore } from '../ports/state.js';
import { fromCursor, pageLimit, toCursor } from '../records/paging.js';
import { checkState } from '../records/state-bounds.js';

/** After this many writes, or as many as there are entries, those that have expired are removed. So a write costs the same at any size. */
const SWEEP_EVERY = 1_000;

/**
 * Creates an empty state store in memory. Its methods throw as the port says.
 *
 * @param options.refuse throws if the store is closed
 * @param options.now the clock, in milliseconds since 1970
 */
export function createMemoryState(options: { refuse?: () => void; now?: () => number } = {}): StateStore {
  const { refuse = () => undefined, now = Date.now } = options;
  const partitions = new Map<string, Map<string, StateEntry>>();
  let writes = 0;
  let sweepAt = SWEEP_EVERY;

  const isGone = ({ expires_at }: StateEntry): boolean => expires_at !== null && expires_at <= now();

  function present(partition: string, key: string, value?: string): StateEntry | undefined {
    refuse();
    checkState(key, value);
    const entry = partitions.get(partition)?.get(key);
    return entry === undefined || isGone(entry) ? undefined : entry;
  }

  function sweep(): number {
    let [removed, left] = [0, 0];
    for (const [partition, entries] of partitions) {
      for (const entry of entries.values()) if (isGone(entry) && entries.delete(entry.key)) removed += 1;
      left += entries.size;
      if (entries.size === 0) partitions.delete(partition);
    }
    sweepAt = writes + Math.max(SWEEP_EVERY, left);
    return removed;
  }

  return {
    get(partition, key) {
      const entry = present(partition, key);
      return entry && { ...entry };
    },
    put(partition, key, value, { expected, expires_at = null } = {}) {
      const before = present(partition, key, value);
      if (expected !== undefined && (before?.version ?? null) !== expected) return undefined;
      const entry: StateEntry = { key, value, version: (writes += 1).toString(36), expires_at };
      if (before !== undefined) [before.value, before.version, before.expires_at] = [value, entry.version, expires_at];
      else {
        let entries = partitions.get(partition);
        if (entries === undefined) partitions.set(partition, (entries = new Map()));
        entries.set(key, { ...entry });
      }
      if (writes >= sweepAt) sweep();
      return entry;
    },
    delete(partition, key, expected) {
      const entry = present(partition, key);
      if (entry === undefined || (expected !== undefined && entry.version !== expected)) return false;
      return partitions.get(partition)?.delete(key) === true;
    },
    list(partition, prefix, query = {}) {
      refuse();
      const limit = pageLimit(query);
      const after = fromCursor(query);
      const found = [...(partitions.get(partition)?.values() ?? [])]
        .filter(
          (entry) => entry.key.startsWith(prefix) && !isGone(entry) && (after === undefined || compareText(entry.key, after) > 0),
        )
        .sort((a, b) => compareText(a.key, b.key));
      const items = found.slice(0, limit).map((entry) => ({ ...entry }));
      const last = items.at(-1);
      return found.length > limit && last !== undefined ? { items, cursor: toCursor(last.key) } : { items };
    },
    sweep() {
      refuse();
      return sweep();
    },
  };
}
