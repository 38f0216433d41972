/**
 * What somebody who starts the HTTP daemon wants to know: where to go.
 */
import type { HttpServer } from '@mcp-daemon/express';

import type { LazyLogger } from '../log/logger.js';
import type { Env, Settings } from '../settings/settings.js';
import { summary } from '../terminal/summary.js';
import { painter, wantsColour } from '../terminal/terminal.js';
import { shownPath } from '../terminal/text.js';
import { VERSION } from '../version.js';
import type { OpenedConfig } from './serving.js';

/** What {@link announce} takes. */
export interface Announced {
  server: HttpServer;
  settings: Settings;
  opened: OpenedConfig;
  env: Env;
  logger: LazyLogger;
}

const login = ({ authProvider, adminUsername = 'admin', adminPassword }: Settings): string => {
  if (authProvider === 'none') return 'nobody has to: whoever is on this machine may do everything';
  if (authProvider === 'cognito') return 'with a user of the pool, at /auth/login';
  const known = adminPassword === undefined ? ' with the password admin123' : '';
  return `as ${adminUsername}${known}: "Authorize" on the page of the API, or /auth/login`;
};

/** Says it: to a person on a terminal as text, and in the log where that is read elsewhere. */
export function announce({ server, settings, opened, env, logger }: Announced): void {
  const { url } = server;
  const { file, config } = opened;
  const isSeen = process.stdout.isTTY === true;
  if (!isSeen || process.stderr.isTTY !== true) logger.info({ url, file }, `listening on ${url}`);
  if (!isSeen) return;
  const paint = painter(wantsColour(env, process.stdout));
  const lines = [
    `${paint('bold', `mcp-daemon ${VERSION}`)} serves ${shownPath(file)}: ${summary(config.definition)}`,
    '',
    `  MCP          ${url}/mcp`,
    `  API          ${url}/docs`,
    `  live events  ${url}/events`,
    `  log in       ${login(settings)}`,
    '',
    'Ctrl+C ends it.',
  ];
  for (const line of lines) process.stdout.write(`${line}\n`);
}
