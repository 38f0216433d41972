/** Reads statistics of calls. */
import type { Given } from '../base/arguments.js';
import { filtersOf } from '../base/arguments.js';
import type { PageArgs } from '../base/paging.js';
import type { Context } from '../reading/context.js';
import type { CallCounts, CallStatistics, StatisticsGroup, StatisticsQuery } from '../reading/statistics-port.js';
import { readStatistics } from '../reading/statistics-port.js';
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
  return deadline.within(() => readStatistics(calls, caller.partition, query, deadline.signal));
}

/** The part of the ended calls that failed or ran out of time. */
function errorRate({ calls, open, failed, timed_out }: CallCounts): number | null {
  if (calls === open) return null;
  return (failed.transport + failed.protocol + failed.tool + failed.unknown + timed_out) / (calls - open);
}

export const statisticsResolvers: Resolvers = {
  Query: { callStatistics: (_: unknown, args: StatisticsArgs, context) => count(args, context) },
  CallGroup: {
    key: (group: Partial<StatisticsGroup>) => group.key ?? null,
    start: (group: Partial<StatisticsGroup>) => group.start ?? null,
    timedOut: (group: CallCounts) => group.timed_out,
    errorRate,
    timeSpent: (group: CallCounts) => group.time_spent,
  },
};
