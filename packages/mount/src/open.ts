/** Opens the connection to a mounted server: starts its command, or prepares HTTP. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';

import type { Logger, MountDefinition, StateStore } from '@mcp-daemon/core';

import type { Carrier, CarrierEvents } from './connection/carrier.js';
import { SealedEntry } from './http/sealed.js';
import type { LoginPlace } from './http/service-login.js';
import type { TextSource } from './secrets.js';
import { fillMount } from './secrets.js';
import { stdioCarrier } from './stdio/stdio-carrier.js';

/** What {@link openCarrier} takes. */
export interface OpenOptions {
  partition: string;
  /** Fills in references to secrets and variables. */
  texts: TextSource;
  /** Where tokens are kept. @throws DaemonError if it cannot be opened */
  state: () => Promise<StateStore>;
  /** Seals tokens. Without it, none are kept. */
  secret?: string | undefined;
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

/** @throws Error if a text is no address */
function addressOf(url: string | undefined): URL {
  const address = URL.canParse(url ?? '') ? new URL(url as string) : undefined;
  if (address === undefined || !/^https?:$/.test(address.protocol)) throw new Error('its url is no http or https URL');
  return address;
}

/** Where the tokens of a server are kept: by partition, server and subject. */
const entryOf = ({ name }: MountDefinition, { state, partition, secret }: OpenOptions): SealedEntry =>
  new SealedEntry({ state, partition, secret, key: `token/${name}/service` });

/** Logs in at a server. @throws Error that says why it failed */
export async function logInTo(mount: MountDefinition, options: OpenOptions, place: LoginPlace): Promise<void> {
  const { url } = await fillMount(mount, options.texts);
  const { logIn } = await import('./http/index.js');
  await logIn(mount.name, addressOf(url), entryOf(mount, options), place);
}

/** @throws Error that says why it cannot be opened */
export async function openCarrier(mount: MountDefinition, events: CarrierEvents, options: OpenOptions): Promise<Carrier> {
  const { texts, env, base, chain = [], graceMs = 1_000, maxMessageBytes = 64 * 1024 * 1024, logger } = options;
  const { name } = mount;
  const filled = await fillMount(mount, texts);
  const { mask } = filled;
  if (filled.command !== undefined) {
    const id = idOf(mount, base);
    if (chain.includes(id)) throw new Error('is started by itself: its config mounts it again');
    const { command, args, cwd = '.' } = filled;
    // A path is meant from the config file's folder, and a bare name from the PATH.
    const program = /[\\/]/.test(command) ? resolve(base, command) : command;
    return stdioCarrier(
      {
        name,
        command: program,
        args,
        env: { ...env, ...filled.env, [CHAIN]: [...chain, id].join(',') },
        cwd: resolve(base, cwd),
        graceMs,
        mask,
        maxMessageBytes,
        logger,
      },
      events,
    );
  }
  const address = addressOf(filled.url);
  const { httpCarrier, ServiceProvider } = await import('./http/index.js');
  return httpCarrier(
    {
      name,
      url: address,
      headers: filled.headers,
      ...(mount.credentials === 'service' ? { auth: new ServiceProvider(name, entryOf(mount, options)) } : {}),
      onStreamError: (error) =>
        logger.debug({ server: name, error: mask(error.message) }, `the server "${name}": a stream failed`),
    },
    events,
  );
}
