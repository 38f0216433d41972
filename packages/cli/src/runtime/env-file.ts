/**
 * Reads the file of `--env-from` into the environment of the process, for secrets in the config and for the functions.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseEnv } from 'node:util';

import { messageOf, UsageError } from '../errors.js';
import type { Settings } from '../settings/settings.js';

/**
 * Sets the variables of the file that are not set yet.
 *
 * @param file the config file: a relative path starts at its folder. Undefined: at the working directory
 * @param env the environment that is changed
 * @throws UsageError if the file cannot be read
 */
export function loadEnvFile(
  { envFile }: Pick<Settings, 'envFile'>,
  file: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): void {
  if (envFile === undefined) return;
  const path = file === undefined ? resolve(envFile) : resolve(dirname(file), envFile);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read --env-from ${path}: ${messageOf(error)}`, { hint: false });
  }
  for (const [name, value] of Object.entries(parseEnv(text))) env[name] ??= value;
}
