/** The filters of the list of calls. They are part of the address, so that a list can be linked to. */
import type { JSX } from 'preact';

import type { CallFilter } from '../api/calls.js';
import { visibleLine } from '../base/visible.js';
import { go, linkTo, place } from '../state/route.js';
import { isFiltered } from './filter.js';

const STATUSES = ['in_process', 'completed', 'failed', 'timed_out', 'cancelled', 'interrupted'];
const HOURS = [
  ['1', 'Last hour'],
  ['24', 'Last 24 hours'],
  ['168', 'Last 7 days'],
  ['720', 'Last 30 days'],
] as const;

/** The fields. @param names the functions to suggest */
export function CallFilters({ filter, names }: { filter: CallFilter; names: readonly string[] }): JSX.Element {
  function set(change: Partial<CallFilter>): void {
    // A field that disappears with its page reports its last text: by then the user is elsewhere.
    if (place.peek().steps[0] === 'calls') go(linkTo(['calls'], { ...filter, ...change }), { replace: true });
  }
  const select = (
    key: keyof CallFilter,
    label: string,
    all: string,
    options: readonly (readonly [string, string])[],
  ): JSX.Element => (
    <label class="filter">
      <span class="muted small">{label}</span>
      <select value={filter[key]} onChange={(event) => set({ [key]: event.currentTarget.value })}>
        <option value="">{all}</option>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
  const entry = (key: keyof CallFilter, label: string, placeholder: string): JSX.Element => (
    <label class="filter">
      <span class="muted small">{label}</span>
      <input
        type="search"
        value={filter[key]}
        placeholder={placeholder}
        autocomplete="off"
        spellcheck={false}
        {...(key === 'name' ? { 'data-search': true, list: 'function-names' } : {})}
        onChange={(event) => set({ [key]: event.currentTarget.value.trim() })}
      />
    </label>
  );
  return (
    <div class="filters" role="search" aria-label="Filter calls">
      {entry('name', 'Function (press /)', 'its whole name')}
      <datalist id="function-names">
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      {select(
        'status',
        'Status',
        'any',
        STATUSES.map((status) => [status, status.replace('_', ' ').replace('in process', 'running')]),
      )}
      {select('mcpType', 'Kind', 'any', [
        ['tool', 'tool'],
        ['resource', 'resource'],
        ['prompt', 'prompt'],
      ])}
      {entry('updatedBy', 'Caller', 'username')}
      {entry('client', 'Client', 'name or name/version')}
      {select('hours', 'Time', 'any', HOURS)}
      <div class="filter-end">
        {filter.revision !== '' && <span class="muted small">Revision {visibleLine(filter.revision.slice(0, 10))}</span>}
        {isFiltered(filter) && (
          <a class="button small" href={linkTo(['calls'])}>
            Clear filters
          </a>
        )}
      </div>
    </div>
  );
}
