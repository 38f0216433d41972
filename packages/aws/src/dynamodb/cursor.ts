/** Cursors of lists: where a page ended, sealed to its list, so that one of another query is refused and not misread. */
import { createHash } from 'node:crypto';

import { DaemonError, isObject } from '@mcp-daemon/core';

/** A place in a list. */
export type Place = readonly string[];

/** What a list is of, in a few characters. */
export const sealOf = (...parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 12);

/** The cursor of a page that ended here. */
export const toPlaceCursor = (seal: string, place: Place): string =>
  Buffer.from(JSON.stringify({ s: seal, p: place }), 'utf8').toString('base64url');

/** @throws DaemonError `invalid_cursor` where this list gave no such cursor */
export function fromPlaceCursor(seal: string, cursor: string, length: number): Place {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    value = undefined;
  }
  const place: unknown = isObject(value) && value['s'] === seal ? value['p'] : undefined;
  if (Array.isArray(place) && place.length === length && place.every((part) => typeof part === 'string')) return place;
  throw new DaemonError('invalid_cursor', 'This cursor is not one that this list gave: begin without one.');
}
