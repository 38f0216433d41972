/** Opens the connection to a mounted server: starts its command, or prepares HTTP. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

import type { Logger, MountDefinition } from '@mcp-daemon/core';
import { parseExactJson } from '@mcp-daemon/core';

import type { ParseJson } from './base/exact-lists.js';
import type { Carrier, CarrierEvents } from './connection/carrier.js';
import type { TokenKeeper } from './http/index.js';
import type { Logins } from './logins.js';
import { addressOf, hasLogins } from './logins.js';
import type { ExtractedBundle } from './mcpb/index.js';
import type { FilledMount, TextSource } from './secrets.js';
import { fillMount } from './secrets.js';
import { stdioCarrier } from './stdio/stdio-carrier.js';

/** What {@link openCarrier} takes. */
export interface OpenOptions {
  /** Fills in references to secrets and variables. */
  texts: TextSource;
  /** Extracts an `.mcpb` bundle. @param file as the config has it @throws Error that says why it cannot. Default: there are none */
  bundle?: (file: string) => Promise<ExtractedBundle>;
  /** The environment of commands, besides what the config gives them. */
  env: Readonly<Record<string, string>>;
  /** The folder of the config file: where commands run, and relative paths start. */
  base: string;
  /** The servers that this process was started as, from the one that was started first: see {@link CHAIN}. Default: none. */
  chain?: readonly string[];
  /** Milliseconds that a command may take to end by itself, and again after SIGTERM. Default 1,000. */
  graceMs?: number;
  /** Largest message of a command, in bytes. Default 64 MiB. */
  maxMessageBytes?: number;
  /** Parses lists, with the daemon's copy of core. Default: `parseExactJson` of this one. */
  parseJson?: ParseJson;
  logger: Logger;
}

/** The variable that tells a daemon which mounted servers it was started as, so that none is started in itself without end. */
export const CHAIN = 'MCP_DAEMON_MOUNTED_AS';

/** Names a mounted command: the same config gives the same name in every process. */
const idOf = (mount: MountDefinition, base: string): string =>
  createHash('sha256')
    .update(JSON.stringify([base, mount]))
    .digest('hex')
    .slice(0, 16);

/** What starts a server. */
interface Start {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Texts that no log may have. */
  readonly secrets?: readonly string[];
}

/** The command of a server: that of the config, or that of its bundle. @throws Error that says what is missing */
async function startOf(filled: FilledMount, { bundle: open, env }: OpenOptions): Promise<Start> {
  const { command, args, env: own, cwd, bundle: file, user_config: values } = filled;
  if (command !== undefined) return { command, args, env: own, ...(cwd === undefined ? {} : { cwd }) };
  if (file === undefined || open === undefined) throw new Error('cannot be started here: bundles are not supported');
  const [bundle, { commandOfBundle }] = await Promise.all([open(file), import('./mcpb/index.js')]);
  const { PATH = '', HOME = homedir() } = env;
  const hasProgram = (name: string): boolean => PATH.split(delimiter).some((folder) => existsSync(join(folder, name)));
  const system = { platform: process.platform, node: process.execPath, home: HOME, hasProgram };
  const start = commandOfBundle(bundle, values, system);
  const { options } = bundle.manifest;
  const secrets = Object.entries(values).flatMap(([key, value]) =>
    options[key]?.sensitive === true ? [value].flat().map(String) : [],
  );
  return { ...start, env: { ...start.env, ...own }, cwd: bundle.folder, secrets };
}

/**
 * Opens the connection to a mounted server.
 *
 * @param logins the tokens of log-ins
 * @param keeper the tokens of a user. Default: those of an operator, if the server has log-ins
 * @throws Error that says why it cannot be opened
 */
export async function openCarrier(
  mount: MountDefinition,
  events: CarrierEvents,
  options: OpenOptions,
  logins: Logins,
  keeper?: TokenKeeper,
): Promise<Carrier> {
  const { texts, env, base, chain = [], graceMs = 1_000, maxMessageBytes = 64 * 1024 * 1024, logger } = options;
  const { parseJson = parseExactJson } = options;
  const { name } = mount;
  const filled = await fillMount(mount, texts);
  const { mask } = filled;
  if (filled.command !== undefined || filled.bundle !== undefined) {
    const id = idOf(mount, base);
    if (chain.includes(id)) throw new Error('is started by itself: its config mounts it again');
    const { command, args, env: own, cwd = '.', secrets = [] } = await startOf(filled, options);
    // A path is meant from the config file's folder, and a bare name from the PATH.
    const program = /[\\/]/.test(command) ? resolve(base, command) : command;
    return stdioCarrier(
      {
        name,
        command: program,
        args,
        env: { ...env, ...own, [CHAIN]: [...chain, id].join(',') },
        cwd: resolve(base, cwd),
        graceMs,
        mask: (text) => secrets.reduce((masked, secret) => masked.replaceAll(secret, '***'), mask(text)),
        maxMessageBytes,
        parseJson,
        logger,
      },
      events,
    );
  }
  const url = addressOf(filled.url);
  const { httpCarrier } = await logins.http();
  const tokens = keeper ?? (hasLogins(mount) ? await logins.keeper(mount, null) : undefined);
  return httpCarrier(
    {
      ...{ name, url, headers: filled.headers, maxMessageBytes, parseJson },
      auth: tokens === undefined ? undefined : () => tokens.provider(),
      onStreamError: (error) =>
        logger.debug({ server: name, error: mask(error.message) }, `the server "${name}": a stream failed`),
    },
    events,
  );
}
