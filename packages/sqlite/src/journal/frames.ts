/**
 * The format of a journal: a sequence of frames. A frame is a letter, its size in bytes as 9 digits, its content and a line feed.
 *
 * | letter | content |
 * | --- | --- |
 * | `J` | JSON: which process writes this journal |
 * | `C` | a context: its number as 5 digits, then as a JSON array what many calls have in common, see {@link CONTEXT_COLUMNS} |
 * | `R` | a record: fields of fixed width, see {@link FIELDS}, then its texts, one after the other, see {@link TEXTS} |
 *
 * SQLite itself parses the records (`import/import-sql.ts`): binding each value of a row would take several times as long.
 */
import type { CallFault, CallRecord, CallStatus } from '@mcp-daemon/core';
import { CALL_STATUSES, DaemonError } from '@mcp-daemon/core';

import { keepable } from '../engine/text.js';

/** The fields that many calls share. They are written once, and then referred to by a number. */
export const CONTEXT_COLUMNS = [
  'partition_key',
  'name',
  'mcp_type',
  'updated_by',
  'revision',
  'bundle_digest',
  'owner',
  'server',
  'client',
  'client_id',
] as const;

/** Values of {@link CONTEXT_COLUMNS}, in the same order. An empty text means null; the last one is left out where it is null. */
export type Context = readonly string[];

/** Texts of a record. Each has a field with its length in bytes, and a bit in `absent` that is set if it is null. */
export const TEXTS = ['traceparent', 'notes', 'arguments', 'content'] as const;

/** The bit in `absent` for the time spent, after the bits of {@link TEXTS}. */
export const NO_TIME_SPENT = 16;

/** The fields of a record after the letter, with their widths. All contain digits, except the uuid and the time spent. */
export const FIELDS = {
  size: 9,
  context: 5,
  absent: 2,
  status: 1,
  fault: 1,
  content_in_s3: 1,
  uuid: 36,
  created_at: 15,
  updated_at: 15,
  time_spent: 17,
  traceparent: 8,
  notes: 8,
  arguments: 9,
  content: 9,
} as const;

/** Bytes before a record's texts. */
export const HEAD_BYTES = 1 + Object.values(FIELDS).reduce((sum, width) => sum + width, 0);

/** Faults; the index is the digit in the frame. */
export const FAULTS: readonly (CallFault | null)[] = [null, 'transport', 'protocol', 'tool'];

const MAX_CONTEXTS = 99_999;
const SIZE_DIGITS = FIELDS.size;
const MAX_FRAME = 10 ** SIZE_DIGITS - 1;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a text is a uuid as this store keeps it: lower-case, with its hyphens. */
export const isUuid = (text: string): boolean => UUID.test(text);

const digits = (value: number, width: number): string => String(value).padStart(width, '0');

/** Milliseconds since 1970. From 2001 to 2286 they have 13 digits. */
const timestamp = (value: number): string =>
  value >= 1e12 && value < 1e13 ? `00${value}` : digits(Math.max(0, Math.trunc(value)), FIELDS.created_at);

function spent(value: number): string {
  const text = String(value);
  return (text.length <= FIELDS.time_spent ? text : value.toFixed(3)).padEnd(FIELDS.time_spent).slice(0, FIELDS.time_spent);
}

const STATUS_DIGITS: Readonly<Record<CallStatus, string>> = Object.fromEntries(
  CALL_STATUSES.map((status, index) => [status, String(index)]),
) as Record<CallStatus, string>;

const FAULT_DIGITS: Readonly<Record<CallFault, string>> = { transport: '1', protocol: '2', tool: '3' };

function refuse(what: string): never {
  throw new DaemonError('store_failed', `The call record cannot be written: ${what}.`);
}

/** A frame of any kind. */
export function frame(letter: 'J' | 'C', content: string): string {
  const size = 1 + SIZE_DIGITS + Buffer.byteLength(content) + 1;
  return `${letter}${digits(size, SIZE_DIGITS)}${content}\n`;
}

function contextOf(row: CallRecord): Context {
  const context = [
    keepable(row.partition_key),
    row.name,
    row.mcp_type,
    keepable(row.updated_by),
    row.revision,
    row.bundle_digest ?? '',
    row.owner,
    keepable(row.server ?? ''),
    keepable(row.client ?? ''),
  ];
  if (row.client_id !== null) context.push(keepable(row.client_id));
  return context.every((value) => typeof value === 'string') ? context : refuse('a value that must be text is not text');
}

