/**
 * `install` and `uninstall`: puts the sidecar into a host's own config file, and takes it out.
 */
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { Failure, UsageError } from '../errors.js';
import { diff } from '../hosts/diff.js';
import { readHostFile } from '../hosts/edit.js';
import type { HostEntry, Launch } from '../hosts/entry.js';
import { entryOf, serverName } from '../hosts/entry.js';
import type { Host, HostName, Scope } from '../hosts/locations.js';
import { HOSTS } from '../hosts/locations.js';
import { replaceFile, textOf } from '../hosts/write.js';
import { readConfigFile } from '../runtime/config-file.js';
import { findConfig } from '../settings/places.js';
import type { Setting } from '../settings/setting.js';
import { OVER_HTTP, SETTING_NAMES, SETTINGS } from '../settings/settings.js';
import { shownPath } from '../terminal/text.js';
import type { Command, CommandContext } from './command.js';
import { confirm } from './questions.js';

/** What both commands are asked. */
export interface HostArguments {
  host: HostName;
  name?: string;
  scope: Scope;
  yes: boolean;
  dryRun: boolean;
}

/** The settings that were given as flags, to start the sidecar with. A secret belongs in no file of another program. */
function flagsOf(context: CommandContext): string[] {
  return SETTING_NAMES.flatMap((name) => {
    const setting: Setting = SETTINGS[name];
    const value = context.given[setting.flag];
    if (value === undefined || OVER_HTTP.has(setting.group) || ['config', 'transport', 'stateSecret'].includes(name)) return [];
    if (typeof value === 'boolean') return [value ? `--${setting.flag}` : `--no-${setting.flag}`];
    return [`--${setting.flag}`, name === 'dataDir' ? resolve(value) : value];
  });
}

function fileOf({ host, scope }: HostArguments, { env }: CommandContext): string {
  const { title, file }: Host = HOSTS[host];
  const found = file(scope, { env, platform: process.platform, cwd: process.cwd() });
  if (found === undefined) throw new UsageError(`${title} has no servers of a project; leave --scope out`);
  return found;
}

/** Shows a change, asks, and makes it. @returns the exit code */
async function change(
  args: HostArguments,
  context: CommandContext,
  file: string,
  before: string | undefined,
  after: string,
): Promise<number> {
  const { print, note, paint, interactive } = context;
  const { title, then }: Host = HOSTS[args.host];
  print(`${paint('bold', file)}${before === undefined ? ' (new)' : ''}`);
  for (const line of diff(before ?? '', after, paint)) print(line);
  if (args.dryRun) {
    note('Nothing was written: --dry-run.');
    return 0;
  }
  if (!args.yes) {
    if (!interactive)
      throw new UsageError('nothing was written: there is no terminal to ask on. Say --yes to write it', { hint: false });
    if (!(await confirm(`Write this to ${title}'s file?`))) {
      note('Nothing was written.');
      return 1;
    }
  }
  const backup = await replaceFile(file, before, after);
  print(`${paint('green', 'wrote')} ${file}`);
  if (backup !== undefined) print(`The file as it was: ${backup}`);
  print(then);
  return 0;
}

/** Adds the sidecar of a config file to a host. */
export const install: Command<HostArguments & { launch: Launch }> = async (args, context) => {
  const host: Host = HOSTS[args.host];
  const config = findConfig(context.settings);
  // A host shows the mistakes of a config nowhere that its user looks.
  const { server } = readConfigFile(config);
  const name = args.name ?? serverName(server, config);
  const plain = entryOf(args.launch, config, flagsOf(context));
  const entry: HostEntry = host.typed ? { type: 'stdio', ...plain } : plain;

  const file = fileOf(args, context);
  const before = await textOf(file);
  const document = readHostFile(before ?? '', host.key, file);
  const old = document.entry(name);
  if (isDeepStrictEqual(old, entry)) {
    context.print(`"${name}" is already installed in ${file}`);
    return 0;
  }
  // What the user has added to the entry, such as "env", is the user's.
  const kept = typeof old === 'object' && old !== null && !Array.isArray(old) ? { ...old, ...entry } : entry;
  if (isDeepStrictEqual(old, kept)) {
    context.print(`"${name}" is already installed in ${file}`);
    return 0;
  }
  return change(args, context, file, before, document.with(name, kept));
};

/** Takes a server out of a host. */
export const uninstall: Command<HostArguments> = async (args, context) => {
  const host: Host = HOSTS[args.host];
  let { name } = args;
  if (name === undefined) {
    const config = findConfig(context.settings);
    try {
      name = serverName(readConfigFile(config).server, config);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw new Failure(`the name of the server cannot be read from ${shownPath(config)}; say it with --name`);
    }
  }
  const file = fileOf(args, context);
  const before = await textOf(file);
  const document = readHostFile(before ?? '', host.key, file);
  if (before === undefined || document.entry(name) === undefined) {
    context.print(`"${name}" is not installed in ${file}`);
    return 0;
  }
  return change(args, context, file, before, document.with(name, undefined));
};
