/**
 * `calls list` and `calls show`: the record of calls.
 */
import type { CallQuery, CallRecord, CallStatus, McpType, Store } from '@mcp-daemon/core';
import { CALL_STATUSES, DEFAULT_PARTITION } from '@mcp-daemon/core';

import { Failure, messageOf, UsageError } from '../errors.js';
import { didYouMean } from '../near.js';
import { openStore } from '../runtime/store.js';
import { dataFile, isFile } from '../settings/places.js';
import type { Paint, Style } from '../terminal/terminal.js';
import { inert, oneLine, table } from '../terminal/text.js';
import type { Command, CommandContext } from './command.js';

/** What `calls list` is asked. */
export interface CallsListArguments {
  name?: string;
  type?: string;
  status?: string;
  since?: string;
  until?: string;
  limit: string;
  json: boolean;
}

const UNITS: Readonly<Record<string, number>> = { s: 1e3, m: 60e3, h: 3_600e3, d: 86_400e3, w: 604_800e3 };
const TYPES: readonly McpType[] = ['tool', 'resource', 'prompt'];
const PAGE = 500;
const COLOURS: Readonly<Record<CallStatus, Style>> = {
  ...{ in_process: 'cyan', completed: 'green', failed: 'red' },
  ...{ cancelled: 'yellow', timed_out: 'red', interrupted: 'yellow' },
};

/** A point in time: ISO 8601, in local time where it says no zone, or how long ago (`90s`, `30m`, `2h`, `7d`, `1w`). */
export function readTime(text: string, flag: string, now = Date.now()): number {
  const ago = /^(\d+(?:\.\d+)?)\s*([smhdw])$/.exec(text);
  // A day alone would be one of UTC, and the list shows local times.
  const iso = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text;
  const time = ago ? now - Number(ago[1]) * (UNITS[ago[2] ?? ''] ?? 0) : /^\d{4}-\d\d/.test(iso) ? Date.parse(iso) : NaN;
  if (Number.isNaN(time)) throw new UsageError(`--${flag}: a time is wanted, like 2h, 7d or 2026-01-31T12:00, got "${text}"`);
  return time;
}

function oneOf<T extends string>(text: string, known: readonly T[], flag: string): T {
  const found = known.find((word) => word === text);
  if (found !== undefined) return found;
  throw new UsageError(`--${flag}: one of ${known.join(', ')} is wanted, got "${text}"${didYouMean(text, known)}`);
}

function queryOf({ name, type, status, since, until }: CallsListArguments): CallQuery {
  return {
    ...(name === undefined ? {} : { name }),
    ...(type === undefined ? {} : { mcp_type: oneOf(type, TYPES, 'type') }),
    ...(status === undefined ? {} : { status: oneOf(status, CALL_STATUSES, 'status') }),
    // The store's bounds are exclusive.
    ...(since === undefined ? {} : { updated_at_gt: readTime(since, 'since') - 1 }),
    ...(until === undefined ? {} : { updated_at_lt: readTime(until, 'until') + 1 }),
  };
}

function limitOf(text: string): number {
  const limit = Number(text);
  if (!/^\d+$/.test(text) || limit < 1 || !Number.isSafeInteger(limit)) {
    throw new UsageError(`--limit: a whole number from 1 is wanted, got "${text}"`);
  }
  return limit;
}

/** JSON text as its value; what is cut or no JSON stays text. */
function parsed(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** A record for programs: the engine's names, with values in place of their JSON text and times as ISO 8601. */
export function toJson(record: CallRecord): object {
  return {
    ...record,
    arguments: parsed(record.arguments),
    content: parsed(record.content),
    created_at: new Date(record.created_at).toISOString(),
    updated_at: new Date(record.updated_at).toISOString(),
  };
}

/** The store as it is; undefined where nothing was recorded yet. Looking must not make a file. */
async function openRecord({ settings, env }: CommandContext): Promise<Store | undefined> {
  if (settings.store === 'memory')
    throw new UsageError('--store memory keeps no record after its process; there is nothing to look at');
  const file = dataFile(settings, env);
  if (!isFile(file)) return undefined;
  let store: Store;
  try {
    store = await openStore(settings, env);
  } catch (error) {
    throw new Failure(`the record ${file} cannot be opened: ${messageOf(error)}`);
  }
  try {
    await store.calls.interrupt(); // what a crash left open is said as it is
  } catch {
    // A record that cannot be written can still be read.
  }
  return store;
}

/** Records of all pages, up to a number. */
async function* pages(store: Store, query: CallQuery, limit: number): AsyncGenerator<CallRecord> {
  let left = limit;
  let cursor: string | undefined;
  do {
    const page = { ...query, limit: Math.min(left, PAGE), ...(cursor === undefined ? {} : { cursor }) };
    const { items, cursor: next } = await store.calls.list(DEFAULT_PARTITION, page);
    yield* items;
    left -= items.length;
    cursor = next;
  } while (cursor !== undefined && left > 0);
}

const time = (at: number): string => {
  const date = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 19).replace('T', ' ');
};
const spent = (ms: number | null): string =>
  ms === null ? '' : ms < 1_000 ? `${ms.toFixed(1)} ms` : `${(ms / 1_000).toFixed(2)} s`;
