/** One function: what it takes, where its code is, and a form to call it. */
import type { JSX } from 'preact';

import { readCall } from '../api/calls.js';
import type { CatalogEntry, CodePlace } from '../api/catalog.js';
import { listCatalog, readCode } from '../api/catalog.js';
import { object, text } from '../api/read.js';
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import { visible, visibleLine } from '../base/visible.js';
import { Card, Facts, PageHead, Tag } from '../parts/bits.js';
import { JsonView } from '../parts/json-view.js';
import { Empty, NotAllowed, Problem, Skeleton } from '../parts/messages.js';
import { SchemaView } from '../parts/schema-view.js';
import { useLoad } from '../state/load.js';
import { linkTo, place } from '../state/route.js';
import { mayCall } from '../state/session.js';
import { CallForm } from './call-form.js';
import { schemaOf } from './function-schema.js';

const HINTS: Readonly<Record<string, readonly [string, string]>> = {
  readOnlyHint: ['reads only', 'good'],
  destructiveHint: ['may destroy', 'bad'],
  idempotentHint: ['safe to repeat', 'good'],
  openWorldHint: ['reaches outside', 'quiet'],
};

function Hints({ entry }: { entry: JsonObject }): JSX.Element | null {
  const annotations = object(entry, 'annotations');
  const shown = Object.entries(HINTS).filter(([name]) => annotations[name] === true);
  if (shown.length === 0) return null;
  return (
    <p class="schema-line">
      {shown.map(([name, [label, tone]]) => (
        <Tag key={name} tone={tone}>
          {label}
        </Tag>
      ))}
    </p>
  );
}

function codeRows(code: CodePlace | undefined): (readonly [string, string | undefined])[] {
  const limit = code?.link['timeout_ms'];
  const record = code?.link['record'];
  return [
    ['Module', code?.module],
    ['Class', code?.class],
    ['Code', code?.function],
    ['Source', code?.source],
    ['Returns', code?.returnType],
    ['Time limit', typeof limit === 'number' ? `${limit} ms` : undefined],
    ['Recorded', record === undefined ? undefined : typeof record === 'string' ? record : JSON.stringify(record)],
  ];
}

function Details({ found }: { found: CatalogEntry }): JSX.Element {
  const { kind, entry, name } = found;
  const code = useLoad(async (access, signal) => ({ place: await readCode(access, name, signal) }), `code ${name}`);
  const from = place.value.query.get('call');
  const earlier = useLoad(
    async (access, signal) => (from === null ? {} : { value: (await readCall(access, from, signal))?.arguments.value }),
    `arguments ${from ?? ''}`,
  );
  const output = entry['outputSchema'];
  return (
    <div class="columns form-columns">
      <div class="stack">
        <Card title={kind === 'tool' ? 'Arguments' : kind === 'prompt' ? 'Arguments' : 'Address'}>
          {kind === 'tool' || kind === 'prompt' ? (
            <SchemaView schema={schemaOf(found)} none="It takes no arguments." />
          ) : (
            <p>
              <code class="break">{visibleLine(text(entry, 'uri') ?? text(entry, 'uriTemplate') ?? '')}</code>
            </p>
          )}
        </Card>
        {isObject(output) && (
          <Card title="Result">
            <SchemaView schema={output} none="Its schema lists no members." />
          </Card>
        )}
        <Card title="Code">
          {code.failure !== undefined && <Problem failure={code.failure} retry={code.reload} />}
          <Facts
            rows={codeRows(code.data?.place).map(([label, value]) => [
              label,
              value === undefined ? undefined : <code class="break">{visibleLine(value)}</code>,
            ])}
          />
          {code.data !== undefined && code.data.place?.module === undefined && (
            <p class="muted">A function of the program that embeds the daemon.</p>
          )}
          <details>
            <summary>As a client gets it</summary>
            <JsonView value={entry} what="the entry" />
          </details>
        </Card>
      </div>
      <Card title={kind === 'tool' ? 'Call it' : kind === 'prompt' ? 'Get it' : 'Read it'}>
        {kind === 'tool' && !mayCall.value ? (
          <NotAllowed what="Calling tools" role="user or admin" />
        ) : earlier.loading && earlier.data === undefined ? (
          <Skeleton lines={4} />
        ) : (
          <CallForm key={`${kind} ${name}`} found={found} schema={schemaOf(found)} initial={earlier.data?.value} />
        )}
      </Card>
    </div>
  );
}

/** The page. */
export function FunctionPage({ name }: { name: string }): JSX.Element {
  const { data, failure, loading, reload } = useLoad(listCatalog, 'catalog', { keep: true });
  const found = data?.find((entry) => entry.name === name);
  return (
    <>
      <PageHead
        title={<span class="break">{visibleLine(name)}</span>}
        lead={
          <>
            <a href={linkTo(['catalog'])}>Functions</a> / {found?.kind ?? 'function'}
          </>
        }
      >
        <a class="button" href={linkTo(['calls'], { name })}>
          Its calls
        </a>
      </PageHead>
      {failure !== undefined && <Problem failure={failure} retry={reload} />}
      {found?.title !== undefined && found.title !== name && <p class="strong">{visibleLine(found.title)}</p>}
      {found?.description !== undefined && <p class="pre-line prose">{visible(found.description)}</p>}
      {found !== undefined && <Hints entry={found.entry} />}
      {found !== undefined && <Details found={found} />}
      {data === undefined && loading && (
        <Card>
          <Skeleton lines={8} />
        </Card>
      )}
      {data !== undefined && found === undefined && (
        <Empty title="The catalog has no function of this name">
          It may have been removed or renamed: see <a href={linkTo(['revisions'])}>what changed</a>, or{' '}
          <a href={linkTo(['catalog'])}>all functions</a>.
        </Empty>
      )}
    </>
  );
}
