/** Which page is shown. */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';

import { visibleLine } from './base/visible.js';
import { ApplyPage } from './pages/apply.js';
import { CallPage } from './pages/call.js';
import { CallsPage } from './pages/calls.js';
import { CatalogPage } from './pages/catalog.js';
import { FunctionPage } from './pages/function.js';
import { HealthPage } from './pages/health.js';
import { LivePage } from './pages/live.js';
import { OverviewPage } from './pages/overview.js';
import { PeoplePage } from './pages/people.js';
import { RevisionPage } from './pages/revision.js';
import { RevisionsPage } from './pages/revisions.js';
import { SettingsPage } from './pages/settings.js';
import { PageHead } from './parts/bits.js';
import { Dialog } from './parts/dialog.js';
import { LoginForm } from './parts/login-form.js';
import { Empty, Problem, Skeleton } from './parts/messages.js';
import { Shell } from './parts/shell.js';
import { Toasts } from './parts/toast.js';
import { hrefOf, linkTo, place } from './state/route.js';
import { isGranted, logOut, me, sessionState, start, startProblem } from './state/session.js';

function Missing(): JSX.Element {
  return (
    <>
      <PageHead title="There is no such page" />
      <Empty title="The link is wrong, or of another version of the console">
        <a href={linkTo([])}>Go to the overview</a>
      </Empty>
    </>
  );
}

const PAGES: Readonly<Record<string, (id: string | undefined) => JSX.Element>> = {
  '': () => <OverviewPage />,
  live: () => <LivePage />,
  calls: (id) => (id === undefined ? <CallsPage /> : <CallPage key={id} id={id} />),
  catalog: (id) => (id === undefined ? <CatalogPage /> : <FunctionPage key={id} name={id} />),
  revisions: (id) => (id === undefined ? <RevisionsPage /> : <RevisionPage key={id} id={id} />),
  apply: () => <ApplyPage />,
  settings: () => <SettingsPage />,
  people: () => <PeoplePage />,
  health: () => <HealthPage />,
};

/** The title of the page gets the focus when the user goes to another, so that assistive technology reads it and Tab goes on from there. */
function useArrival(where: string): void {
  useEffect(() => {
    const title = document.querySelector<HTMLElement>('main h1');
    document.title = `${title?.textContent ?? 'Console'} · mcp-daemon`;
    scrollTo(0, 0);
    if (document.activeElement !== document.body || arrived) title?.focus({ preventScroll: true });
    arrived = true;
  }, [where]);
}
let arrived = false;

/** Asking for any data of this partition would only be refused. */
function NotGranted(): JSX.Element {
  const granted = me.value?.partitions ?? [];
  return (
    <>
      <PageHead title="This partition is not granted to you" />
      <Empty title={granted.length === 0 ? 'No partition is granted to you' : 'You may use:'}>
        {granted.map((name) => (
          <p key={name}>
            <a href={hrefOf(name, [])}>{visibleLine(name)}</a>
          </p>
        ))}
        An administrator can grant a partition to you, with <code>mcp-daemon users grant</code>.
      </Empty>
    </>
  );
}

function CurrentPage(): JSX.Element {
  const { partition, steps } = place.value;
  const [page = '', id] = steps;
  useArrival([partition, ...steps].join('/'));
  if (!isGranted.value) return <NotGranted />;
  return (Object.hasOwn(PAGES, page) ? PAGES[page]?.(id) : undefined) ?? <Missing />;
}

/** The whole console. */
export function App(): JSX.Element {
  const state = sessionState.value;
  if (state === 'in' || state === 'expired') {
    return (
      <>
        <Shell>
          <CurrentPage />
        </Shell>
        {state === 'expired' && (
          <Dialog title="Log in again" onClose={logOut}>
            <p>Your token has expired or was revoked. This page stays as it is.</p>
            <LoginForm />
          </Dialog>
        )}
        <Toasts />
      </>
    );
  }
  return (
    <main class="gate" id="main">
      <h1>mcp-daemon</h1>
      {state === 'starting' && <Skeleton lines={4} />}
      {state === 'out' && <LoginForm />}
      {state === 'unreachable' && startProblem.value !== undefined && (
        <Problem failure={startProblem.value} retry={() => void start()} />
      )}
    </main>
  );
}
