/**
 * Reads the flag that gives a server environment variables: `--env`.
 */
import { UsageError } from '../errors.js';
import type { Env } from '../settings/settings.js';

/**
 * Parses variables of the form `NAME=VALUE`, or `NAME` for the value that the variable has now.
 *
 * @param env where present values come from
 * @throws UsageError if one has another form or no value; the message does not repeat a value, which may be a secret
 */
export function variablesOf(texts: readonly string[], env: Env): Record<string, string> {
  const pairs = texts.map((text) => {
    const [, name, given] = /^([A-Za-z_]\w*)(?:=([^]*))?$/.exec(text) ?? [];
    if (name === undefined) throw new UsageError('--env: must be NAME=VALUE, or NAME for its present value');
    const value = given ?? env[name];
    if (value === undefined) throw new UsageError(`--env: the variable ${name} is not set here; write ${name}=VALUE`);
    return [name, value] as const;
  });
  return Object.fromEntries(pairs);
}
