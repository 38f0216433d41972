/**
 * Opens the store that the settings name.
 */
import { dirname } from 'node:path';

import type { Logger, Store } from '@mcp-daemon/core';

import { makeFolder } from '../files/make-folder.js';
import { dataFile } from '../settings/paths.js';
import type { Env, Settings } from '../settings/settings.js';

/** What {@link openStore} takes besides the settings. */
export interface OpenStoreOptions {
  /** Told where records cannot be brought into the database, and where files were removed. Default: no log. */
  logger?: Logger;
  /** Only reads: creates and changes nothing. Default false. */
  readonly?: boolean;
}

/** For the current user alone. */
const PRIVATE = 0o700;

/**
 * Opens the store; makes its folder where there is none.
 *
 * @throws where the folder or the file cannot be used
 */
export async function openStore(
  settings: Settings,
  env: Env,
  { logger, readonly = false }: OpenStoreOptions = {},
): Promise<Store> {
  if (settings.store === 'memory') {
    const { createMemoryStore } = await import('@mcp-daemon/core');
    return createMemoryStore();
  }
  const file = dataFile(settings, env);
  if (!readonly) makeFolder(dirname(file), PRIVATE);
  const { openSqliteStore } = await import('@mcp-daemon/sqlite');
  return openSqliteStore({ file, readonly, ...(logger === undefined ? {} : { logger }) });
}
