/** The catalogs of a store, whose code and connection are loaded at their first use. */
import type { Awaitable, CatalogStore } from '@mcp-daemon/core';

import type { StoredCatalogs } from './catalogs/stored-catalogs.js';
import type { SessionOptions } from './session.js';

/** What {@link createLazyCatalogs} takes. */
export interface LazyCatalogsOptions extends SessionOptions {
  /** Throws where the store is closed. */
  refuse(): void;
  /** Throws where the store is closed, or open for reading alone. */
  refuseWriting(): void;
}

/** The catalogs of a store. */
export interface LazyCatalogs extends CatalogStore {
  /** Waits for what is running, and closes the connection, if there is one. @throws DaemonError `store_failed` */
  close(): Promise<void>;
}

/** Creates the catalogs of a store; loads nothing yet. */
export function createLazyCatalogs({ refuse, refuseWriting, ...options }: LazyCatalogsOptions): LazyCatalogs {
  let opened: Promise<StoredCatalogs> | undefined;
  let known: StoredCatalogs | undefined;

  function load(): Promise<StoredCatalogs> {
    opened ??= import('./catalogs/stored-catalogs.js').then(({ openStoredCatalogs }) => (known = openStoredCatalogs(options)));
    return opened;
  }

  /** Reads, at once if that is possible. It never throws, but gives a promise that rejects. */
  function read<T>(work: (catalogs: StoredCatalogs) => Awaitable<T>): Awaitable<T> {
    try {
      refuse();
      return known === undefined ? load().then(work) : work(known);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async function write<T>(work: (catalogs: StoredCatalogs) => T): Promise<Awaited<T>> {
    refuseWriting();
    return await work(await load());
  }

  return {
    partitions: (query) => read((catalogs) => catalogs.partitions(query)),
    head: (partition) => read((catalogs) => catalogs.head(partition)),
    commit: (partition, commit) => write((catalogs) => catalogs.commit(partition, commit)),
    touch: (partition) => write((catalogs) => catalogs.touch(partition)),
    text: (partition, revision) => read((catalogs) => catalogs.text(partition, revision)),
    history: (partition, query) => read((catalogs) => catalogs.history(partition, query)),
    rows: (partition) => read((catalogs) => catalogs.rows(partition)),
    writeRows: (partition, changes, author) => write((catalogs) => catalogs.writeRows(partition, changes, author)),
    setting: (partition, id) => read((catalogs) => catalogs.setting(partition, id)),
    settings: (partition, query) => read((catalogs) => catalogs.settings(partition, query)),
    putSetting: (partition, row, author) => write((catalogs) => catalogs.putSetting(partition, row, author)),
    deleteSetting: (partition, id) => write((catalogs) => catalogs.deleteSetting(partition, id)),
    close: async () => (await opened)?.close(),
  };
}
