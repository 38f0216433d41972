/**
 * Under which keys the call records of a partition are. In a table with local indexes everything with one `partition_key` is together: it
 * may have 10 GB and 1,000 write units per second. So a partition may spread its records over several keys:
 *
 *   none     acme                                    the key of the Python engine
 *   months   acme|2026-11, acme|2026-12, ...         by the time in the record's UUID
 *   N        acme|0/8, acme|1/8, ... acme|7/8        by a hash of the UUID
 *
 * Which keys there are is noted in one row per partition (`mcp-revisions`, partition `#spread`) before the first record is written under
 * one. Reads use all keys of that row, and always the plain one: records stay readable, whatever the setting was when they were written
 * and is now. A uuid without a time in it (the Python engine's, for example) is under the plain key, if months are asked for.
 */
import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { CallRecord } from '@mcp-daemon/core';
import { compareText, DaemonError } from '@mcp-daemon/core';

import { isMissingTable, toStoreError } from '../base/errors.js';
import type { Dynamo } from './client.js';
import { placeOf } from './client.js';
import type { Item } from './codec.js';
import { TABLE } from './table-names.js';

/** `none`: one key per partition. `months`: one per month. A number from 2 to 64: so many keys. */
export type RecordSpread = 'none' | 'months' | number;

/** One key of a partition's records. */
export interface SpreadKey {
  /** The value of `partition_key`. */
  key: string;
  /** Which part of a newest page is expected under this key: from 0 (older records) to 1. */
  share: number;
}

/** What {@link createSpread} takes. */
export interface SpreadOptions {
  dynamo: Dynamo;
  spread: RecordSpread;
  /** The clock, in milliseconds. Default `Date.now`. */
  now?: () => number;
}

/** The keys of call records. */
export interface Spread {
  /** The key under which a record is written. */
  keyOf(partition: string, uuid: string): string;
  /** Before rows are written: notes keys that are new to this process. @throws DaemonError `store_busy` or `store_failed` */
  before(rows: readonly CallRecord[]): Promise<void>;
  /**
   * All keys that may have records of a partition, sorted. A query has to be made with each of them. Keys that another process began with
   * another setting are known within a minute. Empty for a name that cannot be a partition's.
   *
   * @throws DaemonError `store_busy` or `store_failed`
   */
  keys(partition: string): Promise<readonly SpreadKey[]>;
}

/** The partition of the rows that note keys. A partition of the daemon begins with the id of an endpoint. */
export const SPREAD = '#spread';
export const MOST_KEYS = 64;
const ATTRIBUTE = 'record_keys';
/** Milliseconds for which the noted keys of a partition are kept. */
const KEEP_MS = 10_000;
/** The same, if this process does not spread: then others probably do not, either. */
const KEEP_UNSPREAD_MS = 60_000;
const MAX_PARTITIONS = 10_000;

const SUFFIX = /\|(?:\d{4}-\d\d|\d+\/\d+)$/;
const TIME_IN_UUID = /^([0-9a-f]{8})-([0-9a-f]{4})-7/i;

/** Whether a text is a key of another partition's spread records, and so cannot be the name of a partition. */
export const isSpreadKey = (text: string): boolean => SUFFIX.test(text);

/** The month in a UUID of version 7, in UTC: `2026-11`; undefined if there is none. */
function monthOf(uuid: string): string | undefined {
  const [, high, low] = TIME_IN_UUID.exec(uuid) ?? [];
  return high === undefined || low === undefined ? undefined : monthAt(Number.parseInt(high + low, 16));
}

function monthAt(time: number): string | undefined {
  const month = new Date(time).toISOString().slice(0, 7);
  return /^\d{4}-\d\d$/.test(month) ? month : undefined; // after the year 9999 it has another form
}

/** FNV-1a: quick, and even enough for the random digits of UUIDs. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/** What follows the partition's name in the key of a record. */
function suffixOf(spread: RecordSpread, uuid: string): string {
  if (spread === 'none') return '';
  if (spread === 'months') {
    const month = monthOf(uuid);
    return month === undefined ? '' : `|${month}`;
  }
  return `|${hashOf(uuid) % spread}/${spread}`;
}

