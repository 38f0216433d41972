#!/usr/bin/env node
/**
 * The command. Serving is what a sidecar is started for many times a day, so its flags are read here and its code is all
 * that is loaded; every other command comes from a chunk of its own.
 */
import * as nodeModule from 'node:module';
import { readServing } from './serving-flags.js';

// Compiled code is kept for the next start, where Node can (22.1 and newer).
(nodeModule as { enableCompileCache?: () => unknown }).enableCompileCache?.();

const [, script = '', ...argv] = process.argv;
const { env } = process;
const flags = readServing(argv);
if (flags === undefined) {
  const { runCommand } = await import('./cli.js');
  await runCommand(argv, script, env);
} else {
  const { serve } = await import('./serve.js');
  await serve(flags, env);
}
