/** The history of the catalog. */
import type { JSX } from 'preact';

import type { Page } from '../api/read.js';
import type { CatalogState, Revision } from '../api/revisions.js';
import { listRevisions } from '../api/revisions.js';
import { formatCount, shortDigest } from '../base/amounts.js';
import { visible, visibleLine } from '../base/visible.js';
import { Card, Facts, PageHead, Tag, Time } from '../parts/bits.js';
import { useRowKeys } from '../parts/keys.js';
import { Empty, Problem, Skeleton } from '../parts/messages.js';
import { ListFoot } from '../parts/table.js';
import { catalogChanges } from '../state/live.js';
import { usePages } from '../state/pages.js';
import { useRefresh } from '../state/refresh.js';
import { linkTo } from '../state/route.js';
import { isAdmin } from '../state/session.js';

const ORIGINS: Readonly<Record<string, string>> = {
  FILE: 'The config file of the server. Edit the file to change it; it has no history here.',
  ROWS: 'The rows of the store, without revisions.',
  REVISIONS: 'Revisions in the store.',
  NONE: 'Nothing is served yet.',
};

const ACTIONS: Readonly<Record<string, string>> = {
  apply: 'config applied',
  rollback: 'rolled back',
  edit: 'edited',
  adopt: 'adopted from rows',
};

function Served({ catalog }: { catalog: CatalogState }): JSX.Element {
  const { revision, badRows, changedRows } = catalog;
  return (
    <Card title="Served now">
      <Facts
        rows={[
          ['From', ORIGINS[catalog.origin] ?? visibleLine(catalog.origin)],
          ['Revision', revision === undefined ? undefined : <code class="break">{visibleLine(shortDigest(revision))}</code>],
          ['Functions', <span class="num">{formatCount(catalog.functions)}</span>],
        ]}
      />
      {badRows.length > 0 && (
        <div class="notice bad">
          <div class="grow">
            <p class="strong">Rows that are not served because they have mistakes:</p>
            <ul>
              {badRows.map(({ row, reason }) => (
                <li key={row}>
                  <code>{visibleLine(row)}</code>: {visible(reason)}
                </li>
              ))}
            </ul>
          </div>
        </div>
      )}
      {changedRows.length > 0 && (
        <div class="notice">
          <div class="grow">
            <p class="strong">Rows that others have changed since this revision was made. They are not served:</p>
            <ul>
              {changedRows.map(({ row, kind }) => (
                <li key={row}>
                  <code>{visibleLine(row)}</code>: {visibleLine(kind)}
                </li>
              ))}
            </ul>
          </div>
        </div>
      )}
    </Card>
  );
}

function History({ revisions }: { revisions: readonly Revision[] }): JSX.Element {
  const ref = useRowKeys<HTMLUListElement>();
  return (
    <ul class="rows" ref={ref} aria-label="History">
      {revisions.map((entry) => (
        <li key={entry.id}>
          <a href={linkTo(['revisions', entry.id])} data-row="">
            <span class="row-head">
              <code class="strong">{visibleLine(shortDigest(entry.revision))}</code>
              <span>{ACTIONS[entry.action] ?? visibleLine(entry.action)}</span>
              {entry.isServed && <Tag tone="good">served now</Tag>}
              <span class="muted push">{entry.createdAt !== undefined && <Time at={entry.createdAt} />}</span>
            </span>
            <span class="muted">
              {visibleLine(entry.author)} · {formatCount(entry.functions)} functions
              {entry.source !== undefined && ` · from ${visibleLine(entry.source)}`}
              {entry.note !== undefined && ` · ${visibleLine(entry.note)}`}
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}

/** The page. */
export function RevisionsPage(): JSX.Element {
  const list = usePages<Revision, Page<Revision> & { readonly catalog: CatalogState }>(listRevisions, 'revisions');
  useRefresh(catalogChanges, list.reload, 1_000);
  const { items, last, failure, loading } = list;
  return (
    <>
      <PageHead title="Revisions" lead="What this partition has served, and who changed it.">
        {isAdmin.value && last?.catalog.origin !== 'FILE' && (
          <a class="button primary" href={linkTo(['apply'])}>
            Apply a config
          </a>
        )}
      </PageHead>
      {failure !== undefined && <Problem failure={failure} retry={list.reload} />}
      {last !== undefined && <Served catalog={last.catalog} />}
      <Card title="History" flush>
        {items.length > 0 && <History revisions={items} />}
        {items.length === 0 && loading && <Skeleton />}
        {items.length === 0 && last !== undefined && (
          <Empty title="No revisions yet">
            {last.catalog.origin === 'FILE'
              ? 'The catalog comes from a config file. Partitions whose catalog is in the store have a history.'
              : 'Each config that is applied to this partition becomes a revision that you can go back to.'}
          </Empty>
        )}
        {items.length > 0 && last !== undefined && (
          <ListFoot more={last.next !== undefined} loading={loading} onMore={list.more}>
            {formatCount(items.length)} entries
          </ListFoot>
        )}
      </Card>
    </>
  );
}
