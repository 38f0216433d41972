/** The catalog of a config file as it is served: with the functions of the MCP servers that it mounts. */
import type { CatalogDefinition, Config } from '@mcp-daemon/core';

import { createLogger } from '../log/logger.js';
import { loadEnvFile } from '../runtime/env-file.js';
import type { Runtime } from '../runtime/runtime.js';
import { createRuntime, partitionOf } from '../runtime/runtime.js';
import type { Settings } from '../settings/settings.js';
import type { CommandContext } from './command.js';

/** The catalog that a runtime serves. Mounted servers are started; without them, nothing is. */
export async function servedCatalog({ daemon }: Runtime, settings: Settings, config: Config): Promise<CatalogDefinition> {
  if (config.definition.mounts === undefined) return config.definition;
  const partition = partitionOf(settings);
  await daemon.catalogs.check(partition);
  return daemon.catalogs.status(partition)?.definition ?? config.definition;
}

/** The config with the functions of its mounted servers. Servers that cannot be used are reported as notes. */
export async function withServers(config: Config, file: string, context: CommandContext): Promise<Config> {
  if (config.definition.mounts === undefined) return config;
  const { settings, env, note } = context;
  loadEnvFile(settings, file);
  const logger = createLogger({ level: 'fatal', pretty: false, colour: false });
  const runtime = createRuntime({ settings, env, config, file, logger });
  try {
    const definition = await servedCatalog(runtime, settings, config);
    for (const { name, state, failure } of runtime.daemon.stats().servers ?? [])
      if (state !== 'ready') note(failure ?? `the server "${name}" has not answered in time`);
    return { ...config, definition };
  } finally {
    await runtime.daemon.close({ drainMs: 0 });
  }
}
