/**
 * Opens the store that the settings name.
 */
import { dirname } from 'node:path';

import type { Logger, Store } from '@mcp-daemon/core';
import { createMemoryStore, DaemonError } from '@mcp-daemon/core';

import { makeFolder } from '../files/make-folder.js';
import { dataFile } from '../settings/paths.js';
import type { Env, Settings } from '../settings/settings.js';

/** What {@link openStore} takes besides the settings. */
export interface OpenStoreOptions {
  /** Gets a message if records cannot be imported into the database, or if files were removed. Default: no log. */
  logger?: Logger;
  /** Only reads: creates and changes nothing. Default false. */
  readonly?: boolean;
}

/** For the current user alone. */
const PRIVATE = 0o700;

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

/** @throws DaemonError `store_failed` if folders cannot be made at all, as in /proc; the store itself names other reasons */
function makeDataFolder(file: string): void {
  try {
    makeFolder(dirname(file), PRIVATE);
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') return;
    throw new DaemonError('store_failed', `${file} cannot be used: its folder cannot be created`, { cause });
  }
}

/**
 * Opens the store; makes its folder where there is none. DynamoDB is not asked anything yet.
 *
 * @throws if the folder or the file cannot be used, or if AWS credentials or the region are missing
 */
export async function openStore(
  settings: Settings,
  env: Env,
  { logger, readonly = false }: OpenStoreOptions = {},
): Promise<Store> {
  if (settings.store === 'memory') return createMemoryStore();
  if (settings.store === 'dynamodb') {
    const { openAwsStore } = await import('./aws-store.js');
    return openAwsStore(settings, env, logger);
  }
  const file = dataFile(settings, env);
  if (!readonly) makeDataFolder(file);
  const { openSqliteStore } = await import('@mcp-daemon/sqlite');
  return openSqliteStore({ file, readonly, ...(logger === undefined ? {} : { logger }) });
}
