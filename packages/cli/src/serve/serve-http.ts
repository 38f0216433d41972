/**
 * Serves a config file over HTTP, from start to shutdown.
 */
import { lookup } from 'node:dns/promises';
import type { BigIntStats } from 'node:fs';
import { fstatSync } from 'node:fs';
import { isIP } from 'node:net';

import type { Config, Daemon } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';
import type { HttpOptions, HttpServer } from '@mcp-daemon/express';
import { createAddressOf, isLoopbackHost, serveHttp } from '@mcp-daemon/express';

import { messageOf, UsageError } from '../errors.js';
import type { LazyLogger } from '../log/logger.js';
import { createLogger } from '../log/logger.js';
import { report } from '../runtime/report.js';
import type { Runtime } from '../runtime/runtime.js';
import { createRuntime, partitionOf } from '../runtime/runtime.js';
import { stateSecretOf } from '../runtime/state-secret.js';
import { openTelemetry } from '../runtime/telemetry.js';
import { serverCardsOf } from '../settings/server-cards.js';
import type { Env, Settings } from '../settings/settings.js';
import { parseList, SETTINGS, variableOf } from '../settings/settings.js';
import { logsText } from '../settings/settings-log.js';
import { wantsColour } from '../terminal/terminal.js';
import { VERSION } from '../version.js';
import { createAuth, logAuthWarnings, usesDefaultSecrets } from './auth.js';
import { printBanner } from './banner.js';
import { findConsole } from './console-assets.js';
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

/** The time limit for the rest of the shutdown, after the wait for running calls. */
const GRACE_MS = 5_000;

const DEFAULT_HOST = '127.0.0.1';

/** One Ctrl+C can arrive twice: from the terminal, and from a parent that forwards signals. So soon it is the same one. */
const REPEATED_MS = 300;

/** The number of proxies, or their addresses. */
function trustedProxies(text: string | undefined): number | readonly string[] {
  if (text === undefined) return 0;
  return /^\d+$/.test(text) ? Number(text) : (parseList(text) ?? []);
}

/** @throws UsageError */
function originOf(publicUrl: string): string {
  const url = URL.canParse(publicUrl) ? new URL(publicUrl) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url.origin;
  throw new UsageError(`PUBLIC_URL must be an origin such as https://mcp.example.com, not "${publicUrl}"`);
}

/** @throws UsageError if the host is neither an address nor a name that leads to one */
async function checkHost(host: string, env: Env): Promise<void> {
  if (isIP(host) !== 0) return;
  try {
    await lookup(host);
  } catch (error) {
    const variable = variableOf(SETTINGS.host, env);
    const source = variable?.text === host ? `${variable.name} in the environment says` : '--host says';
    const advice = 'Other programs use the variable HOST too: MCP_HOST and --host take precedence over it';
    throw new UsageError(`${source} "${host}", which is not an address (${messageOf(error)}). ${advice}`, { hint: false });
  }
}

/** How much longer the server waits than the API, which answers with the data that it has when its time is over. */
const GRAPHQL_GRACE_MS = 5_000;

/** What is served. */
interface Served {
  settings: Settings;
  env: Env;
  config: Config | undefined;
  logger: LazyLogger;
}

/** The options for the GraphQL API. */
function graphqlOptions({ daemon, bundles }: Runtime, { settings, env, config, logger }: Served): HttpOptions {
  if (!settings.graphql) return {};
  const configPartition = config === undefined ? undefined : partitionOf(settings);
  return {
    graphql: async ({ sessions }) => {
      const { openGraphqlApi } = await import('./graphql-api.js');
      return openGraphqlApi({ daemon, bundles, settings, env, configPartition, sessions, logger });
    },
    graphqlLimits: { timeoutMs: settings.graphqlTimeoutMs + GRAPHQL_GRACE_MS },
  };
}

async function listen(runtime: Runtime, served: Served): Promise<HttpServer> {
  const { daemon } = runtime;
  const { settings, config, logger } = served;
  const { host = DEFAULT_HOST, maxBodyBytes, maxHeldBytes, maxHeldBytesPerUser, publicUrl } = settings;
  const { port, rateLimit, maxSessions, sessionIdleMs, maxConnections, httpSse, accessLog } = settings;
  const trustProxy = trustedProxies(settings.trustProxy);
  // With a default secret, a web page that reaches the server by another host name could log in (DNS rebinding).
  const allowedHosts = parseList(settings.allowedHosts) ?? (usesDefaultSecrets(settings) ? [] : undefined);
  const auth = await createAuth({ settings, host, addressOf: createAddressOf(trustProxy), state: () => daemon.state(), logger });
  const console = settings.console ? findConsole() : undefined;
  if (settings.console && console === undefined) logger.warn({}, 'the files of the console are missing: /console is not served');
  // Where other machines reach us, only PUBLIC_URL says.
  const mountLogins = runtime.mounts.logins(
    () => publicUrl?.replace(/\/$/, '') ?? (isLoopbackHost(host) ? server.url : undefined),
  );
  const server: HttpServer = await serveHttp(daemon, {
    ...{ auth, host, port, rateLimit, maxSessions, sessionIdleMs, maxConnections, httpSse, accessLog, trustProxy, logger },
    ...{ maxBodyBytes, maxHeldBytes, maxHeldBytesPerUser },
    ...graphqlOptions(runtime, served),
    // The API pages of the server are at this origin.
    allowedOrigins: [...(parseList(settings.allowedOrigins) ?? []), ...(publicUrl === undefined ? [] : [originOf(publicUrl)])],
    version: VERSION,
    cache: daemon.catalogs,
    mountLogins,
    failingBundles: () => runtime.bundles.problems().length,
    publicUrl,
    ...(console === undefined ? {} : { console: { assetsDir: console } }),
    documents: { title: config?.server.name, version: config?.server.version },
    ...(allowedHosts === undefined ? {} : { allowedHosts }),
    serverCards: serverCardsOf(settings.serverCards),
  });
  return server;
}

