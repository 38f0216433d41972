/**
 * The words that the shell completes: what yargs knows, after `call` the names of the config file, and the choices of a setting.
 */
import { readConfigFile } from '../runtime/config-file.js';
import { findConfig } from '../settings/places.js';
import type { Setting } from '../settings/setting.js';
import { SETTING_NAMES, SETTINGS } from '../settings/settings.js';

interface Asked {
  readonly _?: readonly (string | number)[];
  readonly [flag: string]: unknown;
}

/** What may stand behind the flag whose value is being typed. yargs is not told of choices: it would refuse their synonyms. */
function choicesFor(current: string, argv: Asked): readonly string[] | undefined {
  for (const name of SETTING_NAMES) {
    const setting: Setting = SETTINGS[name];
    if (setting.type === 'choice' && argv[setting.flag] === current) return setting.choices;
  }
  return undefined;
}

/** Gives the words for what is being typed. */
export function namesToComplete(
  current: string,
  argv: Asked,
  standard: (done?: () => void) => void,
  done: (words: string[]) => void,
): void {
  const choices = choicesFor(current, argv);
  if (choices !== undefined) return done([...choices]);
  // The first word is the program's own name.
  const words = (argv._ ?? []).map(String);
  if (words[1] !== 'call' || words.length > 3) return standard();
  try {
    const { config } = argv;
    const file = findConfig({ config: typeof config === 'string' ? config : undefined });
    done(readConfigFile(file).definition.functions.map(({ name }) => name));
  } catch {
    done([]);
  }
}
