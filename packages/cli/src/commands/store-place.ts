/**
 * Opens a store by a text such as `sqlite:PATH` or `dynamodb:eu-central-1`, for `store copy`.
 */
import { statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import type { Store } from '@mcp-daemon/core';

import { UsageError } from '../errors.js';
import { makeFolder } from '../files/make-folder.js';
import { dataFile, isFile } from '../settings/paths.js';
import type { Settings } from '../settings/settings.js';
import type { CommandContext } from './command.js';

/** What texts for a store may be. */
export const PLACES = 'sqlite, sqlite:PATH, dynamodb, dynamodb:REGION or dynamodb:URL';

/** A store that a text names. */
export type Place =
  | { readonly kind: 'sqlite'; readonly file: string; readonly name: string }
  | { readonly kind: 'dynamodb'; readonly settings: Settings; readonly name: string };

const DATA_FILE = 'mcp-daemon.db';
const PRIVATE = 0o700;

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** Reads the text for a store. @param argument the argument's name, for the message. @throws UsageError */
export function placeOf(text: string, argument: string, { settings, env }: CommandContext): Place {
  const colon = text.indexOf(':');
  const [kind, rest] = colon === -1 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
  if (rest !== '' && kind === 'sqlite') {
    const path = rest === undefined ? dataFile(settings, env) : resolve(rest);
    const file = isFolder(path) ? join(path, DATA_FILE) : path;
    return { kind, file, name: `sqlite:${file}` };
  }
  if (rest !== '' && kind === 'dynamodb') {
    const isUrl = rest !== undefined && /^https?:\/\//.test(rest);
    const changes = rest === undefined ? {} : isUrl ? { dynamodbEndpoint: rest } : { region: rest };
    const own: Settings = { ...settings, store: 'dynamodb', recordPromise: 'answered', ...changes };
    return { kind, settings: own, name: text };
  }
  throw new UsageError(`${argument}: must be ${PLACES}, not ${JSON.stringify(text)}`);
}

/** Whether two texts name the same store. */
export function isSamePlace(a: Place, b: Place): boolean {
  if (a.kind === 'sqlite') return b.kind === 'sqlite' && a.file === b.file;
  return (
    b.kind === 'dynamodb' &&
    a.settings.region === b.settings.region &&
    a.settings.dynamodbEndpoint === b.settings.dynamodbEndpoint
  );
}

/**
 * Opens a store.
 *
 * @param create whether a file that is missing is created
 * @throws UsageError if the file is missing; what opening the store throws
 */
export async function openPlace(place: Place, create: boolean, { env }: CommandContext): Promise<Store> {
  if (place.kind === 'dynamodb') {
    const { openAwsStore } = await import('../runtime/aws-store.js');
    return openAwsStore(place.settings, env);
  }
  const { file } = place;
  if (!create && !isFile(file)) throw new UsageError(`there is no file ${file}`, { hint: false });
  if (create) makeFolder(dirname(file), PRIVATE);
  const { openSqliteStore } = await import('@mcp-daemon/sqlite');
  const store = await openSqliteStore({ file });
  await store.calls.interrupt(); // calls that a crash left open
  return store;
}
