/** What changed between two catalogs, by function. */
import type { JSX } from 'preact';

import type { Change } from '../api/revisions.js';
import { prettyJson } from '../base/json.js';
import { visible, visibleLine } from '../base/visible.js';
import { Tag } from './bits.js';
import { Empty } from './messages.js';

const TONES: Readonly<Record<string, string>> = { added: 'good', removed: 'bad', changed: 'accent' };
/** Longer values are cut: the whole ones are in the config of the revision. */
const SHOWN = 2_000;

const shown = (value: Change['before']): string => {
  const text = visible(prettyJson(value));
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
};

function OneChange({ change }: { change: Change }): JSX.Element {
  return (
    <li class={change.breaking === undefined ? 'change' : 'change breaking'}>
      <p class="schema-line">
        <Tag tone={TONES[change.kind] ?? 'quiet'}>{visibleLine(change.kind)}</Tag>
        <code class="break">{visibleLine(change.path)}</code>
        {change.breaking !== undefined && <Tag tone="bad">breaking</Tag>}
      </p>
      {change.breaking !== undefined && <p class="bad-text">{visible(change.breaking)}</p>}
      {(change.before !== undefined || change.after !== undefined) && (
        <div class="sides">
          {change.before !== undefined && (
            <pre class="code before" tabIndex={0} aria-label="Before">
              {shown(change.before)}
            </pre>
          )}
          {change.after !== undefined && (
            <pre class="code after" tabIndex={0} aria-label="After">
              {shown(change.after)}
            </pre>
          )}
        </div>
      )}
    </li>
  );
}

/** @param none what to say where nothing changed */
export function Changes({ changes, none }: { changes: readonly Change[]; none: string }): JSX.Element {
  if (changes.length === 0) return <Empty title={none} />;
  const byName = new Map<string, Change[]>();
  for (const change of changes) byName.set(change.name ?? '', [...(byName.get(change.name ?? '') ?? []), change]);
  return (
    <div class="stack">
      {[...byName].map(([name, list]) => (
        <section key={name} aria-label={name === '' ? 'The whole catalog' : visibleLine(name)}>
          <h3 class="break">{name === '' ? 'The whole catalog' : visibleLine(name)}</h3>
          <ul class="changes">
            {list.map((change, at) => (
              <OneChange key={`${change.path} ${at}`} change={change} />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

/** How many changes there are, in words. */
export function changesText(changes: readonly Change[]): string {
  const breaking = changes.filter((change) => change.breaking !== undefined).length;
  if (changes.length === 0) return 'no changes';
  const all = changes.length === 1 ? '1 change' : `${changes.length} changes`;
  return breaking === 0 ? `${all}, none of them breaking` : `${all}, ${breaking} of them breaking`;
}
