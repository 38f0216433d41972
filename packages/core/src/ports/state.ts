/** The port of stores for small shared state. Adapters pass one contract suite (`contract/state.ts`). */
import type { Awaitable } from '../base/awaitable.js';
import type { Page, PageQuery } from './page.js';

/** An entry: a text that several processes may change at once. */
export interface StateEntry {
  /** Unique in its partition. By convention `<use>/<id>`, such as `task/4f1c…`; see {@link STATE_KEY_LENGTH}. */
  key: string;
  /** Usually JSON. */
  value: string;
  /** Differs after each write of the entry, also when it is deleted and written again. */
  version: string;
  /** Milliseconds since 1970: from then on the entry is gone. Null: it stays. */
  expires_at: number | null;
}

/** Conditions and expiry of {@link StateStore.put}. */
export interface PutState {
  /**
   * Write only if the entry is still the one that was read: its version; null: only if there is none. Absent: write in any case.
   */
  expected?: string | null;
  /** Milliseconds since 1970. Default: null, the entry stays. */
  expires_at?: number | null;
}

/** Largest length of a key, in UTF-8 bytes. */
export const STATE_KEY_LENGTH = 512;

/** Largest length of a value, in UTF-8 bytes: a result of a call fits. Values of a few kilobytes are cheap in every store. */
export const MAX_STATE_BYTES = 16 * 1024 * 1024;

/**
 * Entries by partition and key: what outlives a call and is no record, such as tasks, idempotency keys, used approvals, ended
 * sessions and tokens. Each write is atomic; what it returns survives a crash of this process. Reads see every write that
 * returned before, by any process. An entry that has expired is never returned, and counts as absent in conditions.
 *
 * All methods throw DaemonError `store_busy` (try again later), `store_failed`, `closed` after the store's end, and `usage` for a
 * key that is empty, longer than {@link STATE_KEY_LENGTH} or has a NUL or half of a surrogate pair, or a value longer than
 * {@link MAX_STATE_BYTES}.
 */
export interface StateStore {
  /** The entry with this key, or undefined. */
  get(partition: string, key: string): Awaitable<StateEntry | undefined>;
  /**
   * Writes an entry. Of several writers with the same condition, exactly one succeeds.
   *
   * @returns the entry as it is now; undefined if it is not the expected one any more
   */
  put(partition: string, key: string, value: string, options?: PutState): Awaitable<StateEntry | undefined>;
  /**
   * Removes an entry.
   *
   * @param expected remove it only if it has this version
   * @returns whether it was removed
   */
  delete(partition: string, key: string, expected?: string): Awaitable<boolean>;
  /**
   * The entries whose key begins with a text, sorted by key (`compareText`).
   *
   * @throws DaemonError `invalid_cursor`; `invalid_params` if the limit is no whole number from 1 to 1000
   */
  list(partition: string, prefix: string, query?: PageQuery): Awaitable<Page<StateEntry>>;
  /**
   * Removes entries of all partitions that have expired; returns how many. A store that does this by itself returns 0.
   *
   * @param withinMs stop after about this many milliseconds. Default: no limit
   */
  sweep(withinMs?: number): Awaitable<number>;
}
