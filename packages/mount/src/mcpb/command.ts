/** From the manifest of an `.mcpb` bundle and the values of its options to the command that starts its server. */
import { delimiter, join, sep } from 'node:path';

import type { McpbCommand, McpbManifest, McpbOption, McpbValue } from './manifest.js';

/** A bundle that is extracted. */
export interface ExtractedBundle {
  /** The folder with its files. */
  readonly folder: string;
  readonly manifest: McpbManifest;
  /** Whether it has a file. */
  has(path: string): boolean;
}

/** The machine that a server is started on. */
export interface McpbSystem {
  /** As Node names it. */
  readonly platform: string;
  /** The Node that runs this process, for `node`. */
  readonly node: string;
  readonly home: string;
  /** Whether a program is in the PATH. */
  hasProgram(name: string): boolean;
}

const OPTION = /\$\{user_config\.([^}]+)\}/g;
const HAS_OPTION = /\$\{user_config\./;

const isGiven = (value: McpbValue | undefined): value is McpbValue =>
  value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0);

/** The names that are replaced besides those of options. */
const namesOf = (folder: string, home: string): Readonly<Record<string, string>> => ({
  __dirname: folder,
  HOME: home,
  DESKTOP: join(home, 'Desktop'),
  DOCUMENTS: join(home, 'Documents'),
  DOWNLOADS: join(home, 'Downloads'),
  pathSeparator: sep,
  '/': sep,
});

/** @throws Error if a value does not have the type of its option */
function checkType(key: string, { type, multiple }: McpbOption, value: McpbValue): void {
  const wrong = (what: string): Error => new Error(`user_config.${key} must be ${what}`);
  if (Array.isArray(value) && !multiple) throw wrong('one value, not a list');
  if (type === 'number' && !Number.isFinite(Number(value))) throw wrong('a number');
  if (type === 'boolean' && !/^(true|false)$/.test(String(value))) throw wrong('true or false');
}

/**
 * The values of all options that have one.
 *
 * @throws Error that names the options that have no value and need one
 */
function valuesOf(
  { options }: McpbManifest,
  given: Readonly<Record<string, McpbValue>>,
  expand: (text: string) => string,
): Map<string, McpbValue> {
  const values = new Map<string, McpbValue>();
  const missing: string[] = [];
  for (const [key, option] of Object.entries(options)) {
    const own = given[key];
    const { standard } = option;
    if (isGiven(own)) {
      checkType(key, option, own);
      values.set(key, own);
    } else if (isGiven(standard)) {
      const expanded =
        typeof standard === 'string' ? expand(standard) : Array.isArray(standard) ? standard.map(expand) : standard;
      values.set(key, expanded);
    } else if (option.required) missing.push(option.title === key ? key : `${key} (${option.title})`);
  }
  if (missing.length > 0) throw new Error(`its bundle needs values in "user_config" of the config: ${missing.join(', ')}`);
  return values;
}

/** The command as the manifest says it, with everything filled in. */
function filledIn(
  { command, args, env }: McpbCommand,
  values: ReadonlyMap<string, McpbValue>,
  names: Readonly<Record<string, string>>,
): McpbCommand {
  // By a function, so that a $ in a value stays as it is.
  const named = (text: string): string =>
    text.replace(/\$\{([^}]+)\}/g, (whole, name: string) => (Object.hasOwn(names, name) ? (names[name] as string) : whole));
  const one = (text: string): string =>
    named(text).replace(OPTION, (whole, key: string) => {
      const value = values.get(key);
      if (value === undefined) return whole;
      return Array.isArray(value) ? value.join(delimiter) : String(value);
    });
  const several = (arg: string): string[] => {
    const key = /^\$\{user_config\.([^}]+)\}$/.exec(arg)?.[1];
    const value = key === undefined ? undefined : values.get(key);
    return Array.isArray(value) ? [...(value as readonly string[])] : [one(arg)];
  };
  return {
    command: one(command),
    // What has no value is left out, so that no server gets a placeholder as its setting.
    args: args.flatMap(several).filter((arg) => !HAS_OPTION.test(arg)),
    env: Object.fromEntries(
      Object.entries(env)
        .map(([name, text]): [string, string] => [name, one(text)])
        .filter(([, text]) => !HAS_OPTION.test(text)),
    ),
  };
}

/** Whether the file of the server is there. Programs of Windows have an ending that manifests leave out. */
function checkEntry({ manifest, has }: ExtractedBundle): void {
  const { entryPoint } = manifest;
  if (entryPoint === undefined || has(entryPoint) || has(`${entryPoint}.exe`)) return;
  throw new Error(`its entry point "${entryPoint.slice(0, 200)}" is not in the bundle`);
}

/**
 * The command that starts a bundle's server.
 *
 * @param given the values of the config, whose references are filled in
 * @throws Error that says what is missing
 */
export function commandOfBundle(
  bundle: ExtractedBundle,
  given: Readonly<Record<string, McpbValue>>,
  system: McpbSystem,
): McpbCommand {
  const { folder, manifest } = bundle;
  const { platform, node, home, hasProgram } = system;
  const { platforms } = manifest;
  if (platforms !== undefined && !platforms.includes(platform))
    throw new Error(`its bundle is for ${platforms.join(', ')}, and this is ${platform}`);
  checkEntry(bundle);
  const names = namesOf(folder, home);
  const expand = (text: string): string =>
    text.replace(/\$\{([^}]+)\}/g, (whole, name: string) => (Object.hasOwn(names, name) ? (names[name] as string) : whole));
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(manifest.options, key));
  if (unknown !== undefined) throw new Error(`its bundle has no option "${unknown.slice(0, 100)}": remove it from "user_config"`);
  const filled = filledIn(manifest.command, valuesOf(manifest, given, expand), names);
  if (HAS_OPTION.test(filled.command)) throw new Error('its command needs a value in "user_config" of the config');
  if (filled.command === 'node') return { ...filled, command: node };
  // Many systems have only the newer name.
  if (filled.command === 'python' && !hasProgram('python') && hasProgram('python3')) return { ...filled, command: 'python3' };
  return filled;
}
