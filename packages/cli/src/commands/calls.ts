/**
 * `calls list` and `calls show`: print the record of calls.
 */
import type { CallRecord, CallStatus, McpType } from '@mcp-daemon/core';

import { Failure } from '../errors.js';
import { dataFile } from '../settings/paths.js';
import type { Paint, Style } from '../terminal/terminal.js';
import { escapeControls, oneLine, table } from '../terminal/text.js';
import type { CommandContext, CommandGroup } from './command.js';
import { defineCommand, defined, switchFlag, textFlag } from './command.js';

const TYPES = ['tool', 'resource', 'prompt'] as const satisfies readonly McpType[];
const DEFAULT_LIMIT = '100';
const COLOURS: Readonly<Record<CallStatus, Style>> = {
  ...{ in_process: 'cyan', completed: 'green', failed: 'red' },
  ...{ cancelled: 'yellow', timed_out: 'red', interrupted: 'yellow' },
};

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
  return {
    ...record,
    arguments: parsed(record.arguments),
    content: parsed(record.content),
    created_at: new Date(record.created_at).toISOString(),
    updated_at: new Date(record.updated_at).toISOString(),
  };
}

const time = (at: number): string => {
  const date = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 19).replace('T', ' ');
};
const spent = (ms: number | null): string =>
  ms === null ? '' : ms < 1_000 ? `${ms.toFixed(1)} ms` : `${(ms / 1_000).toFixed(2)} s`;
const painted = (paint: Paint, status: CallStatus): string => paint(COLOURS[status], status);

const callsList = defineCommand({
  command: 'list',
  description: 'List recorded calls, newest first',
  settings: ['store', 'dataDir'],
  flags: {
    name: textFlag('Only calls of this function'),
    type: textFlag(`Only calls of this type: ${TYPES.join(', ')}`),
    status: textFlag(`Only calls with this status: ${Object.keys(COLOURS).join(', ')}`),
    since: textFlag('Only calls since this time: 2h, 7d, 2026-01-31T12:00'),
    until: textFlag('Only calls until this time'),
    limit: textFlag('Maximum number of calls', { defaultDescription: DEFAULT_LIMIT }),
    json: switchFlag('Print JSON: an array of records'),
  },
  examples: [
    ['calls list --status failed --since 2h', 'List calls that failed in the last two hours'],
    ["calls list --json --limit 1 | jq '.[0].arguments'", 'Print the arguments of the last call'],
  ],
  async run({ json, limit: limitText, ...filters }, context) {
    const { print, note, paint, width, settings, env } = context;
    const { limitOf, openRecord, queryOf, readRecords } = await import('./record.js');
    const query = queryOf(defined(filters));
    const limit = limitOf(limitText ?? DEFAULT_LIMIT);
    const store = await openRecord(context);
    const records: CallRecord[] = [];
    if (store !== undefined) {
      for await (const record of readRecords(store, query, limit)) records.push(record);
      await store.close();
    }
    if (json) {
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
  },
});

/** Prints a record as text. */
function printRecord(record: CallRecord, { print, paint }: CommandContext): void {
  const { arguments: args, content, status, ...rest } = record;
  const fields: [string, string | null][] = [
    ['uuid', rest.mcp_function_call_uuid],
    ['name', `${rest.mcp_type} ${escapeControls(rest.name)}`],
    ['status', painted(paint, status) + (rest.fault === null ? '' : ` (${rest.fault})`)],
    ['notes', rest.notes && escapeControls(rest.notes)],
    ['began', new Date(rest.created_at).toISOString()],
    ['changed', new Date(rest.updated_at).toISOString()],
    ['took', spent(rest.time_spent) || null],
    ['caller', escapeControls(rest.updated_by)],
    ['partition', rest.partition_key],
    ['revision', rest.revision],
    ['digest', rest.bundle_digest],
    ['traceparent', rest.traceparent && escapeControls(rest.traceparent)],
  ];
  for (const [name, value] of fields) if (value !== null) print(`${paint('dim', name.padEnd(12))}${value}`);
  for (const [name, body] of [
    ['arguments', args],
    ['result', content],
  ] as const) {
    print(paint('dim', name));
    print(body === null ? '  (not recorded)' : escapeControls(JSON.stringify(parsed(body), null, 2)).replace(/^/gm, '  '));
  }
}

const callsShow = defineCommand({
  command: 'show <uuid>',
  description: 'Show one call, with its arguments and its result',
  settings: ['store', 'dataDir'],
  positionals: {
    uuid: {
      type: 'string',
      demandOption: true,
      describe: 'UUID of the call, or its first characters; "mcp-daemon calls list" shows it',
    },
  },
  flags: { json: switchFlag('Print JSON') },
  async run({ uuid, json }, context) {
    const { findRecord, openRecord } = await import('./record.js');
    const store = await openRecord(context);
    if (store === undefined) throw new Failure(`no call with the uuid "${uuid}": no calls recorded yet`);
    let record: CallRecord;
    try {
      record = await findRecord(store, uuid);
    } finally {
      await store.close();
    }
    if (json) context.print(JSON.stringify(toJson(record), null, 2));
    else printRecord(record, context);
    return 0;
  },
});

/** Commands for the record of calls. */
export const calls: CommandGroup = {
  command: 'calls',
  description: 'Show recorded calls',
  commands: [callsList, callsShow],
  default: 'list',
};
