/**
 * `install` and `uninstall`: add the server to the config file of a host, and remove it again.
 */
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { Failure, UsageError } from '../errors.js';
import type { HostEntry } from '../hosts/entry.js';
import { entryOf, serverName } from '../hosts/entry.js';
import type { Host, HostName, Scope } from '../hosts/locations.js';
import { HOST_NAMES, HOSTS } from '../hosts/locations.js';
import { findConfig } from '../settings/paths.js';
import type { Setting } from '../settings/setting.js';
import type { SettingName } from '../settings/settings.js';
import { HTTP_GROUPS, SETTING_NAMES, SETTINGS } from '../settings/settings.js';
import { displayPath } from '../terminal/text.js';
import type { CommandContext } from './command.js';
import { defineCommand, switchFlag, textFlag } from './command.js';

/** Settings of a sidecar that the entry of a host may contain. Secrets do not belong in the file of another program. */
const ENTRY_SETTINGS: readonly SettingName[] = SETTING_NAMES.filter(
  (name) => !HTTP_GROUPS.has(SETTINGS[name].group) && !['config', 'transport', 'stateSecret'].includes(name),
);

const SCOPES = ['user', 'project'] as const satisfies readonly Scope[];

const POSITIONALS = { host: { choices: HOST_NAMES, demandOption: true, describe: 'Host to configure' } } as const;

const FLAGS = {
  name: textFlag('Name of the server in the host', { defaultDescription: '"name" in the config file, or its folder' }),
  scope: { choices: SCOPES, default: 'user', describe: 'For this user everywhere, or for this folder only' },
  yes: switchFlag('Write without asking', { alias: 'y' }),
  'dry-run': switchFlag('Show the change and write nothing'),
} as const;

/** The arguments of both commands. */
interface HostArguments {
  host: HostName;
  name: string | undefined;
  scope: Scope;
  yes: boolean;
  'dry-run': boolean;
}

/** The settings that were given as flags, as flags of the sidecar. */
function entryFlags({ flags }: CommandContext): string[] {
  return ENTRY_SETTINGS.flatMap((name) => {
    const setting: Setting = SETTINGS[name];
    const value = flags[setting.flag];
    if (value === undefined) return [];
    if (typeof value === 'boolean') return [value ? `--${setting.flag}` : `--no-${setting.flag}`];
    return [`--${setting.flag}`, name === 'dataDir' ? resolve(value) : value];
  });
}

function fileOf({ host, scope }: HostArguments, { env }: CommandContext): string {
  const { title, file }: Host = HOSTS[host];
  const found = file(scope, { env, platform: process.platform, cwd: process.cwd() });
  if (found === undefined) throw new UsageError(`--scope: ${title} has no project scope; leave the flag out`);
  return found;
}

function checkName(name: string | undefined): void {
  if (name === '') throw new UsageError('missing value for --name');
}

/** Shows a change, asks for confirmation and writes it. @returns the exit code */
async function change(
  { host, yes, 'dry-run': dryRun }: HostArguments,
  context: CommandContext,
  file: string,
  before: string | undefined,
  after: string,
): Promise<number> {
  const { print, note, paint, interactive } = context;
  const { title, nextStep }: Host = HOSTS[host];
  const { diff } = await import('../hosts/diff.js');
  print(`${paint('bold', file)}${before === undefined ? ' (new file)' : ''}`);
  for (const line of diff(before ?? '', after, paint)) print(line);
  if (dryRun) {
    note('Dry run: nothing was written.');
    return 0;
  }
  if (!yes) {
    if (!interactive)
      throw new UsageError('nothing was written: no terminal to ask for confirmation. Pass --yes to write without asking', {
        hint: false,
      });
    const { confirm } = await import('./questions.js');
    if (!(await confirm(`Write this to the config file of ${title}?`))) {
      note('Nothing was written.');
      return 1;
    }
  }
  const { replaceFile } = await import('../hosts/write.js');
  const backup = await replaceFile(file, before, after);
  print(`${paint('green', 'wrote')} ${file}`);
  if (backup !== undefined) print(`Backup: ${backup}`);
  print(nextStep);
  return 0;
}

/** Adds the server to a host. */
export const install = defineCommand({
  command: 'install <host>',
  description: 'Add the server to the config file of a host, after showing the change',
  settings: ['config', ...ENTRY_SETTINGS],
  positionals: POSITIONALS,
  flags: { ...FLAGS, command: textFlag('Command that the host runs', { defaultDescription: 'this program' }) },
  examples: [
    ['install claude-desktop', 'Add the config file of this folder to Claude Desktop'],
    ['install vscode --scope project --command "npx -y mcp-daemon"', 'Add it to VS Code for everyone who opens this folder'],
  ],
  async run({ command, ...args }, context) {
    checkName(args.name);
    const [{ readConfigFile }, { readHostFile }, { textOf }] = await Promise.all([
      import('../runtime/config-file.js'),
      import('../hosts/edit.js'),
      import('../hosts/write.js'),
    ]);
    const host: Host = HOSTS[args.host];
    const config = findConfig(context.settings);
    // Checked now, because hosts do not show the errors of a config file.
    const { server } = readConfigFile(config);
    const name = args.name ?? serverName(server, config);
    const plain = entryOf(context.launch(command), config, entryFlags(context));
    const entry: HostEntry = host.hasType ? { type: 'stdio', ...plain } : plain;

    const file = fileOf(args, context);
    const before = await textOf(file);
    const document = readHostFile(before ?? '', host.key, file);
    const old = document.entry(name);
    // Members that the user has added to the entry, such as "env", stay.
    const merged = typeof old === 'object' && old !== null && !Array.isArray(old) ? { ...old, ...entry } : entry;
    if (isDeepStrictEqual(old, merged)) {
      context.print(`"${name}" is already installed in ${file}`);
      return 0;
    }
    return change(args, context, file, before, document.with(name, merged));
  },
});

/** The name under which a config file was installed. */
async function installedName(config: string): Promise<string> {
  const { readConfigFile } = await import('../runtime/config-file.js');
  try {
    return serverName(readConfigFile(config).server, config);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new Failure(`cannot read the name of the server from ${displayPath(config)}. Pass it with --name`);
  }
}

/** Removes the server from a host. */
export const uninstall = defineCommand({
  command: 'uninstall <host>',
  description: 'Remove the server from the config file of a host',
  settings: ['config'],
  positionals: POSITIONALS,
  flags: FLAGS,
  async run(args, context) {
    checkName(args.name);
    const [{ readHostFile }, { textOf }] = await Promise.all([import('../hosts/edit.js'), import('../hosts/write.js')]);
    const name = args.name ?? (await installedName(findConfig(context.settings)));
    const file = fileOf(args, context);
    const before = await textOf(file);
    const document = readHostFile(before ?? '', HOSTS[args.host].key, file);
    if (before === undefined || document.entry(name) === undefined) {
      context.print(`"${name}" is not installed in ${file}`);
      return 0;
    }
    return change(args, context, file, before, document.with(name, undefined));
  },
});
