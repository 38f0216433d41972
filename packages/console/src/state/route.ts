/**
 * Where the user is: `#/alpha/calls?status=failed`. The part after `#` is never sent to the server, so the console needs one path of it
 * alone, wherever a proxy has mounted it.
 */
import { computed, signal } from '@preact/signals';

import { DEFAULT_PARTITION } from '../base/partition.js';

/** One place in the console. */
export interface Place {
  readonly partition: string;
  /** Such as `['calls', '019a…']`; empty for the first page. */
  readonly steps: readonly string[];
  readonly query: URLSearchParams;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a link that somebody has typed
  }
}

/** Reads the part of an address from `#` on. */
export function placeOf(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split('?', 2);
  const [partition = '', ...steps] = path.split('/').map(decode);
  return {
    partition: partition === '' ? DEFAULT_PARTITION : partition,
    steps: steps.filter((step) => step !== ''),
    query: new URLSearchParams(query),
  };
}

/** Whether an address names a partition. */
export const namesPartition = (hash: string): boolean => /^#?\/?[^/?]/.test(hash);

/** The address of a place. Parameters without a value are left out. */
export function hrefOf(partition: string, steps: readonly string[], query: Readonly<Record<string, string>> = {}): string {
  const given = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== ''));
  const path = [partition, ...steps].map(encodeURIComponent).join('/');
  return `#/${path}${given.size > 0 ? `?${given.toString()}` : ''}`;
}

const hash = signal(location.hash);

/** Where the user is. */
export const place = computed(() => placeOf(hash.value));
/** The partition that the pages are about. */
export const partition = computed(() => place.value.partition);

/** A link to a place in the partition of now. */
export const linkTo = (steps: readonly string[], query: Readonly<Record<string, string>> = {}): string =>
  hrefOf(partition.value, steps, query);

/** Goes to a place. @param replace whether "back" skips the place of before; for filters, which change often */
export function go(href: string, { replace = false } = {}): void {
  history[replace ? 'replaceState' : 'pushState'](null, '', href);
  hash.value = href;
}

/** Follows the address. Called once, when the page starts. */
export function followAddress(): void {
  addEventListener('popstate', () => (hash.value = location.hash));
  addEventListener('hashchange', () => (hash.value = location.hash));
}
