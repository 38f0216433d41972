/** Opens the mounted servers of a config file, for the commands that look after them. */
import type { Config } from '@mcp-daemon/core';
import type { Mounts } from '@mcp-daemon/mount';

import { UsageError } from '../errors.js';
import { createLogger } from '../log/logger.js';
import { readConfigFile } from '../runtime/config-file.js';
import { loadEnvFile } from '../runtime/env-file.js';
import { createRuntime } from '../runtime/runtime.js';
import { findConfig } from '../settings/paths.js';
import type { CommandContext } from './command.js';
import { servedCatalog } from './served-catalog.js';

/** The mounted servers, started. */
export interface Opened {
  readonly mounts: Mounts;
  readonly config: Config;
}

/**
 * Starts the mounted servers of the config file, and ends them when the work is done.
 *
 * @throws UsageError if the file mounts none
 */
export async function withMounts<T>(context: CommandContext, work: (opened: Opened) => Promise<T>): Promise<T> {
  const { settings, env } = context;
  const file = findConfig(settings);
  const config = readConfigFile(file);
  loadEnvFile(settings, file);
  if (config.definition.mounts === undefined)
    throw new UsageError(`${file} has no mcpServers. "mcp-daemon mounts import FILE" takes those of a host over`);
  const logger = createLogger({ level: 'fatal', pretty: false, colour: false });
  const runtime = createRuntime({ settings, env, config, file, logger });
  try {
    await servedCatalog(runtime, settings, config);
    return await work({ mounts: await runtime.mounts.opened(), config });
  } finally {
    await runtime.daemon.close({ drainMs: 0 });
  }
}

/** @throws UsageError if the config has no such server */
export function checkName(name: string, { config }: Opened): void {
  const known = (config.definition.mounts ?? []).map((mount) => mount.name);
  if (!known.includes(name)) throw new UsageError(`there is no server "${name}" in mcpServers: there are ${known.join(', ')}`);
}
