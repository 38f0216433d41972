/**
 * The config file, from the disk.
 */
import { readFileSync } from 'node:fs';

import type { Config } from '@mcp-daemon/core';
import { ConfigError, parseConfig } from '@mcp-daemon/core';

import { messageOf, UsageError } from '../errors.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder, not a file',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
};

/** Why a file could not be read, in words. */
export function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return REASONS[code] ?? messageOf(error);
}

function cannotRead(file: string, error: unknown): UsageError {
  const why = whyUnreadable(error);
  const help = why === REASONS['ENOENT'] ? '. Make one with "mcp-daemon init"' : '';
  return new UsageError(`the config file ${file} cannot be read: ${why}${help}`, { hint: false });
}

/** Strict UTF-8: a replaced character could change a name. */
function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigError([{ path: '$', message: 'the file is not UTF-8; save it as UTF-8' }], file);
  }
}

/**
 * Reads a config file.
 *
 * @throws UsageError where it cannot be read, ConfigError with all its mistakes
 */
export function readConfigFile(file: string): Config {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw cannotRead(file, error);
  }
  return parseConfig(decode(bytes, file), { file });
}

/** All mistakes of a config, each in one line: `file:line:column path: message`. */
export function mistakeLines(error: ConfigError, file: string): string[] {
  return error.mistakes.map(({ path, line, column, message }) => {
    const where = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
    return `${where} ${path}: ${message}`;
  });
}
