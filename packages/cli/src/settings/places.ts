/**
 * Where things are on this machine: the folder of the record, and the config file.
 */
import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

import { UsageError } from '../errors.js';
import type { Env, Settings } from './settings.js';

/** What the config file is called where nobody says. */
export const CONFIG_NAMES = ['mcp.json', 'mcp-daemon.json'] as const;

/** The user's folder. @throws Error where the system knows none */
export function home(env: Env): string {
  const found = env['HOME'] || env['USERPROFILE'] || homedir();
  if (found === '') throw new Error('this user has no home folder; say --data-dir or set MCP_DATA_DIR');
  return found;
}

/**
 * The folder of the record, by the convention of the platform for what a program keeps of its work: `$XDG_STATE_HOME` or
 * `~/.local/state` on Linux, `~/Library/Application Support` on macOS, `%LOCALAPPDATA%` on Windows.
 *
 * @throws Error where the system knows no folder of the user's
 */
export function dataDir(settings: Pick<Settings, 'dataDir'>, env: Env, platform: NodeJS.Platform = process.platform): string {
  if (settings.dataDir !== undefined) return resolve(settings.dataDir);
  if (platform === 'win32') return join(env['LOCALAPPDATA'] || join(home(env), 'AppData', 'Local'), 'mcp-daemon');
  if (platform === 'darwin') return join(home(env), 'Library', 'Application Support', 'mcp-daemon');
  const state = env['XDG_STATE_HOME'];
  // A relative path there is invalid, and to be ignored, says the XDG specification.
  const base = state !== undefined && isAbsolute(state) ? state : join(home(env), '.local', 'state');
  return join(base, 'mcp-daemon');
}

/** The file of the record. */
export const dataFile = (settings: Pick<Settings, 'dataDir'>, env: Env): string => join(dataDir(settings, env), 'mcp-daemon.db');

/** Whether there is a file. */
export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * The config file: the one that is named, else the one in this folder.
 *
 * @throws UsageError where there is none
 */
export function findConfig(settings: Pick<Settings, 'config'>): string {
  if (settings.config !== undefined) return resolve(settings.config);
  const found = CONFIG_NAMES.find((name) => isFile(name));
  if (found !== undefined) return resolve(found);
  throw new UsageError(
    `no config file: there is no ${CONFIG_NAMES.join(' or ')} in ${process.cwd()}. ` +
      'Make one with "mcp-daemon init", or name yours with --config FILE or MCP_CONFIG_FILE.',
    { hint: false },
  );
}

/** The users of AUTH_PROVIDER=local: as named, or where they are if nobody says. */
export const userFile = ({ localUserFile = 'users.json' }: Pick<Settings, 'localUserFile'>): string => localUserFile;