const sameContext = (a: CallRecord, b: CallRecord): boolean =>
  a.name === b.name &&
  a.partition_key === b.partition_key &&
  a.updated_by === b.updated_by &&
  a.revision === b.revision &&
  a.owner === b.owner &&
  a.client === b.client &&
  a.client_id === b.client_id &&
  a.server === b.server &&
  a.mcp_type === b.mcp_type &&
  a.bundle_digest === b.bundle_digest;

/** The frame of one record. */
function recordFrame(row: CallRecord, context: string): string {
  const { traceparent, notes: given, arguments: input, content } = row;
  const notes = given === null ? '' : keepable(given);
  const trace = traceparent ?? '';
  const lengths = [
    trace === '' ? 0 : Buffer.byteLength(trace),
    notes === '' ? 0 : Buffer.byteLength(notes),
    input === null ? 0 : Buffer.byteLength(input),
    content === null ? 0 : Buffer.byteLength(content),
  ] as const;
  const size = HEAD_BYTES + lengths[0] + lengths[1] + lengths[2] + lengths[3] + 1;
  if (size > MAX_FRAME) refuse('it is larger than 1 GB');
  if (!isUuid(row.mcp_function_call_uuid)) refuse('its uuid is malformed');
  const absent =
    (traceparent === null ? 1 : 0) +
    (given === null ? 2 : 0) +
    (input === null ? 4 : 0) +
    (content === null ? 8 : 0) +
    (row.time_spent === null ? NO_TIME_SPENT : 0);
  return `R${digits(size, SIZE_DIGITS)}${context}${digits(absent, FIELDS.absent)}${STATUS_DIGITS[row.status]}${
    row.fault === null ? '0' : FAULT_DIGITS[row.fault]
  }${row.content_in_s3 ? '1' : '0'}${row.mcp_function_call_uuid}${timestamp(row.created_at)}${timestamp(row.updated_at)}${spent(
    row.time_spent ?? 0,
  )}${digits(lengths[0], FIELDS.traceparent)}${digits(lengths[1], FIELDS.notes)}${digits(lengths[2], FIELDS.arguments)}${digits(
    lengths[3],
    FIELDS.content,
  )}${trace}${notes}${input ?? ''}${content ?? ''}\n`;
}

/** Encodes frames for one journal file. It remembers which contexts are already in the file. */
export interface FrameWriter {
  /**
   * The frames of a record: its context, if the file does not have it yet, then the record. @throws DaemonError `store_failed`
   */
  frames(row: CallRecord): string;
  /** Whether a new file is needed, because all context numbers are used. */
  readonly isFull: boolean;
}

/** Creates the writer of a new, empty journal file. */
export function createFrameWriter(): FrameWriter {
  const numbers = new Map<string, string>();
  let last: CallRecord | undefined;
  let lastNumber = '';
  return {
    get isFull() {
      return numbers.size >= MAX_CONTEXTS;
    },
    frames(row) {
      if (last !== undefined && sameContext(last, row)) return recordFrame(row, lastNumber);
      const text = JSON.stringify(contextOf(row));
      const known = numbers.get(text);
      const number = known ?? digits(numbers.size, FIELDS.context);
      const record = recordFrame(row, number);
      last = row;
      lastNumber = number;
      if (known !== undefined) return record;
      numbers.set(text, number);
      return frame('C', number + text) + record;
    },
  };
}

/** A decoded frame. */
export interface FoundFrame {
  readonly letter: string;
  /** Size of the whole frame. */
  readonly size: number;
}

const LINE_FEED = 10;

/**
 * The frame at a position.
 *
 * @returns `torn` if the frame is incomplete; `broken` if the bytes are not a frame
 */
export function frameAt(bytes: Buffer, at: number): FoundFrame | 'torn' | 'broken' {
  if (at + 1 + SIZE_DIGITS > bytes.length) return 'torn';
  let size = 0;
  for (let index = at + 1; index <= at + SIZE_DIGITS; index += 1) {
    const digit = (bytes[index] ?? 0) - 48;
    if (digit < 0 || digit > 9) return 'broken';
    size = size * 10 + digit;
  }
  const letter = String.fromCharCode(bytes[at] ?? 0);
  if (!'JCR'.includes(letter) || size < 2 + SIZE_DIGITS) return 'broken';
  if (at + size > bytes.length) return 'torn';
  return bytes[at + size - 1] === LINE_FEED ? { letter, size } : 'broken';
}

/** The text of a `J` or `C` frame. */
export const contentOf = (bytes: Buffer, at: number, { size }: FoundFrame): string =>
  bytes.toString('utf8', at + 1 + SIZE_DIGITS, at + size - 1);
