/** One recorded call. */
import type { JSX } from 'preact';

import type { Body, CallDetails } from '../api/calls.js';
import { readCall } from '../api/calls.js';
import { serverUrl } from '../api/request.js';
import { formatDuration } from '../base/amounts.js';
import { commandOf, curlOf } from '../base/commands.js';
import { isObject } from '../base/json.js';
import { visible, visibleLine } from '../base/visible.js';
import { Card, Facts, PageHead, Status, Time } from '../parts/bits.js';
import { CopyButton } from '../parts/copy.js';
import { JsonView } from '../parts/json-view.js';
import { Empty, Problem, Skeleton } from '../parts/messages.js';
import { methodOf, ResultView } from '../parts/result-view.js';
import { RevisionLink } from '../parts/table.js';
import { settled } from '../state/live.js';
import { useLoad } from '../state/load.js';
import { useRefresh } from '../state/refresh.js';
import { linkTo } from '../state/route.js';
import { hasToken, isAdmin } from '../state/session.js';
import { ReplayCard } from './call-replay.js';

/** Why arguments or a result are what they are. */
const STATES: Readonly<Record<string, string>> = {
  REDACTED: 'Parts were replaced by [redacted], as the record policy of the function says.',
  CUT: 'Too large to be recorded whole: only the size, the digest and the beginning are kept.',
  POLICY: 'Not recorded: the record policy of the function does not keep it.',
  RUNNING: 'The call still runs.',
  NONE: 'There is none.',
  GONE: 'It was stored outside of the record, and is not there any more, or cannot be read now.',
  WITHHELD: 'Only administrators and the caller of the function may see it.',
};

function BodyCard({
  title,
  what,
  body,
  children,
}: {
  title: string;
  what: string;
  body: Body;
  children?: JSX.Element | undefined;
}): JSX.Element {
  const why = STATES[body.state];
  return (
    <Card title={title}>
      {why !== undefined && <p class="muted">{why}</p>}
      {body.value !== undefined && (children ?? <JsonView value={body.value} what={what} />)}
    </Card>
  );
}

function Commands({ call }: { call: CallDetails }): JSX.Element {
  const given = { type: call.type, name: call.name, arguments: call.arguments.value, partition: call.partition };
  const whole = call.arguments.state === 'KEPT' || call.arguments.state === 'NONE';
  const commands = [
    ['curl', curlOf(given, serverUrl(), hasToken.value), 'the curl command'],
    ['mcp-daemon call', commandOf(given), 'the mcp-daemon command'],
  ] as const;
  return (
    <Card title="Call it again">
      {!whole && <p class="muted">The arguments were not recorded whole, so complete them before you run these.</p>}
      {commands.map(([title, command, what]) => (
        <section key={title} class="command">
          <h3>{title}</h3>
          <div class="code-box">
            <div class="code-tools">
              <CopyButton text={command} what={what} />
            </div>
            <pre class="code" tabIndex={0} aria-label={what}>
              {visible(command)}
            </pre>
          </div>
        </section>
      ))}
      <p class="muted small">
        <code>mcp-daemon call</code> uses the config file of the folder that it is run in; with <code>--partition</code>, the
        store of <code>MCP_STORE</code> and <code>MCP_DATA_DIR</code>.
      </p>
      {call.isKnown && call.type === 'tool' && (
        <p>
          <a href={linkTo(['catalog', call.name], { call: call.id })}>Open its form with these arguments</a>
        </p>
      )}
    </Card>
  );
}

function Details({ call }: { call: CallDetails }): JSX.Element {
  const { result } = call;
  return (
    <>
      {call.notes !== undefined && (
        <div class={call.status === 'completed' ? 'notice' : 'notice bad'}>
          <p class="pre-line">{visible(call.notes)}</p>
        </div>
      )}
      <Card>
        <Facts
          rows={[
            ['Status', <Status status={call.status} />],
            ['Fault', call.fault === undefined ? undefined : `${call.fault} error`],
            ['Duration', <span class="num">{formatDuration(call.timeSpent)}</span>],
            ['Began', call.createdAt === undefined ? undefined : <Time at={call.createdAt} />],
            [
              'Caller',
              call.subject === undefined ? undefined : (
                <a href={linkTo(['calls'], { updatedBy: call.subject })}>{visibleLine(call.subject)}</a>
              ),
            ],
            [
              'Client',
              call.client === undefined ? undefined : (
                <a href={linkTo(['calls'], { client: call.client })}>{visibleLine(call.client)}</a>
              ),
            ],
            ['OAuth client', call.clientId === undefined ? undefined : <span class="break">{visibleLine(call.clientId)}</span>],
            [
              'Replay of',
              call.replayOf === undefined ? undefined : (
                <a class="break" href={linkTo(['calls', call.replayOf])}>
                  {visibleLine(call.replayOf)}
                </a>
              ),
            ],
            ['Server', call.server === undefined ? undefined : visibleLine(call.server)],
            ['Revision', call.revision === undefined ? undefined : <RevisionLink revision={call.revision} />],
            [
              'Code',
              call.bundleDigest === undefined ? undefined : (
                <code title={call.bundleDigest}>{visibleLine(call.bundleDigest.slice(0, 16))}</code>
              ),
            ],
            ['Trace', call.traceparent === undefined ? undefined : <code class="break">{visibleLine(call.traceparent)}</code>],
            ['Record', <code class="break">{visibleLine(call.id)}</code>],
          ]}
        />
      </Card>
      <div class="columns">
        <BodyCard title="Arguments" what="the arguments" body={call.arguments} />
        <BodyCard title="Result" what="the result" body={result}>
          {isObject(result.value) && ('content' in result.value || 'contents' in result.value || 'messages' in result.value) ? (
            <ResultView method={methodOf(call.type)} result={result.value} />
          ) : undefined}
        </BodyCard>
      </div>
      {isAdmin.value && call.isKnown && call.status !== 'in_process' && <ReplayCard key={call.id} call={call} />}
      <Commands call={call} />
    </>
  );
}

/** The page. */
export function CallPage({ id }: { id: string }): JSX.Element {
  const { data, failure, loading, reload } = useLoad(
    async (access, signal) => ({ call: await readCall(access, id, signal) }),
    `call ${id}`,
  );
  useRefresh(settled, () => data?.call?.status === 'in_process' && reload(), 500);
  const call = data?.call;
  return (
    <>
      <PageHead
        title={call === undefined ? 'Call' : <span class="break">{visibleLine(call.name)}</span>}
        lead={
          <>
            <a href={linkTo(['calls'])}>Calls</a> / one call
          </>
        }
      >
        {call !== undefined && (
          <a class="button" href={linkTo(['calls'], { name: call.name })}>
            All calls of this function
          </a>
        )}
      </PageHead>
      {failure !== undefined && <Problem failure={failure} retry={reload} />}
      {call !== undefined && <Details call={call} />}
      {data === undefined && loading && (
        <Card>
          <Skeleton lines={8} />
        </Card>
      )}
      {data !== undefined && call === undefined && (
        <Empty title="There is no record of this call">
          Old records are removed, and calls of functions with the record policy "none" are never recorded. If the call has just
          begun, its record may not be written yet:{' '}
          <button type="button" class="link" onClick={reload}>
            look again
          </button>
          .
        </Empty>
      )}
    </>
  );
}
