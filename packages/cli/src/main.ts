/**
 * Serves, or has another command run. Serving is what a sidecar is started for many times a day, so its flags are read here
 * and its code is all that is loaded; every other command comes from a chunk of its own.
 */
import { serve } from './serve/serve.js';
import { readServing } from './settings/serving-flags.js';
import type { Env } from './settings/settings.js';

/** What the command line is made of. */
export interface CommandLine {
  /** The arguments, without the executable and the script. */
  readonly argv: readonly string[];
  /** The path of this program. */
  readonly script: string;
  readonly env: Env;
  /** To be called when everything has run once that a start needs. */
  readonly warm: () => void;
}

/** Runs a command line. */
export async function main({ argv, script, env, warm }: CommandLine): Promise<void> {
  const flags = readServing(argv);
  if (flags !== undefined) return serve(flags, env, warm);
  const { runCommand } = await import('./commands/cli.js');
  return runCommand(argv, script, env);
}
