/**
 * Reads the record of calls for the commands `calls` and `records`.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import type { CallQuery, CallRecord, Store } from '@mcp-daemon/core';
import { CALL_STATUSES, DaemonError, didYouMean, findRevision, isClient } from '@mcp-daemon/core';

import { Failure, messageOf, mustBe, UsageError } from '../errors.js';
import { openStore } from '../runtime/store.js';
import { dataFile, isFile } from '../settings/paths.js';
import { CALL_TYPES } from './call-words.js';
import type { CommandContext } from './command.js';

/** A page is in memory at once, and a record may have megabytes. */
const PAGE_SIZE = 100;
const UNITS: Readonly<Record<string, number>> = { s: 1e3, m: 60e3, h: 3_600e3, d: 86_400e3, w: 604_800e3 };

/** The filters of `calls list`, as texts. */
export interface Filters {
  name?: string | undefined;
  type?: string | undefined;
  status?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
  caller?: string | undefined;
  client?: string | undefined;
  server?: string | undefined;
  /** Resolved by {@link withRevision}, because the store knows whole revisions only. */
  revision?: string | undefined;
}

/**
 * A point in time in milliseconds since 1970.
 *
 * @param text ISO 8601, in local time where it has no zone, or a time ago: `90s`, `30m`, `2h`, `7d`, `1w`
 * @param flag the flag that it is the value of, for the message
 * @throws UsageError if it is neither
 */
export function readTime(text: string, flag: string, now = Date.now()): number {
  const ago = /^(\d+(?:\.\d+)?)\s*([smhdw])$/.exec(text);
  // A date alone would be read as UTC, and the list shows local times.
  const iso = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text;
  const time = ago ? now - Number(ago[1]) * (UNITS[ago[2] ?? ''] ?? 0) : /^\d{4}-\d\d/.test(iso) ? Date.parse(iso) : NaN;
  if (Number.isNaN(time)) throw new UsageError(`--${flag}: must be a time such as 2h, 7d or 2026-01-31T12:00, not "${text}"`);
  return time;
}

/** One of the words of a flag. @throws UsageError if it is none of them */
export function oneOf<T extends string>(text: string, known: readonly T[], flag: string): T {
  const found = known.find((word) => word === text);
  if (found !== undefined) return found;
  throw new UsageError(`--${flag}: ${mustBe(known, text)}${didYouMean(text, known)}`);
}

/** The query for filters. @throws UsageError if one is wrong */
export function queryOf({ name, type, status, since, until, caller, client, server }: Filters): CallQuery {
  return {
    ...(name === undefined ? {} : { name }),
    ...(type === undefined ? {} : { mcp_type: oneOf(type, CALL_TYPES, 'type') }),
    ...(status === undefined ? {} : { status: oneOf(status, CALL_STATUSES, 'status') }),
    ...(caller === undefined ? {} : { updated_by: caller }),
    ...(client === undefined ? {} : { client }),
    ...(server === undefined ? {} : { server }),
    // The store's bounds are exclusive.
    ...(since === undefined ? {} : { updated_at_gt: readTime(since, 'since') - 1 }),
    ...(until === undefined ? {} : { updated_at_lt: readTime(until, 'until') + 1 }),
  };
}

const WHOLE_REVISION = /^[0-9a-f]{64}$/i;

/**
 * Adds the revision of `--revision` to a query, which may be the beginning of its digest.
 *
 * @throws Failure if no revision of the partition, or more than one, begins as given
 */
export async function withRevision(
  query: CallQuery,
  { catalogs }: Store,
  partition: string,
  revision: string | undefined,
): Promise<CallQuery> {
  if (revision === undefined) return query;
  if (WHOLE_REVISION.test(revision)) return { ...query, revision: revision.toLowerCase() };
  if (catalogs === undefined) throw new UsageError('--revision: write all 64 digits of the revision', { hint: false });
  // The digest of a config file is in no history.
  const hint = '. Of a config file, write all 64 digits, as "calls show" prints them';
  try {
    return { ...query, revision: (await findRevision(catalogs, partition, revision)).revision };
  } catch (error) {
    throw new Failure(`--revision: ${messageOf(error).replace(/\.$/, '')}${hint}`);
  }
}

