/**
 * A fast parser for the flags of serving. Every other command line is left to yargs.
 */
import { parseArgs } from 'node:util';

import type { Setting } from './setting.js';
import type { Flags } from './settings.js';
import { SETTING_NAMES, SETTINGS } from './settings.js';

type OptionTable = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>;

function optionTable(): OptionTable {
  const options: OptionTable = {};
  for (const name of SETTING_NAMES) {
    const setting: Setting = SETTINGS[name];
    const type = setting.type === 'switch' ? 'boolean' : 'string';
    options[setting.flag] = setting.alias === undefined ? { type } : { type, short: setting.alias };
  }
  return options;
}

/** Whether a word can only be the path of a config file, and not a mistyped command. */
export const looksLikeFile = (word: string): boolean => /\.jsonc?$|[\\/]/i.test(word);

/**
 * Parses a command line that serves: flags of settings, and the config file as the only positional argument.
 *
 * @returns undefined for any other command line
 */
export function parseServeFlags(argv: readonly string[]): Flags | undefined {
  if (argv.length === 0) return {};
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: optionTable(),
      strict: true,
      allowPositionals: true,
      allowNegative: true,
    });
    const flags = values as Flags;
    const [file, ...more] = positionals;
    if (file === undefined) return flags;
    if (more.length > 0 || flags['config'] !== undefined || !looksLikeFile(file)) return undefined;
    return { ...flags, config: file };
  } catch {
    return undefined;
  }
}
