/**
 * What the commands for stored catalogs share: opening the store, and who makes a change.
 */
import { userInfo } from 'node:os';

import type { Applied, CatalogStore, Store, StoredPartition } from '@mcp-daemon/core';
import { ConfigError, DaemonError } from '@mcp-daemon/core';

import { Failure, messageOf, UsageError } from '../errors.js';
import { openStore } from '../runtime/store.js';
import { isFile } from '../settings/paths.js';
import type { CommandContext } from './command.js';
import { recordFile, refused } from './record.js';

/** An opened store that keeps catalogs. */
export interface OpenedCatalogs {
  readonly store: Store;
  readonly catalogs: CatalogStore;
}

/**
 * Opens the store of catalogs.
 *
 * @param create whether a file that is missing is created. Default: false
 * @returns undefined if there is no file yet
 * @throws UsageError if the settings name a store in memory, Failure if it cannot be opened
 */
async function open(context: CommandContext, create: boolean): Promise<OpenedCatalogs | undefined> {
  const { settings, env } = context;
  if (settings.store === 'memory')
    throw new UsageError('--store memory: a store in memory is gone when its process ends, so it keeps no catalogs');
  if (settings.store === 'sqlite' && !create && !isFile(recordFile(context))) return undefined;
  const store = await refused(openStore(settings, env));
  if (store.catalogs === undefined) throw new Failure(`the ${store.name} store keeps no catalogs`);
  return { store, catalogs: store.catalogs };
}

/**
 * Runs work on the catalogs, and closes the store.
 *
 * @param work is not called if there is no store yet
 * @returns what `work` returns, or `nothing`
 * @throws UsageError, and Failure with the message of whatever the store throws
 */
export async function withCatalogs<T>(
  context: CommandContext,
  work: (catalogs: CatalogStore, store: Store) => Promise<T>,
  nothing: T,
): Promise<T> {
  const opened = await open(context, false);
  if (opened === undefined) return nothing;
  return use(opened, work);
}

/** The same for work that writes: creates the store's file if there is none. */
export async function changeCatalogs<T>(
  context: CommandContext,
  work: (catalogs: CatalogStore, store: Store) => Promise<T>,
): Promise<T> {
  return use((await open(context, true)) as OpenedCatalogs, work);
}

async function use<T>(
  { store, catalogs }: OpenedCatalogs,
  work: (catalogs: CatalogStore, store: Store) => Promise<T>,
): Promise<T> {
  try {
    return await work(catalogs, store);
  } catch (error) {
    if (error instanceof Failure || error instanceof ConfigError) throw error;
    const isUnknown = error instanceof DaemonError && error.code === 'revision_not_found';
    throw new Failure(`${messageOf(error)}${isUnknown ? ' "mcp-daemon config history" lists the revisions' : ''}`);
  } finally {
    await store.close();
  }
}

/**
 * Checks that the rows were brought in line with a new revision.
 *
 * @param again what updates them later
 * @throws Failure if they were not
 */
export function checkRows({ rows, rowsError }: Applied, again: string): void {
  if (rows !== undefined) return;
  const passes = rowsError instanceof DaemonError && rowsError.code === 'store_busy';
  throw new Failure(
    `the new revision is served, but the rows for the Python engine are not up to date: ${messageOf(rowsError)} ${passes ? '' : 'Once that is solved, '}${again} updates them`,
  );
}

/** Who makes a change, for the history: the user of the operating system. */
export function author(): string {
  try {
    return userInfo().username;
  } catch {
    return 'cli'; // a container may run with a user that has no name
  }
}

/** All partitions of the store, by name. */
export async function allPartitions(catalogs: CatalogStore): Promise<StoredPartition[]> {
  const found: StoredPartition[] = [];
  let cursor: string | undefined;
  do {
    const page = await catalogs.partitions({ limit: 1_000, ...(cursor === undefined ? {} : { cursor }) });
    found.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}

/** Asks before a change, unless the flag says yes. @throws UsageError if there is no terminal */
export async function agreed(question: string, yes: boolean, { interactive, note }: CommandContext): Promise<boolean> {
  if (yes) return true;
  if (!interactive) throw new UsageError('there is no terminal to ask on: add --yes', { hint: false });
  const { confirm } = await import('./questions.js');
  if (await confirm(question)) return true;
  note('nothing was changed');
  return false;
}
