/** How the calls of the partition are doing: the first page. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';

import { listCalls } from '../api/calls.js';
import type { CallGroup, Statistics } from '../api/statistics.js';
import { readStatistics } from '../api/statistics.js';
import { formatCompact, formatCount, formatDuration, formatShare, formatTime } from '../base/amounts.js';
import { Card, PageHead, Segments, Tile } from '../parts/bits.js';
import { Chart } from '../parts/chart.js';
import { Empty, Problem, Skeleton } from '../parts/messages.js';
import { CallTable, GroupTable } from '../parts/table.js';
import { settled } from '../state/live.js';
import { useLoad } from '../state/load.js';
import { useRefresh } from '../state/refresh.js';
import { go, linkTo, place } from '../state/route.js';
import { NO_FILTER } from './call-filter.js';

const HOUR = 3_600_000;
const PERIODS = [
  ['24h', '24 hours'],
  ['7d', '7 days'],
  ['30d', '30 days'],
] as const;
type Period = (typeof PERIODS)[number][0];
const LENGTHS: Readonly<Record<Period, { hours: number; by: 'HOUR' | 'DAY' }>> = {
  '24h': { hours: 24, by: 'HOUR' },
  '7d': { hours: 7 * 24, by: 'HOUR' },
  '30d': { hours: 30 * 24, by: 'DAY' },
};
const REFRESH_MS = 5_000;
const TOP = 6;

interface Overview {
  readonly since: number;
  readonly until: number;
  readonly time: Statistics;
  readonly slowest: Statistics;
  readonly failing: Statistics;
}

/** The beginning of an hour or a day in the reader's time zone. */
function beginOf(at: number, by: 'HOUR' | 'DAY'): number {
  const time = new Date(at);
  if (by === 'HOUR') time.setMinutes(0, 0, 0);
  else time.setHours(0, 0, 0, 0);
  return time.getTime();
}

/** All periods between two times: those without calls count as zero, and have no durations. */
function filled(
  { groups }: Statistics,
  since: number,
  until: number,
  by: 'HOUR' | 'DAY',
): { times: number[]; groups: (CallGroup | undefined)[] } {
  const known = new Map(groups.map((group) => [group.start, group]));
  const times: number[] = [];
  // A day may have 23 or 25 hours, so each step begins anew.
  for (let at = since; at < until; at = beginOf(at + (by === 'HOUR' ? HOUR : 26 * HOUR), by)) times.push(at);
  return { times, groups: times.map((at) => known.get(at)) };
}

function Charts({ data, by }: { data: Overview; by: 'HOUR' | 'DAY' }): JSX.Element {
  const { times, calls, errors, p95 } = useMemo(() => {
    const { times, groups } = filled(data.time, data.since, data.until, by);
    return {
      times,
      calls: [
        { label: 'Calls', values: groups.map((group) => group?.calls ?? 0), colour: '--accent', kind: 'bars' },
        { label: 'Errors', values: groups.map((group) => group?.errors ?? 0), colour: '--bad', kind: 'bars' },
      ] as const,
      errors: groups.some((group) => (group?.errors ?? 0) > 0),
      p95: [
        { label: 'p95', values: groups.map((group) => group?.p95 ?? null), colour: '--accent', kind: 'line' },
        { label: 'p50', values: groups.map((group) => group?.p50 ?? null), colour: '--muted', kind: 'line' },
      ] as const,
    };
  }, [data, by]);
  return (
    <div class="columns" data-errors={errors}>
      <Card title={by === 'HOUR' ? 'Calls an hour' : 'Calls a day'}>
        <Chart title="Calls and errors" times={times} series={calls} format={formatCount} formatAxis={formatCompact} />
      </Card>
      <Card title="Duration">
        <Chart title="Duration of calls" times={times} series={p95} format={formatDuration} formatAxis={formatDuration} />
      </Card>
    </div>
  );
}

