/**
 * Records as text and as JSON.
 */
import type { CallRecord, CallStatus } from '@mcp-daemon/core';
import { replayOf } from '@mcp-daemon/core';

import type { Paint } from '../terminal/terminal.js';
import { escapeControls, oneLine, spent, table } from '../terminal/text.js';
import { STATUS_COLOURS } from './call-words.js';

/** The value of a JSON text; a text that was cut, or is not JSON, stays as it is. */
function parsed(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** A record as JSON for programs: with values in place of JSON texts, and times as ISO 8601. */
export function toJson(record: CallRecord): object {
  const replayed = replayOf(record);
  return {
    ...record,
    arguments: parsed(record.arguments),
    content: parsed(record.content),
    created_at: new Date(record.created_at).toISOString(),
    updated_at: new Date(record.updated_at).toISOString(),
    ...(replayed === undefined ? {} : { replay_of: replayed }),
  };
}

/** `2026-01-31 12:00:00`, in local time. */
function localTime(at: number): string {
  const date = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 19).replace('T', ' ');
}

const painted = (paint: Paint, status: CallStatus): string => paint(STATUS_COLOURS[status], status);
const ID_CHARACTERS = 8;

function nameAndNotes(record: CallRecord): string {
  const replayed = replayOf(record);
  const notes = [
    ...(replayed === undefined ? [] : [`replay of ${replayed.slice(-ID_CHARACTERS)}`]),
    ...(record.notes === null ? [] : [oneLine(record.notes, 80)]),
  ];
  return oneLine(record.name) + (notes.length === 0 ? '' : ` — ${notes.join('; ')}`);
}

/** The short id of a call: the end of its uuid, which is random. Its beginning is the time, which calls of a minute share. */
export const shortId = ({ mcp_function_call_uuid: uuid }: CallRecord, characters = ID_CHARACTERS): string =>
  uuid.slice(-characters);

/** From this width on there is room for whole dates and for the type. */
const WIDE = 120;
const NARROW = 80;

/**
 * Records as lines of a table. They fit the terminal, if it has at least 80 columns.
 *
 * @param width columns of the terminal; undefined: no limit
 */
export function callTable(records: readonly CallRecord[], paint: Paint, width?: number, now = Date.now()): string[] {
  const isWide = width === undefined || width >= WIDE;
  const today = localTime(now).slice(0, 10);
  const when = (at: number): string => {
    const text = localTime(at);
    if (isWide) return text;
    return text.startsWith(today) ? text.slice(11) : text.slice(5, 16);
  };
  const cut = (text: string | null, most: number): string => oneLine(text ?? '', width === undefined ? Infinity : most);
  const ids = new Set(records.map((record) => shortId(record)));
  const characters = ids.size === records.length ? ID_CHARACTERS : 12;
  const columns: [head: string, cell: (record: CallRecord) => string][] = [
    ['ID', (record) => shortId(record, characters)],
    ['WHEN', ({ created_at }) => when(created_at)],
    ['STATUS', ({ status }) => painted(paint, status)],
    ['TIME', ({ time_spent }) => spent(time_spent)],
  ];
  if (isWide) columns.push(['TYPE', ({ mcp_type }) => mcp_type]);
  columns.push(['CALLER', ({ updated_by }) => cut(updated_by, isWide ? 14 : 9)]);
  // There is no room for the version.
  if (width === undefined || width >= NARROW) {
    columns.push([
      'CLIENT',
      ({ client }) => cut(isWide ? client : (client?.replace(/\/[^/]*$/, '') ?? null), isWide ? 18 : 17 - characters),
    ]);
  }
  columns.push(['NAME', nameAndNotes]);
  const head = columns.map(([text]) => paint('dim', text));
  return table([head, ...records.map((record) => columns.map(([, cell]) => cell(record)))], width);
}

/** A record as one line of `calls tail`. */
export function callLine(record: CallRecord, paint: Paint, width?: number): string {
  const { status, updated_by, client, created_at, time_spent } = record;
  const cells = [
    localTime(created_at).slice(11),
    shortId(record),
    painted(paint, status) + ' '.repeat(Math.max(0, 11 - status.length)),
    spent(time_spent).padStart(9),
    oneLine(updated_by, 9).padEnd(9),
    oneLine(client ?? '', 20),
  ];
  const name = nameAndNotes(record);
  // Time, id, status, duration and caller take 53 columns.
  if (width === undefined || width >= WIDE) return `${cells.slice(0, 5).join('  ')}  ${cells[5]?.padEnd(20)}  ${name}`;
  return `${cells.slice(0, 5).join('  ')}  ${oneLine(name, Math.max(12, width - 56))}`;
}

/** A record as text, with its bodies. */
export function callText(record: CallRecord, paint: Paint): string[] {
  const { arguments: args, content, status, ...rest } = record;
  const fields: [string, string | null][] = [
    ['id', shortId(record)],
    ['uuid', rest.mcp_function_call_uuid],
    ['name', `${rest.mcp_type} ${escapeControls(rest.name)}`],
    ['status', painted(paint, status) + (rest.fault === null ? '' : ` (${rest.fault})`)],
    ['notes', rest.notes && escapeControls(rest.notes)],
    ['began', new Date(rest.created_at).toISOString()],
    ['changed', new Date(rest.updated_at).toISOString()],
    ['took', spent(rest.time_spent) || null],
    ['caller', escapeControls(rest.updated_by)],
    ['client', rest.client && escapeControls(rest.client)],
    ['oauth client', rest.client_id && escapeControls(rest.client_id)],
    ['replay of', replayOf(record) ?? null],
    ['server', rest.server && escapeControls(rest.server)],
    ['partition', escapeControls(rest.partition_key)],
    ['revision', rest.revision || null],
    ['digest', rest.bundle_digest],
    ['traceparent', rest.traceparent && escapeControls(rest.traceparent)],
  ];
  const lines = fields.flatMap(([name, value]) => (value === null ? [] : [`${paint('dim', name.padEnd(12))}${value}`]));
  for (const [name, body, isMoved] of [
    ['arguments', args, false],
    ['result', content, rest.content_in_s3],
  ] as const) {
    lines.push(paint('dim', name));
    const absent = isMoved ? '  (moved to the bucket, and not found there)' : '  (not recorded)';
    lines.push(body === null ? absent : escapeControls(JSON.stringify(parsed(body), null, 2)).replace(/^/gm, '  '));
  }
  return lines;
}
