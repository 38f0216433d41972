/**
 * What `install` and `uninstall` share: their flags, the file of the host, and the way a change is shown and written.
 */
import { Failure, UsageError } from '../errors.js';
import { serverName } from '../hosts/entry.js';
import type { Host, Scope } from '../hosts/host.js';
import type { HostName } from '../hosts/locations.js';
import { HOST_NAMES, HOSTS } from '../hosts/locations.js';
import { findConfig, isFile } from '../settings/paths.js';
import { displayPath } from '../terminal/text.js';
import type { CommandContext } from './command.js';
import { switchFlag, textFlag } from './command.js';

const SCOPES = ['user', 'project'] as const satisfies readonly Scope[];

/** The positional argument of both commands. */
export const POSITIONALS = { host: { choices: HOST_NAMES, demandOption: true, describe: 'Host to configure' } } as const;

/** The flags of both commands. */
export const FLAGS = {
  name: textFlag('Name of the server in the host', { defaultDescription: '"name" in the config file, or its folder' }),
  scope: { choices: SCOPES, default: 'user', describe: 'For this user everywhere, or for this folder only' },
  yes: switchFlag('Write without asking', { alias: 'y' }),
  'dry-run': switchFlag('Show the change and write nothing'),
} as const;

/** The arguments of both commands. */
export interface HostArguments {
  host: HostName;
  name: string | undefined;
  scope: Scope;
  yes: boolean;
  'dry-run': boolean;
}

/** The host of a command. */
export const hostOf = ({ host }: Pick<HostArguments, 'host'>): Host => HOSTS[host];

/** The config file of the host. @throws UsageError if the host has none in this scope */
export function fileOf(args: HostArguments, { env }: CommandContext): string {
  const { title, file, jsonc }: Host = hostOf(args);
  const found = file(args.scope, { env, platform: process.platform, cwd: process.cwd() });
  if (found === undefined) throw new UsageError(`--scope: ${title} has no project scope; leave the flag out`);
  return jsonc === true && !isFile(found) && isFile(`${found}c`) ? `${found}c` : found;
}

/** Checks the value of `--name`. @throws UsageError if it is empty, or the host does not accept it */
export function checkName(name: string | undefined, { names, title }: Pick<Host, 'names' | 'title'>): void {
  if (name === '') throw new UsageError('missing value for --name');
  if (name !== undefined && names?.test(name) === false)
    throw new UsageError(`--name: ${title} accepts letters, digits, "-" and "_" only, not ${JSON.stringify(name)}`);
}

/** The name under which the config file is installed. @throws Failure if the file cannot be read */
export async function installedName(context: CommandContext): Promise<string> {
  const config = findConfig(context.settings);
  const { readConfigFile } = await import('../runtime/config-file.js');
  try {
    return serverName(readConfigFile(config).server, config);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new Failure(`cannot read the name of the server from ${displayPath(config)}. Pass it with --name`);
  }
}

/** A change of a host's file. */
export interface FileChange {
  readonly file: string;
  /** The text of the file; undefined where there is none. */
  readonly before: string | undefined;
  readonly after: string;
  /** The entries of all servers, before and after: their secrets are not shown. */
  readonly entries: readonly unknown[];
  /** What to print when it is written. */
  readonly done: readonly string[];
}

/** Shows a change without its secrets, asks for confirmation and writes it. @returns the exit code */
export async function writeChange(
  args: HostArguments,
  { print, note, paint, interactive }: CommandContext,
  { file, before, after, entries, done }: FileChange,
): Promise<number> {
  const [{ diff }, { hider }] = await Promise.all([import('../hosts/diff.js'), import('../hosts/hide.js')]);
  const hide = hider(entries, hostOf(args).format);
  print(`${paint('bold', file)}${before === undefined ? ' (new file)' : ''}`);
  for (const line of diff(hide(before ?? ''), hide(after), paint)) print(line);
  if (args['dry-run']) {
    note('Dry run: nothing was written.');
    return 0;
  }
  if (!args.yes) {
    if (!interactive)
      throw new UsageError('nothing was written: no terminal to ask for confirmation. Pass --yes to write without asking', {
        hint: false,
      });
    const { confirm } = await import('./questions.js');
    if (!(await confirm(`Write this to the config file of ${hostOf(args).title}?`))) {
      note('Nothing was written.');
      return 1;
    }
  }
  const { replaceFile } = await import('../hosts/write.js');
  const backup = await replaceFile(file, before, after);
  print(`${paint('green', 'wrote')} ${file}`);
  if (backup !== undefined) print(`Backup: ${backup}`);
  for (const line of done) print(line);
  return 0;
}
