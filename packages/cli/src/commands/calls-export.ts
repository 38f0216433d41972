/** `calls export`: makes fixtures of recorded calls. */
import type { CallRecord } from '@mcp-daemon/core';

import { Failure, messageOf } from '../errors.js';
import { plural } from '../terminal/text.js';
import { CALL_FILTERS, TIME_FILTERS } from './calls-flags.js';
import { defineCommand, defined, STORE_FLAGS, switchFlag, textFlag } from './command.js';
import { partitionOf } from './partition-flag.js';

/** `calls export` */
export const callsExport = defineCommand({
  command: 'export',
  description: 'Write recorded calls to a file from which "serve --fixtures" answers without running functions',
  settings: ['config', 'envFile', ...STORE_FLAGS],
  flags: {
    ...CALL_FILTERS,
    ...TIME_FILTERS,
    fixture: textFlag('The file to write', { demandOption: true }),
    limit: textFlag('Maximum number of calls: the newest', { defaultDescription: 'all' }),
    force: switchFlag('Replace the file if it exists'),
  },
  examples: [
    ['calls export --fixture calls.json --client my-agent --since 1h', 'Make fixtures of what an agent did in the last hour'],
  ],
  async run({ fixture: file, force, limit, partition: _, revision, ...filters }, context) {
    const partition = partitionOf(context);
    const [{ exportFixtures }, record, { replayCatalog }, { writeFile }] = await Promise.all([
      import('@mcp-daemon/core'),
      import('./record.js'),
      import('./replay-catalog.js'),
      import('node:fs/promises'),
    ]);
    const query = record.queryOf(defined(filters));
    const most = limit === undefined ? Infinity : record.limitOf(limit);
    const store = await record.openRecord(context);
    if (store === undefined) throw new Failure(`no calls recorded yet (${record.recordPlace(context)})`);
    const { document, left } = await record.useRecord(store, async () => {
      const { definition, server } = await replayCatalog(context, store, partition);
      const whole = await record.withRevision(query, store, partition, revision);
      const records: CallRecord[] = [];
      for await (const one of record.readRecords(store, partition, whole, most)) records.push(one);
      records.sort((a, b) => (a.mcp_function_call_uuid < b.mcp_function_call_uuid ? -1 : 1));
      return exportFixtures({ records, catalog: definition, server });
    });
    for (const [why, count] of left) context.note(`${plural(count, 'call')} left out: ${why}`);
    if (document.calls.length === 0) throw new Failure('no call is left to export');
    try {
      // It holds what people said, and must not replace a file by mistake.
      await writeFile(file, `${JSON.stringify(document, null, 2)}\n`, { flag: force ? 'w' : 'wx', mode: 0o600 });
    } catch (error) {
      const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
      throw new Failure(exists ? `${file} exists already: --force replaces it` : `cannot write ${file}: ${messageOf(error)}`);
    }
    context.note(`${file}: ${plural(document.calls.length, 'call')}`);
    return 0;
  },
});