/** The page. */
export function OverviewPage(): JSX.Element {
  const asked = place.value.query.get('period');
  const period: Period = asked === '7d' || asked === '30d' ? asked : '24h';
  const { hours, by } = LENGTHS[period];
  const statistics = useLoad(
    async (access, signal): Promise<Overview> => {
      const until = Date.now();
      const since = beginOf(until - hours * HOUR, by);
      const ask = (more: object): Promise<Statistics> =>
        readStatistics(access, { by: 'FUNCTION', since, until, limit: TOP, ...more }, signal);
      const [time, slowest, failing] = await Promise.all([
        readStatistics(access, { by, since, until }, signal),
        ask({ order: 'TIME' }),
        ask({ order: 'ERRORS' }),
      ]);
      return { since, until, time, slowest, failing };
    },
    `overview ${period}`,
    { keep: true },
  );
  const latest = useLoad((access, signal) => listCalls(access, NO_FILTER, undefined, 8, signal), 'latest');
  useRefresh(
    settled,
    () => {
      statistics.reload();
      latest.reload();
    },
    REFRESH_MS,
  );

  const { data } = statistics;
  const total = data?.time.total;
  const failing = data?.failing.groups.filter(({ errors }) => errors > 0) ?? [];
  const toFunction = (name: string): string => linkTo(['calls'], { name, hours: String(hours) });
  return (
    <>
      <PageHead title="Overview" lead="How the calls of this partition are doing.">
        <Segments
          label="Period"
          options={PERIODS}
          value={period}
          onChange={(next) => go(linkTo([], { period: next }), { replace: true })}
        />
      </PageHead>
      {statistics.failure !== undefined && <Problem failure={statistics.failure} retry={statistics.reload} />}
      {data?.time.readSince !== undefined && (
        <p class="notice">
          The store stopped counting because there are too many records. Calls before {formatTime(data.time.readSince)} are not
          counted.
        </p>
      )}
      <div class="tiles">
        <Tile label="Calls" value={total === undefined ? '–' : formatCount(total.calls)} />
        <Tile
          label="Errors"
          value={total === undefined ? '–' : formatShare(total.errors, total.calls)}
          tone={total !== undefined && total.errors > 0 ? 'bad-text' : ''}
          note={
            total === undefined
              ? '\u00a0'
              : `${formatCount(total.tool)} tool · ${formatCount(total.protocol)} protocol · ${formatCount(total.transport)} transport`
          }
        />
        <Tile label="p95" value={formatDuration(total?.p95)} note={`half take ${formatDuration(total?.p50)} or less`} />
        <Tile label="Slowest" value={formatDuration(total?.max)} note={`99 % take ${formatDuration(total?.p99)} or less`} />
      </div>
      {data !== undefined && <Charts data={data} by={by} />}
      {data === undefined && statistics.failure === undefined && (
        <Card>
          <Skeleton lines={8} />
        </Card>
      )}
      <div class="columns">
        <Card title="Slowest functions" flush>
          {data !== undefined && data.slowest.groups.length > 0 && (
            <GroupTable groups={data.slowest.groups} label="Slowest functions" what="Function" href={toFunction} />
          )}
          {data !== undefined && data.slowest.groups.length === 0 && (
            <Empty title="No calls in this period">
              Choose a longer one, or <a href={linkTo(['catalog'])}>call a function</a>.
            </Empty>
          )}
        </Card>
        <Card title="Most errors" flush>
          {failing.length > 0 && (
            <GroupTable
              groups={failing}
              label="Functions with the most errors"
              what="Function"
              href={(name) => linkTo(['calls'], { name, status: 'failed' })}
            />
          )}
          {data !== undefined && failing.length === 0 && <Empty title="No errors in this period" />}
        </Card>
      </div>
      <Card title="Latest calls" flush aside={<a href={linkTo(['calls'])}>All calls</a>}>
        {latest.data !== undefined && latest.data.items.length > 0 && (
          <CallTable label="Latest calls" compact calls={latest.data.items.map((call) => ({ ...call, at: call.createdAt }))} />
        )}
        {latest.data?.items.length === 0 && <Empty title="No calls yet">They appear here as soon as a client makes one.</Empty>}
        {latest.data === undefined && latest.failure === undefined && <Skeleton />}
        {latest.failure !== undefined && <Problem failure={latest.failure} retry={latest.reload} />}
      </Card>
    </>
  );
}
