/**
 * From settings to a daemon: what serving and calling from the command line have in common.
 */
import { dirname } from 'node:path';

import type { Config, Daemon, DaemonOptions, Logger } from '@mcp-daemon/core';
import { createDaemon } from '@mcp-daemon/core';
import type { LocalModules } from '@mcp-daemon/modules';
import { localModules } from '@mcp-daemon/modules';

import type { Env, Settings } from '../settings/settings.js';
import { VERSION } from '../version.js';
import { openStore } from './store.js';

const DAY_MS = 24 * 60 * 60_000;

/** What {@link createRuntime} takes. */
export interface RuntimeOptions {
  settings: Settings;
  env: Env;
  /** The config, and where it was. */
  config: Config;
  file: string;
  logger: Logger;
  /** Called before the first code of a user's is loaded. */
  beforeCode?: () => void;
}

/** A daemon and its code. */
export interface Runtime {
  readonly daemon: Daemon;
  readonly modules: LocalModules;
}

/** The limits that the settings name. */
const limitsOf = ({ timeoutMs, pageSize }: Settings): NonNullable<DaemonOptions['limits']> => ({ timeoutMs, pageSize });

/** Creates the daemon of a config file. Nothing is opened or loaded before it is needed. */
export function createRuntime({ settings, env, config, file, logger, beforeCode }: RuntimeOptions): Runtime {
  const modules = localModules({ base: dirname(file), logger });
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
    store: () => openStore(settings, env, logger),
    retention: { maxAgeMs: settings.recordMaxAgeDays * DAY_MS, maxCount: settings.recordMaxCount },
    limits: limitsOf(settings),
    logger,
    ...(settings.stateSecret === undefined ? {} : { stateSecret: settings.stateSecret }),
  });
  return { daemon, modules };
}
