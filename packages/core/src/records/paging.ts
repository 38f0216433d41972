/**
 * Pages of call records, for stores: how long they are and where the next one begins. Uuids sort by the time of their making,
 * so that the uuid of its last record says where a page ended.
 */
import type { CallQuery } from '../ports/calls.js';
import { DaemonError } from '../protocol/errors.js';

const MAX_LIMIT = 1_000;

/**
 * How many records a page holds.
 *
 * @throws DaemonError `invalid_params` where the query's limit is no whole number from 1 to 1000
 */
export function pageLimit({ limit = 100 }: CallQuery): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new DaemonError('invalid_params', `limit must be a whole number from 1 to ${MAX_LIMIT}.`);
}

/** The cursor of the page after the record of this uuid. */
export const toCursor = (uuid: string): string => Buffer.from(`after ${uuid}`, 'utf8').toString('base64url');

/**
 * The uuid that a page begins after; undefined for the first page.
 *
 * @throws DaemonError `invalid_cursor` where no page gave this cursor
 */
export function fromCursor({ cursor }: CallQuery): string | undefined {
  if (cursor === undefined) return undefined;
  const [, uuid] = /^after (.+)$/s.exec(Buffer.from(cursor, 'base64url').toString('utf8')) ?? [];
  if (uuid === undefined) throw new DaemonError('invalid_cursor', 'This cursor is not one that a list gave: begin without one.');
  return uuid;
}

/** Whether a record's client is the one that a query names, by name alone or by name and version. */
export const isClient = (client: string | null, wanted: string): boolean =>
  client !== null && (client === wanted || client.startsWith(`${wanted}/`));