/** Shuts down at a signal, after waiting for running calls. A second signal exits at once. */
function shutDownAtSignal(server: HttpServer, daemon: Daemon, drainMs: number, logger: LazyLogger): void {
  let code = 0;
  async function shutDown(): Promise<void> {
    await server.close({ drainMs });
    try {
      await daemon.close({ drainMs: 1 });
    } catch (error) {
      code = 1;
      logger.error({ error: messageOf(error) }, NOT_CLOSED);
    }
    logger.info({}, 'stopped');
    process.exit(code);
  }
  let firstAt = -Infinity;
  for (const [signal, exitCode] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      const elapsed = performance.now() - firstAt;
      if (elapsed < REPEATED_MS) return;
      if (elapsed < Infinity) process.exit(exitCode);
      firstAt = performance.now();
      logger.info({ signal }, `shutting down: waiting up to ${drainMs / 1_000} s for running calls`);
      setTimeout(() => process.exit(1), drainMs + GRACE_MS).unref();
      void shutDown();
    });
  }
}

/** Logs a hint where a host has started the server without `--transport stdio` and waits for an answer on stdout. */
function hintAtStdio(logger: LazyLogger): void {
  let stat: BigIntStats;
  try {
    stat = fstatSync(0, { bigint: true }); // Node 20: see runtime/move-stdio.ts
  } catch {
    return; // stdin is closed
  }
  if (!stat.isFIFO() && !stat.isSocket()) return;
  const { stdin } = process;
  stdin.on('error', () => undefined); // ignore errors of a reset connection
  stdin.once('data', (chunk: Buffer) => {
    stdin.pause();
    if (chunk.includes('"jsonrpc"')) logger.warn({}, 'a client is writing to stdin: did you mean --transport stdio?');
  });
}

/**
 * Serves until a signal, then exits the process.
 *
 * @param fixed what is served in place of the config file of the settings. It is not read again
 */
export async function serveOverHttp(settings: Settings, env: Env, fixed?: OpenedConfig): Promise<void> {
  let runtime: Runtime | undefined;
  try {
    const opened = fixed ?? openConfigIfAny(settings);
    const pretty = logsText(settings, process.stderr.isTTY === true);
    const logger = createLogger({ level: settings.logLevel, pretty, colour: wantsColour(env, process.stderr) });
    const { secret, problem } = stateSecretOf(settings, env);
    const telemetry = await openTelemetry(env, { service: opened?.config.server.name, transport: 'tcp', logger });
    runtime = createRuntime({
      ...{ settings, env, config: opened?.config, stored: true, stateSecret: secret, logger, telemetry },
      file: fixed === undefined ? opened?.file : undefined,
    });
    const { daemon } = runtime;
    logUncaughtErrors(logger);
    await checkHost(settings.host ?? DEFAULT_HOST, env);
    await daemon.check(); // a store that cannot be used fails the start, not the first call
    if (problem !== undefined) logger.warn({}, problem);
    // Now, while this process is small: starting another one takes the longer, the larger it is.
    if (opened !== undefined) runtime.isolated.prepare(opened.config.definition, partitionOf(settings));
    const server = await listen(runtime, { settings, env, config: opened?.config, logger });
    shutDownAtSignal(server, daemon, settings.drainMs, logger);
    if (opened !== undefined) logWarnings(opened.file, opened.config, logger);
    if (settings.watch) watchFiles(opened, runtime, logger);
    logAuthWarnings(settings, logger);
    printBanner({ server, settings, opened, env, logger });
    if (opened !== undefined) logMissingModules(opened.config, runtime, logger);
    hintAtStdio(logger);
  } catch (error) {
    // A wrong option of the server came from a setting.
    process.exitCode = report(error instanceof DaemonError && error.code === 'usage' ? new UsageError(error.message) : error);
    await runtime?.daemon.close({ drainMs: 1 });
  }
}
