/** Opens mounted MCP servers. A file of its own in the command's build, so that a server without them loads none of it. */
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';

import type { ContextSource, Daemon, Logger } from '@mcp-daemon/core';
import type { Mounts } from '@mcp-daemon/mount';
import { CHAIN, createMounts } from '@mcp-daemon/mount';

import type { Env, Settings } from '../settings/settings.js';
import { parseList } from '../settings/settings.js';
import { VERSION } from '../version.js';
import { fillSecrets } from './secrets.js';

/** What {@link openMounts} takes. */
export interface OpenMountsOptions {
  settings: Settings;
  env: Env;
  /** The folder of the config file. */
  base: string;
  /** The partition of the config file. */
  partition: string;
  logger: Logger;
  /** The daemon, when it is created. */
  daemon: () => Daemon;
  /** What a context was made from, with the daemon's copy of core. */
  sourceOf: (context: unknown) => ContextSource | undefined;
  /** Parses lists, with that copy of core, which lists them. */
  parseJson: (text: string) => unknown;
}

/** Variables that every command gets: without them, programs and texts do not work as users expect. */
const ALWAYS = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'TZ', 'TERM', 'TMPDIR', 'SystemRoot', 'APPDATA'];

/** Creates the mounted servers. None is started yet. */
export function openMounts({ settings, env, base, partition, logger, daemon, sourceOf, parseJson }: OpenMountsOptions): Mounts {
  const inherited = ALWAYS.flatMap((name): [string, string][] => {
    const value = env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return createMounts({
    partition,
    client: { name: 'mcp-daemon', version: VERSION },
    sourceOf,
    parseJson,
    state: () => daemon().state(),
    secret: settings.stateSecret,
    resourceUpdated: (of, uri) => daemon().events.publish({ type: 'resource_updated', partition: of, uri }),
    texts: { fill: (texts) => fillSecrets(texts, { env, base, region: settings.region }), env },
    env: Object.fromEntries(inherited),
    bundle: async (file) => {
      const { openMcpb } = await import('./mcpb.js');
      return openMcpb(resolve(base, file), settings, env);
    },
    base,
    chain: parseList(env[CHAIN]) ?? [],
    instances: [randomUUID()],
    logger,
  });
}
