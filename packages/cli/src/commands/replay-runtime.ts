/** A daemon for replays: it serves one catalog to one partition, and records in the store of the settings. */
import type { Daemon, LinkBinding } from '@mcp-daemon/core';

import { Failure, UsageError } from '../errors.js';
import { createLogger } from '../log/logger.js';
import { createRuntime } from '../runtime/runtime.js';
import { guardStdout } from '../runtime/stdout-guard.js';
import { SETTINGS, variableOf } from '../settings/settings.js';
import type { CommandContext } from './command.js';
import type { ReplayCatalog } from './replay-catalog.js';

/** A daemon, and how to print beside the code that it runs. */
export interface ReplayRuntime {
  readonly daemon: Daemon;
  /** Prints a line to the real stdout. What functions print goes to stderr. */
  print(line: string): void;
}

const SHA256 = /^[0-9a-f]{64}$/i;

/**
 * A catalog in which the code of a function comes from one version of its bundle.
 *
 * @param digest the SHA-256 of the bundle
 * @throws UsageError if it is no digest, Failure if the code of the function does not come from a bundle
 */
export function withBundle(catalog: ReplayCatalog, name: string, digest: string): ReplayCatalog {
  if (!SHA256.test(digest)) throw new UsageError('--bundle: must be the SHA-256 of a bundle: 64 hexadecimal digits');
  const { definition } = catalog;
  const found = definition.functions.find((one) => one.name === name);
  if (found === undefined) return catalog; // the replay says so
  const { binding } = found;
  if (binding.kind !== 'link' || !binding.source)
    throw new Failure(`--bundle: the code of "${name}" does not come from a bundle`);
  const pinned: LinkBinding = { ...binding, sha256: digest.toLowerCase() };
  const functions = definition.functions.map((one) => (one === found ? { ...one, binding: pinned } : one));
  return { ...catalog, definition: { ...definition, functions } };
}

/** Creates the daemon. Nothing is opened or loaded before its first call. */
export function replayRuntime(context: CommandContext, catalog: ReplayCatalog, partition: string): ReplayRuntime {
  const { settings, env, flags, paintNote } = context;
  const { output, guardChildren } = guardStdout();
  // The user wants to read the difference, so by default only warnings and errors are logged.
  const level = 'log-level' in flags || variableOf(SETTINGS.logLevel, env) !== undefined ? settings.logLevel : 'warn';
  const logger = createLogger({ level, pretty: process.stderr.isTTY === true, colour: paintNote('bold', '') !== '' });
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