const painted = (paint: Paint, status: CallStatus): string => paint(COLOURS[status], status);

/** Lists records, newest first. */
export const callsList: Command<CallsListArguments> = async (args, context) => {
  const { print, note, paint, width, settings, env } = context;
  const query = queryOf(args);
  const limit = limitOf(args.limit);
  const store = await openRecord(context);
  const records: CallRecord[] = [];
  if (store !== undefined) {
    for await (const record of pages(store, query, limit)) records.push(record);
    await store.close();
  }
  if (args.json) {
    print(JSON.stringify(records.map(toJson), null, 2));
    return 0;
  }
  if (records.length === 0) {
    const filtered = Object.keys(query).length > 0;
    note(filtered && store ? 'no call matches' : `no calls recorded yet (${dataFile(settings, env)})`);
    return 0;
  }
  const head = ['WHEN', 'STATUS', 'TIME', 'TYPE', 'UUID', 'NAME'].map((word) => paint('dim', word));
  const rows = records.map((record) => [
    time(record.created_at),
    painted(paint, record.status),
    spent(record.time_spent),
    record.mcp_type,
    record.mcp_function_call_uuid,
    oneLine(record.name) + (record.notes === null ? '' : ` — ${oneLine(record.notes, 80)}`),
  ]);
  for (const line of table([head, ...rows], width)) print(line);
  return 0;
};

async function findRecord(store: Store, uuid: string): Promise<CallRecord> {
  const exact = await store.calls.get(DEFAULT_PARTITION, uuid);
  if (exact !== undefined) return exact;
  const found: CallRecord[] = [];
  const wanted = uuid.toLowerCase();
  for await (const record of pages(store, {}, Infinity)) {
    if (record.mcp_function_call_uuid.startsWith(wanted)) found.push(record);
    if (found.length > 1) throw new Failure(`more than one call begins with "${uuid}"; give more of its uuid`);
  }
  const [only] = found;
  if (only === undefined) throw new Failure(`no call has the uuid "${uuid}"; see "mcp-daemon calls list"`);
  return only;
}

/** Shows one record. */
export const callsShow: Command<{ uuid: string; json: boolean }> = async ({ uuid, json }, context) => {
  const { print, paint } = context;
  const store = await openRecord(context);
  if (store === undefined) throw new Failure(`no call has the uuid "${uuid}": nothing is recorded yet`);
  let record: CallRecord;
  try {
    record = await findRecord(store, uuid);
  } finally {
    await store.close();
  }
  if (json) {
    print(JSON.stringify(toJson(record), null, 2));
    return 0;
  }
  const { arguments: given, content, status, ...rest } = record;
  const fields: [string, string | null][] = [
    ['uuid', rest.mcp_function_call_uuid],
    ['name', `${rest.mcp_type} ${inert(rest.name)}`],
    ['status', painted(paint, status) + (rest.fault === null ? '' : ` (${rest.fault})`)],
    ['notes', rest.notes && inert(rest.notes)],
    ['began', new Date(rest.created_at).toISOString()],
    ['changed', new Date(rest.updated_at).toISOString()],
    ['took', spent(rest.time_spent) || null],
    ['caller', inert(rest.updated_by)],
    ['partition', rest.partition_key],
    ['revision', rest.revision],
    ['digest', rest.bundle_digest],
    ['traceparent', rest.traceparent && inert(rest.traceparent)],
  ];
  for (const [name, value] of fields) if (value !== null) print(`${paint('dim', name.padEnd(12))}${value}`);
  for (const [name, body] of [
    ['arguments', given],
    ['result', content],
  ] as const) {
    print(paint('dim', name));
    print(body === null ? '  (not kept)' : inert(JSON.stringify(parsed(body), null, 2)).replace(/^/gm, '  '));
  }
  return 0;
};
