/**
 * `store copy`: copies catalogs and call records from one store to another.
 */
import type { CopiedPartition, Store } from '@mcp-daemon/core';

import { Failure, messageOf, UsageError } from '../errors.js';
import { checkPartition } from '../settings/partition.js';
import { oneLine, plural, table } from '../terminal/text.js';
import type { CommandContext } from './command.js';
import { defineCommand, STORE_FLAGS, switchFlag } from './command.js';

const DAY_MS = 86_400_000;
/** The exit code of a process that ended by Ctrl+C. */
const INTERRUPTED = 130;
/**
 * Shared state that people made: tools that they approved of mounted servers, and accounts of those. All other state belongs to the servers
 * that run now.
 */
const STATE = ['pin/', 'token/'];
const PLACE = { type: 'string', demandOption: true } as const;

/** Whether there was nothing to copy. */
const isEmpty = ({ settings, revisions, rows, state, records }: CopiedPartition): boolean =>
  [settings, revisions, rows, state, records].every(({ found }) => found === 0);

/** Prints what was copied, and what differs. */
function printReports(reports: readonly CopiedPartition[], { print, paint, width }: CommandContext): void {
  const cell = ({ found, written }: { found: number; written: number }): string => `${written} of ${found}`;
  const rows = reports.map((one) => [
    one.partition,
    ...[one.settings, one.revisions, one.rows, one.state, one.records].map(cell),
    [
      ...(one.records.running > 0 ? [`${plural(one.records.running, 'running call')} left out`] : []),
      ...(one.records.old > 0 ? [`${plural(one.records.old, 'old record')} left out`] : []),
      one.differences.length === 0 ? 'equal' : plural(one.differences.length, 'difference'),
    ].join(', '),
  ]);
  const [head = '', ...lines] = table(
    [['PARTITION', 'SETTINGS', 'REVISIONS', 'ROWS', 'STATE', 'RECORDS', 'CHECK'], ...rows],
    width,
  );
  for (const line of [paint('bold', head), ...lines]) print(line);
  for (const { partition, differences } of reports)
    for (const difference of differences) print(`${paint('red', 'differs')} ${partition}: ${oneLine(difference)}`);
}

/** `store copy` */
export const copy = defineCommand({
  command: 'copy <from> <to>',
  description: 'Copy catalogs and call records to another store, and compare them; may be stopped and started again',
  settings: [...STORE_FLAGS.filter((name) => name !== 'store'), 'recordMaxAgeDays', 'recordSpread', 'offloadBytes'],
  positionals: {
    from: { ...PLACE, describe: 'Store to read: sqlite, sqlite:PATH, dynamodb, dynamodb:REGION or dynamodb:URL' },
    to: { ...PLACE, describe: 'Store to write' },
  },
  flags: {
    partition: {
      string: true,
      array: true,
      requiresArg: true,
      describe: 'Only this partition; repeat the flag for more',
      defaultDescription: 'all with a catalog, and default',
    },
    records: { boolean: true, default: true, describe: 'Copy call records too; --no-records leaves them out' },
    json: switchFlag('Print JSON'),
  },
  examples: [
    ['store copy sqlite dynamodb:eu-central-1', 'Move from the SQLite file to DynamoDB'],
    ['store copy dynamodb sqlite:acme.db --partition acme', 'Copy one partition to a file'],
  ],
  async run({ from, to, partition, records, json }, context) {
    const [{ isSamePlace, openPlace, placeOf }, { copyStore }, { stderrProgress }, { refused }] = await Promise.all([
      import('./store-place.js'),
      import('@mcp-daemon/core'),
      import('../terminal/progress.js'),
      import('./record.js'),
    ]);
    const partitions = partition === undefined ? undefined : [...new Set(partition.map((name) => checkPartition(name)))];
    const [source, target] = [placeOf(from, '<from>', context), placeOf(to, '<to>', context)];
    if (isSamePlace(source, target)) throw new UsageError('<from> and <to> are the same store', { hint: false });
    const progress = stderrProgress();
    const ending = new AbortController();
    const stop = (): void => ending.abort();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
    const opened: Store[] = [];
    const open = async (...args: Parameters<typeof openPlace>): Promise<Store> => {
      const store = args[0].kind === 'sqlite' && !args[1] ? await openPlace(...args) : await refused(openPlace(...args));
      opened.push(store);
      return store;
    };
    let reports: CopiedPartition[];
    try {
      reports = await copyStore(await open(source, false, context), await open(target, true, context), {
        ...(partitions === undefined ? {} : { partitions }),
        records,
        state: STATE,
        // DynamoDB would remove older ones at once.
        ...(target.kind === 'dynamodb' ? { since: Date.now() - context.settings.recordMaxAgeDays * DAY_MS } : {}),
        signal: ending.signal,
        onProgress: ({ partition: name, step, done, total }) =>
          progress.update(step === 'check' ? `${name}: records compared` : `${name}: ${step}`, done, total),
      });
    } catch (error) {
      progress.clear();
      if (!ending.signal.aborted) throw error instanceof Failure ? error : new Failure(messageOf(error));
      context.note('stopped: run the same command again to go on');
      return INTERRUPTED;
    } finally {
      for (const store of opened) await store.close();
    }
    progress.clear();
    if (json) context.print(JSON.stringify(reports, null, 2));
    else printReports(reports, context);
    const empty = partitions === undefined ? [] : reports.filter(isEmpty).map((report) => report.partition);
    for (const name of empty) context.note(`${from} has nothing of the partition "${name}"`);
    return empty.length > 0 || reports.some(({ differences }) => differences.length > 0) ? 1 : 0;
  },
});
