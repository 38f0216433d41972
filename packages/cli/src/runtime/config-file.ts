/**
 * Reads the config file from the disk.
 */
import { readFileSync } from 'node:fs';

import type { Config, ConfigDocument, ConfigReport, Mistake } from '@mcp-daemon/core';
import { ConfigError, inspectConfigText, parseConfig } from '@mcp-daemon/core';

import { messageOf, UsageError } from '../errors.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file. Create one with "mcp-daemon init"',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
};

function cannotRead(file: string, error: unknown): UsageError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return new UsageError(`cannot read config file ${file}: ${REASONS[code] ?? messageOf(error)}`, { hint: false });
}

/** Decodes strictly, because a replacement character could change a name. */
function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigError([{ path: '$', message: 'not UTF-8; save the file as UTF-8' }], file, { isSyntax: true });
  }
}

/**
 * Reads a config file.
 *
 * @throws UsageError if it cannot be read, ConfigError with all its errors
 */
export function readConfigFile(file: string): Config {
  return parseConfig(textOf(file), { file });
}

/** A config file that is imported into the store. */
export interface DocumentFile {
  document: ConfigDocument;
  /** For the lines of mistakes that only the store finds. */
  text: string;
  warnings: readonly Mistake[];
}

/**
 * Reads a config file for the store, where entries of `modules` may name settings of the store.
 *
 * @param options `files`: whether resources may be files, as in a config file that is served. Default: false
 * @throws UsageError if it cannot be read, ConfigError with all its errors
 */
export function readDocumentFile(file: string, { files = false }: { files?: boolean } = {}): DocumentFile {
  const text = textOf(file);
  const { document, mistakes, warnings } = inspectConfigText(text, { support: { settingIds: true, files } });
  if (document === undefined) throw new ConfigError(mistakes, file);
  return { document, text, warnings };
}

/**
 * Checks a config file.
 *
 * @returns what was found, and the text for the lines of what is found later; the text is empty if it is not UTF-8
 * @throws UsageError if it cannot be read
 */
export function inspectConfigFile(file: string): ConfigReport & { text: string } {
  try {
    const text = textOf(file);
    return { ...inspectConfigText(text), text };
  } catch (error) {
    if (error instanceof ConfigError) return { mistakes: error.mistakes, warnings: [], isSyntax: error.isSyntax, text: '' };
    throw error;
  }
}

/** The text of a config file. @throws UsageError if it cannot be read, ConfigError if it is not UTF-8 */
function textOf(file: string): string {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw cannotRead(file, error);
  }
  return decode(bytes, file);
}