/** The number of --limit. @throws UsageError */
export function limitOf(text: string): number {
  const limit = Number(text);
  if (!/^\d+$/.test(text) || limit < 1 || !Number.isSafeInteger(limit)) {
    throw new UsageError(`--limit: must be a whole number of 1 or more, not "${text}"`);
  }
  return limit;
}

/** @throws UsageError if the settings name a store that no other process can read */
function refuseMemory({ settings }: CommandContext): void {
  if (settings.store === 'memory')
    throw new UsageError('--store memory: a record in memory is gone when its process ends, so there is nothing to read');
}

/** The record file. @throws UsageError if the settings name no file */
export function recordFile(context: CommandContext): string {
  refuseMemory(context);
  if (context.settings.store === 'dynamodb')
    throw new UsageError(
      '--store dynamodb: this command is for the file of the sqlite store. DynamoDB has backups of its own: ' +
        'point-in-time recovery and on-demand backups',
      { hint: false },
    );
  return dataFile(context.settings, context.env);
}

/** Where the record is, as a message names it. */
export const recordPlace = ({ settings, env }: CommandContext): string =>
  settings.store === 'dynamodb' ? 'DynamoDB table mcp-function_calls' : dataFile(settings, env);

/** Waits for the store. @throws Failure with the store's message */
export async function refused<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new Failure(messageOf(error));
  }
}

/** Opens the store; undefined where nothing was recorded yet, because reading must not create a file. */
export async function openRecord(context: CommandContext): Promise<Store | undefined> {
  const { settings, env, note } = context;
  refuseMemory(context);
  if (settings.store === 'dynamodb') return refused(openStore(settings, env));
  const file = recordFile(context);
  if (!isFile(file)) return undefined;
  let store: Store;
  try {
    store = await openStore(settings, env);
  } catch (error) {
    try {
      store = await openStore(settings, env, { readonly: true });
    } catch {
      throw new Failure(`cannot open the record ${file}: ${messageOf(error)}`);
    }
    note(`${file} cannot be written by this user, so calls that are not imported yet are missing here`);
    return store;
  }
  try {
    await store.calls.interrupt(); // calls that a crash left open
  } catch {
    // A record that cannot be written can still be read.
  }
  return store;
}

/** Runs work on a store, and closes it. @throws Failure with the message of whatever the store throws */
export async function useRecord<T>(store: Store, work: (store: Store) => Promise<T>): Promise<T> {
  try {
    return await work(store);
  } catch (error) {
    throw error instanceof DaemonError ? new Failure(error.message) : error;
  } finally {
    await store.close();
  }
}

/** Records of a partition, newest first, up to a limit. */
export async function* readRecords(
  store: Store,
  partition: string,
  query: CallQuery,
  limit = Infinity,
): AsyncGenerator<CallRecord, undefined> {
  let left = limit;
  let cursor: string | undefined;
  do {
    const page = { ...query, limit: Math.min(left, PAGE_SIZE), ...(cursor === undefined ? {} : { cursor }) };
    const { items, cursor: next } = await store.calls.list(partition, page);
    yield* items;
    left -= items.length;
    cursor = next;
  } while (cursor !== undefined && left > 0);
}

/**
 * The record of a call.
 *
 * @param id its uuid, the first or the last characters of it, or `last`
 * @throws Failure if there is none, or more than one
 */
