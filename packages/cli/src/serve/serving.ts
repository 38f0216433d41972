/**
 * What both transports share: opening and watching the config file, and handling uncaught errors of user code.
 */
import type { Config, Daemon } from '@mcp-daemon/core';
import { ConfigError } from '@mcp-daemon/core';
import type { LocalModules } from '@mcp-daemon/modules';

import { messageOf } from '../errors.js';
import type { LazyLogger } from '../log/logger.js';
import { readConfigFile } from '../runtime/config-file.js';
import { errorLine, errorLines } from '../runtime/report.js';
import { findConfig } from '../settings/paths.js';
import type { Settings } from '../settings/settings.js';
import { stampOf, watchConfig } from './config-watch.js';

/** The exit codes of a process that a signal stops at once. */
export const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** The log message where closing the store fails. */
export const NOT_CLOSED = 'could not close the record of calls';

/** A config file that was read to be served. */
export interface OpenedConfig {
  readonly file: string;
  /** The version of the file before it was read, so that an edit during the start is not missed. */
  readonly stamp: string | undefined;
  readonly config: Config;
}

/**
 * Finds and reads the config file.
 *
 * @throws UsageError where there is none, ConfigError with all its errors
 */
export function openConfig(settings: Settings): OpenedConfig {
  const file = findConfig(settings);
  const stamp = stampOf(file);
  return { file, stamp, config: readConfigFile(file) };
}

/** Logs that a config has warnings: the first, and how many more there are. */
export function logWarnings(file: string, { warnings }: Config, logger: Pick<LazyLogger, 'warn'>): void {
  const [first] = warnings;
  if (first === undefined) return;
  const others = warnings.length === 1 ? '' : ` (and ${warnings.length - 1} more: "config check" lists them)`;
  logger.warn({ warnings: warnings.length }, `${errorLine(first, file)}${others}`);
}

/** Reloads the catalog and the code when their files change. */
export function watchFiles({ file, stamp }: OpenedConfig, daemon: Daemon, modules: LocalModules, logger: LazyLogger): void {
  function reload(): void {
    try {
      const config = readConfigFile(file);
      const { definition } = config;
      daemon.update(definition);
      logWarnings(file, config, logger);
      logger.info({ file, functions: definition.functions.length }, 'config file reloaded');
    } catch (error) {
      if (error instanceof ConfigError) {
        for (const line of errorLines(error, file)) logger.error({}, line);
        logger.error({ errors: error.mistakes.length }, 'the config file has errors; still serving the last valid version');
      } else {
        logger.error({ error: messageOf(error) }, 'cannot reload the config file; still serving the last valid version');
      }
    }
  }
  watchConfig(file, stamp, reload);
  modules.watch((change) => {
    daemon.reload((link) => change.affects(link));
    logger.info({ files: change.files }, 'code changed; the next call loads it');
  });
}

/** Logs uncaught errors of user code, which can happen after its call has ended, and keeps the server running for other calls. */
export function logUncaughtErrors(logger: LazyLogger): void {
  const log = (what: string) => (error: unknown) => {
    // stderr is closed: logging would only fail again.
    if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return;
    logger.error({ error }, `${what} in user code; the server keeps running: ${messageOf(error)}`);
  };
  process.on('uncaughtException', log('uncaught exception'));
  process.on('unhandledRejection', log('unhandled rejection'));
}
