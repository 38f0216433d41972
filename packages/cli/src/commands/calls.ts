/**
 * `calls list`, `calls show` and `calls tail`: print the record of calls. The other commands have files of their own.
 */
import type { CallRecord } from '@mcp-daemon/core';

import { Failure } from '../errors.js';
import { DEFAULT_PARTITION } from '../settings/partition.js';
import { callsExport } from './calls-export.js';
import { CALL_FILTERS, PAGER_FLAG, TIME_FILTERS } from './calls-flags.js';
import { callsReplay } from './calls-replay.js';
import { callsStats } from './calls-stats.js';
import type { CommandGroup } from './command.js';
import { defineCommand, defined, STORE_FLAGS, switchFlag, textFlag } from './command.js';
import { partitionOf } from './partition-flag.js';

const DEFAULT_LIMIT = '100';
const DEFAULT_LINES = '10';

const callsList = defineCommand({
  command: 'list',
  description: 'List recorded calls, newest first',
  settings: STORE_FLAGS,
  flags: {
    ...CALL_FILTERS,
    ...TIME_FILTERS,
    limit: textFlag('Maximum number of calls', { defaultDescription: DEFAULT_LIMIT }),
    json: switchFlag('Print JSON: an array of records'),
    pager: PAGER_FLAG,
  },
  examples: [
    ['calls list --status failed --since 2h', 'List calls that failed in the last two hours'],
    ["calls list --json --limit 1 | jq '.[0].arguments'", 'Print the arguments of the last call'],
  ],
  async run({ json, limit: limitText, partition: _, revision, pager, ...filters }, context) {
    const partition = partitionOf(context);
    const { note, paint, width } = context;
    const [record, { callTable, toJson }, { printPaged }] = await Promise.all([
      import('./record.js'),
      import('./calls-text.js'),
      import('../terminal/pager.js'),
    ]);
    const { limitOf, openRecord, queryOf, readRecords, recordPlace, useRecord, withRevision } = record;
    const show = (lines: readonly string[]): Promise<void> => printPaged(lines, { ...context, wanted: pager });
    const query = queryOf(defined(filters));
    const limit = limitOf(limitText ?? DEFAULT_LIMIT);
    const store = await openRecord(context);
    const records: CallRecord[] = [];
    let total = 0;
    if (store !== undefined) {
      await useRecord(store, async () => {
        const whole = await withRevision(query, store, partition, revision);
        for await (const record of readRecords(store, partition, { ...whole, bodies: json }, limit)) records.push(record);
        total = records.length < limit || json ? records.length : await store.calls.count(partition, whole);
      });
    }
    if (json) {
      await show([JSON.stringify(records.map(toJson), null, 2)]);
      const { isUnread, unreadText } = await import('./records-export.js');
      const unread = records.filter(isUnread).length;
      if (unread > 0) note(unreadText(unread));
      return 0;
    }
    if (records.length === 0) {
      const filtered = Object.keys(query).length > 0 || revision !== undefined || partition !== DEFAULT_PARTITION;
      note(filtered && store ? 'no call matches' : `no calls recorded yet (${recordPlace(context)})`);
      return 0;
    }
    await show(callTable(records, paint, width));
    const format = (number: number): string => number.toLocaleString('en-US');
    if (total > records.length) note(`${format(records.length)} of ${format(total)} calls; --limit shows more`);
    return 0;
  },
});

const callsShow = defineCommand({
  command: 'show <id>',
  description: 'Show one call, with its arguments and its result',
  settings: STORE_FLAGS,
  positionals: {
    id: {
      type: 'string',
      demandOption: true,
      describe: 'ID of the call, as "mcp-daemon calls list" shows it, the beginning of its uuid, or "last"',
    },
  },
  flags: { partition: CALL_FILTERS.partition, json: switchFlag('Print JSON'), pager: PAGER_FLAG },
  examples: [['calls show last', 'Show the newest call']],
  async run({ id, json, pager }, context) {
    const partition = partitionOf(context);
    const [{ findRecord, openRecord, useRecord }, { callText, toJson }, { printPaged }] = await Promise.all([
      import('./record.js'),
      import('./calls-text.js'),
      import('../terminal/pager.js'),
    ]);
    const store = await openRecord(context);
    if (store === undefined) throw new Failure(`no call with the id "${id}": no calls recorded yet`);
    const record = await useRecord(store, () => findRecord(store, partition, id));
    const lines = json ? [JSON.stringify(toJson(record), null, 2)] : callText(record, context.paint);
    await printPaged(lines, { ...context, wanted: pager });
    return 0;
  },
});

const callsTail = defineCommand({
  command: 'tail',
  description: 'Show calls as they end, of all processes, until Ctrl+C',
  settings: STORE_FLAGS,
  flags: {
    ...CALL_FILTERS,
    lines: textFlag('Number of earlier calls to begin with', { alias: 'n', defaultDescription: DEFAULT_LINES }),
    json: switchFlag('Print JSON: one record per line'),
  },
  examples: [['calls tail --status failed', 'Watch for calls that fail']],
  async run({ json, lines, partition: _, revision, ...filters }, context) {
    const partition = partitionOf(context);
    const [{ followRecords, openRecord, queryOf, readRecords, useRecord, waitForRecord, withRevision }, { callLine, toJson }] =
      await Promise.all([import('./record.js'), import('./calls-text.js')]);
    const filtered = { ...queryOf(defined(filters)), bodies: json };
    const count = Number(lines ?? DEFAULT_LINES);
    if (!Number.isSafeInteger(count) || count < 0) throw new Failure(`--lines: must be a whole number, not "${lines}"`);
    const ending = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort());
    const show = (record: CallRecord): void =>
      context.print(json ? JSON.stringify(toJson(record)) : callLine(record, context.paint, context.width));

    await waitForRecord(context, ending.signal);
    const store = ending.signal.aborted ? undefined : await openRecord(context);
    if (store === undefined) return 0;
    await useRecord(store, async () => {
      const query = await withRevision(filtered, store, partition, revision);
      const since = Date.now();
      const earlier: CallRecord[] = [];
      if (count > 0) for await (const record of readRecords(store, partition, query, count)) earlier.push(record);
      const known = new Set<string>();
      for (const record of earlier.reverse()) {
        if (record.status === 'in_process') continue;
        show(record);
        known.add(record.mcp_function_call_uuid);
      }
      const options = { signal: ending.signal, since, known };
      for await (const record of followRecords(store, partition, query, options)) show(record);
    });
    return 0;
  },
});

/** Commands for the record of calls. */
export const calls: CommandGroup = {
  command: 'calls',
  description: 'Show recorded calls, make them again, and make fixtures of them',
  commands: [callsList, callsShow, callsTail, callsStats, callsReplay, callsExport],
  default: 'list',
};
