/**
 * The words that the shell completes: what yargs knows, after `call` the names of the config file, and the choices of a setting.
 */
import { findConfig } from '../settings/paths.js';
import type { Setting } from '../settings/setting.js';
import { SETTING_NAMES, SETTINGS } from '../settings/settings.js';
import { CALL_TYPES, EXPORT_FORMATS, STATUS_COLOURS } from './call-words.js';
import { STATS_GROUPINGS, STATS_ORDERS } from './stats-text.js';

/** The incomplete command line, as yargs has parsed it. */
interface PartialCommandLine {
  readonly _?: readonly (string | number)[];
  readonly [flag: string]: unknown;
}

/** The choices of flags that are not settings. The command that has the flag checks them. */
const FLAG_CHOICES: Readonly<Record<string, readonly string[]>> = {
  status: Object.keys(STATUS_COLOURS),
  type: CALL_TYPES,
  format: EXPORT_FORMATS,
  by: STATS_GROUPINGS,
  sort: STATS_ORDERS,
};

/** The choices of the flag whose value is being typed. yargs does not know them, because it would refuse their synonyms. */
function choicesFor(current: string, argv: PartialCommandLine): readonly string[] | undefined {
  for (const name of SETTING_NAMES) {
    const setting: Setting = SETTINGS[name];
    if (setting.type === 'choice' && argv[setting.flag] === current) return setting.listed ?? setting.choices;
  }
  const flag = Object.keys(FLAG_CHOICES).find((name) => argv[name] === current);
  return flag === undefined ? undefined : FLAG_CHOICES[flag];
}

/** The names of the config file; none where it cannot be read. */
async function configNames(config: unknown): Promise<string[]> {
  try {
    const { readConfigFile } = await import('../runtime/config-file.js');
    const file = findConfig({ config: typeof config === 'string' ? config : undefined });
    return readConfigFile(file).definition.functions.map(({ name }) => name);
  } catch {
    return [];
  }
}

/**
 * Finds the words for what is being typed.
 *
 * @param current the word that is being typed
 * @param argv the command line so far
 * @param standard completes with what yargs knows
 * @param done takes the words
 */
export function namesToComplete(
  current: string,
  argv: PartialCommandLine,
  standard: (done?: () => void) => void,
  done: (words: string[]) => void,
): void {
  const choices = choicesFor(current, argv);
  if (choices !== undefined) return done([...choices]);
  // The first word is the name of the program.
  const words = (argv._ ?? []).map(String);
  if (words[1] !== 'call' || words.length > 3) return standard();
  void configNames(argv['config']).then(done);
}
