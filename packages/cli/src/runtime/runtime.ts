/**
 * Creates the daemon of a config file, for serving and for `call`.
 */
import { dirname } from 'node:path';

import type {
  CatalogDefinition,
  CatalogQuotas,
  CatalogSource,
  Config,
  Daemon,
  DaemonOptions,
  FixedCatalogSource,
  Logger,
  Quota,
  Telemetry,
} from '@mcp-daemon/core';
import { createDaemon, createFixedSource, createRoutedSource } from '@mcp-daemon/core';
import type { LocalModules } from '@mcp-daemon/modules';
import { resourceFiles, skillFolders } from '@mcp-daemon/modules';

import { checkPartition, DEFAULT_PARTITION } from '../settings/partition.js';
import type { Env, Settings } from '../settings/settings.js';
import { VERSION } from '../version.js';
import { codeSources } from './code-sources.js';
import { readConfigFile } from './config-file.js';
import type { IsolatedRunner } from './isolated.js';
import type { LazyBundles } from './lazy-bundles.js';
import type { LazyMounts } from './lazy-mounts.js';
import { lazyMounts } from './lazy-mounts.js';
import { lazySource } from './lazy-source.js';
import { openStore } from './store.js';

const DAY_MS = 24 * 60 * 60_000;

/** What {@link createRuntime} takes. */
export interface RuntimeOptions {
  settings: Settings;
  env: Env;
  /** The config, and the file that it was read from. Absent: only partitions of the store are served. */
  config?: Config | undefined;
  file?: string | undefined;
  /** Whether the partitions of the store are served, too. Default: only if there is no config. */
  stored?: boolean;
  /** Encrypts session ids and request states. Default: the one of the settings, or a random one. */
  stateSecret?: string | undefined;
  logger: Logger;
  /** Whether clients get the reason why code could not be loaded. Default: false. */
  explainFailures?: boolean;
  /** Called before each load of user code. */
  beforeCode?: () => void;
  /** Where traces and metrics go. Default: nowhere. */
  telemetry?: Telemetry | undefined;
}

/** A daemon, and where its code comes from. */
export interface Runtime {
  readonly daemon: Daemon;
  /** Code in files and installed packages. */
  readonly modules: LocalModules;
  /** Code in bundles. */
  readonly bundles: LazyBundles;
  /** Runs functions in processes of their own. */
  readonly isolated: IsolatedRunner;
  /** Other MCP servers. */
  readonly mounts: LazyMounts;
  /** Serves another catalog in place of that of the config. */
  update(definition: CatalogDefinition): void;
}

/** The partition of the config file. @throws UsageError if the settings give a name that is not allowed */
export const partitionOf = ({ partition }: Settings): string =>
  partition === undefined ? DEFAULT_PARTITION : checkPartition(partition);

/** The limits in the settings. */
const limitsOf = (settings: Settings): NonNullable<DaemonOptions['limits']> => ({
  timeoutMs: settings.timeoutMs,
  pageSize: settings.pageSize,
  maxRecordedBytes: settings.recordMaxBodyBytes,
  keyKeepMs: settings.idempotencyKeepMs,
  keyWaitMs: settings.idempotencyWaitMs,
  maxKeysPerUser: settings.idempotencyMaxKeys,
  maxKeyBytesPerUser: settings.idempotencyMaxBytes,
  approvalMs: settings.approvalMs,
  asyncWaitMs: settings.asyncWaitMs,
  taskTtlMs: settings.taskTtlMs,
  maxOpenTasks: settings.userOpenTasks,
  maxTasks: settings.userTasks,
  maxTaskBytes: settings.userTaskBytes,
  maxOpenTasksOfAll: settings.openTasks,
  maxTaskBytesOfAll: settings.taskBytes,
});

