/**
 * The config file, for programs that embed the daemon.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import type { CatalogDefinition, ServerIdentity } from '@mcp-daemon/core';
import { parseConfig } from '@mcp-daemon/core';
import type { LocalModules } from '@mcp-daemon/modules';
import { localModules } from '@mcp-daemon/modules';

/** A config file as `createDaemon` takes it. */
export interface LoadedConfig {
  /** What the file offers. */
  catalog: CatalogDefinition;
  /** How the file names the server. */
  server: ServerIdentity;
  /** Where its links' code comes from: files and packages, found from the file's folder. */
  modules: [LocalModules];
}

/**
 * Reads a config file.
 *
 * @param file its path
 * @throws ConfigError with every mistake in it; what reading the file throws
 *
 * @example
 * const daemon = createDaemon(await loadConfig('mcp.json'));
 */
export async function loadConfig(file: string): Promise<LoadedConfig> {
  const path = resolve(file);
  const { definition, server } = parseConfig(await readFile(path, 'utf8'), { file: path });
  return { catalog: definition, server, modules: [localModules({ base: dirname(path) })] };
}
