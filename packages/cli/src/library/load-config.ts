/**
 * Reads the config file for programs that embed the daemon.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import type { CatalogDefinition, ServerIdentity } from '@mcp-daemon/core';
import { parseConfig } from '@mcp-daemon/core';
import type { LocalModules } from '@mcp-daemon/modules';
import { localModules } from '@mcp-daemon/modules';

/** A config file, as options of `createDaemon`. */
export interface LoadedConfig {
  /** The tools, resources and prompts of the file. */
  catalog: CatalogDefinition;
  /** The name and version of the server in the file. */
  server: ServerIdentity;
  /** Loads the code of the links: files and packages, resolved from the folder of the file. */
  modules: [LocalModules];
}

/**
 * Reads a config file.
 *
 * @param file the path of the file
 * @throws ConfigError with all errors of the file; errors of the file system
 *
 * @example
 * const daemon = createDaemon(await loadConfig('mcp.json'));
 */
export async function loadConfig(file: string): Promise<LoadedConfig> {
  const path = resolve(file);
  const { definition, server } = parseConfig(await readFile(path, 'utf8'), { file: path });
  return { catalog: definition, server, modules: [localModules({ base: dirname(path) })] };
}