/** What this process writes now, beside the plain key. */
function currentSuffixes(spread: RecordSpread, now: number): string[] {
  if (spread === 'none') return [];
  if (spread === 'months') return [`|${monthAt(now) ?? ''}`];
  return Array.from({ length: spread }, (_, index) => `|${index}/${spread}`);
}

/** @throws DaemonError `usage` if a value is no spread */
export function checkSpread(spread: RecordSpread): RecordSpread {
  if (spread === 'none' || spread === 'months') return spread;
  if (Number.isSafeInteger(spread) && spread >= 2 && spread <= MOST_KEYS) return spread;
  throw new DaemonError('usage', `The spread of records must be none, months or a whole number from 2 to ${MOST_KEYS}.`);
}

const rowKey = (partition: string): Item => ({ partition_key: { S: SPREAD }, revision_key: { S: partition } });

/** Removes the entry that was added first, if there are too many. */
function bound(map: Map<string, unknown>): void {
  for (const oldest of map.keys()) {
    if (map.size <= MAX_PARTITIONS) return;
    map.delete(oldest);
  }
}

/** Creates the keys of call records. */
export function createSpread({ dynamo, spread, now = Date.now }: SpreadOptions): Spread {
  /** What this process has noted, by partition. */
  const noted = new Map<string, Set<string>>();
  /** What was read of the notes, by partition, and when. */
  const known = new Map<string, { readAt: number; suffixes: Promise<readonly string[]> }>();
  const keepMs = spread === 'none' ? KEEP_UNSPREAD_MS : KEEP_MS;

  async function read(partition: string): Promise<readonly string[]> {
    const command = new GetItemCommand({ TableName: TABLE.revisions, Key: rowKey(partition) });
    try {
      return (await dynamo.raw(command)).Item?.[ATTRIBUTE]?.SS ?? [];
    } catch (error) {
      if (isMissingTable(error)) return []; // then nothing was noted
      throw toStoreError(error, placeOf(command));
    }
  }

  function notes(partition: string): Promise<readonly string[]> {
    const before = known.get(partition);
    if (before !== undefined && now() - before.readAt < keepMs) return before.suffixes;
    const entry = { readAt: now(), suffixes: read(partition) };
    known.delete(partition);
    known.set(partition, entry);
    bound(known);
    // A failed read is repeated by the next caller.
    entry.suffixes.catch(() => {
      if (known.get(partition) === entry) known.delete(partition);
    });
    return entry.suffixes;
  }

  async function note(partition: string, suffixes: readonly string[]): Promise<void> {
    await dynamo.send(
      new UpdateItemCommand({
        TableName: TABLE.revisions,
        Key: rowKey(partition),
        UpdateExpression: 'ADD #keys :keys',
        ExpressionAttributeNames: { '#keys': ATTRIBUTE },
        ExpressionAttributeValues: { ':keys': { SS: [...suffixes] } },
      }),
    );
    noted.set(partition, new Set([...(noted.get(partition) ?? []), ...suffixes]));
    bound(noted);
  }

  function shareOf(suffix: string, current: readonly string[]): number {
    if (current.length === 0) return suffix === '' ? 1 : 0;
    return current.includes(suffix) ? 1 / current.length : 0;
  }

  return {
    keyOf: (partition, uuid) => partition + suffixOf(spread, uuid),
    async before(rows) {
      if (spread === 'none') return;
      const unknown = new Map<string, Set<string>>();
      for (const { partition_key: partition, mcp_function_call_uuid: uuid } of rows) {
        const suffix = suffixOf(spread, uuid);
        if (suffix === '' || noted.get(partition)?.has(suffix) === true) continue;
        // All of a number at once: they are all used soon.
        const all = typeof spread === 'number' ? currentSuffixes(spread, now()) : [suffix];
        unknown.set(partition, new Set([...(unknown.get(partition) ?? []), ...all]));
      }
      await Promise.all([...unknown].map(([partition, suffixes]) => note(partition, [...suffixes])));
    },
    async keys(partition) {
      if (partition === '' || isSpreadKey(partition)) return [];
      const current = currentSuffixes(spread, now());
      const suffixes = new Set(['', ...current, ...(noted.get(partition) ?? []), ...(await notes(partition))]);
      return [...suffixes].sort(compareText).map((suffix) => ({ key: partition + suffix, share: shareOf(suffix, current) }));
    },
  };
}
