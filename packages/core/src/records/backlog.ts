/**
 * Call records that wait while the store cannot be written: the newest row of each call, limited in number and in size.
 *
 * Bodies are dropped before rows. The user with the most bodies loses them first, so that no user costs another user a record.
 */
import type { CallRecord } from '../ports/calls.js';
import { droppedBody } from './body.js';

/** What was dropped. */
export interface Dropped {
  /** Number of records that will never be written. */
  rows: number;
  /** Number of records that lost their arguments and result, but still wait. */
  bodies: number;
}

/** Number of rows that wait. */
export interface Backlog {
  readonly size: number;
  /** The rows in the order in which they came. */
  rows(): CallRecord[];
  /** Adds rows. Each replaces an older row of the same call. Returns what was dropped. */
  add(rows: readonly CallRecord[]): Dropped;
  /** Removes rows that were written. A newer row of the same call still waits. */
  written(rows: readonly CallRecord[]): void;
  /** Drops all rows; returns how many. */
  clear(): number;
}

/** Maximum number of characters of bodies: even few rows may have huge results. */
const MAX_CHARS = 64_000_000;

/** Shorter bodies are not dropped: the text that replaces a body is hardly shorter. */
const SMALL = 100;

/** The waiting rows of one user, oldest first. */
interface Share {
  chars: number;
  readonly rows: Set<CallRecord>;
  /** The rows whose bodies can be dropped. */
  readonly large: Set<CallRecord>;
}

const sizeOf = (row: CallRecord): number => (row.arguments?.length ?? 0) + (row.content?.length ?? 0);
const userOf = (row: CallRecord): string => `${row.partition_key}\n${row.updated_by}`;
const isLarge = (text: string | null): text is string => text !== null && text.length > SMALL;
const dropped = (text: string | null): string | null => (isLarge(text) ? droppedBody(text) : text);

/** Creates an empty backlog of at most `maxRows` rows, with at most `maxChars` characters of bodies (default 64 million). */
export function createBacklog(maxRows: number, maxChars = MAX_CHARS): Backlog {
  const waiting = new Map<string, CallRecord>();
  const shares = new Map<string, Share>();
  let chars = 0;

  function put(row: CallRecord): void {
    let share = shares.get(userOf(row));
    if (share === undefined) shares.set(userOf(row), (share = { chars: 0, rows: new Set(), large: new Set() }));
    share.rows.add(row);
    if (isLarge(row.arguments) || isLarge(row.content)) share.large.add(row);
    share.chars += sizeOf(row);
    chars += sizeOf(row);
    waiting.set(row.mcp_function_call_uuid, row);
  }

  function remove(row: CallRecord | undefined): void {
    if (row === undefined) return;
    waiting.delete(row.mcp_function_call_uuid);
    chars -= sizeOf(row);
    const share = shares.get(userOf(row));
    if (share === undefined) return;
    share.rows.delete(row);
    share.large.delete(row);
    share.chars -= sizeOf(row);
    if (share.rows.size === 0) shares.delete(userOf(row));
  }

  function largest(measure: (share: Share) => number): Share | undefined {
    let found: Share | undefined;
    for (const share of shares.values()) if (found === undefined || measure(share) > measure(found)) found = share;
    return found;
  }

  /** Drops bodies until the rest fits: each time the oldest body of the user with the most. */
  function dropBodies(): number {
    let count = 0;
    while (chars > maxChars) {
      const share = largest((one) => (one.large.size === 0 ? 0 : one.chars));
      const [row] = share?.large ?? [];
      if (share === undefined || row === undefined) break; // only small bodies are left, and the limit of rows covers them
      const before = sizeOf(row);
      row.arguments = dropped(row.arguments);
      row.content = dropped(row.content);
      share.large.delete(row);
      share.chars -= before - sizeOf(row);
      chars -= before - sizeOf(row);
      count += 1;
    }
    return count;
  }

  function dropRows(): number {
    let count = 0;
    for (; waiting.size > maxRows; count += 1) {
      const [oldest] = largest((one) => one.rows.size)?.rows ?? [];
      remove(oldest);
    }
    return count;
  }

  return {
    get size() {
      return waiting.size;
    },
    rows: () => [...waiting.values()],
    add(rows) {
      for (const row of rows) {
        remove(waiting.get(row.mcp_function_call_uuid)); // to the end, because the newest row counts
        put(row);
      }
      return { bodies: dropBodies(), rows: dropRows() };
    },
    written(rows) {
      if (waiting.size === 0) return;
      for (const row of rows) if (waiting.get(row.mcp_function_call_uuid) === row) remove(row);
    },
    clear() {
      const { size } = waiting;
      waiting.clear();
      shares.clear();
      chars = 0;
      return size;
    },
  };
}
