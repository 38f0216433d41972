/**
 * Pages of call records, for stores: their size and their cursors. Uuids sort by time of creation, so the uuid of the last record
 * marks the end of a page.
 */
import type { CallQuery } from '../ports/calls.js';
import { DaemonError } from '../protocol/errors.js';

const MAX_LIMIT = 1_000;

/**
 * The number of records of a page.
 *
 * @throws DaemonError `invalid_params` if the query's limit is not a whole number from 1 to 1000
 */
export function pageLimit({ limit = 100 }: CallQuery): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new DaemonError('invalid_params', `limit must be a whole number from 1 to ${MAX_LIMIT}.`);
}

/** @throws DaemonError `invalid_params` if more records are asked for at once than a page has at most */
export function checkMany(uuids: readonly string[]): void {
  if (uuids.length <= MAX_LIMIT) return;
  throw new DaemonError('invalid_params', `At most ${MAX_LIMIT} records can be read at once, not ${uuids.length}.`);
}

/** The cursor of the page after the record of this uuid. */
export const toCursor = (uuid: string): string => Buffer.from(`after ${uuid}`, 'utf8').toString('base64url');

/**
 * The uuid before the first record of a page; undefined for the first page.
 *
 * @throws DaemonError `invalid_cursor` if the cursor is malformed
 */
export function fromCursor({ cursor }: CallQuery): string | undefined {
  if (cursor === undefined) return undefined;
  const [, uuid] = /^after (.+)$/s.exec(Buffer.from(cursor, 'base64url').toString('utf8')) ?? [];
  if (uuid === undefined)
    throw new DaemonError('invalid_cursor', 'The cursor is not from a list of calls. List again without a cursor.');
  return uuid;
}

/** Whether a record's client matches a query: by name only, or by name and version. */
export const isClient = (client: string | null, wanted: string): boolean =>
  client !== null && (client === wanted || client.startsWith(`${wanted}/`));
