/**
 * `install`: adds the server to the config file of a host, as a command that the host starts or as a URL.
 */
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { UsageError } from '../errors.js';
import type { Launch } from '../hosts/entry.js';
import { serverName, stdioArgs } from '../hosts/entry.js';
import type { Host, HostEntry } from '../hosts/host.js';
import { afterInstall } from '../hosts/host.js';
import { CONFIG_NAMES, findConfig, isFile } from '../settings/paths.js';
import type { Setting } from '../settings/setting.js';
import type { SettingName } from '../settings/settings.js';
import { HTTP_GROUPS, SETTING_NAMES, SETTINGS } from '../settings/settings.js';
import type { CommandContext } from './command.js';
import { defineCommand, textFlag } from './command.js';
import { variablesOf } from './environment.js';
import { checkName, fileOf, FLAGS, hostOf, POSITIONALS, writeChange } from './install-target.js';
import { headersOf, readUrl } from './remote.js';

/** Settings of a sidecar that the entry of a host may contain. Secrets do not belong in the file of another program. */
const ENTRY_SETTINGS: readonly SettingName[] = SETTING_NAMES.filter(
  (name) => !HTTP_GROUPS.has(SETTINGS[name].group) && !['config', 'transport', 'stateSecret'].includes(name),
);

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

/** What will be installed. */
interface Server {
  readonly name: string;
  readonly entry: HostEntry;
  /** What the user should know of the entry. */
  readonly notes: readonly string[];
}

/** What to say about the Node that the entry names. */
function nodeNotes({ node }: Launch): string[] {
  if (node === undefined) return [];
  if (!node.isVersioned) return [`Node: ${node.path}`];
  return [
    `Node: ${node.path}. This path names one version. If an upgrade of Node removes it, run this command again; ` +
      'or pass --command with a path that stays.',
  ];
}

/** What to say where a file that others may see has secrets. */
const sharedNotes = (isShared: boolean, what: string): string[] =>
  isShared ? [`The file is part of the project: everyone with the project can read the ${what}.`] : [];

/** The server as a command that the host starts. */
async function commandServer(
  host: Host,
  { command, env, scope }: { command: string | undefined; env: readonly string[]; scope: string },
  context: CommandContext,
): Promise<Server> {
  const variables = variablesOf(env, context.env);
  const { readConfigFile } = await import('../runtime/config-file.js');
  const config = findConfig(context.settings);
  // Checked now, because hosts do not show the errors of a config file.
  const { server } = readConfigFile(config);
  const launch = context.launch(command);
  const args = stdioArgs(launch, config, entryFlags(context));
  return {
    name: serverName(server, config),
    entry: host.command(launch.command, args, variables),
    notes: [...nodeNotes(launch), ...sharedNotes(scope === 'project' && env.length > 0, 'variables')],
  };
}

/** The name of a server that is known by its URL: that of the config file in this folder, or the host name. */
async function nameOfUrl(url: string, { settings }: CommandContext): Promise<string> {
  const hasConfig = settings.config !== undefined || CONFIG_NAMES.some((name) => isFile(name));
  if (!hasConfig) return new URL(url).hostname.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^-+|-+$/g, '');
  const { readConfigFile } = await import('../runtime/config-file.js');
  const config = findConfig(settings);
  return serverName(readConfigFile(config).server, config);
}

/** The server as a URL. */
async function urlServer(
  host: Host,
  { url, header, scope }: { url: string; header: readonly string[]; scope: string },
  context: CommandContext,
): Promise<Server> {
  if (host.url === undefined)
    throw new UsageError(
      `--url: the config file of ${host.title} takes commands only. Add the URL in its settings, under Connectors`,
    );
  return {
    name: await nameOfUrl(url, context),
    entry: host.url(url, headersOf(header)),
    notes: sharedNotes(scope === 'project' && header.length > 0, 'headers'),
  };
}

/** Adds the server to a host. */
export const install = defineCommand({
  command: 'install <host>',
  description: 'Add the server to the config file of a host, after showing the change',
  settings: ['config', ...ENTRY_SETTINGS],
  positionals: POSITIONALS,
  flags: {
    ...FLAGS,
    command: textFlag('Command that the host runs', { defaultDescription: 'this program' }),
    env: textFlag('Environment variable of the server: NAME=VALUE, or NAME for its present value; may be repeated', {
      array: true,
    }),
    url: textFlag('URL of a running server, such as http://localhost:8000/mcp, in place of a command'),
    header: textFlag('Header that the host sends to the URL, as "Name: value"; may be repeated', { array: true }),
  },
  examples: [
    ['install claude-desktop', 'Add the config file of this folder to Claude Desktop'],
    ['install vscode --scope project --command mcp-daemon', 'Add it to VS Code for everyone who has mcp-daemon on their PATH'],
    ['install cursor --env DB_PASSWORD --env REGION=eu', 'Add it with variables: the first has the value that it has now'],
    ['install codex --url http://localhost:8000/mcp --header "Authorization: Bearer …"', 'Add a server that runs over HTTP'],
  ],
  async run({ command, env = [], url, header = [], ...args }, context) {
    const host = hostOf(args);
    checkName(args.name, host);
    if (url !== undefined && command !== undefined) throw new UsageError('--url and --command: give one of them');
    if (url !== undefined && env.length > 0)
      throw new UsageError('--env is for a server that the host starts; one that runs at a URL has its own environment');
    if (url === undefined && header.length > 0) throw new UsageError('--header needs --url');
    const server =
      url === undefined
        ? await commandServer(host, { command, env, scope: args.scope }, context)
        : await urlServer(host, { url: readUrl(url), header, scope: args.scope }, context);
    const name = args.name ?? server.name;

    const [{ readHostFile }, { changed, mergeEntry }, { textOf }] = await Promise.all([
      import('../hosts/edit.js'),
      import('../hosts/merge.js'),
      import('../hosts/write.js'),
    ]);
    const file = fileOf(args, context);
    const before = await textOf(file);
    const document = await readHostFile(before ?? '', host, file);
    const old = document.entry(name);
    const change = mergeEntry(old, server.entry, host.defaults);
    if (isDeepStrictEqual(old, changed(old, change))) {
      context.print(`"${name}" is already installed in ${file}`);
      return 0;
    }
    const done = [...server.notes, afterInstall(host, args.scope)];
    const entries = [...document.entries(), changed(old, change)];
    return writeChange(args, context, { file, before, after: document.with(name, change), entries, done });
  },
});
