/**
 * Reads the config file for programs that embed the daemon.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import type { CatalogDefinition, Logger, Runner, ServerIdentity } from '@mcp-daemon/core';
import { parseConfig } from '@mcp-daemon/core';
import type { LocalModules } from '@mcp-daemon/modules';
import { localModules, pythonModules } from '@mcp-daemon/modules';

import { isolatedRunner } from '../runtime/isolated.js';
import { withSecrets } from '../runtime/secrets.js';
import { readSettings } from '../settings/settings.js';
import { VERSION } from '../version.js';

/** A config file, as options of `createDaemon`. */
export interface LoadedConfig {
  /** The tools, resources and prompts of the file. */
  catalog: CatalogDefinition;
  /** How the server names itself in the file. Without a version there, it has the one of this package. */
  server: ServerIdentity;
  /**
   * Loads the code of the links: files and packages, resolved from the folder of the file. Classes are built with the secrets that
   * their settings refer to.
   */
  modules: [LocalModules];
  /** Runs the functions with the isolation `process`, and those in Python, with the default settings. */
  runners: [Runner];
}

/** What {@link loadConfig} takes. */
export interface LoadConfigOptions {
  /** Where `${env:NAME}` in settings comes from. Default: `process.env`. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Gets what functions print in processes of their own, and how these end. Default: no log. */
  logger?: Logger;
}

const nothing = (): void => undefined;
const SILENT: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/**
 * Reads a config file. `${env:NAME}` and `${file:PATH}` in settings are filled in as in serving: when a class is built.
 *
 * @param file the path of the file
 * @throws ConfigError with all errors of the file; errors of the file system
 *
 * @example
 * const daemon = createDaemon(await loadConfig('mcp.json'));
 */
export async function loadConfig(
  file: string,
  { env = process.env, logger = SILENT }: LoadConfigOptions = {},
): Promise<LoadedConfig> {
  const path = resolve(file);
  const { definition, server } = parseConfig(await readFile(path, 'utf8'), { file: path });
  const base = dirname(path);
  const modules = withSecrets(localModules({ base }), { env, base });
  const python = withSecrets(pythonModules({ base }), { env, base });
  const locators = [withSecrets(modules.code, { env, base })];
  return {
    catalog: definition,
    server: { version: VERSION, ...server },
    modules: [modules],
    runners: [isolatedRunner({ settings: readSettings({}, {}), env, python, locators, logger })],
  };
}
