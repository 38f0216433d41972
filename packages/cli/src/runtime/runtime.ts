/**
 * Creates the daemon of a config file, for serving and for `call`.
 */
import { dirname } from 'node:path';

import type { Config, Daemon, DaemonOptions, Logger } from '@mcp-daemon/core';
import { createDaemon } from '@mcp-daemon/core';
import type { LocalModules } from '@mcp-daemon/modules';
import { localModules } from '@mcp-daemon/modules';

import type { Env, Settings } from '../settings/settings.js';
import { VERSION } from '../version.js';
import { withSecrets } from './secrets.js';
import { openStore } from './store.js';

const DAY_MS = 24 * 60 * 60_000;

/** What {@link createRuntime} takes. */
export interface RuntimeOptions {
  settings: Settings;
  env: Env;
  /** The config, and the file that it was read from. */
  config: Config;
  file: string;
  logger: Logger;
  /** Whether clients get the reason why code could not be loaded. Default: false. */
  explainFailures?: boolean;
  /** Called before each load of user code. */
  beforeCode?: () => void;
}

/** A daemon, and where its code comes from. */
export interface Runtime {
  readonly daemon: Daemon;
  readonly modules: LocalModules;
}

/** The limits in the settings. */
const limitsOf = ({ timeoutMs, pageSize, recordMaxBodyBytes }: Settings): NonNullable<DaemonOptions['limits']> => ({
  timeoutMs,
  pageSize,
  maxRecordedBytes: recordMaxBodyBytes,
});

/** How much of the record the settings keep. */
const retentionOf = ({ recordMaxAgeDays, recordMaxCount, recordMaxBytes }: Settings): DaemonOptions['retention'] & object => ({
  maxAgeMs: recordMaxAgeDays * DAY_MS,
  maxCount: recordMaxCount,
  maxBytes: recordMaxBytes,
});

/** Creates the daemon of a config file. The store is opened, and code is loaded, when it is first needed. */
export function createRuntime({
  settings,
  env,
  config,
  file,
  logger,
  explainFailures = false,
  beforeCode,
}: RuntimeOptions): Runtime {
  const base = dirname(file);
  const modules = withSecrets(localModules({ base, logger }), { env, base });
  const guarded: LocalModules = {
    ...modules,
    load(link, partition) {
      beforeCode?.();
      return modules.load(link, partition);
    },
  };
  const daemon = createDaemon({
    catalog: config.definition,
    server: { version: VERSION, ...config.server },
    modules: [guarded],
    store: () => openStore(settings, env, { logger }),
    retention: retentionOf(settings),
    limits: limitsOf(settings),
    logger,
    explainFailures,
    dropHostArguments: settings.dropHostArguments,
    ...(settings.stateSecret === undefined ? {} : { stateSecret: settings.stateSecret }),
  });
  return { daemon, modules };
}
