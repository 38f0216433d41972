/**
 * Call records that wait while the store cannot be written: the newest row of each call, bounded in number and in size.
 */
import type { CallRecord } from '../ports/calls.js';

/** Rows that wait. */
export interface Backlog {
  readonly size: number;
  /** The rows in the order in which they came. */
  rows(): CallRecord[];
  /** Takes rows, each in the place of an older one of the same call; returns how many had to go for them: the oldest. */
  add(rows: readonly CallRecord[]): number;
  /** Rows that were written. A newer one of the same call, which came meanwhile, still waits. */
  written(rows: readonly CallRecord[]): void;
  /** Forgets all; returns how many. */
  clear(): number;
}

/** Characters of bodies that may wait: rows may be few, and their results huge. */
const MAX_CHARS = 64_000_000;

const sizeOf = (row: CallRecord): number => (row.arguments?.length ?? 0) + (row.content?.length ?? 0);

/** Creates an empty backlog of at most `maxRows` rows. */
export function createBacklog(maxRows: number): Backlog {
  const waiting = new Map<string, CallRecord>();
  let chars = 0;

  function remove(row: CallRecord | undefined): void {
    if (row === undefined) return;
    waiting.delete(row.mcp_function_call_uuid);
    chars -= sizeOf(row);
  }

  return {
    get size() {
      return waiting.size;
    },
    rows: () => [...waiting.values()],
    add(rows) {
      for (const row of rows) {
        remove(waiting.get(row.mcp_function_call_uuid)); // to the end: what was written last is what counts
        waiting.set(row.mcp_function_call_uuid, row);
        chars += sizeOf(row);
      }
      const before = waiting.size;
      for (const row of waiting.values()) {
        if (waiting.size <= maxRows && chars <= MAX_CHARS) break;
        remove(row);
      }
      return before - waiting.size;
    },
    written(rows) {
      if (waiting.size === 0) return;
      for (const row of rows) if (waiting.get(row.mcp_function_call_uuid) === row) remove(row);
    },
    clear() {
      const { size } = waiting;
      waiting.clear();
      chars = 0;
      return size;
    },
  };
}
