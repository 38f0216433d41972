/**
 * Paths of files and folders: the data folder, the config file and the users file.
 */
import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

import { UsageError } from '../errors.js';
import type { Env, Settings } from './settings.js';

/** Default names of the config file, in this order. */
export const CONFIG_NAMES = ['mcp.json', 'mcp-daemon.json'] as const;

/** The home folder of the user. @throws Error if there is none */
export function home(env: Env): string {
  const found = env['HOME'] || env['USERPROFILE'] || homedir();
  if (found === '') throw new Error('this user has no home folder. Pass --data-dir or set MCP_DATA_DIR');
  return found;
}

/**
 * The folder of the record, by the convention of the platform for the state of programs: `$XDG_STATE_HOME` or `~/.local/state` on
 * Linux, `~/Library/Application Support` on macOS, `%LOCALAPPDATA%` on Windows.
 *
 * @throws Error if the user has no home folder
 */
export function dataDir(settings: Pick<Settings, 'dataDir'>, env: Env, platform: NodeJS.Platform = process.platform): string {
  if (settings.dataDir !== undefined) return resolve(settings.dataDir);
  if (platform === 'win32') return join(env['LOCALAPPDATA'] || join(home(env), 'AppData', 'Local'), 'mcp-daemon');
  if (platform === 'darwin') return join(home(env), 'Library', 'Application Support', 'mcp-daemon');
  const state = env['XDG_STATE_HOME'];
  // The XDG specification says to ignore a relative path.
  const base = state !== undefined && isAbsolute(state) ? state : join(home(env), '.local', 'state');
  return join(base, 'mcp-daemon');
}

/** The database file of the record. */
export const dataFile = (settings: Pick<Settings, 'dataDir'>, env: Env): string => join(dataDir(settings, env), 'mcp-daemon.db');

/** Whether a path is a file. */
export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * The config file: the one in the settings, or else the one in the current folder.
 *
 * @param alternative the end of the error message: what can be done without a config file
 * @throws UsageError if there is none
 */
export function findConfig(settings: Pick<Settings, 'config'>, alternative = ''): string {
  if (settings.config !== undefined) return resolve(settings.config);
  const found = CONFIG_NAMES.find((name) => isFile(name));
  if (found !== undefined) return resolve(found);
  throw new UsageError(
    `no config file: ${process.cwd()} has no ${CONFIG_NAMES.join(' or ')}. ` +
      'Create one with "mcp-daemon init", or name yours with --config FILE or MCP_CONFIG_FILE' +
      alternative,
    { hint: false },
  );
}

/** The users file of AUTH_PROVIDER=local. */
export const userFile = ({ localUserFile = 'users.json' }: Pick<Settings, 'localUserFile'>): string => localUserFile;
