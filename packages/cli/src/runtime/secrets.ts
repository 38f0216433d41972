/**
 * Fills in secrets that settings in the config file refer to: `${env:NAME}` and `${file:PATH}`. That happens when a class is built,
 * so the catalog, its revision, lists, records and logs have the references only. Serving, `call`, `config check --load` and the
 * library's `loadConfig` all load code through {@link withSecrets}.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import type { JsonObject, LinkBinding, ModuleSource } from '@mcp-daemon/core';
import { isObject } from '@mcp-daemon/core';

import { messageOf } from '../errors.js';
import type { Env } from '../settings/settings.js';

/** Where secrets come from. */
export interface SecretSources {
  env: Env;
  /** The folder of the config file, where relative paths start. */
  base: string;
}

/** A reference, or one that is escaped by a second `$`. */
const REFERENCE = /(\$?)\$\{(env|file):([^{}]*)\}/g;

function secretOf(kind: string, name: string, { env, base }: SecretSources): string {
  if (kind === 'env') {
    const value = env[name];
    if (value === undefined) throw new Error(`the environment variable ${name} is not set`);
    return value;
  }
  try {
    return readFileSync(resolve(base, name), 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new Error(`the file ${name} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/** @param path the place of the value, for errors */
function filled(value: unknown, path: string, sources: SecretSources): unknown {
  if (typeof value === 'string') {
    return value.replace(REFERENCE, (whole: string, escape: string, kind: string, name: string) => {
      if (escape !== '') return whole.slice(1);
      try {
        return secretOf(kind, name, sources);
      } catch (error) {
        throw new Error(`${path}: ${messageOf(error)}`, { cause: error });
      }
    });
  }
  if (Array.isArray(value)) return value.map((item, index) => filled(item, `${path}[${index}]`, sources));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item, `${path}.${key}`, sources)]));
}

/**
 * The setting with its secrets.
 *
 * @throws Error with the place of the first secret that is missing
 */
export const fillSecrets = (setting: JsonObject, sources: SecretSources): JsonObject =>
  filled(setting, 'setting', sources) as JsonObject;

/** A source whose classes are built with their secrets. */
export const withSecrets = <Source extends ModuleSource>(source: Source, sources: SecretSources): Source => ({
  ...source,
  settingOf: ({ setting }: LinkBinding) => fillSecrets(setting, sources),
});
