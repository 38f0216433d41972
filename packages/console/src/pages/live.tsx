/** Calls as they happen. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { Failure } from '../api/failure.js';
import { formatCount } from '../base/amounts.js';
import { Card, PageHead, Tile } from '../parts/bits.js';
import { Icon } from '../parts/icons.js';
import { Empty, Problem } from '../parts/messages.js';
import { CallTable } from '../parts/table.js';
import { hasGap, isPaused, liveCalls, liveState, resume, waitingCount } from '../state/live.js';
import { linkTo } from '../state/route.js';
import { isAdmin } from '../state/session.js';

/** Calls that began within this time count for "a minute". */
const MINUTE = 60_000;

/** The page. */
export function LivePage(): JSX.Element {
  const [search, setSearch] = useState('');
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);

  const all = liveCalls.value;
  const wanted = search.toLowerCase();
  const calls = all.filter(({ name, subject }) => name.toLowerCase().includes(wanted) || subject.toLowerCase().includes(wanted));
  const state = liveState.value;
  const recent = all.filter(({ at }) => now - at < MINUTE);
  const running = all.filter(({ status }) => status === 'in_process').length;
  const waiting = isPaused.value ? waitingCount() : 0;
  return (
    <>
      <PageHead
        title="Live"
        lead={
          isAdmin.value
            ? 'Every call of this partition, as it happens.'
            : 'Your calls, as they happen. With the role admin you would see the calls of all users.'
        }
      >
        <button
          type="button"
          class="button"
          aria-pressed={isPaused.value}
          onClick={() => (isPaused.value ? resume() : (isPaused.value = true))}
        >
          <Icon name={isPaused.value ? 'play' : 'pause'} />
          {isPaused.value ? `Resume${waiting > 0 ? ` (${formatCount(waiting)} new)` : ''}` : 'Pause'}
        </button>
      </PageHead>
      {state instanceof Failure && <Problem failure={state} />}
      {hasGap.value && (
        <p class="notice">
          Some events are missing here: the connection was interrupted for too long. The{' '}
          <a href={linkTo(['calls'])}>list of calls</a> is complete.
        </p>
      )}
      <div class="tiles three">
        <Tile label="Running now" value={formatCount(running)} note="of those that this page has seen" />
        <Tile label="Last minute" value={formatCount(recent.length)} note="calls" />
        <Tile
          label="Errors in the last minute"
          value={formatCount(recent.filter(({ status }) => status === 'failed' || status === 'timed_out').length)}
          note="calls"
        />
      </div>
      <div class="filters">
        <label class="filter grow">
          <span class="muted small">Function or caller (press /)</span>
          <input
            type="search"
            data-search
            value={search}
            placeholder="part of a name"
            onInput={(event) => setSearch(event.currentTarget.value)}
          />
        </label>
      </div>
      <Card flush>
        {calls.length > 0 && <CallTable label="Live calls" compact calls={calls} />}
        {all.length === 0 && !(state instanceof Failure) && (
          <Empty title="Waiting for calls">
            A call appears here at the moment it begins. Make one with an MCP client, or{' '}
            <a href={linkTo(['catalog'])}>from the catalog</a>. Earlier calls are in <a href={linkTo(['calls'])}>Calls</a>.
          </Empty>
        )}
        {all.length > 0 && calls.length === 0 && <Empty title="No call here matches" />}
      </Card>
    </>
  );
}
