/** Lists of call records: by cursor, and by page number as in the Python engine. */
import type { CallQuery, CallRecord, CallStore } from '@mcp-daemon/core';

import type { Deadline } from '../base/deadline.js';
import { ApiError } from '../base/errors.js';
import type { GraphqlLimits } from '../base/limits.js';
import type { PageWanted } from '../base/paging.js';
import { openCursor, sealCursor } from '../base/paging.js';
import type { Loaders } from './loaders.js';

/** Records of a page that is skipped. */
const SKIP = 1_000;
/** Short pages that are read for one page: a store that filters may give them, with a cursor to go on. */
const MAX_SHORT = 10;
/** Records that are read at first if bodies are wanted: they may be large. */
const FIRST_BODIES = 20;
/** Characters of bodies that are read in one piece, if those before tell how large they are. */
const PIECE_CHARACTERS = 1_000_000;

/** A page of records. */
export interface CallPage {
  items: readonly CallRecord[];
  hasNextPage: boolean;
  endCursor: string | null;
}

/** What {@link listCalls} takes. */
export interface ListCallsOptions {
  calls: Pick<CallStore, 'list'>;
  partition: string;
  /** The filters, and whether bodies are read. */
  query: CallQuery;
  wanted: PageWanted;
  seal: string;
  /** See `Loaders`. */
  countBodies: Loaders['countBodies'];
  deadline: Deadline;
  limits: Pick<GraphqlLimits, 'maxNumberedRecords'>;
}

/**
 * Reads one page.
 *
 * @throws ApiError `INVALID_CURSOR`, `LIMIT_EXCEEDED`, `TIMEOUT`; DaemonError `store_failed`, `store_busy`
 */
export async function listCalls({
  calls,
  partition,
  query,
  wanted,
  seal,
  countBodies,
  deadline,
  limits,
}: ListCallsOptions): Promise<CallPage> {
  async function readPage(
    limit: number,
    cursor: string | undefined,
    bodies: boolean,
  ): Promise<{ items: CallRecord[]; cursor: string | undefined }> {
    const items: CallRecord[] = [];
    const withBodies = bodies && query.bodies !== false;
    let next = cursor;
    let piece = withBodies ? FIRST_BODIES : limit;
    let characters = 0;
    for (let short = 0; short < MAX_SHORT;) {
      const count = Math.min(piece, limit - items.length);
      const page = await deadline.within(() =>
        calls.list(partition, {
          ...query,
          bodies: withBodies,
          limit: count,
          ...(next === undefined ? {} : { cursor: next }),
        }),
      );
      items.push(...page.items);
      next = page.cursor;
      if (withBodies) characters += countBodies(page.items);
      if (next === undefined || items.length >= limit) break;
      if (page.items.length < count) short += 1;
      if (!withBodies) continue;
      piece = Math.max(1, Math.floor((PIECE_CHARACTERS * items.length) / Math.max(1, characters)));
    }
    return { items, cursor: next };
  }

  let cursor = wanted.after === undefined ? undefined : openCursor(seal, wanted.after);
  let left = ((wanted.number ?? 1) - 1) * wanted.size;
  if (left + (wanted.number === null ? 0 : wanted.size) > limits.maxNumberedRecords)
    throw new ApiError(
      'LIMIT_EXCEEDED',
      `Pages by number end at record ${limits.maxNumberedRecords} (maxNumberedRecords): use first and after to read further.`,
    );
  while (left > 0) {
    const skipped = await readPage(Math.min(left, SKIP), cursor, false);
    left -= skipped.items.length;
    cursor = skipped.cursor;
    if (cursor === undefined) return { items: [], hasNextPage: false, endCursor: null };
  }
  const page = await readPage(wanted.size, cursor, true);
  return {
    items: page.items,
    hasNextPage: page.cursor !== undefined,
    endCursor: page.cursor === undefined ? null : sealCursor(seal, page.cursor),
  };
}
