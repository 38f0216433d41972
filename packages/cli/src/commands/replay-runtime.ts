/** A daemon for replays: it serves one catalog to one partition, and records in the store of the settings. */
import type { Daemon } from '@mcp-daemon/core';
import { DaemonError, withBundleVersion } from '@mcp-daemon/core';

import { Failure, UsageError } from '../errors.js';
import { createLogger } from '../log/logger.js';
import { createRuntime } from '../runtime/runtime.js';
import { guardStdout } from '../runtime/stdout-guard.js';
import { SETTINGS, variableOf } from '../settings/settings.js';
import { logsText } from '../settings/settings-log.js';
import type { CommandContext } from './command.js';
import type { ReplayCatalog } from './replay-catalog.js';

/** A daemon, and how to print beside the code that it runs. */
export interface ReplayRuntime {
  readonly daemon: Daemon;
  /** Prints a line to the real stdout. What functions print goes to stderr. */
  print(line: string): void;
}

/**
 * A catalog in which the code of a function comes from one version of its bundle.
 *
 * @param digest the SHA-256 of the bundle
 * @throws UsageError if it is no digest, Failure if the code of the function does not come from a bundle
 */
export function withBundle(catalog: ReplayCatalog, name: string, digest: string): ReplayCatalog {
  try {
    return { ...catalog, definition: withBundleVersion(catalog.definition, name, digest) };
  } catch (error) {
    if (error instanceof DaemonError && error.code === 'usage') throw new UsageError(`--bundle: ${error.message}`);
    throw error instanceof DaemonError ? new Failure(`--bundle: ${error.message}`) : error;
  }
}

/** Creates the daemon. Nothing is opened or loaded before its first call. */
export function replayRuntime(context: CommandContext, catalog: ReplayCatalog, partition: string): ReplayRuntime {
  const { settings, env, flags, paintNote } = context;
  const { output, guardChildren } = guardStdout();
  // The user wants to read the difference, so by default only warnings and errors are logged.
  const level = 'log-level' in flags || variableOf(SETTINGS.logLevel, env) !== undefined ? settings.logLevel : 'warn';
  const pretty = logsText(settings, process.stderr.isTTY === true);
  const logger = createLogger({ level, pretty, colour: paintNote('bold', '') !== '' });
  const { definition, server, file } = catalog;
  const { daemon } = createRuntime({
    settings: { ...settings, partition },
    ...{ env, file, logger },
    config: { definition, server, warnings: [] },
    explainFailures: true,
    beforeCode: guardChildren,
  });
  return { daemon, print: (line) => void output.write(`${line}\n`) };
}
