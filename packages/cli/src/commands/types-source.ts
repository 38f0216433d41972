/**
 * Where `types` learns what a server offers: from a config file, stdin, a partition of the store, or a running server.
 */
import { resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';

import type { ConfigDocument } from '@mcp-daemon/core';
import { ConfigError, DaemonError, exportConfig, inspectConfigText, normalizeConfig } from '@mcp-daemon/core';

import { UsageError } from '../errors.js';
import { readDocumentFile } from '../runtime/config-file.js';
import { checkPartition } from '../settings/partition.js';
import { findConfig } from '../settings/paths.js';
import type { Listing } from '../typescript/listing.js';
import { listingOf } from '../typescript/listing.js';
import type { CommandContext } from './command.js';
import { noPartition } from './partition-flag.js';
import { headersOf, readUrl } from './remote.js';
import { withCatalogs } from './stored.js';

/** What the user has named. Without any of it, the config file of the current folder. */
export interface TypesSource {
  /** A path, or `-` for stdin. */
  readonly file: string | undefined;
  readonly url: string | undefined;
  readonly token: string | undefined;
  readonly header: readonly string[];
  readonly partition: string | undefined;
}

/** What the functions of a config are listed as. */
const listingIn = (document: ConfigDocument): Listing => listingOf(normalizeConfig(document).definition.functions);

/** Reads a config file from stdin. @throws ConfigError with all its mistakes */
async function readStdin({ note }: CommandContext): Promise<ConfigDocument> {
  if (process.stdin.isTTY) note('type or paste the config file, then press Ctrl+D');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await buffer(process.stdin));
  } catch {
    throw new ConfigError([{ path: '$', message: 'not UTF-8' }], 'stdin');
  }
  const { document, mistakes } = inspectConfigText(text, { support: { settingIds: true } });
  if (document === undefined) throw new ConfigError(mistakes, 'stdin');
  return document;
}

/** The catalog of a partition. @throws Failure where there is none */
async function storedListing(partition: string, context: CommandContext): Promise<Listing> {
  const document = await withCatalogs(
    context,
    async (catalogs) => {
      try {
        return await exportConfig(catalogs, partition);
      } catch (error) {
        if (error instanceof DaemonError && error.code === 'usage') return undefined;
        throw error;
      }
    },
    undefined,
  );
  if (document === undefined) throw noPartition(partition);
  return listingIn(document);
}

/** @throws UsageError where more than one source is named, or flags of a URL without one */
function checkSource({ file, url, token, header, partition }: TypesSource): void {
  const named = Object.entries({ '[file]': file, '--url': url, '--partition': partition }).filter(
    ([, value]) => value !== undefined,
  );
  if (named.length > 1) throw new UsageError(`${named.map(([name]) => name).join(' and ')}: give one of them`);
  if (url === undefined && token !== undefined) throw new UsageError('--token needs --url');
  if (url === undefined && header.length > 0) throw new UsageError('--header needs --url');
}

/**
 * Reads what is offered.
 *
 * @throws UsageError where the flags contradict each other, ConfigError with all mistakes of a config file, Failure where a store or
 *   a server cannot be asked
 */
export async function readListing(source: TypesSource, context: CommandContext): Promise<Listing> {
  checkSource(source);
  const { file, url, token, header, partition } = source;
  if (url !== undefined) {
    const { listServer } = await import('./remote-listing.js');
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return listServer(readUrl(url), { ...authorization, ...headersOf(header) });
  }
  if (partition !== undefined) return storedListing(checkPartition(partition), context);
  if (file === '-') return listingIn(await readStdin(context));
  // A config file that is served, or one for the store, whose modules may name its settings.
  const path = file === undefined ? findConfig(context.settings) : resolve(file);
  return listingIn(readDocumentFile(path, { files: true }).document);
}
