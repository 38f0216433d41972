/** Checks the parameters of a call, before its function is looked up. */
import type { JsonObject } from '../base/json.js';
import type { PromptDefinition } from '../ports/definition.js';
import { DaemonError, quoted } from '../protocol/errors.js';

/** The name of the function to call. @throws DaemonError `invalid_params` */
export function nameOf(params: JsonObject): string {
  const { name } = params;
  if (typeof name !== 'string') throw new DaemonError('invalid_params', 'Invalid params: "name" must be a string.');
  return name;
}

/** The arguments; an empty object if they are missing or null. @throws DaemonError `invalid_params` */
export function argumentsOf(params: JsonObject): JsonObject {
  const given = params['arguments'] ?? {}; // some clients write null to leave a member out
  if (typeof given === 'object' && !Array.isArray(given)) return given as JsonObject;
  throw new DaemonError('invalid_params', 'Invalid params: "arguments" must be an object.');
}

/**
 * The arguments of a prompt, which must be strings. A null argument counts as missing.
 *
 * @throws DaemonError `invalid_params`
 */
export function promptArguments(definition: PromptDefinition, params: JsonObject): JsonObject {
  const all = argumentsOf(params);
  if (definition.binding.kind === 'link' && definition.binding.passThrough) return all;
  const names = Object.keys(all).filter((name) => all[name] !== null);
  const given = names.length === Object.keys(all).length ? all : Object.fromEntries(names.map((name) => [name, all[name]]));
  const missing = definition.arguments
    .filter(({ name, required }) => required && !Object.hasOwn(given, name))
    .map(({ name }) => `"${name}"`);
  if (missing.length > 0) {
    throw new DaemonError(
      'invalid_params',
      `Invalid params: prompt "${definition.name}" needs the argument ${missing.join(', ')}.`,
    );
  }
  const wrong = names.find((name) => typeof given[name] !== 'string');
  if (wrong !== undefined)
    throw new DaemonError('invalid_params', `Invalid params: the prompt argument "${quoted(wrong)}" must be a string.`);
  return given;
}
