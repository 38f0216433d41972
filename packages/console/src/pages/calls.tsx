/** The list of recorded calls. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import type { CallPage, CallRow } from '../api/calls.js';
import { listCalls } from '../api/calls.js';
import { listCatalog } from '../api/catalog.js';
import { formatCount } from '../base/amounts.js';
import { Card, PageHead } from '../parts/bits.js';
import { Empty, Problem, Skeleton } from '../parts/messages.js';
import { CallTable, ListFoot } from '../parts/table.js';
import { settled } from '../state/live.js';
import { useLoad } from '../state/load.js';
import { usePages } from '../state/pages.js';
import { linkTo, place } from '../state/route.js';
import { isAdmin } from '../state/session.js';
import { CallFilters } from './call-filter.js';
import { filterOf, isFiltered } from './filter.js';

const PAGE_SIZE = 50;

/** The page. */
export function CallsPage(): JSX.Element {
  const filter = filterOf(place.value.query);
  const key = JSON.stringify(filter);
  const calls = usePages<CallRow, CallPage>(
    (access, after, signal) => listCalls(access, filter, after, PAGE_SIZE, signal),
    `calls ${key}`,
  );
  const catalog = useLoad(listCatalog, 'names');
  const [seen, setSeen] = useState(settled.peek());
  const fresh = settled.value - seen;
  const { items, last, failure, loading } = calls;

  function reload(): void {
    setSeen(settled.peek());
    calls.reload();
  }

  const filtered = isFiltered(filter);
  return (
    <>
      <PageHead
        title="Calls"
        lead={
          isAdmin.value
            ? 'Every recorded call of this partition, newest first.'
            : 'The recorded calls of this partition, newest first.'
        }
      >
        <button type="button" class={fresh > 0 ? 'button primary' : 'button'} onClick={reload}>
          {fresh > 0 ? `Show ${formatCount(fresh)} new` : 'Reload'}
        </button>
      </PageHead>
      <CallFilters filter={filter} names={catalog.data?.map(({ name }) => name) ?? []} />
      {failure !== undefined && <Problem failure={failure} retry={calls.reload} />}
      <Card flush>
        {items.length > 0 && <CallTable label="Calls" calls={items.map((call) => ({ ...call, at: call.createdAt }))} />}
        {items.length === 0 && loading && <Skeleton lines={12} />}
        {items.length === 0 && !loading && failure === undefined && filtered && (
          <Empty title="No call matches these filters">
            <a href={linkTo(['calls'])}>Clear the filters</a> to see all calls.
          </Empty>
        )}
        {items.length === 0 && !loading && failure === undefined && !filtered && (
          <Empty title="No calls yet">
            Connect an MCP client to this server, or <a href={linkTo(['catalog'])}>call a function from here</a>.
          </Empty>
        )}
        {last !== undefined && items.length > 0 && (
          <ListFoot more={last.next !== undefined} loading={loading} onMore={calls.more}>
            {formatCount(items.length)} of {formatCount(last.total)}
            {last.totalIsExact ? '' : ' or more'}
          </ListFoot>
        )}
      </Card>
    </>
  );
}
