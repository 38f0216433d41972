/**
 * Serves, or runs another command. Hosts start a sidecar many times a day, so serving is parsed here and loads nothing else; the
 * other commands are in a separate chunk.
 */
import { serve } from './serve/serve.js';
import { parseServeFlags } from './settings/serve-flags.js';
import type { Env } from './settings/settings.js';

/** What {@link main} takes. */
export interface CommandLine {
  /** The arguments, without the executable and the script. */
  readonly argv: readonly string[];
  /** The path of this program. */
  readonly script: string;
  readonly env: Env;
  /** Saves the compiled code for the next start. Called when all code that a start needs has run. */
  readonly saveCompileCache: () => void;
}

/** Runs a command line. */
export async function main({ argv, script, env, saveCompileCache }: CommandLine): Promise<void> {
  const flags = parseServeFlags(argv);
  if (flags !== undefined) return serve(flags, env, saveCompileCache);
  const { runCommand } = await import('./commands/cli.js');
  return runCommand(argv, script, env);
}
