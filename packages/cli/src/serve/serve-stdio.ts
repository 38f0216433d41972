/**
 * The sidecar: a config file on stdin and stdout, from its start to its end.
 */
import type { Readable } from 'node:stream';
import { isatty } from 'node:tty';

import { serveStdio } from '@mcp-daemon/stdio';

import { messageOf } from '../errors.js';
import { createLogger } from '../log/logger.js';
import { report } from '../runtime/report.js';
import { createRuntime } from '../runtime/runtime.js';
import { guardStdout } from '../runtime/stdout-guard.js';
import type { Env, Settings } from '../settings/settings.js';
import { wantsColour } from '../terminal/terminal.js';
import type { OpenedConfig } from './serving.js';
import { follow, NOT_CLOSED, openConfig, SIGNALS, surviveUserCode } from './serving.js';

/** Following edits can wait until a host has had its first answer. */
const WATCH_AFTER_MS = 300;
/** How often is looked whether a first call has been served. */
const WARM_EVERY_MS = 3_000;
/** What may be left of a drain once the client has gone and a signal has come. */
const HURRY_MS = 100;

/**
 * Serves until the client leaves or a signal comes, and ends the process.
 *
 * @param warm called once when everything has run that a start needs
 */
export async function serveOverStdio(settings: Settings, env: Env, warm: () => void): Promise<void> {
  let opened: OpenedConfig;
  try {
    opened = openConfig(settings);
  } catch (error) {
    process.exitCode = report(error);
    return;
  }
  const { file, config } = opened;
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
  if (settings.watch) setTimeout(() => follow(opened, daemon, modules, logger), WATCH_AFTER_MS).unref();

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
