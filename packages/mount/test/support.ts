/** A daemon with mounted servers, and clients of it, for tests. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { ConfigDocument, Daemon, DaemonOptions, FixedCatalogSource, JsonObject, Session } from '@mcp-daemon/core';
import {
  checkConfig,
  createDaemon,
  createFixedSource,
  createTransportPair,
  FunctionContext,
  normalizeConfig,
} from '@mcp-daemon/core';
import type { Mounts, MountsOptions } from '@mcp-daemon/mount';
import { createMounts } from '@mcp-daemon/mount';
import type { ClientOptions } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/client';

const here = dirname(fileURLToPath(import.meta.url));

/** The entry of a fake server that behaves as these words say; see fake-server.mjs. */
export const fake = (...words: string[]): { command: string; args: string[] } => ({
  command: process.execPath,
  args: [join(here, 'fake-server.mjs'), ...words],
});

/** A line of the log. */
export interface LogLine {
  level: string;
  fields: JsonObject;
  message: string;
}

/** A daemon with mounted servers. */
export interface Bench {
  readonly daemon: Daemon;
  readonly mounts: Mounts;
  readonly log: LogLine[];
  readonly source: FixedCatalogSource;
  /** Serves another config. */
  update(document: ConfigDocument): void;
  /** Connects an official client. */
  client(options?: ClientOptions & { subject?: string }): Promise<Client>;
  /** Connects another client, of any SDK. */
  connect(client: { connect(transport: never): Promise<void> }, subject: string): Promise<void>;
  session?: Session;
  close(): Promise<void>;
}

const opened = new Set<Bench>();

/** Closes what a failed test has left open. */
export async function closeBenches(): Promise<void> {
  await Promise.all([...opened].map((bench) => bench.close()));
}

/** Creates a daemon of a config. */
export function openBench(
  document: ConfigDocument,
  options: { mounts?: Partial<MountsOptions>; daemon?: Partial<DaemonOptions> } = {},
): Bench {
  const mistakes = checkConfig(document);
  if (mistakes.length > 0) throw new Error(JSON.stringify(mistakes));
  const log: LogLine[] = [];
  const line =
    (level: string) =>
    (fields: object, message: string): void =>
      void log.push({ level, fields: fields as JsonObject, message });
  const logger = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
  const source = createFixedSource('default', normalizeConfig(document).definition);
  const mounts = createMounts({
    partition: 'default',
    client: { name: 'test', version: '1' },
    sourceOf: (context) => FunctionContext.sourceOf(context),
    resourceUpdated: (partition, uri) => daemon.events.publish({ type: 'resource_updated', partition, uri }),
    state: () => daemon.state(),
    texts: { fill: (value) => Promise.resolve(value), env: { FROM_ENV: 'a secret value' } },
    env: { PATH: process.env['PATH'] ?? '' },
    base: here,
    graceMs: 300,
    logger,
    ...options.mounts,
  });
  const daemon: Daemon = createDaemon({
    catalogs: mounts.source(source),
    runners: [mounts.runner],
    logger,
    ...options.daemon,
  });
  const bench: Bench = {
    daemon,
    mounts,
    log,
    source,
    update: (next) => source.update(normalizeConfig(next).definition),
    async client({ subject, ...clientOptions } = {}) {
      const [ours, theirs] = createTransportPair();
      await daemon.connect(ours, subject === undefined ? {} : { subject });
      const client = new Client({ name: 'client', version: '1' }, clientOptions);
      await client.connect(theirs as never);
      return client;
    },
    async connect(client, subject) {
      const [ours, theirs] = createTransportPair();
      await daemon.connect(ours, { subject });
      await client.connect(theirs as never);
    },
    close() {
      opened.delete(bench);
      return daemon.close({ drainMs: 1_000 });
    },
  };
  opened.add(bench);
  return bench;
}

/** The text of a result's first block. */
export const textOf = (result: unknown): string => {
  const [first] = (result as { content: { text?: string }[] }).content;
  return first?.text ?? '';
};
