/**
 * `mounts`: looks after other MCP servers that the config file mounts.
 */
import type { MountDefinition, ServerStatus } from '@mcp-daemon/core';

import { Failure, messageOf, UsageError } from '../errors.js';
import type { FoundServers } from '../hosts/read-servers.js';
import { CONFIG_NAMES, isFile } from '../settings/paths.js';
import { displayPath, oneLine, plural, table } from '../terminal/text.js';
import type { CommandContext, CommandGroup } from './command.js';
import { defineCommand, STORE_FLAGS, switchFlag, textFlag } from './command.js';
import type { Opened } from './mounted.js';

const FLAGS = ['config', 'envFile', ...STORE_FLAGS] as const;
const NAME = { name: { type: 'string', demandOption: true, describe: 'Name of the server in mcpServers' } } as const;

/** What needs attention, in one line. */
function noteOf({ failure, changes, login }: ServerStatus): string {
  if (failure !== undefined) return oneLine(failure);
  const notes = changes === 0 ? [] : [`${plural(changes, 'change')} not approved`];
  if (login?.state === 'needed') notes.push('needs a log-in');
  else if (login?.state === 'ending') {
    const when =
      login.ends === undefined ? 'ends soon' : `ends ${new Date(login.ends).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
    notes.push(`log-in ${when}${login.problem === undefined ? '' : ' and cannot be renewed'}`);
  }
  return oneLine(notes.join('; '));
}

const list = defineCommand({
  command: 'list',
  description: 'Start the mounted servers, and list how they are',
  settings: FLAGS,
  flags: { json: switchFlag('Print JSON') },
  async run({ json }, context) {
    const { withMounts } = await import('./mounted.js');
    const found = await withMounts(context, ({ mounts }) => Promise.resolve(mounts.status()));
    if (json) context.print(JSON.stringify(found, null, 2));
    else {
      const rows = found.map((status) => [
        context.paint('bold', status.name),
        status.state,
        status.server === undefined ? '' : oneLine(`${status.server.name} ${status.server.version}`),
        status.protocol ?? '',
        String(status.functions),
        noteOf(status),
      ]);
      const head = ['SERVER', 'STATE', 'NAME', 'PROTOCOL', 'FUNCTIONS', 'NOTE'].map((word) => context.paint('dim', word));
      for (const line of table([head, ...rows], context.width)) context.print(line);
    }
    return found.every(({ state }) => state === 'ready') ? 0 : 1;
  },
});

const check = defineCommand({
  command: 'check [name]',
  description: 'Compare what mounted servers offer with what was approved; also show what is left out',
  settings: FLAGS,
  positionals: { name: { type: 'string', describe: 'Name of the server in mcpServers. Default: all' } },
  flags: { json: switchFlag('Print JSON') },
  async run({ name, json }, context) {
    const [{ checkName, withMounts }, { changeLines }] = await Promise.all([import('./mounted.js'), import('./changes-text.js')]);
    return withMounts(context, (opened) => {
      if (name !== undefined) checkName(name, opened);
      const { mounts } = opened;
      const found = mounts
        .status()
        .filter((status) => name === undefined || status.name === name)
        .map((status) => ({ ...status, changes: mounts.changes(status.name) ?? [] }));
      if (json) context.print(JSON.stringify(found, null, 2));
      else
        for (const { name: server, failure, leftOut, changes, functions } of found) {
          context.print(`${context.paint('bold', server)}: ${failure ?? plural(functions, 'function')}`);
          for (const line of changeLines(changes, context.paint)) context.print(`  ${line}`);
          for (const { kind, name: left, why } of leftOut)
            context.print(`  left out: ${kind} "${oneLine(left)}": ${oneLine(why)}`);
        }
      const isGood = found.every(({ state, changes }) => state === 'ready' && changes.length === 0);
      return Promise.resolve(isGood ? 0 : 1);
    });
  },
});

const approve = defineCommand({
  command: 'approve <name>',
  description: 'Approve what a mounted server offers now',
  settings: FLAGS,
  positionals: NAME,
  flags: { yes: switchFlag('Approve without asking', { alias: 'y' }) },
  examples: [['mounts approve files', 'Show what has changed, ask, and approve it']],
  async run({ name, yes }, context) {
    const [{ checkName, withMounts }, { changeLines }, { confirm }] = await Promise.all([
      import('./mounted.js'),
      import('./changes-text.js'),
      import('./questions.js'),
    ]);
    return withMounts(context, async (opened) => {
      checkName(name, opened);
      const { mounts, config } = opened;
      const changes = mounts.changes(name);
      if (changes === undefined) {
        const failure = mounts.status().find((status) => status.name === name)?.failure;
        throw new Failure(failure ?? `the server "${name}" has not answered`);
      }
      if (config.definition.mounts?.find((mount) => mount.name === name)?.pin === 'off')
        context.note(`"pin" of "${name}" is "off": what is approved has no effect`);
      for (const line of changeLines(changes, context.paint)) context.print(line);
      if (changes.length === 0) context.note(`what "${name}" offers is approved already`);
      else if (!yes && !context.interactive) throw new UsageError('add --yes to approve without a terminal');
      else if (yes || (await confirm(`Approve ${plural(changes.length, 'change')} of "${name}"?`))) {
        await mounts.approve(name, 'cli');
        context.note(`approved. A running server serves it within a few seconds`);
      } else return 1;
      return 0;
    });
  },
});

/** The servers of a host's file, or the one of a bundle. @throws UsageError if there is no such file, or nothing in it */
async function serversIn(file: string, target: string, context: CommandContext): Promise<FoundServers> {
  if (/\.(mcpb|dxt)$/i.test(file)) {
    const { findBundle } = await import('./import-bundle.js');
    const { name, server, notes } = await findBundle(file, target, context);
    return { servers: { [name]: server }, notes };
  }
  const [{ readServers }, { textOf }] = await Promise.all([import('../hosts/read-servers.js'), import('./text-file.js')]);
  const text = await textOf(file);
  if (text === undefined) throw new UsageError(`there is no file ${displayPath(file)}`);
  return readServers(text, file);
}

const takeOver = defineCommand({
  command: 'import <file>',
  description: "Take over the MCP servers of a host's config file, or a server in an .mcpb bundle",
  settings: ['config'],
  positionals: {
    file: {
      type: 'string',
      demandOption: true,
      describe: 'claude_desktop_config.json, .mcp.json, .vscode/mcp.json, config.toml of Codex, or an .mcpb file',
    },
  },
  flags: { 'dry-run': switchFlag('Print what would be added, and write nothing') },
  examples: [['mounts import .mcp.json', 'Add the servers of Claude Code to the config file']],
  async run({ file, 'dry-run': isDry }, context) {
    const [{ textOf, writeText }, { setJson }, { ConfigError, inspectConfigText }] = await Promise.all([
      import('./text-file.js'),
      import('../hosts/json-edit.js'),
      import('@mcp-daemon/core'),
    ]);
    const { config } = context.settings;
    // Without a config file, this makes the first one.
    const target = config ?? CONFIG_NAMES.find(isFile) ?? CONFIG_NAMES[0];
    const { servers, notes } = await serversIn(file, target, context);
    let after = (await textOf(target)) ?? '{}\n';
    const before = inspectConfigText(after).document?.mcpServers ?? {};
    const added = Object.entries(servers).filter(([name]) => !Object.hasOwn(before, name));
    for (const [name, server] of added) after = setJson(after, ['mcpServers', name], server);
    const { mistakes } = inspectConfigText(after);
    if (mistakes.length > 0) throw new ConfigError(mistakes, target);
    for (const name of Object.keys(servers))
      if (Object.hasOwn(before, name)) context.note(`${name}: is in ${displayPath(target)} already, and stays as it is`);
    for (const note of notes) context.note(note);
    if (isDry) context.print(JSON.stringify({ mcpServers: Object.fromEntries(added) }, null, 2));
    else if (added.length > 0) {
      await writeText(target, after);
      context.note(`${plural(added.length, 'server')} added to ${displayPath(target)}`);
    }
    return 0;
  },
});

/** The server, if it has log-ins. @throws UsageError if not */
function withLogins(name: string, { config }: Opened): MountDefinition {
  const mounts = config.definition.mounts ?? [];
  const mount = mounts.find((known) => known.name === name);
  if (mount === undefined)
    throw new UsageError(`there is no server "${name}" in mcpServers: there are ${mounts.map((known) => known.name).join(', ')}`);
  if (mount.credentials !== 'static') return mount;
  throw new UsageError(`set "credentials" of "${name}" to "service" or "per_user" first`);
}

/** @throws UsageError if a text is no port */
function portOf(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : NaN;
  if (port >= 1 && port <= 65_535) return port;
  throw new UsageError(`--callback-port: must be a whole number from 1 to 65535, not "${text}"`);
}

const login = defineCommand({
  command: 'login <name>',
  description: 'Log in at a mounted server as its operator',
  settings: [...FLAGS, 'stateSecret'],
  positionals: NAME,
  flags: {
    'callback-port': textFlag('Port of this machine that the browser comes back to', { defaultDescription: 'any free port' }),
  },
  async run({ name, 'callback-port': callbackPort }, context) {
    const port = callbackPort === undefined ? 0 : portOf(callbackPort);
    const [{ openLogin }, { withMounts }] = await Promise.all([import('./login-place.js'), import('./mounted.js')]);
    return withMounts(context, async (opened) => {
      const mount = withLogins(name, opened);
      const show = (url: URL): void => context.note(`Open this address in a browser:\n${url.href}`);
      const place = await openLogin(show, port).catch((error: unknown) => {
        throw new Failure(`cannot wait for the browser on port ${port}: ${messageOf(error)}`);
      });
      try {
        await opened.mounts.login(mount, place);
      } catch (error) {
        throw new Failure(`the log-in at "${name}" failed: ${messageOf(error)}`);
      } finally {
        place.close();
      }
      context.note(`logged in at "${name}". A running server uses it within a minute`);
      return 0;
    });
  },
});

const logout = defineCommand({
  command: 'logout <name>',
  description: 'End log-ins at a mounted server, and give their tokens back',
  settings: [...FLAGS, 'stateSecret'],
  positionals: NAME,
  flags: {
    user: { type: 'string', describe: 'End the log-in of this user. Default: that of the operator' },
    all: switchFlag('End all log-ins: of the operator and of all users'),
  },
  examples: [['mounts logout search --user ann', 'End the log-in of one user']],
  async run({ name, user, all }, context) {
    if (all && user !== undefined) throw new UsageError('give --user or --all, not both');
    const { withMounts } = await import('./mounted.js');
    return withMounts(context, async (opened) => {
      const { count, revoked } = await opened.mounts.logout(withLogins(name, opened), all ? undefined : (user ?? null));
      if (count === 0) context.note(`there was no log-in at "${name}"`);
      else if (revoked === count) context.note(`${plural(count, 'log-in')} at "${name}" ended`);
      else
        context.note(
          `${plural(count, 'log-in')} at "${name}" removed here; its authorization server took ${revoked} of them back: the rest expires there`,
        );
      return 0;
    });
  },
});

/** Commands for mounted servers. */
export const mounts: CommandGroup = {
  command: 'mounts',
  description: 'Look after other MCP servers that the config file mounts',
  commands: [list, check, approve, login, logout, takeOver],
  default: 'list',
};
