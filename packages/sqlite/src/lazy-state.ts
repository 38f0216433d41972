/** The small shared state of a store, whose code and connection are loaded at their first use. */
import type { Awaitable, Page, PageQuery, StateEntry, StateStore } from '@mcp-daemon/core';
import { fromCursor, pageLimit } from '@mcp-daemon/core';

import type { SessionOptions } from './session.js';
import type { StoredState } from './state/stored-state.js';

/** What {@link createLazyState} takes. */
export interface LazyStateOptions extends SessionOptions {
  /** Throws if the store is closed. */
  refuse(): void;
  /** Throws if the store is closed, or read-only. */
  refuseWriting(): void;
  /** Whether there is any state. It needs no connection of its own. */
  hasState(): Promise<boolean>;
  /** Removes what has expired, see {@link StateStore.sweep}. */
  sweep(withinMs?: number): Promise<number>;
}

/** The state of a store. */
export interface LazyState extends StateStore {
  /** Waits for what is running, and closes the connection, if there is one. @throws DaemonError `store_failed` */
  close(): Promise<void>;
}

/** Creates the state of a store; loads nothing yet. */
export function createLazyState({ refuse, refuseWriting, hasState, sweep, ...options }: LazyStateOptions): LazyState {
  let opened: Promise<StoredState> | undefined;
  let known: StoredState | undefined;

  const load = (): Promise<StoredState> =>
    (opened ??= import('./state/stored-state.js').then(({ openStoredState }) => (known = openStoredState(options))));

  /** Calls at once, if that is possible. It never throws, but gives a promise that rejects. */
  function use<T>(check: () => void, work: (state: StoredState) => Awaitable<T>): Awaitable<T> {
    try {
      check();
      return known === undefined ? load().then(work) : work(known);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Each daemon lists once, soon after its start: that opens a connection only where there is something. */
  async function listFirst(partition: string, prefix: string, query: PageQuery = {}): Promise<Page<StateEntry>> {
    refuse();
    pageLimit(query);
    fromCursor(query);
    return (await hasState()) ? (await load()).list(partition, prefix, query) : { items: [] };
  }

  return {
    get: (partition, key) => use(refuse, (state) => state.get(partition, key)),
    put: (partition, key, value, put) => use(refuseWriting, (state) => state.put(partition, key, value, put)),
    delete: (partition, key, expected) => use(refuseWriting, (state) => state.delete(partition, key, expected)),
    list: (partition, prefix, query) =>
      opened === undefined ? listFirst(partition, prefix, query) : use(refuse, (state) => state.list(partition, prefix, query)),
    sweep,
    close: async () => (await opened)?.close(),
  };
}
