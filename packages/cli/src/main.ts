/**
 * Serves, or has another command run. Serving is what a sidecar is started for many times a day, so its flags are read here
 * and its code is all that is loaded; every other command comes from a chunk of its own.
 */
import { serve } from './serve.js';
import { readServing } from './serving-flags.js';
import type { Env } from './settings.js';

/**
 * Runs a command line.
 *
 * @param argv the arguments, without the executable and the script
 * @param script the path of this program
 */
export async function main(argv: readonly string[], script: string, env: Env): Promise<void> {
  const flags = readServing(argv);
  if (flags !== undefined) return serve(flags, env);
  const { runCommand } = await import('./cli.js');
  return runCommand(argv, script, env);
}
