/**
 * The port of catalog stores. Adapters pass one contract suite (`contract/catalog-store.ts`).
 *
 * A partition is in one of two states. *Rows*: its rows are its catalog; the Python engine may write them beside us.
 * *Revisions*: its head names a revision, an immutable text that is the catalog; the rows are brought in line with it afterwards,
 * for the Python engine to read.
 */
import type { Awaitable } from '../base/awaitable.js';
import type { Page, PageQuery } from './page.js';
import type { CatalogRows, RowChanges, SettingPage, SettingRow } from './rows.js';

/** How a revision came to be served. `edit`: a single change, as by GraphQL. `adopt`: rows became a revision. */
export type RevisionAction = 'apply' | 'rollback' | 'edit' | 'adopt';

/** One entry of a partition's history: from then on, this revision was served. */
export interface HistoryEntry {
  /** A uuid of version 7, greater as text than that of its parent: the history is sorted by it. */
  id: string;
  /** The previous entry, or null for the first. */
  parent: string | null;
  /** SHA-256 of the revision's text, in hex. */
  revision: string;
  action: RevisionAction;
  /** The user who made the change. */
  author: string;
  note: string | null;
  /** The origin of the text: a file's path, or `graphql`. */
  source: string | null;
  /** Milliseconds since 1970. */
  created_at: number;
  /** Number of functions in the revision. */
  functions: number;
}

/** What a partition serves now. Small: it is read once a second for each partition in use. */
export interface PartitionHead {
  /** The newest entry of the history; null: the partition's rows are its catalog. */
  entry: string | null;
  /** The revision of that entry. */
  revision: string | null;
  /** A text that differs after each change that other processes must notice: a commit, a setting, a row. */
  version: string;
}

/** A partition of the store. */
export interface StoredPartition {
  partition: string;
  /** Undefined: the partition has only rows, and this program has never changed them. */
  head: PartitionHead | undefined;
}

/** What {@link CatalogStore.commit} writes. */
export interface Commit {
  entry: HistoryEntry;
  /** The revision's text; `entry.revision` is its digest. May be absent if the store already has it. */
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
  /** What a partition serves; undefined if this program has never changed it. Sees every commit that returned before. */
  head(partition: string): Awaitable<PartitionHead | undefined>;
  /**
   * Makes a revision the one that is served, if `entry.parent` is still the head's entry (null: there is no entry yet). All or
   * nothing, also after a crash; of several concurrent commits, only one succeeds.
   *
   * @returns the head, or undefined if another commit came first. Repeating a successful commit (its `entry.id` is in the history)
   *   changes nothing and returns the head, even if others were committed since: so a lost answer can be told from a lost race.
   * @throws DaemonError `usage` if the text is neither given nor known in this partition
   */
  commit(partition: string, commit: Commit): Awaitable<PartitionHead | undefined>;
  /** Gives the head another version, so that other processes read rows and settings again. Creates a head if there is none. */
  touch(partition: string): Awaitable<PartitionHead>;
  /** The text of a revision, or undefined. @throws DaemonError `store_failed`, also if the text does not match its digest */
  text(partition: string, revision: string): Awaitable<string | undefined>;
  /** The entries that were served, newest first: by id, from the greatest. */
  history(partition: string, query?: PageQuery): Awaitable<Page<HistoryEntry>>;
  /** The partition's rows, sorted by name; empty lists if there are none. Rows that cannot be read are in `bad`. */
  rows(partition: string): Awaitable<CatalogRows>;
  /**
   * Writes and removes rows; the times and `updated_by` of written rows are set here. A row that is in both lists is written. A
   * crash may leave it incomplete: repeating it completes it. Does not change the head: see `touch`.
   */
  writeRows(partition: string, changes: RowChanges, author: string): Awaitable<void>;
  /** One setting, or undefined. */
  setting(partition: string, id: string): Awaitable<SettingRow | undefined>;
  /** The partition's settings, sorted by id. Rows of this page that cannot be read are in `bad`, if there are any. */
  settings(partition: string, query?: PageQuery): Awaitable<SettingPage>;
  /** Writes a setting, or replaces the one with this id. Does not change the head: see `touch`. */
  putSetting(partition: string, row: Pick<SettingRow, 'setting_id' | 'setting'>, author: string): Awaitable<void>;
  /** Removes a setting. @returns whether there was one */
  deleteSetting(partition: string, id: string): Awaitable<boolean>;
}
