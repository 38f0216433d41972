/** The part of a call's page that makes the call again, and shows how the result differs. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import type { CallDetails } from '../api/calls.js';
import type { Replay } from '../api/replay.js';
import { replayCall } from '../api/replay.js';
import { formatDuration } from '../base/amounts.js';
import { visible } from '../base/visible.js';
import { Card, Facts, Status } from '../parts/bits.js';
import { Changes } from '../parts/changes.js';
import { Problem } from '../parts/messages.js';
import { useAction } from '../state/action.js';
import { linkTo } from '../state/route.js';
import { access } from '../state/session.js';

/** Paths or names, separated by commas or spaces. */
const ignoredOf = (text: string): string[] => text.split(/[\s,]+/).filter((path) => path !== '');

const given = (text: string): string | undefined => (text.trim() === '' ? undefined : text.trim());

/** A field of one line. */
function Field(props: { id: string; label: string; hint: string; value: string; change: (value: string) => void }): JSX.Element {
  const { id, label, hint, value, change } = props;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input id={id} type="text" placeholder={hint} value={value} onInput={(event) => change(event.currentTarget.value)} />
    </div>
  );
}

function Outcome({ replay }: { replay: Replay }): JSX.Element {
  const { same, note, before, after, differences } = replay;
  const isEqual = same ? (note === undefined ? 'The same result.' : 'The same status.') : undefined;
  return (
    <div role="status">
      <Facts
        rows={[
          ['Then', <Status status={before.status} fault={before.fault} />],
          ['Now', <Status status={after.status} fault={after.fault} />],
          ['Duration', `${formatDuration(before.timeSpent)}, now ${formatDuration(after.timeSpent)}`],
          ['Record', after.id === undefined ? undefined : <a href={linkTo(['calls', after.id])}>of the replay</a>],
        ]}
      />
      {note !== undefined && <p class="notice pre-line">{visible(note)}</p>}
      {isEqual !== undefined && <p>{isEqual}</p>}
      {differences.length > 0 && (
        <Changes
          changes={differences.map((one) => ({ ...one, name: 'The result', breaking: undefined }))}
          none="The same result"
        />
      )}
    </div>
  );
}

/** The card, for administrators. */
export function ReplayCard({ call }: { call: CallDetails }): JSX.Element {
  const [forced, setForced] = useState(false);
  const [ignore, setIgnore] = useState('');
  const [revision, setRevision] = useState('');
  const [bundle, setBundle] = useState('');
  const { busy, failure, run } = useAction();
  const [replay, setReplay] = useState<Replay>();

  async function replayIt(): Promise<void> {
    setReplay(undefined);
    const version = { revision: given(revision), bundle: given(bundle) };
    setReplay(await replayCall(access.peek(), call.id, { force: forced, ignore: ignoredOf(ignore), ...version }));
  }

  return (
    <Card title="Replay">
      <p class="muted">
        Runs the function with the recorded arguments on the code as it is now, or on another version, and compares the results.
      </p>
      {!call.isReadOnly && (
        <label class="check notice">
          <input type="checkbox" checked={forced} onChange={(event) => setForced(event.currentTarget.checked)} />
          <span>The function does not have the annotation readOnlyHint, so it may change something. Run it all the same.</span>
        </label>
      )}
      <Field
        {...{ id: 'replay-ignore', label: 'Do not compare', hint: 'time, $.structuredContent.id' }}
        {...{ value: ignore, change: setIgnore }}
      />
      <Field
        {...{ id: 'replay-revision', label: 'Revision', hint: 'the one that is served now' }}
        {...{ value: revision, change: setRevision }}
      />
      <Field
        {...{ id: 'replay-bundle', label: 'Bundle', hint: 'SHA-256; the one of the catalog' }}
        {...{ value: bundle, change: setBundle }}
      />
      <p>
        <button type="button" class="button" disabled={busy || (!call.isReadOnly && !forced)} onClick={() => void run(replayIt)}>
          {busy ? 'Running…' : 'Replay'}
        </button>
      </p>
      {failure !== undefined && <Problem failure={failure} />}
      {replay !== undefined && <Outcome replay={replay} />}
    </Card>
  );
}
