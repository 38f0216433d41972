/** Applies a config: first the plan, then the change. */
import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';

import type { Plan } from '../api/revisions.js';
import { applyConfig, planConfig } from '../api/revisions.js';
import { formatBytes, formatCount, shortDigest } from '../base/amounts.js';
import { visibleLine } from '../base/visible.js';
import { Card, Facts, PageHead } from '../parts/bits.js';
import { Changes, changesText } from '../parts/changes.js';
import { NotAllowed, Problem } from '../parts/messages.js';
import { say } from '../parts/toast.js';
import { useAction } from '../state/action.js';
import { go, linkTo } from '../state/route.js';
import { access, isAdmin } from '../state/session.js';

/** What a config may be in size here. The server has a limit of its own. */
const MAX_BYTES = 4_000_000;

const SETTING_WORDS: Readonly<Record<string, string>> = {
  added: 'is new',
  kept: 'keeps the value that the store has',
};

/** A plan, and what it was made of: another text or choice makes it out of date. */
interface Planned {
  readonly plan: Plan;
  readonly text: string;
  readonly merge: boolean;
}

function PlanView({ planned, onApplied }: { planned: Planned; onApplied: () => void }): JSX.Element {
  const { plan, text, merge } = planned;
  const [allowed, setAllowed] = useState(false);
  const [note, setNote] = useState('');
  const { busy, failure, run } = useAction();
  const breaks = plan.breaking.length > 0;

  async function apply(): Promise<void> {
    await applyConfig(access.peek(), text, { merge, allowBreaking: allowed, parent: plan.base, note });
    say('Applied. Clients are told of the change.');
    onApplied();
  }

  return (
    <Card title="Plan">
      {plan.unchanged ? (
        <p>The partition serves exactly this already: there is nothing to apply.</p>
      ) : (
        <>
          <Facts
            rows={[
              ['Changes', changesText(plan.changes)],
              ['Functions', <span class="num">{formatCount(plan.functions)}</span>],
              ['Revision', <code>{visibleLine(shortDigest(plan.revision))}</code>],
              [
                'Settings',
                plan.settings.length === 0
                  ? undefined
                  : plan.settings.map(({ id, kind }) => (
                      <p key={id}>
                        <code>{visibleLine(id)}</code> {SETTING_WORDS[kind] ?? visibleLine(kind)}
                      </p>
                    )),
              ],
              [
                'Rows',
                plan.badRows.length === 0 ? undefined : `${plan.badRows.length} rows with mistakes are removed or replaced`,
              ],
            ]}
          />
          <Changes changes={plan.changes} none="Only the order of entries changes" />
          {breaks && (
            <label class="check notice bad">
              <input type="checkbox" checked={allowed} onChange={(event) => setAllowed(event.currentTarget.checked)} />
              <span>
                Apply {plan.breaking.length === 1 ? 'the breaking change' : `the ${plan.breaking.length} breaking changes`}, too:
                callers of today may fail.
              </span>
            </label>
          )}
          <div class="field">
            <label for="note">
              <span class="strong">Note</span> <span class="muted small">optional, for the history</span>
            </label>
            <input id="note" value={note} autocomplete="off" onInput={(event) => setNote(event.currentTarget.value)} />
          </div>
          {failure !== undefined && <Problem failure={failure} />}
          <div class="actions">
            <button type="button" class="button primary" disabled={busy || (breaks && !allowed)} onClick={() => void run(apply)}>
              {busy ? 'Applying…' : 'Apply'}
            </button>
            {breaks && !allowed && <span class="muted small">Tick the box above first.</span>}
          </div>
        </>
      )}
    </Card>
  );
}

/** The page. */
export function ApplyPage(): JSX.Element {
  const [text, setText] = useState('');
  const [merge, setMerge] = useState(false);
  const [planned, setPlanned] = useState<Planned>();
  const { busy, failure, run } = useAction();
  const [fileProblem, setFileProblem] = useState('');
  const file = useRef<HTMLInputElement>(null);

  const isCurrent = planned !== undefined && planned.text === text && planned.merge === merge;

  async function plan(): Promise<void> {
    try {
      setPlanned({ plan: await planConfig(access.peek(), text, merge), text, merge });
    } catch (error) {
      setPlanned(undefined);
      throw error;
    }
  }

  async function load(given: File | undefined): Promise<void> {
    if (given === undefined) return;
    const tooLarge = given.size > MAX_BYTES;
    setFileProblem(
      tooLarge ? `The file has ${formatBytes(given.size)}; at most ${formatBytes(MAX_BYTES)} can be sent from here.` : '',
    );
    if (!tooLarge) setText(await given.text());
  }

  if (!isAdmin.value) {
    return (
      <>
        <PageHead title="Apply a config" />
        <NotAllowed what="Applying a config" role="admin" />
      </>
    );
  }
  return (
    <>
      <PageHead
        title="Apply a config"
        lead="Paste a config or choose its file. You see what would change before anything does."
      />
      <Card title="Config">
        <div
          class="drop"
          onDragOver={(event) => event.preventDefault()}
          onDrop={(event) => {
            event.preventDefault();
            void load(event.dataTransfer?.files[0]);
          }}
        >
          <textarea
            class="mono"
            rows={14}
            spellcheck={false}
            aria-label="Config"
            placeholder={'{\n  "tools": [ … ],\n  "module_links": [ … ]\n}'}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </div>
        <input
          ref={file}
          type="file"
          class="offscreen"
          tabIndex={-1}
          accept=".json,.jsonc,application/json"
          aria-label="File of the config"
          onChange={(event) => void load(event.currentTarget.files?.[0])}
        />
        <p class="problem" role="alert">
          {fileProblem}
        </p>
        <label class="check">
          <input type="checkbox" checked={merge} onChange={(event) => setMerge(event.currentTarget.checked)} />
          <span>
            Keep what the config does not name{' '}
            <span class="muted small">(otherwise the config is the whole catalog, and everything else is removed)</span>
          </span>
        </label>
        <div class="actions">
          <button
            type="button"
            class={isCurrent ? 'button' : 'button primary'}
            disabled={busy || text.trim() === ''}
            onClick={() => void run(plan)}
          >
            {busy ? 'Planning…' : 'Show the plan'}
          </button>
          <button type="button" class="button" onClick={() => file.current?.click()}>
            Choose a file
          </button>
          {planned !== undefined && !isCurrent && <span class="muted small">The plan below was made of another text.</span>}
        </div>
      </Card>
      {failure !== undefined && <Problem failure={failure} />}
      {isCurrent && (
        <PlanView
          key={planned.plan.revision + String(planned.plan.base)}
          planned={planned}
          onApplied={() => go(linkTo(['revisions']))}
        />
      )}
    </>
  );
}
