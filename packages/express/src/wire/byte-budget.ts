/**
 * Memory that clients make the server keep: bodies that are being received, answers and events that are not read. One budget for
 * each user and one for all users together.
 */
import type { Caller } from './caller.js';
import { positive } from './options.js';
import type { Refusal } from './refusal.js';
import { userKey } from './user-counts.js';

/** What {@link createByteBudget} takes. */
export interface ByteBudgetOptions {
  /** Bytes that all users together may make the server keep. Default 200 MB. */
  maxBytes?: number | undefined;
  /** Bytes that one user may make the server keep in one partition. Default 50 MB. */
  maxBytesPerUser?: number | undefined;
}

/** Bytes that are kept for one request or one stream. */
export interface Holding {
  /**
   * Sets how many bytes are kept.
   *
   * @returns false if the budget does not allow it; the number is then unchanged
   */
  set(bytes: number): boolean;
  /** Gives all bytes back. May be called more than once. */
  end(): void;
}

/** A budget of bytes. */
export interface ByteBudget {
  /** Begins a holding of no bytes. */
  hold(caller: Caller): Holding;
  /** Bytes that are kept for all users. */
  readonly total: number;
  /** Bytes that are kept for one user. */
  of(caller: Caller): number;
}

/** Less than this is not counted: the system's own buffers take about as much, and counting costs time. */
export const COUNTED_FROM_BYTES = 65_536;

/** Seconds after which a client may retry that was refused for lack of memory. */
const RETRY_AFTER_S = '5';

/** The refusal of a request that needs more bytes than a budget allows. @param what keeps them, for the message */
export const outOfBytes = (what: string): Refusal => ({
  status: 503,
  message: `The server keeps too much for you or for all users at the moment: ${what}. Retry shortly.`,
  headers: { 'retry-after': RETRY_AFTER_S },
});

/**
 * Creates a budget.
 *
 * @throws DaemonError `usage` if an option is not a positive number
 */
export function createByteBudget(options: ByteBudgetOptions = {}): ByteBudget {
  const maxBytes = positive('maxHeldBytes', options.maxBytes ?? 200_000_000);
  const maxBytesPerUser = positive('maxHeldBytesPerUser', options.maxBytesPerUser ?? 50_000_000);
  let total = 0;
  const byUser = new Map<string, number>();

  return {
    hold(caller) {
      const key = userKey(caller);
      let held = 0;
      const change = (by: number): void => {
        const left = (byUser.get(key) ?? 0) + by;
        held += by;
        total += by;
        if (left > 0) byUser.set(key, left);
        else byUser.delete(key);
      };
      return {
        set(bytes) {
          const by = bytes - held;
          if (by > 0 && (total + by > maxBytes || (byUser.get(key) ?? 0) + by > maxBytesPerUser)) return false;
          change(by);
          return true;
        },
        end: () => change(-held),
      };
    },
    get total() {
      return total;
    },
    of: (caller) => byUser.get(userKey(caller)) ?? 0,
  };
}
