/** What a page says where it has nothing to show: that something failed, is empty, or is not allowed. */
import type { ComponentChildren, JSX } from 'preact';

import type { Failure, FailureKind } from '../api/failure.js';
import { visible } from '../base/visible.js';
import { rolesText } from '../state/session.js';
import { Icon } from './icons.js';

const TITLES: Readonly<Record<FailureKind, string>> = {
  offline: 'The server does not answer',
  login: 'You have to log in again',
  forbidden: 'You are not allowed to do this',
  refused: 'The server refused the request',
  missing: 'Not found',
  broken: 'The server could not do this',
};

/** A failure, with a button to try again. */
export function Problem({ failure, retry }: { failure: Failure; retry?: (() => void) | undefined }): JSX.Element {
  return (
    <div class="notice bad" role="alert">
      <Icon name="warning" />
      <div class="grow">
        <p class="strong">{TITLES[failure.kind]}</p>
        <p class="pre-line">{visible(failure.message)}</p>
        {failure.kind === 'forbidden' && <p class="muted">Your roles: {rolesText.value}</p>}
        {failure.code !== undefined && <p class="muted small">Code: {visible(failure.code)}</p>}
      </div>
      {retry !== undefined && (
        <button type="button" class="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** A place where nothing is yet, and what would fill it. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="empty">
      <p class="strong">{title}</p>
      {children !== undefined && <div class="muted">{children}</div>}
    </div>
  );
}

/** Why something is not offered to this user. */
export function NotAllowed({ what, role }: { what: string; role: string }): JSX.Element {
  return (
    <div class="notice" role="note">
      <Icon name="warning" />
      <p>
        {what} needs the role {role}. Your roles: {rolesText.value}.
      </p>
    </div>
  );
}

/** Keeps the place of lines that are being loaded. */
export function Skeleton({ lines = 6 }: { lines?: number }): JSX.Element {
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, at) => (
        <span key={at} />
      ))}
    </div>
  );
}
