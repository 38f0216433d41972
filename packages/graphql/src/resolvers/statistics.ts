/** Reads statistics of calls. */
import type { CallCounts, CallStatistics, StatisticsGroup, StatisticsQuery } from '@mcp-daemon/core';
import { errorRateOf } from '@mcp-daemon/core';

import type { Given } from '../base/arguments.js';
import { filtersOf } from '../base/arguments.js';
import type { PageArgs } from '../base/paging.js';
import type { Context } from '../reading/context.js';
import type { CallFilters } from './calls.js';
import { callQuery } from './calls.js';
import type { Resolvers } from './resolver.js';

type StatisticsFilters = Omit<CallFilters, 'updatedAtGt' | 'updatedAtLt'>;

interface StatisticsArgs extends Given<StatisticsFilters>, Pick<PageArgs, 'limit'> {
  readonly by: keyof typeof GROUPINGS;
  readonly since?: number | null;
  readonly until?: number | null;
  readonly order?: keyof typeof ORDERS | null;
  readonly offset?: number | null;
}

const GROUPINGS = { FUNCTION: 'name', SUBJECT: 'updated_by', STATUS: 'status', HOUR: 'hour', DAY: 'day' } as const;
const ORDERS = { CALLS: 'calls', ERRORS: 'errors', TIME: 'time' } as const;
const FILTERS = ['mcpType', 'name', 'status', 'updatedBy', 'client', 'server', 'revision'] as const;

/** Members that the client gave. */
const given = <K extends string, V>(key: K, value: V | null | undefined): { [P in K]?: V } =>
  value === null || value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });

async function count(args: StatisticsArgs, { caller, limits, loaders, deadline }: Context): Promise<CallStatistics> {
  const { by, since, until, order, limit, offset } = args;
  const filters = callQuery(filtersOf<StatisticsFilters>(args, FILTERS, limits));
  const query: StatisticsQuery = {
    ...filters,
    by: GROUPINGS[by],
    ...given('since', since),
    ...given('until', until),
    ...given('limit', limit),
    ...given('offset', offset),
    ...given('order', order && ORDERS[order]),
  };
  const { calls } = await loaders.store();
  return deadline.within(() => calls.statistics(caller.partition, query, deadline.signal));
}

const errorRate = (counts: CallCounts): number | null => (counts.calls === counts.open ? null : errorRateOf(counts));

/** The part of the ended calls that failed, by what failed. */
function errorRates({ calls, open, failed }: CallCounts): CallCounts['failed'] | null {
  const ended = calls - open;
  if (ended === 0) return null;
  const { transport, protocol, tool, unknown } = failed;
  return { transport: transport / ended, protocol: protocol / ended, tool: tool / ended, unknown: unknown / ended };
}

export const statisticsResolvers: Resolvers = {
  Query: { callStatistics: (_: unknown, args: StatisticsArgs, context) => count(args, context) },
  CallGroup: {
    key: (group: Partial<StatisticsGroup>) => group.key ?? null,
    start: (group: Partial<StatisticsGroup>) => group.start ?? null,
    timedOut: (group: CallCounts) => group.timed_out,
    errorRate,
    errorRates,
    timeSpent: (group: CallCounts) => group.time_spent,
  },
};
