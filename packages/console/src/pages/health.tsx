/** How the daemon is: its store, its queue of records, losses, caches. */
import type { JSX } from 'preact';

import type { CacheCounts, Health } from '../api/administration.js';
import { readHealth } from '../api/administration.js';
import { formatAgo, formatCount, formatShare } from '../base/amounts.js';
import { visible, visibleLine } from '../base/visible.js';
import { Card, Facts, PageHead, Tag, Tile } from '../parts/bits.js';
import { NotAllowed, Problem, Skeleton } from '../parts/messages.js';
import { MountedServers } from '../parts/mounted-servers.js';
import { useLoad } from '../state/load.js';
import { useInterval } from '../state/refresh.js';
import { isAdmin } from '../state/session.js';

const REFRESH_MS = 5_000;

const ROWS: readonly (readonly [string, (counts: CacheCounts) => string])[] = [
  ['Entries', ({ entries }) => formatCount(entries)],
  ['Answered from the cache', ({ hits }) => formatCount(hits)],
  ['Their share', ({ hits, stale, misses }) => formatShare(hits, hits + stale + misses)],
  ['Expired, but used', ({ stale }) => formatCount(stale)],
  ['Loaded', ({ misses }) => formatCount(misses)],
  ['Loads that failed', ({ failures }) => formatCount(failures)],
];

/** The counts of both caches, one beside the other. */
function CacheTable({ catalogs, reads }: { catalogs: CacheCounts; reads: CacheCounts | undefined }): JSX.Element {
  return (
    <table class="table" aria-label="Caches">
      <thead>
        <tr>
          <th scope="col">Since the start, all partitions</th>
          <th scope="col" class="right">
            Catalogs
          </th>
          {reads !== undefined && (
            <th scope="col" class="right">
              Reads of the store
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {ROWS.map(([label, show]) => (
          <tr key={label}>
            <td>{label}</td>
            <td class="num right">{show(catalogs)}</td>
            {reads !== undefined && <td class="num right">{show(reads)}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Details({ health }: { health: Health }): JSX.Element {
  const { counters, cache, servers, storeProblem } = health;
  return (
    <>
      <Card title="Store">
        {storeProblem !== undefined && (
          <div class="notice bad" role="alert">
            <div class="grow">
              <p class="strong">The store cannot be used now</p>
              <p class="pre-line">{visible(storeProblem)}</p>
            </div>
          </div>
        )}
        <Facts
          rows={[
            ['State', storeProblem === undefined ? <Tag tone="good">works</Tag> : <Tag tone="bad">fails</Tag>],
            ['Kind', visibleLine(health.store)],
            ['Version of the daemon', health.version === undefined ? undefined : visibleLine(health.version)],
          ]}
        />
      </Card>
      {counters !== undefined && (
        <div class="tiles five">
          <Tile label="Running calls" value={formatCount(counters.running)} note="now, all partitions" />
          <Tile label="Connections" value={formatCount(counters.connections)} note="now" />
          <Tile label="Records written" value={formatCount(counters.written)} note="since the start" />
          <Tile
            label="Records waiting"
            value={formatCount(counters.waiting)}
            tone={counters.waiting > 0 ? 'warn-text' : ''}
            note={counters.waiting > 0 ? 'the store cannot be written' : 'the queue is empty'}
          />
          <Tile
            label="Records lost"
            value={formatCount(counters.lost)}
            tone={counters.lost > 0 ? 'bad-text' : ''}
            note={counters.lost > 0 ? 'see the log of the server' : 'since the start'}
          />
        </div>
      )}
      {servers.length > 0 && <MountedServers servers={servers} />}
      {cache !== undefined && (
        <Card title="Caches" flush>
          <p class="muted card-text">
            {cache.isCached
              ? `This partition is cached: ${formatCount(cache.functions ?? 0)} functions, loaded ${formatAgo(-(cache.ageMs ?? 0), 0)}.`
              : 'This partition is not in the cache now.'}
          </p>
          <CacheTable catalogs={cache.catalogs} reads={cache.reads} />
        </Card>
      )}
      {counters === undefined && <NotAllowed what="Seeing counters and caches" role="admin" />}
    </>
  );
}

/** The page. */
export function HealthPage(): JSX.Element {
  const { data, failure, loading, reload } = useLoad((access, signal) => readHealth(access, isAdmin.value, signal), 'health');
  useInterval(reload, REFRESH_MS);
  return (
    <>
      <PageHead title="Health" lead="The state of the daemon, looked at every few seconds." />
      {failure !== undefined && <Problem failure={failure} retry={reload} />}
      {data !== undefined && <Details health={data} />}
      {data === undefined && loading && (
        <Card>
          <Skeleton lines={8} />
        </Card>
      )}
    </>
  );
}
