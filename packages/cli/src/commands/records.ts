/** `records backup`, `restore`, `export` and `verify`: maintain the record file. */
import { Failure } from '../errors.js';
import { displayPath, plural, size } from '../terminal/text.js';
import { EXPORT_FORMATS } from './call-words.js';
import { CALL_FILTERS, TIME_FILTERS } from './calls-flags.js';
import type { CommandGroup } from './command.js';
import { defineCommand, defined, STORE_FLAGS, switchFlag, textFlag } from './command.js';
import { partitionOf } from './partition-flag.js';

const backup = defineCommand({
  command: 'backup <file>',
  description: 'Copy the record to a new file, while servers run',
  settings: ['store', 'dataDir'],
  positionals: { file: { type: 'string', demandOption: true, describe: 'The new file' } },
  examples: [['records backup calls-backup.db', 'Make a backup']],
  async run({ file }, context) {
    const { recordFile, refused } = await import('./record.js');
    const { backupRecords } = await import('@mcp-daemon/sqlite');
    const source = recordFile(context);
    const { records, bytes } = await refused(backupRecords(source, file));
    context.print(`${displayPath(file)}: ${plural(records, 'call')}, ${size(bytes)}`);
    return 0;
  },
});

const restore = defineCommand({
  command: 'restore <file>',
  description: 'Replace the record by a backup; all servers that use it must be stopped',
  settings: ['store', 'dataDir'],
  positionals: { file: { type: 'string', demandOption: true, describe: 'The backup' } },
  async run({ file }, context) {
    const { recordFile, refused } = await import('./record.js');
    const { restoreRecords } = await import('@mcp-daemon/sqlite');
    const target = recordFile(context);
    const { records, kept } = await refused(restoreRecords(file, target));
    context.print(`${displayPath(target)}: ${plural(records, 'call')}`);
    if (kept !== undefined) context.note(`the record that was there is now ${displayPath(kept)}`);
    return 0;
  },
});

const exportCalls = defineCommand({
  command: 'export',
  description: 'Print all recorded calls as JSON lines or CSV, newest first',
  settings: STORE_FLAGS,
  flags: {
    ...CALL_FILTERS,
    ...TIME_FILTERS,
    format: textFlag(`Format: ${EXPORT_FORMATS.join(', ')}`, { defaultDescription: EXPORT_FORMATS[0] }),
    output: textFlag('Write to this new file in place of stdout', { alias: 'o' }),
  },
  examples: [
    ['records export --since 7d > calls.ndjson', 'Export the calls of a week'],
    ['records export --format csv --output calls.csv', 'Export all calls as CSV'],
  ],
  async run({ format = EXPORT_FORMATS[0], output, partition: _, revision, ...filters }, context) {
    const partition = partitionOf(context);
    const { openRecord, queryOf, readRecords, useRecord, withRevision } = await import('./record.js');
    const { countingUnread, exportTo, formatOf, unreadText } = await import('./records-export.js');
    const write = formatOf(format, EXPORT_FORMATS);
    const query = queryOf(defined(filters));
    const store = await openRecord(context);
    if (store === undefined) throw new Failure('no calls recorded yet');
    const unread = { count: 0 };
    const count = await useRecord(store, async () => {
      const whole = await withRevision(query, store, partition, revision);
      return exportTo(output, write(countingUnread(readRecords(store, partition, whole), unread)));
    });
    if (output !== undefined) context.note(`${displayPath(output)}: ${plural(count, 'call')}`);
    if (unread.count === 0) return 0;
    context.note(unreadText(unread.count));
    return 1;
  },
});

const verify = defineCommand({
  command: 'verify',
  description: 'Check the file of the record; exit code 1 where it is damaged',
  settings: ['store', 'dataDir'],
  flags: { json: switchFlag('Print JSON') },
  async run({ json }, context) {
    const { recordFile, refused } = await import('./record.js');
    const { verifyRecords } = await import('@mcp-daemon/sqlite');
    const file = recordFile(context);
    const found = await refused(verifyRecords(file));
    const code = found.problems.length === 0 ? 0 : 1;
    if (json) {
      context.print(JSON.stringify(found, null, 2));
      return code;
    }
    const { records, open, entries, bytes, freeBytes, journals, problems } = found;
    const waiting = journals.reduce((sum, { waitingBytes }) => sum + waitingBytes, 0);
    const left = journals.filter(({ ended }) => ended).length;
    context.print(
      `${displayPath(file)}: ${plural(records, 'call')}, ${open} without an end, ${size(bytes)}, ${size(freeBytes)} free`,
    );
    if (entries > 0)
      context.print(`${entries} ${entries === 1 ? 'entry' : 'entries'} of shared state (tasks, idempotency keys and so on)`);
    context.print(`${plural(journals.length, 'journal')}, ${left} of ended processes, ${size(waiting)} to import`);
    if (code === 0) context.print('no damage found');
    for (const problem of problems) context.note(problem);
    return code;
  },
});

/** Commands for the file of the record. */
export const records: CommandGroup = {
  command: 'records',
  description: 'Back up, restore, export or check the record of calls',
  commands: [backup, restore, exportCalls, verify],
};
