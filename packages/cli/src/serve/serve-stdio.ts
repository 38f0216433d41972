/**
 * Serves a config file on stdin and stdout (the sidecar of a host), from start to shutdown.
 */
import { isatty } from 'node:tty';

import { serveStdio } from '@mcp-daemon/stdio';

import { messageOf } from '../errors.js';
import { createLogger } from '../log/logger.js';
import { report } from '../runtime/report.js';
import { createRuntime } from '../runtime/runtime.js';
import { reserveStdio } from '../runtime/stdout-guard.js';
import type { Env, Settings } from '../settings/settings.js';
import { wantsColour } from '../terminal/terminal.js';
import type { OpenedConfig } from './serving.js';
import { logUncaughtErrors, NOT_CLOSED, openConfig, SIGNALS, watchFiles } from './serving.js';

/** Watching files starts later, so that it does not delay the first answer. */
const WATCH_AFTER_MS = 300;
/** How often to check whether a first call has been recorded. */
const CACHE_CHECK_MS = 3_000;
/** How long to wait for running calls after the client has left and a signal came. */
const GRACE_MS = 100;

/**
 * Serves until the client leaves or a signal comes, then exits the process.
 *
 * @param saveCompileCache called once, when all code that a start needs has run
 */
export async function serveOverStdio(settings: Settings, env: Env, saveCompileCache: () => void): Promise<void> {
  let opened: OpenedConfig;
  try {
    opened = openConfig(settings);
  } catch (error) {
    process.exitCode = report(error);
    return;
  }
  const { file, config } = opened;
  const stdio = reserveStdio();
  const pretty = isatty(2); // does not create process.stderr, which most sidecars never use
  const logger = createLogger({ level: settings.logLevel, pretty, colour: wantsColour(env, { isTTY: pretty }) });
  const { daemon, modules } = createRuntime({ settings, env, config, file, logger, beforeCode: stdio.guardChildren });
  logUncaughtErrors(logger);

  const { drainMs, maxMessageBytes } = settings;
  const { input } = stdio;
  const server = serveStdio(daemon, { input, output: stdio.output, maxMessageBytes, drainMs });

  let leaving = false;
  /** Sets a time limit for the shutdown, so that it does not wait forever for a function, or for a client that does not read. */
  function leave(): void {
    if (leaving) return;
    leaving = true;
    setTimeout(() => void daemon.close({ drainMs: 1 }).finally(() => process.exit(0)), drainMs + GRACE_MS).unref();
  }
  let signals = 0;
  for (const [signal, code] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      signals += 1;
      if (signals > 1) process.exit(code);
      // The client has left, so nobody waits for the answers of running calls.
      if (leaving) void daemon.close({ drainMs: GRACE_MS }).finally(() => process.exit(0));
      leave();
      // Closing the daemon ends listen streams with their result, and then the server.
      void daemon.close({ drainMs }).catch((error: unknown) => logger.error({ error: messageOf(error) }, NOT_CLOSED));
    });
  }
  input.once('end', leave);
  if (settings.watch) setTimeout(() => watchFiles(opened, daemon, modules, logger), WATCH_AFTER_MS).unref();

  const cacheCheck = setInterval(() => {
    if (daemon.stats().written === 0) return;
    clearInterval(cacheCheck);
    saveCompileCache();
  }, CACHE_CHECK_MS).unref();

  await server.closed;
  try {
    await daemon.close({ drainMs: 1 });
  } catch (error) {
    logger.error({ error: messageOf(error) }, NOT_CLOSED);
  }
  if (daemon.stats().written > 0) saveCompileCache();
  // Timers and sockets of a function must not keep the server running.
  process.exit(0);
}
