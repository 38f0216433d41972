/** Pages: by number, as in the Python engine, and by cursor. */
import { createHash } from 'node:crypto';

import { ApiError } from './errors.js';
import type { GraphqlLimits } from './limits.js';

/** The arguments that choose a page. Null means absent. */
export interface PageArgs {
  pageNumber?: number | null;
  limit?: number | null;
  first?: number | null;
  after?: string | null;
}

/** A page that was asked for. */
export interface PageWanted {
  size: number;
  /** From 1 on; null: the page is named by a cursor. */
  number: number | null;
  after: string | undefined;
}

const DEFAULT_SIZE = 100;

function checkWhole(name: string, value: number): void {
  if (value < 1) throw new ApiError('BAD_USER_INPUT', `${name} must be at least 1.`);
}

/** @throws ApiError `BAD_USER_INPUT`, `LIMIT_EXCEEDED` */
export function pageWanted(args: PageArgs, { maxPageSize }: Pick<GraphqlLimits, 'maxPageSize'>): PageWanted {
  const { pageNumber, limit, first, after } = args;
  const [sizeName, size] = typeof first === 'number' ? ['first', first] : ['limit', limit ?? DEFAULT_SIZE];
  if (typeof first === 'number' && typeof limit === 'number' && first !== limit)
    throw new ApiError('BAD_USER_INPUT', 'Give either first or limit: both are the size of the page.');
  checkWhole(sizeName, size);
  if (size > maxPageSize) throw new ApiError('LIMIT_EXCEEDED', `${sizeName} must be at most ${maxPageSize}.`);
  if (typeof after === 'string') {
    if (typeof pageNumber === 'number') throw new ApiError('BAD_USER_INPUT', 'Give either after or pageNumber.');
    return { size, number: null, after };
  }
  checkWhole('pageNumber', pageNumber ?? 1);
  return { size, number: pageNumber ?? 1, after: undefined };
}

/** Names a list by its partition and its filters, so that a cursor of another list is refused. */
export const listSeal = (...parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 12);

const invalid = (): ApiError =>
  new ApiError('INVALID_CURSOR', 'The cursor is not one of this list: list again without it, and with the same filters.');

/** A cursor of a list. @param place where a page ended */
export const sealCursor = (seal: string, place: string): string => Buffer.from(`${seal} ${place}`, 'utf8').toString('base64url');

/** Where the page before ended. @throws ApiError `INVALID_CURSOR` */
export function openCursor(seal: string, cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  if (!text.startsWith(`${seal} `)) throw invalid();
  return text.slice(seal.length + 1);
}

/** A page of a list. */
export interface PageMade<T> {
  pageSize: number;
  pageNumber: number | null;
  total: number;
  hasNextPage: boolean;
  endCursor: string | null;
  items: readonly T[];
}

/**
 * A page of entries that are in memory.
 *
 * @param all the entries that match, sorted by their keys
 * @param order how keys are sorted
 * @throws ApiError `INVALID_CURSOR`
 */
export function pageOf<T>(
  all: readonly T[],
  { size, number, after }: PageWanted,
  { seal, keyOf, order }: { seal: string; keyOf: (entry: T) => string; order: (a: string, b: string) => number },
): PageMade<T> {
  let start = ((number ?? 1) - 1) * size;
  if (after !== undefined) {
    const place = openCursor(seal, after);
    const next = all.findIndex((entry) => order(keyOf(entry), place) > 0);
    start = next < 0 ? all.length : next;
  }
  const items = all.slice(start, start + size);
  const last = items.at(-1);
  return {
    pageSize: size,
    pageNumber: number,
    total: all.length,
    hasNextPage: start + size < all.length,
    endCursor: last === undefined ? null : sealCursor(seal, keyOf(last)),
    items,
  };
}