/** A quota of numbers for which 0 means no limit; undefined: none at all. */
function quotaOf(concurrent: number, perMinute: number): Quota | undefined {
  if (concurrent === 0 && perMinute === 0) return undefined;
  return { ...(concurrent === 0 ? {} : { concurrent }), ...(perMinute === 0 ? {} : { per_minute: perMinute }) };
}

/** The quotas in the settings. */
function quotasOf(settings: Settings): CatalogQuotas {
  const subject = quotaOf(settings.userCallsAtOnce, settings.userCallsPerMinute);
  const partition = quotaOf(settings.partitionCallsAtOnce, settings.partitionCallsPerMinute);
  return { ...(subject === undefined ? {} : { subject }), ...(partition === undefined ? {} : { partition }) };
}

/** How much of the record the settings keep. */
const retentionOf = ({ recordMaxAgeDays, recordMaxCount, recordMaxBytes }: Settings): DaemonOptions['retention'] & object => ({
  maxAgeMs: recordMaxAgeDays * DAY_MS,
  maxCount: recordMaxCount,
  maxBytes: recordMaxBytes,
});

/** The config file's source for its partition, and the store's for all others. */
function oneSource(partition: string, own: CatalogSource | undefined, others: CatalogSource | undefined): CatalogSource {
  if (own === undefined) return others as CatalogSource;
  return others === undefined ? own : createRoutedSource({ partition, own, others });
}

/** The catalogs of the store. It is opened when one of its partitions is first asked for. */
function storedSource(daemon: () => Daemon, logger: Logger): CatalogSource {
  return lazySource(async () => {
    const [store, { openCatalogSource }] = await Promise.all([daemon().store(), import('./catalog-source.js')]);
    return openCatalogSource(store, logger);
  });
}

/** The config file's source: asked to refresh, it reads the file again. */
function fileSource(partition: string, fixed: FixedCatalogSource, file: string | undefined): CatalogSource {
  return {
    ...fixed,
    refresh(name) {
      if (file !== undefined && name === partition) fixed.update(readConfigFile(file).definition);
    },
  };
}

/** The same files, for which no changes are looked for: they are watched only if somebody listens. */
const withoutWatch = <T extends { watch?: unknown }>({ watch: _, ...source }: T): Omit<T, 'watch'> => source;

/** Creates the daemon of a config file. The store is opened, and code is loaded, when it is first needed. */
export function createRuntime({
  settings,
  env,
  config,
  file,
  stored = config === undefined,
  stateSecret = settings.stateSecret,
  logger,
  explainFailures = false,
  beforeCode,
  telemetry,
}: RuntimeOptions): Runtime {
  const base = file === undefined ? process.cwd() : dirname(file);
  const { modules, bundles, isolated, all } = codeSources({ settings, env, base, logger, beforeCode });
  const partition = partitionOf(settings);
  const fixed = config === undefined ? undefined : createFixedSource(partition, config.definition);
  const others = stored ? storedSource(() => daemon, logger) : undefined;
  const mounts = lazyMounts({ settings, env, base, partition, logger, daemon: () => daemon });
  const [files, skills] = [resourceFiles({ base }), skillFolders({ base, bundles })];
  const daemon: Daemon = createDaemon({
    catalogs: oneSource(partition, fixed === undefined ? undefined : mounts.source(fileSource(partition, fixed, file)), others),
    server: { version: VERSION, ...config?.server },
    modules: all,
    files: settings.watch ? files : withoutWatch(files),
    skills: settings.watch ? skills : withoutWatch(skills),
    runners: [isolated, mounts.runner],
    store: () => openStore(settings, env, { logger }),
    retention: retentionOf(settings),
    limits: limitsOf(settings),
    quotas: quotasOf(settings),
    logger,
    explainFailures,
    dropHostArguments: settings.dropHostArguments,
    ...(telemetry === undefined ? {} : { telemetry }),
    ...(stateSecret === undefined ? {} : { stateSecret }),
  });
  return { daemon, modules, bundles, isolated, mounts, update: (definition) => fixed?.update(definition) };
}
