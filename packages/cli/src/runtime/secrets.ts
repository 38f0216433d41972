/**
 * Fills in secrets that settings refer to: `env:NAME`, `file:PATH`, `ssm:NAME` and `secretsmanager:NAME` as a whole text, or in braces
 * inside of one (`${env:NAME}`). That happens when a class is built, so the catalog, its revision, lists, records and logs have the
 * references only. Serving, `call`, `config check --load` and the library's `loadConfig` all load code through {@link withSecrets}.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { CodeLocator, JsonObject, LinkBinding, ModuleSource, Reference } from '@mcp-daemon/core';
import { isObject, referenceParts } from '@mcp-daemon/core';

import { messageOf } from '../errors.js';
import type { Env } from '../settings/settings.js';

/** Where secrets come from. */
export interface SecretSources {
  env: Env;
  /** The folder of the config file, where relative paths start. */
  base: string;
  /** The region of AWS. Default: what the SDK finds. */
  region?: string | undefined;
  /** Milliseconds that all secrets of a setting may take. Default 5,000. */
  timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 5_000;

/** The secrets of one setting: each is read once. */
type Secrets = Map<string, Promise<string>>;

const keyOf = ({ scheme, name }: Reference): string => `${scheme}:${name}`;

/** @throws Error that says what is missing, without a value */
async function read({ scheme, name }: Reference, { env, base, region }: SecretSources, signal: AbortSignal): Promise<string> {
  if (scheme === 'env') {
    const value = env[name];
    if (value === undefined) throw new Error(`the environment variable ${name} is not set`);
    return value;
  }
  if (scheme === 'file') {
    try {
      return (await readFile(resolve(base, name), { encoding: 'utf8', signal })).replace(/\r?\n$/, '');
    } catch (error) {
      throw new Error(`the file ${name} cannot be read: ${messageOf(error)}`, { cause: error });
    }
  }
  const { readAwsSecret } = await import('./aws-secrets.js');
  return readAwsSecret({ service: scheme, name, signal, ...(region === undefined ? {} : { region }) });
}

/** Rejects when the time is over, even where the work does not end. */
async function inTime(work: Promise<string>, name: string, signal: AbortSignal, timeoutMs: number): Promise<string> {
  let late: (() => void) | undefined;
  const end = new Promise<never>((_, reject) => {
    late = () => reject(new Error(`${name} could not be read within ${timeoutMs / 1_000} s`));
    signal.addEventListener('abort', late);
  });
  try {
    return await Promise.race([end, work]);
  } finally {
    if (late !== undefined) signal.removeEventListener('abort', late);
  }
}

/** Calls `visit` with each reference in a setting. */
function eachReference(value: unknown, visit: (reference: Reference) => void): void {
  if (typeof value === 'string') {
    for (const part of referenceParts(value)) if (typeof part === 'object') visit(part);
  } else if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) eachReference(item, visit);
  }
}

/** @param path the place of the value, for errors */
async function filled(value: unknown, path: string, secrets: Secrets): Promise<unknown> {
  if (typeof value === 'string') {
    let text = '';
    for (const part of referenceParts(value)) {
      try {
        text += typeof part === 'string' ? part : await secrets.get(keyOf(part));
      } catch (error) {
        throw new Error(`${path}: ${messageOf(error)}`, { cause: error });
      }
    }
    return text;
  }
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const [index, item] of value.entries()) items.push(await filled(item, `${path}[${index}]`, secrets));
    return items;
  }
  if (!isObject(value)) return value;
  const members: [string, unknown][] = [];
  for (const [key, item] of Object.entries(value)) members.push([key, await filled(item, `${path}.${key}`, secrets)]);
  return Object.fromEntries(members);
}

/**
 * The setting with its secrets. All are read at once.
 *
 * @throws Error with the place of the first secret that is missing, or that is not there in time; never with a value
 */
export async function fillSecrets(setting: JsonObject, sources: SecretSources): Promise<JsonObject> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = sources;
  const secrets: Secrets = new Map();
  const controller = new AbortController();
  eachReference(setting, (reference) => {
    const key = keyOf(reference);
    if (secrets.has(key)) return;
    const secret = inTime(read(reference, sources, controller.signal), key, controller.signal, timeoutMs);
    secret.catch(() => undefined); // awaited later, in the order of the setting
    secrets.set(key, secret);
  });
  if (secrets.size === 0) return (await filled(setting, 'setting', secrets)) as JsonObject;
  const timer = setTimeout(() => controller.abort(), timeoutMs);
  try {
    return (await filled(setting, 'setting', secrets)) as JsonObject;
  } finally {
    clearTimeout(timer);
    controller.abort(); // what still runs is of no use after a failure
  }
}

/** A source whose classes are built with their secrets. */
export const withSecrets = <Source extends ModuleSource | CodeLocator>(source: Source, sources: SecretSources): Source => ({
  ...source,
  settingOf: ({ setting }: LinkBinding) => fillSecrets(setting, sources),
});
