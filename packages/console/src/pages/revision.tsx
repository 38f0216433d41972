/** One revision: what it changed, how it differs from what is served, and going back to it. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import type { Revision } from '../api/revisions.js';
import { readDiff, readRevision, readWayBack, rollBack } from '../api/revisions.js';
import { formatCount, shortDigest } from '../base/amounts.js';
import { visible, visibleLine } from '../base/visible.js';
import { Card, Facts, PageHead, Segments, Tag, Time } from '../parts/bits.js';
import { Changes, changesText } from '../parts/changes.js';
import { Dialog } from '../parts/dialog.js';
import { JsonView } from '../parts/json-view.js';
import { Empty, NotAllowed, Problem, Skeleton } from '../parts/messages.js';
import { say } from '../parts/toast.js';
import { useAction } from '../state/action.js';
import { useLoad } from '../state/load.js';
import { go, linkTo } from '../state/route.js';
import { access, isAdmin } from '../state/session.js';

function RollBack({ entry, onClose }: { entry: Revision; onClose: () => void }): JSX.Element {
  // From what is served to this revision: what callers will notice.
  const diff = useLoad((to, signal) => readWayBack(to, entry.id, signal), `rollback ${entry.id}`);
  const [note, setNote] = useState('');
  const { busy, failure, run } = useAction();

  async function submit(): Promise<void> {
    const made = await rollBack(access.peek(), entry.id, note);
    say(made === undefined ? 'This revision is served already.' : 'Rolled back.');
    onClose();
    go(linkTo(['revisions']));
  }

  return (
    <Dialog title={`Roll back to ${shortDigest(entry.revision)}`} onClose={onClose}>
      {diff.failure !== undefined && <Problem failure={diff.failure} retry={diff.reload} />}
      {diff.data === undefined && diff.loading && <Skeleton />}
      {diff.data !== undefined && (
        <>
          <p>Clients will see {changesText(diff.data)}. The roll-back is a new entry of the history, so you can undo it.</p>
          <div class="scroll">
            <Changes changes={diff.data} none="It is the same as what is served" />
          </div>
        </>
      )}
      <div class="field">
        <label for="note">
          <span class="strong">Note</span> <span class="muted small">optional, for the history</span>
        </label>
        <input id="note" value={note} autocomplete="off" onInput={(event) => setNote(event.currentTarget.value)} />
      </div>
      {failure !== undefined && <Problem failure={failure} />}
      <div class="actions">
        <button type="button" class="button primary" disabled={busy || diff.data === undefined} onClick={() => void run(submit)}>
          {busy ? 'Rolling back…' : 'Roll back'}
        </button>
        <button type="button" class="button" onClick={onClose}>
          Cancel
        </button>
      </div>
    </Dialog>
  );
}

function Details({ entry, config }: { entry: Revision; config: unknown }): JSX.Element {
  const [against, setAgainst] = useState<'parent' | 'served'>('parent');
  const [rolling, setRolling] = useState(false);
  const diff = useLoad(async (to, signal) => {
    if (against === 'served') return readDiff(to, entry.id, undefined, signal);
    return entry.parent === undefined ? undefined : readDiff(to, entry.parent, entry.id, signal);
  }, `diff ${entry.id} ${against}`);
  return (
    <>
      <Card
        aside={
          isAdmin.value &&
          !entry.isServed && (
            <button type="button" class="button primary" onClick={() => setRolling(true)}>
              Roll back to this
            </button>
          )
        }
      >
        <Facts
          rows={[
            ['State', entry.isServed ? <Tag tone="good">served now</Tag> : 'not served now'],
            ['Digest', <code class="break">{visibleLine(entry.revision)}</code>],
            ['How', visibleLine(entry.action)],
            ['By', visibleLine(entry.author)],
            ['When', entry.createdAt === undefined ? undefined : <Time at={entry.createdAt} />],
            ['From', entry.source === undefined ? undefined : visibleLine(entry.source)],
            ['Note', entry.note === undefined ? undefined : visible(entry.note)],
            ['Functions', <span class="num">{formatCount(entry.functions)}</span>],
            ['Calls', <a href={linkTo(['calls'], { revision: entry.revision })}>made on this revision</a>],
          ]}
        />
        {!isAdmin.value && !entry.isServed && <NotAllowed what="Rolling back" role="admin" />}
      </Card>
      {rolling && <RollBack entry={entry} onClose={() => setRolling(false)} />}
      <Card
        title="Changes"
        aside={
          <Segments
            label="Compare"
            options={[
              ['parent', 'With the one before'],
              ['served', 'With what is served'],
            ]}
            value={against}
            onChange={setAgainst}
          />
        }
      >
        {diff.failure !== undefined && <Problem failure={diff.failure} retry={diff.reload} />}
        {diff.data === undefined && diff.loading && <Skeleton />}
        {diff.data !== undefined && <Changes changes={diff.data} none="No changes that can be seen" />}
        {diff.data === undefined && !diff.loading && diff.failure === undefined && (
          <Empty title="This is the first entry: there is none before it" />
        )}
      </Card>
      <Card title="Config">
        <details>
          <summary>The whole config of this revision</summary>
          <JsonView value={config} what="the config" />
        </details>
      </Card>
    </>
  );
}

/** The page. @param id the id of an entry, or the digest of a revision */
export function RevisionPage({ id }: { id: string }): JSX.Element {
  const { data, failure, loading, reload } = useLoad(
    async (to, signal) => ({ found: await readRevision(to, id, signal) }),
    `revision ${id}`,
  );
  const found = data?.found;
  return (
    <>
      <PageHead
        title={<>Revision {visibleLine(shortDigest(found?.entry.revision ?? id))}</>}
        lead={
          <>
            <a href={linkTo(['revisions'])}>Revisions</a> / one revision
          </>
        }
      />
      {failure !== undefined && <Problem failure={failure} retry={reload} />}
      {found !== undefined && <Details key={found.entry.id} entry={found.entry} config={found.config} />}
      {data === undefined && loading && (
        <Card>
          <Skeleton lines={8} />
        </Card>
      )}
      {data !== undefined && found === undefined && (
        <Empty title="This revision is not in the history of the partition">
          The catalog of a config file has no history: only revisions of the store can be shown.
        </Empty>
      )}
    </>
  );
}
