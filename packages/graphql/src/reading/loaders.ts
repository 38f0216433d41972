/** Reads of one request. Each kind of entry is read from the store once, however many fields ask for it. */
import type { Awaitable, CallRecord, CatalogStore, SettingRow, Store } from '@mcp-daemon/core';
import { compareText } from '@mcp-daemon/core';
import DataLoader from 'dataloader';

import type { Deadline } from '../base/deadline.js';
import { andThen } from '../base/deadline.js';
import { ApiError } from '../base/errors.js';
import type { Served, ServedReader } from './served.js';

/** Rows of settings that are read of one partition. */
const MAX_SETTINGS = 10_000;
const PAGE = 1_000;
/** Call records that are read in one piece: their arguments and results may be large. */
const CALLS_PIECE = 10;
/** Characters of the arguments and results that a request may read. */
const MAX_CHARACTERS = 10_000_000;

/** What {@link createLoaders} takes. */
export interface LoadersOptions {
  partition: string;
  deadline: Deadline;
  /** Opens the store; gives it at once if it is open. */
  store: () => Awaitable<Store>;
  /** The same store, with its reads of catalogs cached. */
  cached: (store: Store) => CatalogStore | undefined;
  reader: ServedReader;
}

/** The reads of one request. */
export interface Loaders {
  /** What the partition serves. */
  served(): Awaitable<Served>;
  /** All settings of the partition, sorted by id. */
  settings(): Awaitable<readonly SettingRow[]>;
  /** Call records by uuid; undefined where there is none. */
  readonly calls: DataLoader<string, CallRecord | undefined>;
  store(): Awaitable<Store>;
  /**
   * Counts the arguments and results of records that were read. Needs no `this`.
   *
   * @returns how many characters they have
   * @throws ApiError `LIMIT_EXCEEDED` if the request has read too many
   */
  readonly countBodies: (records: readonly (CallRecord | undefined)[]) => number;
  /** Forgets what was read, after a change. */
  clear(): void;
}

/** See {@link createLoaders}. A class, because it is made for each request. */
class RequestLoaders implements Loaders {
  readonly #options: LoadersOptions;
  #served: Awaitable<Served> | undefined;
  #settings: Awaitable<readonly SettingRow[]> | undefined;
  #store: Awaitable<Store> | undefined;
  #characters = 0;
  /** Made when it is first used: most requests read no call by its uuid. */
  #calls: Loaders['calls'] | undefined;

  constructor(options: LoadersOptions) {
    this.#options = options;
  }

  store(): Awaitable<Store> {
    const { deadline, store } = this.#options;
    return (this.#store ??= deadline.within(store));
  }

  served(): Awaitable<Served> {
    return (this.#served ??= this.#readServed());
  }

  settings(): Awaitable<readonly SettingRow[]> {
    return (this.#settings ??= andThen(this.served(), async (known): Promise<readonly SettingRow[]> => {
      if (known.settings !== undefined) return known.settings;
      const catalogs = this.#options.cached(await this.store());
      return catalogs === undefined ? [] : this.#readSettings(catalogs);
    }));
  }

  get calls(): Loaders['calls'] {
    return (this.#calls ??= this.#createCalls());
  }

  readonly countBodies = (records: readonly (CallRecord | undefined)[]): number => {
    let characters = 0;
    for (const record of records) characters += (record?.arguments?.length ?? 0) + (record?.content?.length ?? 0);
    this.#characters += characters;
    if (this.#characters <= MAX_CHARACTERS) return characters;
    const why = `The arguments and results that one request reads may have ${MAX_CHARACTERS} characters together: ask for fewer records.`;
    throw new ApiError('LIMIT_EXCEEDED', why);
  };

  clear(): void {
    this.#served = undefined;
    this.#settings = undefined;
    this.#calls?.clearAll();
  }

  async #readSettings(catalogs: CatalogStore): Promise<readonly SettingRow[]> {
    const { deadline, partition } = this.#options;
    const found: SettingRow[] = [];
    let cursor: string | undefined;
    do {
      const query = { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) };
      const page = await deadline.within(() => catalogs.settings(partition, query));
      found.push(...page.items);
      cursor = page.cursor;
      if (found.length > MAX_SETTINGS)
        throw new ApiError('LIMIT_EXCEEDED', `The partition has more than ${MAX_SETTINGS} settings: read them by id.`);
    } while (cursor !== undefined);
    return found.sort((a, b) => compareText(a.setting_id, b.setting_id));
  }

  /** Keeps the value in place of its promise, so that later fields have it at once. */
  #readServed(): Awaitable<Served> {
    const { cached, deadline, partition, reader } = this.#options;
    const reading = reader.isFixed(partition)
      ? deadline.within(() => reader.read(undefined, partition))
      : andThen(this.store(), (ready) => deadline.within(() => reader.read(cached(ready), partition)));
    return andThen(reading, (value) => (this.#served = value));
  }

  #createCalls(): Loaders['calls'] {
    const { deadline, partition } = this.#options;
    return new DataLoader(async (uuids) => {
      const { calls } = await this.store();
      const [uuid, ...more] = uuids as [string, ...string[]];
      if (more.length === 0) return [await deadline.within(() => calls.get(partition, uuid))];
      const found: (CallRecord | undefined)[] = [];
      for (let from = 0; from < uuids.length; from += CALLS_PIECE) {
        const piece = uuids.slice(from, from + CALLS_PIECE);
        const records = await deadline.within(() => calls.getMany(partition, piece));
        this.countBodies(records);
        found.push(...records);
      }
      return found;
    });
  }
}

/** Creates the reads of one request. All of them fail when the time of the request is over. */
export const createLoaders = (options: LoadersOptions): Loaders => new RequestLoaders(options);
