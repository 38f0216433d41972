/**
 * Where the catalogs of partitions are stored. Adapters pass one contract suite (`contract/catalog-store.ts`).
 *
 * A partition is in one of two states. *Rows*: its rows are its catalog; the Python engine may write them beside us.
 * *Revisions*: its head names a revision, an immutable text that is the catalog; the rows are brought in line with it afterwards,
 * for the Python engine to read.
 */
import type { Awaitable } from '../base/awaitable.js';
import type { Page, PageQuery } from './page.js';
import type { CatalogRows, RowChanges, SettingRow } from './rows.js';

/** How a revision came to be served. `edit`: a single change, as by GraphQL. `adopt`: rows became a revision. */
export type RevisionAction = 'apply' | 'rollback' | 'edit' | 'adopt';

/** One entry of a partition's history: from then on, this revision was served. */
export interface HistoryEntry {
  /** A uuid of version 7, greater as text than that of its parent: the history is sorted by it. */
  id: string;
  /** The entry before, or null for the first. */
  parent: string | null;
  /** SHA-256 of the revision's text, in hex. */
  revision: string;
  action: RevisionAction;
  /** Who did it. */
  author: string;
  note: string | null;
  /** Where the text came from, as a file's path or `graphql`. */
  source: string | null;
  /** Milliseconds since 1970. */
  created_at: number;
  /** How many functions the revision has. */
  functions: number;
}

/** What a partition serves now. Small: it is read once a second for each partition in use. */
export interface PartitionHead {
  /** The newest entry of the history; null: the partition's rows are its catalog. */
  entry: string | null;
  /** The revision of that entry. */
  revision: string | null;
  /** Another text after each change that other processes have to see: a commit, a setting, a row. */
  version: string;
}

/** A partition of the store. */
export interface StoredPartition {
  partition: string;
  /** Undefined: the partition has rows alone, which nobody here has changed. */
  head: PartitionHead | undefined;
}

/** What {@link CatalogStore.commit} writes. */
export interface Commit {
  entry: HistoryEntry;
  /** The revision's text, of which `entry.revision` is the digest. Not needed where the store has it. */
  text?: string;
}

/**
 * The catalogs of all partitions. All methods throw DaemonError `store_busy` (try again later), `store_failed`, and `closed` after
 * the store's end; those that take a query `invalid_cursor`, and `invalid_params` where the limit is no whole number from 1 to 1000.
 *
 * What is sorted by a text is sorted by its code points (`compareText`). Values that are given and returned are copies.
 */
export interface CatalogStore {
  /** All partitions that have a head, functions or modules, sorted by name. May read a lot: not for serving requests. */
  partitions(query?: PageQuery): Awaitable<Page<StoredPartition>>;
  /** What a partition serves; undefined where it was never changed here. Sees every commit that returned before. */
  head(partition: string): Awaitable<PartitionHead | undefined>;
  /**
   * Makes a revision the one that is served, if `entry.parent` is still the head's entry (null: there is no entry yet). All or
   * nothing, also after a crash; of several at once one is committed.
   *
   * @returns the head, or undefined where another commit came first. A repetition of a commit that was made (its `entry.id` is in
   * the history) changes nothing and gives the head, whatever was committed since: so a lost answer can be told from a lost race.
   * @throws DaemonError `usage` where the text is neither given nor known in this partition
   */
  commit(partition: string, commit: Commit): Awaitable<PartitionHead | undefined>;
  /** Gives the head another version, so that other processes look at rows and settings again. Makes a head where there is none. */
  touch(partition: string): Awaitable<PartitionHead>;
  /** The text of a revision, or undefined. @throws DaemonError `store_failed` also where the text no longer fits its digest */
  text(partition: string, revision: string): Awaitable<string | undefined>;
  /** The entries that were served, newest first: by id, from the greatest. */
  history(partition: string, query?: PageQuery): Awaitable<Page<HistoryEntry>>;
  /** The partition's rows, sorted by name; empty lists where there are none. Rows that cannot be read are in `bad`. */
  rows(partition: string): Awaitable<CatalogRows>;
  /**
   * Writes and removes rows; the times and `updated_by` of written rows are set here. A row that is both is written. May stop halfway
   * in a crash: doing it again completes it. Does not change the head: see `touch`.
   */
  writeRows(partition: string, changes: RowChanges, author: string): Awaitable<void>;
  /** One setting, or undefined. */
  setting(partition: string, id: string): Awaitable<SettingRow | undefined>;
  /** The partition's settings, sorted by id. */
  settings(partition: string, query?: PageQuery): Awaitable<Page<SettingRow>>;
  /** Writes a setting, or replaces the one with this id. Does not change the head: see `touch`. */
  putSetting(partition: string, row: Pick<SettingRow, 'setting_id' | 'setting'>, author: string): Awaitable<void>;
  /** Removes a setting. @returns whether there was one */
  deleteSetting(partition: string, id: string): Awaitable<boolean>;
}
