/** The smallest parts of pages. */
import type { ComponentChildren, JSX } from 'preact';
import { Fragment } from 'preact';

import { formatAgo, formatTime } from '../base/amounts.js';
import { visibleLine } from '../base/visible.js';

const STATUS: Readonly<Record<string, { tone: string; label: string }>> = {
  in_process: { tone: 'busy', label: 'running' },
  completed: { tone: 'good', label: 'completed' },
  failed: { tone: 'bad', label: 'failed' },
  cancelled: { tone: 'quiet', label: 'cancelled' },
  timed_out: { tone: 'warn', label: 'timed out' },
  interrupted: { tone: 'warn', label: 'interrupted' },
};

/** The status of a call. */
export function Status({ status, fault }: { status: string; fault?: string | undefined }): JSX.Element {
  const { tone, label } = STATUS[status] ?? { tone: 'quiet', label: visibleLine(status) };
  return (
    <span class={`badge ${tone}`}>
      <span class="dot" />
      <span class="badge-text">{label}</span>
      {fault !== undefined && <span class="muted wide-only"> {visibleLine(fault)}</span>}
    </span>
  );
}

/** A name, which breaks after its separators where it has to. */
export function Name({ children }: { children: string }): JSX.Element {
  const parts = visibleLine(children).split(/(?<=[_.\-/:])(?=[^_.\-/:])/);
  return (
    <>
      {parts.map((part, at) => (
        <Fragment key={at}>
          {at > 0 && <wbr />}
          {part}
        </Fragment>
      ))}
    </>
  );
}

/** A word in a box. */
export function Tag({ children, tone = 'quiet' }: { children: ComponentChildren; tone?: string }): JSX.Element {
  return <span class={`tag ${tone}`}>{children}</span>;
}

/** A time in the reader's zone; its tooltip has the exact one. @param at milliseconds since 1970 */
export function Time({ at, ago = false }: { at: number; ago?: boolean }): JSX.Element {
  const iso = new Date(at).toISOString();
  return (
    <time dateTime={iso} title={iso} class="num">
      {ago ? formatAgo(at) : formatTime(at)}
    </time>
  );
}

/** The head of a page. Its title gets the focus when the page changes, so that assistive technology reads it. */
export function PageHead({
  title,
  lead,
  children,
}: {
  title: ComponentChildren;
  lead?: ComponentChildren;
  children?: ComponentChildren;
}): JSX.Element {
  return (
    <header class="page-head">
      <div class="grow">
        <h1 tabIndex={-1}>{title}</h1>
        {lead !== undefined && <p class="lead">{lead}</p>}
      </div>
      {children !== undefined && <div class="actions">{children}</div>}
    </header>
  );
}

/** A part of a page with a title. */
export function Card({
  title,
  aside,
  children,
  flush = false,
}: {
  title?: string;
  aside?: ComponentChildren;
  children: ComponentChildren;
  /** Whether the content reaches the edges, as tables do. */
  flush?: boolean;
}): JSX.Element {
  const hasAside = aside !== undefined && aside !== false;
  return (
    <section class={flush ? 'card flush' : 'card'} {...(title === undefined ? {} : { 'aria-label': title })}>
      {(title !== undefined || hasAside) && (
        <div class="card-head">
          {title !== undefined && <h2>{title}</h2>}
          {hasAside && <div class="actions">{aside}</div>}
        </div>
      )}
      {children}
    </section>
  );
}

/** Names and values, one beside the other. Rows without a value are left out. */
export function Facts({ rows }: { rows: readonly (readonly [string, ComponentChildren])[] }): JSX.Element {
  const shown = rows.filter(([, value]) => value !== undefined && value !== null && value !== '');
  return (
    <dl class="facts">
      {shown.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** One number of importance. */
export function Tile({
  label,
  value,
  note,
  tone,
}: {
  label: string;
  value: string;
  note?: string | undefined;
  tone?: string;
}): JSX.Element {
  return (
    <div class="tile">
      <p class="muted small">{label}</p>
      <p class={`tile-value num ${tone ?? ''}`}>{value}</p>
      <p class="muted small">{note ?? '\u00a0'}</p>
    </div>
  );
}

/** A few choices side by side, of which one is chosen. */
export function Segments<T extends string>({
  label,
  options,
  value,
  onChange,
}: {
  label: string;
  options: readonly (readonly [T, string])[];
  value: T;
  onChange: (value: T) => void;
}): JSX.Element {
  return (
    <div class="segments" role="group" aria-label={label}>
      {options.map(([key, text]) => (
        <button key={key} type="button" aria-pressed={key === value} onClick={() => onChange(key)}>
          {text}
        </button>
      ))}
    </div>
  );
}
