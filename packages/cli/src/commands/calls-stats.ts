/**
 * `calls stats`: counts recorded calls, their errors and their times.
 */
import type { CallStatistics, StatisticsGrouping, StatisticsQuery } from '@mcp-daemon/core';

import { CALL_FILTERS, TIME_FILTERS } from './calls-flags.js';
import { defineCommand, defined, STORE_FLAGS, switchFlag, textFlag } from './command.js';
import { partitionOf } from './partition-flag.js';
import { STATS_GROUPINGS, STATS_ORDERS, statsJson, statsNotes, statsTable } from './stats-text.js';

const DEFAULT_LIMIT = '20';
const DEFAULT_SINCE = { day: '30d', other: '24h' } as const;

/** Prints statistics of recorded calls. */
export const callsStats = defineCommand({
  command: 'stats',
  description: 'Count recorded calls, their errors and their times',
  settings: STORE_FLAGS,
  flags: {
    by: textFlag(`What to count by: ${STATS_GROUPINGS.join(', ')}`, { defaultDescription: 'name' }),
    ...CALL_FILTERS,
    ...TIME_FILTERS,
    since: textFlag('Only calls since this time: 2h, 7d, 2026-01-31T12:00', {
      defaultDescription: `${DEFAULT_SINCE.other}; ${DEFAULT_SINCE.day} with --by day`,
    }),
    sort: textFlag(`Order of names and callers: ${STATS_ORDERS.join(', ')}; time is p95`, { defaultDescription: 'calls' }),
    limit: textFlag('Maximum number of names or callers', { defaultDescription: DEFAULT_LIMIT }),
    json: switchFlag('Print JSON: one object'),
  },
  examples: [
    ['calls stats', 'Show calls, errors and times of each function in the last 24 hours'],
    ['calls stats --by hour --name search', 'Show how one function did in each hour'],
    ['calls stats --sort errors --since 7d', 'Show which functions failed most in a week'],
  ],
  async run({ by: byText, sort, limit: limitText, json, partition: _, revision, since, until, ...filters }, context) {
    const partition = partitionOf(context);
    const { print, note, paint, width } = context;
    const { limitOf, oneOf, openRecord, queryOf, readTime, recordPlace, useRecord, withRevision } = await import('./record.js');
    const { errorRateOf, errorsOf } = await import('@mcp-daemon/core');
    const grouping = oneOf(byText ?? 'name', STATS_GROUPINGS, 'by');
    const by: StatisticsGrouping = grouping === 'caller' ? 'updated_by' : grouping;
    const from = since ?? DEFAULT_SINCE[grouping === 'day' ? 'day' : 'other'];
    const period: Omit<StatisticsQuery, 'by'> = {
      since: Math.floor(readTime(from, 'since')),
      ...(until === undefined ? {} : { until: Math.floor(readTime(until, 'until')) + 1 }),
    };
    const order = oneOf(sort ?? 'calls', STATS_ORDERS, 'sort');
    const limit = limitOf(limitText ?? DEFAULT_LIMIT);
    const query = queryOf(defined(filters));
    // Lists show local times, too.
    const offset = -new Date().getTimezoneOffset();
    const store = await openRecord(context);
    if (store === undefined) {
      note(`no calls recorded yet (${recordPlace(context)})`);
      return 0;
    }
    const statistics: CallStatistics = await useRecord(store, async () => {
      const filtered = await withRevision(query, store, partition, revision);
      return store.calls.statistics(partition, { ...filtered, ...period, by, order, limit, offset });
    });
    const errors = { errorsOf, errorRateOf };
    if (json) {
      print(JSON.stringify(statsJson(statistics, errors), null, 2));
      return 0;
    }
    if (statistics.groups.length === 0) note(`no call matches since ${from}; --since sets the beginning of the period`);
    else for (const line of statsTable(statistics, errors, paint, width)) print(line);
    for (const line of statsNotes(statistics)) note(line);
    return 0;
  },
});
