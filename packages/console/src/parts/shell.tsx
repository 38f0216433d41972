/** The frame around every page: navigation, partition, user. */
import { signal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect } from 'preact/hooks';

import { listPartitions } from '../api/administration.js';
import { Failure } from '../api/failure.js';
import { visibleLine } from '../base/visible.js';
import { liveState } from '../state/live.js';
import { useLoad } from '../state/load.js';
import { go, hrefOf, linkTo, partition, place } from '../state/route.js';
import { hasToken, isAdmin, isGranted, logOut, me } from '../state/session.js';
import type { Theme } from '../state/theme.js';
import { theme } from '../state/theme.js';
import type { IconName } from './icons.js';
import { Icon } from './icons.js';

interface Entry {
  readonly path: string;
  readonly label: string;
  readonly icon: IconName;
  readonly admin?: true;
}

const GROUPS: readonly (readonly [string, readonly Entry[]])[] = [
  [
    'Calls',
    [
      { path: '', label: 'Overview', icon: 'overview' },
      { path: 'live', label: 'Live', icon: 'live' },
      { path: 'calls', label: 'Calls', icon: 'calls' },
    ],
  ],
  [
    'Catalog',
    [
      { path: 'catalog', label: 'Functions', icon: 'catalog' },
      { path: 'revisions', label: 'Revisions', icon: 'revisions' },
      { path: 'apply', label: 'Apply a config', icon: 'apply', admin: true },
      { path: 'settings', label: 'Settings', icon: 'settings' },
    ],
  ],
  [
    'Server',
    [
      { path: 'people', label: 'Users and sessions', icon: 'people', admin: true },
      { path: 'health', label: 'Health', icon: 'health' },
    ],
  ],
];

const isOpen = signal(false);

function Navigation(): JSX.Element {
  const [first = ''] = place.value.steps;
  return (
    <nav aria-label="Pages">
      {GROUPS.map(([title, entries]) => (
        <div key={title} class="nav-group">
          <p class="nav-title">{title}</p>
          <ul>
            {entries
              .filter(({ admin }) => admin !== true || isAdmin.value)
              .map(({ path, label, icon }) => (
                <li key={path}>
                  <a href={linkTo(path === '' ? [] : [path])} {...(first === path ? { 'aria-current': 'page' as const } : {})}>
                    <Icon name={icon} />
                    {label}
                  </a>
                </li>
              ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

/** Where the user has several partitions, a choice between them. An admin gets those of the store. */
function PartitionSwitch(): JSX.Element {
  const stored = useLoad((access, abort) => (isAdmin.value ? listPartitions(access, abort) : Promise.resolve([])), 'partitions', {
    keep: true,
  });
  const known = [...(me.value?.partitions ?? []), ...(stored.data ?? []), ...(isAdmin.value ? ['default'] : []), partition.value];
  const all = [...new Set(known)].sort((a, b) => (a === 'default' ? -1 : b === 'default' ? 1 : a < b ? -1 : 1));
  if (all.length === 1) {
    return (
      <p class="partition">
        <span class="muted small">Partition</span>
        <span class="strong ellipsis">{visibleLine(partition.value)}</span>
      </p>
    );
  }
  return (
    <label class="partition">
      <span class="muted small">Partition</span>
      <select
        value={partition.value}
        onChange={(event) => {
          const [page] = place.value.steps;
          go(hrefOf(event.currentTarget.value, page === undefined ? [] : [page]));
        }}
      >
        {all.map((name) => (
          <option key={name} value={name}>
            {visibleLine(name)}
          </option>
        ))}
      </select>
    </label>
  );
}

const LIVE = {
  connecting: ['busy', 'Connecting'],
  live: ['good', 'Live'],
  lost: ['warn', 'Offline'],
} as const;

function LiveMark(): JSX.Element | null {
  const state = liveState.value;
  if (!isGranted.value) return null;
  const [tone, text] = state instanceof Failure ? (['quiet', 'Not live'] as const) : LIVE[state];
  return (
    <p class={`badge ${tone} live-mark`} role="status" title={state === 'lost' ? 'The connection is being made again' : text}>
      <span class="dot" />
      {text}
    </p>
  );
}

const THEMES: readonly (readonly [Theme, string])[] = [
  ['system', 'As the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
];

function UserBox(): JSX.Element {
  return (
    <div class="user-box">
      <label class="partition">
        <span class="muted small">Colours</span>
        <select value={theme.value} onChange={(event) => (theme.value = event.currentTarget.value as Theme)}>
          {THEMES.map(([key, label]) => (
            <option key={key} value={key}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <div class="user">
        <div class="grow ellipsis">
          <p class="strong ellipsis">{visibleLine(me.value?.username ?? 'Unknown user')}</p>
          <p class="muted small ellipsis">{me.value === undefined ? '' : visibleLine(me.value.roles.join(', '))}</p>
        </div>
        {hasToken.value && (
          <button type="button" class="button icon-only" aria-label="Log out" title="Log out" onClick={logOut}>
            <Icon name="out" />
          </button>
        )}
      </div>
    </div>
  );
}

/** The frame. */
export function Shell({ children }: { children: ComponentChildren }): JSX.Element {
  const page = place.value.steps[0] ?? '';
  useEffect(() => {
    isOpen.value = false;
  }, [place.value]);
  useEffect(() => {
    const close = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') isOpen.value = false;
    };
    addEventListener('keydown', close);
    return () => removeEventListener('keydown', close);
  }, []);
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById('main')?.focus();
        }}
      >
        Skip to the content
      </a>
      <div class="frame">
        <header class="top">
          <button
            type="button"
            class="button icon-only menu-button"
            aria-expanded={isOpen.value}
            aria-controls="sidebar"
            aria-label="Menu"
            onClick={() => (isOpen.value = !isOpen.value)}
          >
            <Icon name={isOpen.value ? 'close' : 'menu'} />
          </button>
          <a class="brand" href={linkTo([])}>
            mcp-daemon
          </a>
          <LiveMark />
        </header>
        <aside id="sidebar" class={isOpen.value ? 'sidebar open' : 'sidebar'}>
          <PartitionSwitch />
          <Navigation />
          <UserBox />
        </aside>
        <main id="main" tabIndex={-1} data-page={page}>
          {children}
        </main>
      </div>
    </>
  );
}
