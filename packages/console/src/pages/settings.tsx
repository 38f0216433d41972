/** The settings that classes are built with. The server masks their values for everybody. */
import type { JSX } from 'preact';

import type { Setting } from '../api/administration.js';
import { listSettings } from '../api/administration.js';
import type { Page } from '../api/read.js';
import { formatCount } from '../base/amounts.js';
import { isObject } from '../base/json.js';
import { visible, visibleLine } from '../base/visible.js';
import { Card, PageHead, Time } from '../parts/bits.js';
import { Empty, Problem, Skeleton } from '../parts/messages.js';
import { ListFoot } from '../parts/table.js';
import { usePages } from '../state/pages.js';

function Values({ setting }: { setting: Setting }): JSX.Element {
  const entries = isObject(setting.value) ? Object.entries(setting.value) : [];
  if (entries.length === 0) return <p class="muted">It has no values.</p>;
  return (
    <dl class="facts">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>
            <code class="break">{visibleLine(name)}</code>
          </dt>
          <dd>
            {value === '[masked]' ? (
              <span class="muted">masked</span>
            ) : (
              <code class="break">{visible(typeof value === 'string' ? value : JSON.stringify(value))}</code>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** The page. */
export function SettingsPage(): JSX.Element {
  const list = usePages<Setting, Page<Setting>>(listSettings, 'settings');
  const { items, last, failure, loading } = list;
  return (
    <>
      <PageHead
        title="Settings"
        lead="What the classes of this partition are built with. Values are masked for everybody; references to secrets, such as env:API_KEY, are shown."
      />
      {failure !== undefined && <Problem failure={failure} retry={list.reload} />}
      {items.length === 0 && loading && (
        <Card>
          <Skeleton />
        </Card>
      )}
      {items.map((setting) => (
        <Card key={setting.id} title={visibleLine(setting.id)}>
          <p class="muted">
            {setting.classes.length === 0 ? 'No class uses it.' : `Used by ${setting.classes.map(visibleLine).join(', ')}.`}
            {setting.updatedBy !== undefined && ` Changed by ${visibleLine(setting.updatedBy)}`}
            {setting.updatedAt !== undefined && (
              <>
                {' '}
                <Time at={setting.updatedAt} ago />
              </>
            )}
          </p>
          <Values setting={setting} />
        </Card>
      ))}
      {last !== undefined && items.length === 0 && (
        <Card flush>
          <Empty title="This partition has no settings">
            A config gives a class its <code>setting</code>; see the documentation of config files.
          </Empty>
        </Card>
      )}
      {last?.next !== undefined && (
        <ListFoot more loading={loading} onMore={list.more}>
          {formatCount(items.length)} settings
        </ListFoot>
      )}
    </>
  );
}
