/** The catalog on which recorded calls are looked at or made again: of the config file, or of the store. */
import type { CatalogDefinition, ServerIdentity, Store } from '@mcp-daemon/core';
import { DaemonError, storedCatalog } from '@mcp-daemon/core';

import { Failure } from '../errors.js';
import { readConfigFile } from '../runtime/config-file.js';
import { loadEnvFile } from '../runtime/env-file.js';
import { DEFAULT_PARTITION } from '../settings/partition.js';
import { findConfig } from '../settings/paths.js';
import type { CommandContext } from './command.js';

/** A catalog, and where it comes from. */
export interface ReplayCatalog {
  readonly definition: CatalogDefinition;
  readonly server: ServerIdentity;
  /** The config file. Undefined: it comes from the store. */
  readonly file: string | undefined;
}

/**
 * The catalog of a partition: a revision of the store, if one is named; else the config file, if one is named with `--config` or the
 * partition is that of config files; else what the store has.
 *
 * @throws Failure if the store does not have the partition or the revision, UsageError if there is no config file, ConfigError
 */
export async function replayCatalog(
  { settings }: Pick<CommandContext, 'settings'>,
  store: Store | undefined,
  partition: string,
  revision?: string,
): Promise<ReplayCatalog> {
  const stored = async (): Promise<CatalogDefinition | undefined> =>
    store?.catalogs === undefined ? undefined : storedCatalog(store.catalogs, partition, revision);
  const isOfFile = settings.config !== undefined || partition === DEFAULT_PARTITION;
  if (revision !== undefined || !isOfFile) {
    try {
      const definition = await stored();
      if (definition !== undefined) return { definition, server: {}, file: undefined };
    } catch (error) {
      throw error instanceof DaemonError ? new Failure(error.message) : error;
    }
    throw new Failure(`there is no partition "${partition}" in the store`);
  }
  const file = findConfig(settings);
  loadEnvFile(settings, file);
  const { definition, server } = readConfigFile(file);
  return { definition, server, file };
}
