/**
 * Opens the store that the settings name.
 */
import type { Store } from '@mcp-daemon/core';

import { dataFile } from '../settings/places.js';
import type { Env, Settings } from '../settings/settings.js';
import { loadLibsqlQuickly } from './libsql-quick.js';

/**
 * Opens the store; makes its folder where there is none.
 *
 * @throws where the folder or the file cannot be used
 */
export async function openStore(settings: Settings, env: Env): Promise<Store> {
  if (settings.store === 'memory') {
    const { createMemoryStore } = await import('@mcp-daemon/core');
    return createMemoryStore();
  }
  const file = dataFile(settings, env);
  loadLibsqlQuickly();
  const { openSqliteStore } = await import('@mcp-daemon/sqlite');
  return openSqliteStore({ file });
}
