/** How the calls of the partition are doing: the first page. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';

import { listCalls } from '../api/calls.js';
import type { Statistics } from '../api/statistics.js';
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
import { NO_FILTER } from './filter.js';
import type { Step } from './periods.js';
import { columnsOf, lengthOf, periodOf, PERIODS, sinceOf } from './periods.js';

const REFRESH_MS = 5_000;
const TOP = 6;

interface Overview {
  readonly since: number;
  readonly until: number;
  readonly time: Statistics;
  readonly slowest: Statistics;
  readonly failing: Statistics;
}

function Charts({ data, by }: { data: Overview; by: Step }): JSX.Element {
  const { times, counts, durations } = useMemo(() => {
    const { times, calls, errors, p95, p50 } = columnsOf(data.time.groups, data.since, data.until, by);
    return {
      times,
      counts: [
        { label: 'Calls', values: calls, colour: '--accent', kind: 'bars' },
        { label: 'Errors', values: errors, colour: '--bad', kind: 'bars' },
      ] as const,
      durations: [
        { label: 'p95', values: p95, colour: '--accent', kind: 'line' },
        { label: 'p50', values: p50, colour: '--muted', kind: 'line' },
      ] as const,
    };
  }, [data, by]);
  return (
    <div class="columns">
      <Card title={by === 'HOUR' ? 'Calls an hour' : 'Calls a day'}>
        <Chart title="Calls and errors" times={times} series={counts} format={formatCount} formatAxis={formatCompact} />
      </Card>
      <Card title="Duration">
        <Chart title="Duration of calls" times={times} series={durations} format={formatDuration} formatAxis={formatDuration} />
      </Card>
    </div>
  );
}

/** The page. */
export function OverviewPage(): JSX.Element {
  const period = periodOf(place.value.query.get('period'));
  const { hours, by } = lengthOf(period);
  const statistics = useLoad(
    async (access, signal): Promise<Overview> => {
      const until = Date.now();
      const since = sinceOf(period, until);
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
        <Tile
          label="Calls"
          value={total === undefined ? '–' : formatCount(total.calls)}
          note={`in the last ${PERIODS.find(([key]) => key === period)?.[1] ?? ''}`}
        />
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
        <Tile
          label="p95"
          value={formatDuration(total?.p95)}
          note={total?.p50 === undefined ? undefined : `half take ${formatDuration(total.p50)} or less`}
        />
        <Tile
          label="Slowest"
          value={formatDuration(total?.max)}
          note={total?.p99 === undefined ? undefined : `99 % take ${formatDuration(total.p99)} or less`}
        />
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
            <GroupTable compact groups={data.slowest.groups} label="Slowest functions" what="Function" href={toFunction} />
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
              compact
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
