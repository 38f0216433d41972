/** Statistics of calls, by function, caller, hour or day. */
import type { JsonObject } from '../base/json.js';
import { query } from './graphql.js';
import { number, object, objects, text, time } from './read.js';
import type { Access } from './request.js';

/** The calls of one function, caller, hour or day. */
export interface CallGroup {
  /** The name of the function or the caller. */
  readonly key: string;
  /** When the hour or the day begins, in milliseconds since 1970. */
  readonly start: number | undefined;
  readonly calls: number;
  /** Calls that failed or ran out of time. */
  readonly errors: number;
  /** Of the failed ones, by what failed. */
  readonly transport: number;
  readonly protocol: number;
  readonly tool: number;
  readonly timedOut: number;
  /** Milliseconds; undefined: no call has ended. */
  readonly p50: number | undefined;
  readonly p95: number | undefined;
  readonly p99: number | undefined;
  readonly max: number | undefined;
}

/** An answer. */
export interface Statistics {
  readonly groups: readonly CallGroup[];
  readonly total: CallGroup;
  /** How many groups were left out. */
  readonly omitted: number;
  /** From when on the records were read, in milliseconds since 1970; undefined: all of the period. */
  readonly readSince: number | undefined;
}

/** What is asked for. */
export interface StatisticsQuestion {
  readonly by: 'FUNCTION' | 'SUBJECT' | 'HOUR' | 'DAY';
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly until: number;
  readonly order?: 'CALLS' | 'ERRORS' | 'TIME';
  readonly limit?: number;
}

const COUNTS = `calls failed { transport protocol tool unknown } timedOut timeSpent { p50 p95 p99 max }`;
const STATISTICS = `query Statistics($by: CallGrouping!, $since: DateTime, $until: DateTime, $order: CallGroupOrder, $limit: Int, $offset: Int) {
  callStatistics(by: $by, since: $since, until: $until, order: $order, limit: $limit, offset: $offset) {
    groups { key start ${COUNTS} } total { ${COUNTS} } omitted readSince
  }
}`;

function groupOf(from: JsonObject): CallGroup {
  const failed = object(from, 'failed');
  const spent = object(from, 'timeSpent');
  const of = (name: string): number => number(failed, name) ?? 0;
  const timedOut = number(from, 'timedOut') ?? 0;
  return {
    key: text(from, 'key') ?? '',
    start: time(from, 'start'),
    calls: number(from, 'calls') ?? 0,
    errors: of('transport') + of('protocol') + of('tool') + of('unknown') + timedOut,
    transport: of('transport'),
    protocol: of('protocol'),
    tool: of('tool'),
    timedOut,
    p50: number(spent, 'p50'),
    p95: number(spent, 'p95'),
    p99: number(spent, 'p99'),
    max: number(spent, 'max'),
  };
}

/** Asks for statistics. Hours and days are those of the reader's time zone. */
export async function readStatistics(access: Access, question: StatisticsQuestion, signal: AbortSignal): Promise<Statistics> {
  const { by, since, until, order, limit } = question;
  const variables = {
    by,
    since: new Date(since).toISOString(),
    until: new Date(until).toISOString(),
    ...(by === 'HOUR' || by === 'DAY' ? { offset: -new Date(until).getTimezoneOffset() } : {}),
    ...(order === undefined ? {} : { order }),
    ...(limit === undefined ? {} : { limit }),
  };
  const found = object(await query(access, STATISTICS, variables, signal), 'callStatistics');
  return {
    groups: objects(found, 'groups').map(groupOf),
    total: groupOf(object(found, 'total')),
    omitted: number(found, 'omitted') ?? 0,
    readSince: time(found, 'readSince'),
  };
}
