/** The filters of the list of calls, as they are in the address. */
import type { CallFilter } from '../api/calls.js';

/** All calls. */
export const NO_FILTER: CallFilter = { name: '', status: '', mcpType: '', updatedBy: '', client: '', revision: '', hours: '' };

const KEYS = Object.keys(NO_FILTER) as (keyof CallFilter)[];

/** Reads the filters of an address. Other parameters are left out. */
export function filterOf(query: URLSearchParams): CallFilter {
  const entries = KEYS.map((key) => [key, query.get(key) ?? '']);
  return Object.fromEntries(entries) as Record<keyof CallFilter, string>;
}

/** Whether anything is filtered. */
export const isFiltered = (filter: CallFilter): boolean => KEYS.some((key) => filter[key] !== '');
