/** Who uses the partition: open sessions, and the callers of the last week. */
import type { JSX } from 'preact';

import type { Session } from '../api/administration.js';
import { listSessions } from '../api/administration.js';
import { readStatistics } from '../api/statistics.js';
import { formatCount } from '../base/amounts.js';
import { visibleLine } from '../base/visible.js';
import { Card, PageHead, Time } from '../parts/bits.js';
import { Empty, NotAllowed, Problem, Skeleton } from '../parts/messages.js';
import { GroupTable } from '../parts/table.js';
import { useLoad } from '../state/load.js';
import { useInterval } from '../state/refresh.js';
import { linkTo } from '../state/route.js';
import { isAdmin } from '../state/session.js';

const WEEK = 7 * 86_400_000;
const REFRESH_MS = 10_000;
const TOP = 100;

function SessionTable({ sessions }: { sessions: readonly Session[] }): JSX.Element {
  return (
    <table class="table" aria-label="Open sessions">
      <thead>
        <tr>
          <th scope="col">User</th>
          <th scope="col">Client</th>
          <th scope="col" class="wide-only">
            Transport
          </th>
          <th scope="col" class="right wide-only">
            Began
          </th>
          <th scope="col" class="right">
            Last used
          </th>
        </tr>
      </thead>
      <tbody>
        {sessions.map((session) => (
          <tr key={session.id}>
            <td class="name">
              <a href={linkTo(['calls'], { updatedBy: session.subject })}>{visibleLine(session.subject)}</a>
            </td>
            <td class="ellipsis">{visibleLine(session.client ?? '–')}</td>
            <td class="wide-only">{visibleLine(session.transport ?? '–')}</td>
            <td class="right wide-only">{session.createdAt === undefined ? '–' : <Time at={session.createdAt} />}</td>
            <td class="right">{session.lastUsedAt === undefined ? '–' : <Time at={session.lastUsedAt} ago />}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function People(): JSX.Element {
  const sessions = useLoad(listSessions, 'sessions');
  const callers = useLoad((access, signal) => {
    const until = Date.now();
    return readStatistics(access, { by: 'SUBJECT', since: until - WEEK, until, limit: TOP }, signal);
  }, 'callers');
  useInterval(sessions.reload, REFRESH_MS);
  const { data } = callers;
  return (
    <>
      <Card title="Open sessions" flush>
        {sessions.failure !== undefined && <Problem failure={sessions.failure} retry={sessions.reload} />}
        {sessions.data !== undefined && sessions.data.length > 0 && <SessionTable sessions={sessions.data} />}
        {sessions.data === undefined && sessions.loading && <Skeleton lines={3} />}
        {sessions.data?.length === 0 && (
          <Empty title="No open sessions">Clients that use the newest version of MCP need none: see the callers below.</Empty>
        )}
      </Card>
      <Card title="Callers of the last 7 days" flush>
        {callers.failure !== undefined && <Problem failure={callers.failure} retry={callers.reload} />}
        {data !== undefined && data.groups.length > 0 && (
          <GroupTable groups={data.groups} label="Callers" what="User" href={(key) => linkTo(['calls'], { updatedBy: key })} />
        )}
        {data === undefined && callers.loading && <Skeleton lines={4} />}
        {data?.groups.length === 0 && <Empty title="Nobody has called a function in the last 7 days" />}
        {data !== undefined && data.omitted > 0 && <p class="list-foot muted small">and {formatCount(data.omitted)} more</p>}
      </Card>
      <p class="muted small prose">
        Users, their roles and their passwords are managed where the server runs, with <code>mcp-daemon users</code>, or in Amazon
        Cognito.
      </p>
    </>
  );
}

/** The page. */
export function PeoplePage(): JSX.Element {
  return (
    <>
      <PageHead title="Users and sessions" lead="Who uses this partition." />
      {isAdmin.value ? <People /> : <NotAllowed what="Seeing other users" role="admin" />}
    </>
  );
}
