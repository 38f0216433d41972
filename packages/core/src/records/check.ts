/** Whether records can be kept, for whoever asks again and again. */
import type { Store } from '../ports/calls.js';
import { DaemonError } from '../protocol/errors.js';

/** What {@link createStoreCheck} takes. */
export interface StoreCheckOptions {
  /** The store, opened where it is not open. */
  ready: () => Store | Promise<Store>;
  /** Records that wait because the store cannot be written. */
  waiting: () => number;
}

/** The id of no record. */
const NO_CALL = '00000000-0000-0000-0000-000000000000';
const OUR_CODES: readonly string[] = ['store_failed', 'store_busy', 'closed'];

/** Creates a check that those who ask at once share. @returns what throws DaemonError `store_failed`, `store_busy` or `closed` */
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
    // What can be read may still be full.
    const count = waiting();
    if (count === 0) return;
    const waits = count === 1 ? '1 call record waits' : `${count} call records wait`;
    throw new DaemonError('store_failed', `The store cannot be written: ${waits}.`);
  }

  return () => (checking ??= check().finally(() => (checking = undefined)));
}
