/**
 * Opens the store that the settings name.
 */
import type { Logger, Store } from '@mcp-daemon/core';

import { dataFile } from '../settings/paths.js';
import type { Env, Settings } from '../settings/settings.js';

/**
 * Opens the store; makes its folder where there is none.
 *
 * @param logger told where records cannot be brought into the database. Default: nobody
 * @throws where the folder or the file cannot be used
 */
export async function openStore(settings: Settings, env: Env, logger?: Logger): Promise<Store> {
  if (settings.store === 'memory') {
    const { createMemoryStore } = await import('@mcp-daemon/core');
    return createMemoryStore();
  }
  const file = dataFile(settings, env);
  const { openSqliteStore } = await import('@mcp-daemon/sqlite');
  return openSqliteStore({ file, ...(logger === undefined ? {} : { logger }) });
}
