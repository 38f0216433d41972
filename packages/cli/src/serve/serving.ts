/**
 * What both transports share: opening and watching the config file, and handling uncaught errors of user code.
 */
import { join } from 'node:path';

import type { Config, LinkBinding } from '@mcp-daemon/core';
import { ConfigError } from '@mcp-daemon/core';

import { messageOf } from '../errors.js';
import type { LazyLogger } from '../log/logger.js';
import { readConfigFile } from '../runtime/config-file.js';
import { loadEnvFile } from '../runtime/env-file.js';
import { errorLine, errorLines } from '../runtime/report.js';
import type { Runtime } from '../runtime/runtime.js';
import { CONFIG_NAMES, findConfig, isFile } from '../settings/paths.js';
import type { Settings } from '../settings/settings.js';
import type { FileWatch } from './config-watch.js';
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

/** How to go on without a config file. */
const STORE_ALONE =
  '. To serve what is in the store instead, add --partition NAME; "mcp-daemon config apply FILE --partition NAME" adds a partition';

/**
 * Finds and reads the config file.
 *
 * @throws UsageError if there is none, or an --env-from cannot be read; ConfigError with all its errors
 */
export function openConfig(settings: Settings): OpenedConfig {
  const file = findConfig(settings, STORE_ALONE);
  loadEnvFile(settings, file);
  const stamp = stampOf(file);
  return { file, stamp, config: readConfigFile(file) };
}

/**
 * The same where the store may be served without a config file: then there need not be one.
 *
 * @returns undefined if no file is named, none is in this folder, and the settings name DynamoDB or a partition
 */
export function openConfigIfAny(settings: Settings): OpenedConfig | undefined {
  const { config, store, partition } = settings;
  const isOptional = store === 'dynamodb' || partition !== undefined;
  if (config === undefined && isOptional && !CONFIG_NAMES.some((name) => isFile(name))) {
    loadEnvFile(settings, join(process.cwd(), CONFIG_NAMES[0]));
    return undefined;
  }
  return openConfig(settings);
}

/** Logs that a config has warnings: the first, and how many more there are. */
export function logWarnings(file: string, { warnings }: Config, logger: Pick<LazyLogger, 'warn'>): void {
  const [first] = warnings;
  if (first === undefined) return;
  const others = warnings.length === 1 ? '' : ` (and ${warnings.length - 1} more: "config check" lists them)`;
  logger.warn({ warnings: warnings.length }, `${errorLine(first, file)}${others}`);
}

/** Reloads the catalog and the code when their files change. */
export function watchFiles(
  opened: OpenedConfig | undefined,
  { daemon, modules, bundles, update }: Runtime,
  logger: LazyLogger,
): void {
  if (opened !== undefined) watchConfigFile(opened, update, logger);
  modules.watch((change) => {
    daemon.reload((link) => change.affects(link));
    logger.info({ files: change.files }, 'code changed; the next call loads it');
  });
  bundles.watch((change) => daemon.reload((link) => change.affects(link)));
}

/** Serves the config file anew when it changes. @param update takes over the new catalog */
export function watchConfigFile({ file, stamp }: OpenedConfig, update: Runtime['update'], logger: LazyLogger): FileWatch {
  let failed = false;
  /** @returns whether the file was read, with errors or without */
  function reload(isSaved: boolean): boolean {
    try {
      const config = readConfigFile(file);
      const { definition } = config;
      update(definition);
      logWarnings(file, config, logger);
      logger.info({ file, functions: definition.functions.length }, 'config file reloaded');
      failed = false;
      return true;
    } catch (error) {
      if (error instanceof ConfigError && error.isSyntax && !isSaved) {
        logger.debug({ file }, 'the config file is not JSON; it may be being saved, and is read again');
        return false;
      }
      if (error instanceof ConfigError) {
        for (const line of errorLines(error, file)) logger.error({}, line);
        logger.error({ errors: error.mistakes.length }, 'the config file has errors; still serving the last valid version');
        failed = false;
        return true;
      }
      if (!failed) {
        const what = 'cannot reload the config file; still serving the last valid version, and trying again';
        logger.error({ error: messageOf(error) }, what);
      }
      failed = true;
      return false;
    }
  }
  return watchConfig(file, stamp, reload);
}

/** Maximum number of modules to look for after the start, so that the start and the log stay short. */
const MAX_LOOKED_FOR = 1_000;

/** Logs the modules of a config that do not exist. Nothing is loaded, and serving goes on: they may still be on their way. */
export function logMissingModules(
  { definition }: Config,
  { modules, bundles, isolated }: Pick<Runtime, 'modules' | 'bundles' | 'isolated'>,
  logger: LazyLogger,
): void {
  const isLocal = (link: LinkBinding): boolean => !bundles.accepts(link) && modules.accepts(link) && !isolated.isPython(link);
  const links = definition.functions.flatMap(({ binding }) => (binding.kind === 'link' && isLocal(binding) ? [binding] : []));
  const byModule = new Map(links.map((link) => [JSON.stringify([link.source, link.package_name, link.module_name]), link]));
  for (const link of [...byModule.values()].slice(0, MAX_LOOKED_FOR)) {
    const why = modules.missing(link);
    if (why !== undefined) logger.warn({ module: link.module_name }, why);
  }
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
