/** Lists of call records: by cursor, and by page number as in the Python engine. */
import type { CallQuery, CallRecord, CallStore } from '@mcp-daemon/core';

import type { Deadline } from '../base/deadline.js';
import { ApiError } from '../base/errors.js';
import type { GraphqlLimits } from '../base/limits.js';
import type { PageWanted } from '../base/paging.js';
import { openCursor, sealCursor } from '../base/paging.js';

/** Records of a page that is skipped. */
const SKIP = 1_000;
/** Reads of one page: a store that filters may give short pages, with a cursor to go on. */
const MAX_READS = 10;

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
  deadline,
  limits,
}: ListCallsOptions): Promise<CallPage> {
  async function readPage(
    limit: number,
    cursor: string | undefined,
    bodies: boolean,
  ): Promise<{ items: CallRecord[]; cursor: string | undefined }> {
    const items: CallRecord[] = [];
    let next = cursor;
    for (let reads = 0; reads < MAX_READS; reads += 1) {
      const page = await deadline.within(() =>
        calls.list(partition, {
          ...query,
          bodies: bodies && query.bodies !== false,
          limit: limit - items.length,
          ...(next === undefined ? {} : { cursor: next }),
        }),
      );
      items.push(...page.items);
      next = page.cursor;
      if (next === undefined || items.length >= limit) break;
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
