/** Checks whether records can be written, for callers that ask often. */
import type { Store } from '../ports/calls.js';
import { DaemonError } from '../protocol/errors.js';

/** What {@link createStoreCheck} takes. */
export interface StoreCheckOptions {
  /** The store; opens it if it is not open. */
  ready: () => Store | Promise<Store>;
  /** Number of records that wait because the store cannot be written. */
  waiting: () => number;
}

/** A uuid that no record has. */
const NO_CALL = '00000000-0000-0000-0000-000000000000';
const OUR_CODES: readonly string[] = ['store_failed', 'store_busy', 'closed'];

/**
 * Creates a check. Callers at the same time share one run. @returns a function that throws DaemonError `store_failed`,
 * `store_busy` or `closed`
 */
export function createStoreCheck({ ready, waiting }: StoreCheckOptions): () => Promise<void> {
  let checking: Promise<void> | undefined;

  async function check(): Promise<void> {
    try {
      const store = await ready();
      await store.calls.get('default', NO_CALL);
    } catch (cause) {
      if (cause instanceof DaemonError && OUR_CODES.includes(cause.code)) throw cause;
      throw new DaemonError('store_failed', 'The store cannot be reached.', { cause });
    }
    // A disk that can be read may still be full.
    const count = waiting();
    if (count === 0) return;
    const waits = count === 1 ? '1 call record waits' : `${count} call records wait`;
    throw new DaemonError('store_failed', `The store cannot be written: ${waits}.`);
  }

  return () => (checking ??= check().finally(() => (checking = undefined)));
}
