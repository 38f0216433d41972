/**
 * Writes records as JSON lines or as CSV, a page at a time.
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';

import type { CallRecord } from '@mcp-daemon/core';

import { Failure, messageOf, mustBe, UsageError } from '../errors.js';
import { plural } from '../terminal/text.js';
import { toJson } from './calls-text.js';

type Records = AsyncIterable<CallRecord>;

/** Turns records into lines. The first may be a head. */
type Format = (records: Records) => AsyncGenerator<{ line: string; isRecord: boolean }, undefined>;

async function* ndjson(records: Records): ReturnType<Format> {
  for await (const record of records) yield { line: JSON.stringify(toJson(record)), isRecord: true };
}

const COLUMNS = [
  ...['mcp_function_call_uuid', 'partition_key', 'name', 'mcp_type', 'status', 'fault', 'notes', 'time_spent', 'updated_by'],
  ...[
    'client',
    'server',
    'created_at',
    'updated_at',
    'revision',
    'bundle_digest',
    'traceparent',
    'client_id',
    'arguments',
    'content',
  ],
] as const satisfies readonly (keyof CallRecord)[];

/** A spreadsheet takes a text that begins so for a formula, and these texts come from clients. */
const FORMULA = /^[=+\-@\t\r]/;

/** A cell as RFC 4180 has it. */
function cell(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return value === null ? '' : String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

async function* csv(records: Records): ReturnType<Format> {
  yield { line: COLUMNS.join(), isRecord: false };
  for await (const record of records) {
    const times = {
      created_at: new Date(record.created_at).toISOString(),
      updated_at: new Date(record.updated_at).toISOString(),
    };
    const values = { ...record, ...times };
    yield { line: COLUMNS.map((name) => cell(values[name])).join(), isRecord: true };
  }
}

/** Whether the result of a record is in the bucket and could not be read. */
export const isUnread = ({ content_in_s3: isMoved, content }: CallRecord): boolean => isMoved && content === null;

/** What is said of such records. */
export const unreadText = (count: number): string =>
  `${plural(count, 'result')} could not be read from the bucket, and ${count === 1 ? 'is' : 'are'} left out: "calls show ID" says why`;

/** Passes records on, and counts those whose result could not be read. */
export async function* countingUnread(records: Records, unread: { count: number }): AsyncGenerator<CallRecord, undefined> {
  for await (const record of records) {
    if (isUnread(record)) unread.count += 1;
    yield record;
  }
}

/** The format of a name. @throws UsageError */
export function formatOf(name: string, names: readonly string[]): Format {
  const format = { ndjson, csv }[name];
  if (format === undefined) throw new UsageError(`--format: ${mustBe(names, name)}`);
  return format;
}

/**
 * Writes lines to a new file, or to stdout where none is named, as fast as they are taken.
 *
 * @returns how many records
 * @throws Failure if the file cannot be written
 */
export async function exportTo(path: string | undefined, lines: ReturnType<Format>): Promise<number> {
  const out: Writable = path === undefined ? process.stdout : createWriteStream(path, { flags: 'wx', mode: 0o600 });
  let count = 0;
  const write = async (): Promise<void> => {
    if (path !== undefined) await once(out, 'open');
    for await (const { line, isRecord } of lines) {
      if (isRecord) count += 1;
      if (!out.write(`${line}\n`)) await once(out, 'drain');
    }
    if (path !== undefined) {
      out.end();
      await once(out, 'finish');
    }
  };
  try {
    await write();
  } catch (error) {
    if (path === undefined || !(error instanceof Error) || !('syscall' in error)) throw error;
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw new Failure(`cannot write ${path}: ${exists ? 'it exists already' : messageOf(error)}`);
  }
  return count;
}
