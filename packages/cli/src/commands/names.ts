/**
 * The words that the shell completes: what yargs knows, and after `call` the names of the config file.
 */
import { readConfigFile } from '../config-file.js';
import { findConfig } from '../places.js';

interface Asked {
  readonly _?: readonly (string | number)[];
  readonly [flag: string]: unknown;
}

/** Gives the words for what is being typed. */
export function namesToComplete(
  _current: string,
  argv: Asked,
  standard: (done?: () => void) => void,
  done: (words: string[]) => void,
): void {
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
