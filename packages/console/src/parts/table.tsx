/** Tables of calls and functions, and the button below a list that has more. */
import type { ComponentChildren, JSX } from 'preact';

import type { CallGroup } from '../api/statistics.js';
import { formatCount, formatDuration, formatShare, shortDigest } from '../base/amounts.js';
import { visibleLine } from '../base/visible.js';
import { linkTo } from '../state/route.js';
import { Name, Status, Time } from './bits.js';
import { useRowKeys } from './keys.js';

/** What a row of calls needs. */
export interface ShownCall {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly status: string;
  readonly fault: string | undefined;
  readonly subject: string | undefined;
  readonly client?: string | undefined;
  readonly timeSpent: number | undefined;
  readonly at: number | undefined;
}

/** Calls, one a row. The arrow keys move between them, Enter opens one. */
export function CallTable({
  calls,
  label,
  compact = false,
}: {
  calls: readonly ShownCall[];
  label: string;
  compact?: boolean;
}): JSX.Element {
  const ref = useRowKeys<HTMLTableElement>();
  return (
    <table class="table calls" ref={ref} aria-label={label}>
      <thead>
        <tr>
          <th scope="col" class="status-column">
            Status
          </th>
          <th scope="col">Function</th>
          <th scope="col" class="wide-only">
            Caller
          </th>
          {!compact && (
            <th scope="col" class="wide-only">
              Client
            </th>
          )}
          <th scope="col" class="right">
            Duration
          </th>
          <th scope="col" class="right">
            Time
          </th>
        </tr>
      </thead>
      <tbody>
        {calls.map((call) => (
          <tr key={call.id}>
            <td class="status-column">
              <Status status={call.status} fault={call.fault} />
            </td>
            <td class="name">
              <a href={linkTo(['calls', call.id])} data-row="">
                <Name>{call.name}</Name>
              </a>
              {call.type !== 'tool' && <span class="muted small"> {visibleLine(call.type)}</span>}
            </td>
            <td class="wide-only ellipsis">{visibleLine(call.subject ?? '–')}</td>
            {!compact && <td class="wide-only ellipsis">{visibleLine(call.client ?? '–')}</td>}
            <td class="num right">{formatDuration(call.timeSpent)}</td>
            <td class="num right">{call.at === undefined ? '–' : <Time at={call.at} />}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Groups of calls, one a row. @param href where a row leads */
export function GroupTable({
  groups,
  label,
  what,
  href,
  compact = false,
}: {
  groups: readonly CallGroup[];
  label: string;
  /** What a group is, for the head of its column. */
  what: string;
  href: (key: string) => string;
  /** Without the share of errors, for half the width of a page. */
  compact?: boolean;
}): JSX.Element {
  const ref = useRowKeys<HTMLTableElement>();
  return (
    <table class="table" ref={ref} aria-label={label}>
      <thead>
        <tr>
          <th scope="col">{what}</th>
          <th scope="col" class="right">
            Calls
          </th>
          <th scope="col" class="right">
            Errors
          </th>
          {!compact && (
            <th scope="col" class="right wide-only">
              Share
            </th>
          )}
          <th scope="col" class="right wide-only">
            p50
          </th>
          <th scope="col" class="right">
            p95
          </th>
        </tr>
      </thead>
      <tbody>
        {groups.map((group) => (
          <tr key={group.key}>
            <td class="name">
              <a href={href(group.key)} data-row="">
                <Name>{group.key === '' ? '(none)' : group.key}</Name>
              </a>
            </td>
            <td class="num right">{formatCount(group.calls)}</td>
            <td class={group.errors > 0 ? 'num right bad-text' : 'num right'}>{formatCount(group.errors)}</td>
            {!compact && <td class="num right wide-only">{formatShare(group.errors, group.calls)}</td>}
            <td class="num right wide-only">{formatDuration(group.p50)}</td>
            <td class="num right">{formatDuration(group.p95)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The digest of a revision, with a link to it. */
export function RevisionLink({ revision }: { revision: string }): JSX.Element {
  return (
    <a href={linkTo(['revisions', revision])}>
      <code title={revision}>{visibleLine(shortDigest(revision))}</code>
    </a>
  );
}

/** The place below a list: a button for the next page, or what there is no more of. */
export function ListFoot({
  more,
  loading,
  onMore,
  children,
}: {
  more: boolean;
  loading: boolean;
  onMore: () => void;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <div class="list-foot">
      <span class="muted small">{children}</span>
      {more && (
        <button type="button" class="button" disabled={loading} onClick={onMore}>
          {loading ? 'Loading…' : 'Load more'}
        </button>
      )}
    </div>
  );
}
