/**
 * Serves a config file on stdin and stdout (the sidecar of a host), from start to shutdown.
 */
import { isatty } from 'node:tty';

import type { Daemon } from '@mcp-daemon/core';
import { serveStdio } from '@mcp-daemon/stdio';

import { messageOf } from '../errors.js';
import type { LazyLogger } from '../log/logger.js';
import { createLogger } from '../log/logger.js';
import { report } from '../runtime/report.js';
import { createRuntime, partitionOf } from '../runtime/runtime.js';
import { reserveStdio } from '../runtime/stdout-guard.js';
import { openTelemetry } from '../runtime/telemetry.js';
import type { Env, Settings } from '../settings/settings.js';
import { logsText } from '../settings/settings-log.js';
import { wantsColour } from '../terminal/terminal.js';
import type { OpenedConfig } from './serving.js';
import {
  logMissingModules,
  logUncaughtErrors,
  logWarnings,
  NOT_CLOSED,
  openConfigIfAny,
  SIGNALS,
  watchFiles,
} from './serving.js';

/** What is not needed for the first answer starts later, so that it does not delay it. */
const AFTER_START_MS = 300;
/** How often to check whether a first call has ended. */
const CACHE_CHECK_MS = 3_000;
/** The time limit for the rest of the shutdown, after the wait for running calls. */
const GRACE_MS = 100;
/** How long functions may clean up after a signal. Hosts send SIGKILL after half a second. */
const CLEANUP_MS = 100;
/** Claude Code sends SIGINT and then SIGTERM, 100 ms later: a signal that comes so soon belongs to the same end. */
const SAME_END_MS = 500;

const WAITING =
  'mcp-daemon: waiting for MCP messages on stdin, one JSON message per line; Ctrl+C stops. Hosts start this command.\n';

/** Closes the daemon; running calls are cancelled before this function returns. Never throws. */
async function closeDaemon(daemon: Daemon, logger: LazyLogger): Promise<void> {
  try {
    await daemon.close({ drainMs: 0 });
  } catch (error) {
    logger.error({ error: messageOf(error) }, NOT_CLOSED);
  }
}

/**
 * Serves until the client leaves or a signal comes, then exits the process.
 *
 * @param saveCompileCache called when all code that a start needs has run
 * @param fixed what is served in place of the config file of the settings. It is not read again
 */
export async function serveOverStdio(
  settings: Settings,
  env: Env,
  saveCompileCache: () => void,
  fixed?: OpenedConfig,
): Promise<void> {
  let opened: OpenedConfig | undefined;
  let partition: string;
  try {
    partition = partitionOf(settings);
    opened = fixed ?? openConfigIfAny(settings);
  } catch (error) {
    process.exitCode = report(error);
    return;
  }
  const stdio = reserveStdio();
  const isTTY = isatty(2); // does not create process.stderr, which most sidecars never use
  const pretty = logsText(settings, isTTY);
  const logger = createLogger({ level: settings.logLevel, pretty, colour: wantsColour(env, { isTTY }) });
  const telemetry = await openTelemetry(env, { service: opened?.config.server.name, transport: 'pipe', logger });
  const runtime = createRuntime({
    ...{ settings, env, logger, telemetry },
    ...(opened === undefined ? {} : { config: opened.config, ...(fixed === undefined ? { file: opened.file } : {}) }),
    explainFailures: true, // the client is run by the user whose code it is
    beforeCode: stdio.guardChildren,
  });
  const { daemon } = runtime;
  logUncaughtErrors(logger);

  const { drainMs, maxMessageBytes } = settings;
  const { input, output } = stdio;
  const server = serveStdio(daemon, { input, output, maxMessageBytes, drainMs, partition });
  if (isTTY && isatty(0)) process.stderr.write(WAITING);

  let leaving = false;
  /** Sets a time limit for the shutdown, so that it does not wait forever for a function, or for a client that does not read. */
  function leave(): void {
    if (leaving) return;
    leaving = true;
    logger.debug({}, `stdin has ended: waiting up to ${drainMs / 1_000} s for running calls`);
    setTimeout(() => void daemon.close({ drainMs: 1 }).finally(() => process.exit(0)), drainMs + GRACE_MS).unref();
  }
  /** Cancels running calls, because after a signal nobody reads their answers. Their records are written. */
  async function stop(): Promise<void> {
    const running = daemon.stats().inFlight > 0;
    // Closing the daemon ends listen streams with their result, and then the server.
    const closed = closeDaemon(daemon, logger);
    // From the cancellation on, so that a slow shutdown takes nothing of the time to clean up.
    const cleanup = new Promise((resolve) => setTimeout(resolve, CLEANUP_MS));
    await closed;
    await (running ? cleanup : Promise.race([server.closed, cleanup]));
    process.exit(0);
  }
  let stoppedAt: number | undefined;
  for (const [signal, code] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      if (stoppedAt !== undefined) {
        if (performance.now() - stoppedAt >= SAME_END_MS) process.exit(code);
        return;
      }
      stoppedAt = performance.now();
      void stop();
    });
  }
  input.once('end', leave);
  setTimeout(() => {
    if (opened !== undefined) logWarnings(opened.file, opened.config, logger);
    if (settings.watch) watchFiles(opened, runtime, logger);
    if (opened !== undefined) {
      logMissingModules(opened.config, runtime, logger);
      runtime.isolated.prepare(opened.config.definition, partition);
    }
  }, AFTER_START_MS).unref();

  const cacheCheck = setInterval(() => {
    if (daemon.stats().ended === 0) return;
    clearInterval(cacheCheck);
    saveCompileCache();
  }, CACHE_CHECK_MS).unref();

  await server.closed;
  await closeDaemon(daemon, logger);
  if (stoppedAt !== undefined) return; // stop() exits
  if (daemon.stats().ended > 0) saveCompileCache();
  // Timers and sockets of a function must not keep the server running.
  process.exit(0);
}
