/**
 * The sidecar: a config file on stdin and stdout, from its start to its end.
 */
import { isatty } from 'node:tty';
import type { Readable } from 'node:stream';
import { ConfigError } from '@mcp-daemon/core';
import type { Config, Daemon } from '@mcp-daemon/core';
import type { LocalModules } from '@mcp-daemon/modules';
import { serveStdio } from '@mcp-daemon/stdio';
import { mistakeLines, readConfigFile } from './config-file.js';
import { stampOf, watchConfig } from './config-watch.js';
import { messageOf } from './errors.js';
import { createLogger, type LazyLogger } from './logger.js';
import { findConfig } from './places.js';
import { report } from './report.js';
import { createRuntime } from './runtime.js';
import { readSettings, type Env, type Flags, type Settings } from './settings.js';
import { guardStdout } from './stdout-guard.js';
import { wantsColour } from './terminal.js';

/** Following edits can wait until a host has had its first answer. */
const WATCH_AFTER_MS = 300;
/** How often is looked whether a first call has been served. */
const WARM_EVERY_MS = 3_000;
/** What may be left of a drain once the client has gone and a signal has come. */
const HURRY_MS = 100;
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

interface Started {
  settings: Settings;
  file: string;
  /** Told before the file is read: an edit during the start is not missed. */
  stamp: string | undefined;
  config: Config;
}

function start(flags: Flags, env: Env): Started {
  const settings = readSettings(flags, env);
  const file = findConfig(settings);
  const stamp = stampOf(file);
  return { settings, file, stamp, config: readConfigFile(file) };
}

/** Keeps the catalog and the code up to date with their files. */
function follow({ file, stamp }: Started, daemon: Daemon, modules: LocalModules, logger: LazyLogger): void {
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

const NOT_CLOSED = 'the record could not be closed';

/** User code may fail after its call has ended, where nobody waits for it. That ends no server: others are being served. */
function surviveUserCode(logger: LazyLogger): void {
  const survive = (what: string) => (error: unknown) => {
    // Whoever read stderr has gone: saying so would only fail again.
    if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return;
    logger.error({ error }, `${what} in a function's code; the server goes on: ${messageOf(error)}`);
  };
  process.on('uncaughtException', survive('an uncaught exception'));
  process.on('unhandledRejection', survive('an unhandled rejection'));
}

/**
 * Serves until the client leaves or a signal comes, and ends the process.
 *
 * @param flags as `readServing` gives them
 * @param warm called once when everything has run that a start needs
 */
export async function serve(flags: Flags, env: Env, warm: () => void = () => undefined): Promise<void> {
  let started: Started;
  try {
    started = start(flags, env);
  } catch (error) {
    process.exitCode = report(error);
    return;
  }
  const { settings, file, config } = started;
  const guard = guardStdout();
  const pretty = isatty(2); // process.stderr is not made for the question: most sidecars have nothing to say
  const logger = createLogger({ level: settings.logLevel, pretty, colour: wantsColour(env, { isTTY: pretty }) });
  const { daemon, modules } = createRuntime({ settings, env, config, file, logger, beforeCode: guard.guardChildren });
  surviveUserCode(logger);

  const { drainMs, maxMessageBytes } = settings;
  const input: Readable = process.stdin;
  const server = serveStdio(daemon, { input, output: guard.output, maxMessageBytes, drainMs });

  let leaving = false;
  /** From now on nobody waits for ever: not for a function, and not for a client that does not read its answers. */
  function leave(): void {
    if (leaving) return;
    leaving = true;
    setTimeout(() => void daemon.close({ drainMs: 1 }).finally(() => process.exit(0)), drainMs + HURRY_MS).unref();
  }
  let signals = 0;
  for (const [signal, code] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      signals += 1;
      if (signals > 1) process.exit(code);
      // A client that has left its end waits for no answer: what is under way is cut short.
      if (leaving) void daemon.close({ drainMs: HURRY_MS }).finally(() => process.exit(0));
      leave();
      // Listen streams end with their result, and the server with the daemon.
      void daemon.close({ drainMs }).catch((error: unknown) => logger.error({ error: messageOf(error) }, NOT_CLOSED));
    });
  }
  input.once('end', leave);
  if (settings.watch) setTimeout(() => follow(started, daemon, modules, logger), WATCH_AFTER_MS).unref();

  const warming = setInterval(() => {
    if (daemon.stats().written === 0) return;
    clearInterval(warming);
    warm();
  }, WARM_EVERY_MS).unref();

  await server.closed;
  try {
    await daemon.close({ drainMs: 1 });
  } catch (error) {
    logger.error({ error: messageOf(error) }, NOT_CLOSED);
  }
  if (daemon.stats().written > 0) warm();
  // What a function left running keeps no server alive.
  process.exit(0);
}
