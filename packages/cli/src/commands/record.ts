/**
 * Reads the record of calls for `calls list` and `calls show`.
 */
import type { CallQuery, CallRecord, McpType, Store } from '@mcp-daemon/core';
import { CALL_STATUSES, DEFAULT_PARTITION, didYouMean } from '@mcp-daemon/core';

import { Failure, messageOf, mustBe, UsageError } from '../errors.js';
import { openStore } from '../runtime/store.js';
import { dataFile, isFile } from '../settings/paths.js';
import type { CommandContext } from './command.js';

const PAGE_SIZE = 500;
const UNITS: Readonly<Record<string, number>> = { s: 1e3, m: 60e3, h: 3_600e3, d: 86_400e3, w: 604_800e3 };
const TYPES: readonly McpType[] = ['tool', 'resource', 'prompt'];

/** The filters of `calls list`, as texts. */
export interface Filters {
  name?: string | undefined;
  type?: string | undefined;
  status?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
}

/**
 * A point in time in milliseconds since 1970.
 *
 * @param text ISO 8601, in local time where it has no zone, or a time ago: `90s`, `30m`, `2h`, `7d`, `1w`
 * @param flag the flag that it is the value of, for the message
 * @throws UsageError where it is neither
 */
export function readTime(text: string, flag: string, now = Date.now()): number {
  const ago = /^(\d+(?:\.\d+)?)\s*([smhdw])$/.exec(text);
  // A date alone would be read as UTC, and the list shows local times.
  const iso = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text;
  const time = ago ? now - Number(ago[1]) * (UNITS[ago[2] ?? ''] ?? 0) : /^\d{4}-\d\d/.test(iso) ? Date.parse(iso) : NaN;
  if (Number.isNaN(time)) throw new UsageError(`--${flag}: must be a time such as 2h, 7d or 2026-01-31T12:00, not "${text}"`);
  return time;
}

function oneOf<T extends string>(text: string, known: readonly T[], flag: string): T {
  const found = known.find((word) => word === text);
  if (found !== undefined) return found;
  throw new UsageError(`--${flag}: ${mustBe(known, text)}${didYouMean(text, known)}`);
}

/** The query for filters. @throws UsageError where one is wrong */
export function queryOf({ name, type, status, since, until }: Filters): CallQuery {
  return {
    ...(name === undefined ? {} : { name }),
    ...(type === undefined ? {} : { mcp_type: oneOf(type, TYPES, 'type') }),
    ...(status === undefined ? {} : { status: oneOf(status, CALL_STATUSES, 'status') }),
    // The store's bounds are exclusive.
    ...(since === undefined ? {} : { updated_at_gt: readTime(since, 'since') - 1 }),
    ...(until === undefined ? {} : { updated_at_lt: readTime(until, 'until') + 1 }),
  };
}

/** The number of --limit. @throws UsageError */
export function limitOf(text: string): number {
  const limit = Number(text);
  if (!/^\d+$/.test(text) || limit < 1 || !Number.isSafeInteger(limit)) {
    throw new UsageError(`--limit: must be a whole number of 1 or more, not "${text}"`);
  }
  return limit;
}

/** Opens the store; undefined where nothing was recorded yet, because reading must not create a file. */
export async function openRecord({ settings, env }: CommandContext): Promise<Store | undefined> {
  if (settings.store === 'memory')
    throw new UsageError('--store memory: a record in memory is gone when its process ends, so there is nothing to read');
  const file = dataFile(settings, env);
  if (!isFile(file)) return undefined;
  let store: Store;
  try {
    store = await openStore(settings, env);
  } catch (error) {
    throw new Failure(`cannot open the record ${file}: ${messageOf(error)}`);
  }
  try {
    await store.calls.interrupt(); // calls that a crash left open
  } catch {
    // A record that cannot be written can still be read.
  }
  return store;
}

/** Records, newest first, up to a limit. */
export async function* readRecords(store: Store, query: CallQuery, limit: number): AsyncGenerator<CallRecord> {
  let left = limit;
  let cursor: string | undefined;
  do {
    const page = { ...query, limit: Math.min(left, PAGE_SIZE), ...(cursor === undefined ? {} : { cursor }) };
    const { items, cursor: next } = await store.calls.list(DEFAULT_PARTITION, page);
    yield* items;
    left -= items.length;
    cursor = next;
  } while (cursor !== undefined && left > 0);
}

/**
 * The record of a call.
 *
 * @param uuid its uuid, or the first characters of it
 * @throws Failure where there is none, or more than one
 */
export async function findRecord(store: Store, uuid: string): Promise<CallRecord> {
  const exact = await store.calls.get(DEFAULT_PARTITION, uuid);
  if (exact !== undefined) return exact;
  const found: CallRecord[] = [];
  const prefix = uuid.toLowerCase();
  for await (const record of readRecords(store, {}, Infinity)) {
    if (record.mcp_function_call_uuid.startsWith(prefix)) found.push(record);
    if (found.length > 1) throw new Failure(`more than one call has a uuid that begins with "${uuid}". Give more of it`);
  }
  const [only] = found;
  if (only === undefined) throw new Failure(`no call with the uuid "${uuid}". "mcp-daemon calls list" shows all`);
  return only;
}