export async function findRecord(store: Store, partition: string, id: string): Promise<CallRecord> {
  if (id === 'last') {
    const [newest] = (await store.calls.list(partition, { limit: 1, bodies: false })).items;
    // A list leaves out what cannot be read of a record; reading one record says why.
    const record = newest && (await store.calls.get(partition, newest.mcp_function_call_uuid));
    if (record !== undefined) return record;
    throw new Failure('no calls recorded yet');
  }
  const [uuid, another] = await store.calls.find(partition, id);
  if (another !== undefined) throw new Failure(`more than one call has the id "${id}". Give more characters of its uuid`);
  const record = uuid === undefined ? undefined : await store.calls.get(partition, uuid);
  if (record === undefined) throw new Failure(`no call with the id "${id}". "mcp-daemon calls list" shows all`);
  return record;
}

/** Whether a record matches a query, whose times are ignored. */
function matches(record: CallRecord, { name, mcp_type, status, updated_by, client, server, revision }: CallQuery): boolean {
  return (
    (name === undefined || record.name === name) &&
    (mcp_type === undefined || record.mcp_type === mcp_type) &&
    (status === undefined || record.status === status) &&
    (updated_by === undefined || record.updated_by === updated_by) &&
    (client === undefined || isClient(record.client, client)) &&
    (server === undefined || record.server === server) &&
    (revision === undefined || record.revision === revision)
  );
}

/** Waits until there is a record file, or the signal comes. */
export async function waitForRecord(context: CommandContext, signal: AbortSignal): Promise<void> {
  if (context.settings.store === 'dynamodb') return;
  const { note } = context;
  const file = recordFile(context);
  if (isFile(file)) return;
  note(`no calls recorded yet (${file}); waiting`);
  while (!signal.aborted && !isFile(file)) await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
}

const POLL_MS = 300;
/** Records of other processes may come so much later than newer ones. */
const LATE_MS = 5_000;
/** Calls without an end that are asked for again. */
const MAX_OPEN = 1_000;

/** What {@link followRecords} takes besides the store and the query. */
export interface FollowOptions {
  /** Ends it. */
  signal: AbortSignal;
  /** Calls that ended before this are not yielded. Milliseconds since 1970. */
  since: number;
  /** Uuids of calls that are known already. */
  known: ReadonlySet<string>;
}

/** Follows the record: yields every call when it has ended, in the order in which they are found. */
export async function* followRecords(
  store: Store,
  partition: string,
  query: CallQuery,
  { signal, since, known }: FollowOptions,
): AsyncGenerator<CallRecord, undefined> {
  const seen = new Map<string, number>();
  const open = new Set<string>();
  let newest = Date.now();
  // Calls that began long ago and still run.
  const running = readRecords(store, partition, { status: 'in_process', bodies: false }, MAX_OPEN);
  for await (const { mcp_function_call_uuid: uuid } of running) open.add(uuid);
  for (let first = true; !signal.aborted; first = false) {
    const found: CallRecord[] = [];
    for (const uuid of open) {
      const record = await store.calls.get(partition, uuid);
      if (record?.status === 'in_process') continue;
      open.delete(uuid);
      if (record !== undefined) found.push(record);
    }
    const from = newest - LATE_MS;
    // Without the filters: the store would look for a match through all that it has.
    for await (const record of readRecords(store, partition, { bodies: query.bodies ?? true })) {
      if (record.created_at < from) break;
      const { mcp_function_call_uuid: uuid, created_at, updated_at, status } = record;
      if (seen.has(uuid) || known.has(uuid)) continue;
      seen.set(uuid, created_at);
      newest = Math.max(newest, Math.min(created_at, Date.now()));
      if (status === 'in_process') open.add(uuid);
      else if (!first || updated_at >= since) found.push(record);
    }
    for (const [uuid, at] of seen) if (at < newest - 2 * LATE_MS && !open.has(uuid)) seen.delete(uuid);
    for (const uuid of open) {
      if (open.size <= MAX_OPEN) break;
      open.delete(uuid);
    }
    found.sort((a, b) => a.updated_at - b.updated_at);
    for (const record of found) if (matches(record, query)) yield record;
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined); // the loop's condition ends it
  }
}
