/**
 * The daemon over HTTP: a config file on a port, from its start to its end.
 */
import type { Daemon } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';
import type { HttpServer } from '@mcp-daemon/express';
import { createAddressOf, serveHttp } from '@mcp-daemon/express';

import { messageOf, UsageError } from '../errors.js';
import type { LazyLogger } from '../log/logger.js';
import { createLogger } from '../log/logger.js';
import { report } from '../runtime/report.js';
import type { Runtime } from '../runtime/runtime.js';
import { createRuntime } from '../runtime/runtime.js';
import type { Env, Settings } from '../settings/settings.js';
import { listOf } from '../settings/settings.js';
import { wantsColour } from '../terminal/terminal.js';
import { VERSION } from '../version.js';
import { announce } from './announce.js';
import { createAuth, hasKnownSecrets, tellWhoLogsIn } from './auth.js';
import type { OpenedConfig } from './serving.js';
import { follow, NOT_CLOSED, openConfig, SIGNALS, surviveUserCode } from './serving.js';

/** What may be left of the end, once calls under way have had their time. */
const HURRY_MS = 5_000;

const DEFAULT_HOST = '127.0.0.1';

/** One press of Ctrl+C reaches all of a group, and those who hand signals on: what comes so soon is the same again. */
const ECHO_MS = 300;

/** How many proxies there are, or which. */
function trustedProxies(text: string | undefined): number | readonly string[] {
  if (text === undefined) return 0;
  return /^\d+$/.test(text) ? Number(text) : (listOf(text) ?? []);
}

/** @throws UsageError */
function originOf(publicUrl: string): string {
  const url = URL.canParse(publicUrl) ? new URL(publicUrl) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url.origin;
  throw new UsageError(`PUBLIC_URL must be an origin such as https://mcp.example.com, got "${publicUrl}"`);
}

async function listen(daemon: Daemon, settings: Settings, logger: LazyLogger): Promise<HttpServer> {
  const { host = DEFAULT_HOST, maxMessageBytes, publicUrl } = settings;
  const { port, rateLimit, maxSessions, sessionIdleMs, maxConnections, httpSse, accessLog } = settings;
  const trustProxy = trustedProxies(settings.trustProxy);
  // A page that gets here by a name of its own can log in with what everybody knows.
  const allowedHosts = listOf(settings.allowedHosts) ?? (hasKnownSecrets(settings) ? [] : undefined);
  const auth = await createAuth({ settings, host, addressOf: createAddressOf(trustProxy), logger });
  return serveHttp(daemon, {
    ...{ auth, host, port, rateLimit, maxSessions, sessionIdleMs, maxConnections, httpSse, accessLog, trustProxy, logger },
    maxBodyBytes: maxMessageBytes,
    // Our own pages are at the origin that clients know.
    allowedOrigins: [...(listOf(settings.allowedOrigins) ?? []), ...(publicUrl === undefined ? [] : [originOf(publicUrl)])],
    version: VERSION,
    ...(allowedHosts === undefined ? {} : { allowedHosts }),
  });
}

/** Ends at a signal: calls under way are given their time, a second signal ends it at once. */
function endAtSignal(server: HttpServer, daemon: Daemon, drainMs: number, logger: LazyLogger): void {
  let code = 0;
  async function end(): Promise<void> {
    await server.close({ drainMs });
    try {
      await daemon.close({ drainMs: 1 });
    } catch (error) {
      code = 1;
      logger.error({ error: messageOf(error) }, NOT_CLOSED);
    }
    logger.info({}, 'ended');
    process.exit(code);
  }
  let toldAt = -Infinity;
  for (const [signal, exitCode] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      const again = performance.now() - toldAt;
      if (again < ECHO_MS) return;
      if (again < Infinity) process.exit(exitCode);
      toldAt = performance.now();
      logger.info({ signal }, 'ending: calls under way are given their time');
      setTimeout(() => process.exit(1), drainMs + HURRY_MS).unref();
      void end();
    });
  }
}

/** Serves until a signal comes, and ends the process. */
export async function serveOverHttp(settings: Settings, env: Env): Promise<void> {
  let runtime: Runtime | undefined;
  try {
    const opened: OpenedConfig = openConfig(settings);
    const pretty = process.stderr.isTTY === true;
    const logger = createLogger({ level: settings.logLevel, pretty, colour: wantsColour(env, process.stderr) });
    runtime = createRuntime({ settings, env, config: opened.config, file: opened.file, logger });
    const { daemon, modules } = runtime;
    surviveUserCode(logger);
    await daemon.check(); // a store that cannot be used is a mistake of the start, not of the first call
    const server = await listen(daemon, settings, logger);
    endAtSignal(server, daemon, settings.drainMs, logger);
    if (settings.watch) follow(opened, daemon, modules, logger);
    tellWhoLogsIn(settings, settings.host ?? DEFAULT_HOST, logger);
    announce({ server, settings, opened, env, logger });
  } catch (error) {
    // What is wrong with an option came from a setting.
    process.exitCode = report(error instanceof DaemonError && error.code === 'usage' ? new UsageError(error.message) : error);
    await runtime?.daemon.close({ drainMs: 1 });
  }
}
