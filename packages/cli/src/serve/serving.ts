/**
 * What serving has in common, over whatever transport: a config file that is followed, and user code that may fail.
 */
import type { Config, Daemon } from '@mcp-daemon/core';
import { ConfigError } from '@mcp-daemon/core';
import type { LocalModules } from '@mcp-daemon/modules';

import { messageOf } from '../errors.js';
import type { LazyLogger } from '../log/logger.js';
import { mistakeLines, readConfigFile } from '../runtime/config-file.js';
import { findConfig } from '../settings/places.js';
import type { Settings } from '../settings/settings.js';
import { stampOf, watchConfig } from './config-watch.js';

/** How a process ends that a signal ends at once. */
export const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** What is logged where the record did not take its end well. */
export const NOT_CLOSED = 'the record could not be closed';

/** A config file that is about to be served. */
export interface OpenedConfig {
  readonly file: string;
  /** Told before the file is read: an edit during the start is not missed. */
  readonly stamp: string | undefined;
  readonly config: Config;
}

/**
 * Finds and reads the config file.
 *
 * @throws UsageError where there is none, ConfigError with all its mistakes
 */
export function openConfig(settings: Settings): OpenedConfig {
  const file = findConfig(settings);
  const stamp = stampOf(file);
  return { file, stamp, config: readConfigFile(file) };
}

/** Keeps the catalog and the code up to date with their files. */
export function follow({ file, stamp }: OpenedConfig, daemon: Daemon, modules: LocalModules, logger: LazyLogger): void {
  function reload(): void {
    try {
      const { definition } = readConfigFile(file);
      daemon.update(definition);
      logger.info({ file, functions: definition.functions.length }, 'the config file was read again');
    } catch (error) {
      if (error instanceof ConfigError) {
        for (const line of mistakeLines(error, file)) logger.error({}, line);
        logger.error({ mistakes: error.mistakes.length }, 'the config file has mistakes; the last good one is served');
      } else {
        logger.error({ error: messageOf(error) }, 'the last good config is served');
      }
    }
  }
  watchConfig(file, stamp, reload);
  modules.watch((change) => {
    daemon.reload((link) => change.affects(link));
    logger.info({ files: change.files }, 'code was changed; the next call loads it anew');
  });
}

/** User code may fail after its call has ended, where nobody waits for it. That ends no server: others are being served. */
export function surviveUserCode(logger: LazyLogger): void {
  const survive = (what: string) => (error: unknown) => {
    // Whoever read stderr has gone: saying so would only fail again.
    if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return;
    logger.error({ error }, `${what} in a function's code; the server goes on: ${messageOf(error)}`);
  };
  process.on('uncaughtException', survive('an uncaught exception'));
  process.on('unhandledRejection', survive('an unhandled rejection'));
}
