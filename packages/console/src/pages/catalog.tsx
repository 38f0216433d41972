/** The functions that the partition serves, as a model's host lists them. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import type { CatalogEntry, FunctionKind } from '../api/catalog.js';
import { listCatalog } from '../api/catalog.js';
import { formatCount } from '../base/amounts.js';
import { visible, visibleLine } from '../base/visible.js';
import { Card, Name, PageHead, Segments, Tag } from '../parts/bits.js';
import { useRowKeys } from '../parts/keys.js';
import { Empty, Problem, Skeleton } from '../parts/messages.js';
import { catalogChanges } from '../state/live.js';
import { useLoad } from '../state/load.js';
import { useRefresh } from '../state/refresh.js';
import { go, linkTo, place } from '../state/route.js';
import { isAdmin } from '../state/session.js';

type Kind = 'all' | FunctionKind;

const KINDS: readonly (readonly [Kind, string])[] = [
  ['all', 'All'],
  ['tool', 'Tools'],
  ['resource', 'Resources'],
  ['template', 'Templates'],
  ['prompt', 'Prompts'],
];
/** More would make typing slow. */
const SHOWN = 300;

function matches({ name, title = '', description = '' }: CatalogEntry, words: readonly string[]): boolean {
  const text = `${name} ${title} ${description}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function List({ entries }: { entries: readonly CatalogEntry[] }): JSX.Element {
  const ref = useRowKeys<HTMLUListElement>();
  return (
    <ul class="rows" ref={ref}>
      {entries.map(({ kind, name, title, description }) => (
        <li key={`${kind} ${name}`}>
          <a href={linkTo(['catalog', name])} data-row="">
            <span class="row-head">
              <span class="strong">
                <Name>{name}</Name>
              </span>
              {title !== undefined && title !== name && <span class="muted">{visibleLine(title)}</span>}
              <Tag>{kind}</Tag>
            </span>
            {description !== undefined && <span class="muted two-lines">{visible(description)}</span>}
          </a>
        </li>
      ))}
    </ul>
  );
}

/** The page. */
export function CatalogPage(): JSX.Element {
  const { data, failure, loading, reload } = useLoad(listCatalog, 'catalog', { keep: true });
  useRefresh(catalogChanges, reload, 500);
  const { query } = place.value;
  const [search, setSearch] = useState(query.get('search') ?? '');
  const kind = (KINDS.find(([key]) => key === query.get('kind'))?.[0] ?? 'all') as Kind;
  function set(change: Record<string, string>): void {
    // A field that disappears with its page reports its last text: by then the user is elsewhere.
    if (place.peek().steps.join() !== 'catalog') return;
    go(linkTo(['catalog'], { search, kind: kind === 'all' ? '' : kind, ...change }), { replace: true });
  }

  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const found = (data ?? []).filter((entry) => (kind === 'all' || entry.kind === kind) && matches(entry, words));
  return (
    <>
      <PageHead title="Functions" lead="What a model can use in this partition: tools, resources and prompts." />
      <div class="filters">
        <label class="filter grow">
          <span class="muted small">Search (press /)</span>
          <input
            type="search"
            data-search
            value={search}
            placeholder="name or description"
            onInput={(event) => setSearch(event.currentTarget.value)}
            onChange={(event) => set({ search: event.currentTarget.value })}
          />
        </label>
        <Segments label="Kind" options={KINDS} value={kind} onChange={(next) => set({ kind: next === 'all' ? '' : next })} />
      </div>
      {failure !== undefined && <Problem failure={failure} retry={reload} />}
      <Card flush>
        {data === undefined && loading && <Skeleton lines={10} />}
        {found.length > 0 && <List entries={found.slice(0, SHOWN)} />}
        {found.length > SHOWN && (
          <p class="list-foot muted small">
            {formatCount(SHOWN)} of {formatCount(found.length)}: search for more of the name.
          </p>
        )}
        {data?.length === 0 && (
          <Empty title="This partition has no functions yet">
            {isAdmin.value ? (
              <>
                <a href={linkTo(['apply'])}>Apply a config</a>, or start the server with a config file.
              </>
            ) : (
              'An administrator can apply a config.'
            )}
          </Empty>
        )}
        {data !== undefined && data.length > 0 && found.length === 0 && <Empty title="No function matches" />}
      </Card>
    </>
  );
}
