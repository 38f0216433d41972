/**
 * Prints the addresses of the HTTP server once it listens.
 */
import type { HttpServer } from '@mcp-daemon/express';

import type { LazyLogger } from '../log/logger.js';
import type { Env, Settings } from '../settings/settings.js';
import { summary } from '../terminal/summary.js';
import { painter, wantsColour } from '../terminal/terminal.js';
import { displayPath } from '../terminal/text.js';
import { VERSION } from '../version.js';
import type { OpenedConfig } from './serving.js';

/** What {@link printBanner} takes. */
export interface BannerOptions {
  server: HttpServer;
  settings: Settings;
  /** Absent: only partitions of the store are served. */
  opened: OpenedConfig | undefined;
  env: Env;
  logger: LazyLogger;
}

/** How a user logs in. */
function loginHint({ authProvider, adminUsername = 'admin', adminPassword, builtInAdmin }: Settings): string {
  if (authProvider === 'none') return 'not needed: everyone on this machine has full access';
  if (authProvider === 'cognito') return 'as a user of the user pool, at /auth/login';
  if (!builtInAdmin) return 'as a user of the users file: "Authorize" on the API page, or /auth/login';
  const password = adminPassword === undefined ? ' with the password admin123' : '';
  return `as ${adminUsername}${password}: "Authorize" on the API page, or /auth/login`;
}

/** Prints the addresses as text on a terminal, and logs the URL where the log goes elsewhere. */
export function printBanner({ server, settings, opened, env, logger }: BannerOptions): void {
  const { url } = server;
  const what =
    opened === undefined ? 'the partitions of the store' : `${displayPath(opened.file)}: ${summary(opened.config.definition)}`;
  const isTerminal = process.stdout.isTTY === true;
  if (!isTerminal || process.stderr.isTTY !== true)
    logger.info({ url, ...(opened === undefined ? {} : { file: opened.file }) }, `listening on ${url}`);
  if (!isTerminal) return;
  const paint = painter(wantsColour(env, process.stdout));
  const lines = [
    `${paint('bold', `mcp-daemon ${VERSION}`)} serves ${what}`,
    '',
    `  MCP          ${url}/${opened === undefined ? '{partition}/' : ''}mcp`,
    `  API          ${url}/docs`,
    ...(settings.console ? [`  console      ${url}/console`] : []),
    `  live events  ${url}/events`,
    `  log in       ${loginHint(settings)}`,
    ...(opened === undefined ? ['  add one      mcp-daemon config apply FILE --partition NAME'] : []),
    '',
    'Press Ctrl+C to stop.',
  ];
  for (const line of lines) process.stdout.write(`${line}\n`);
}
