/** State entries as rows, and the statements on them. */
import type { StateEntry } from '@mcp-daemon/core';

import type { Row, Value } from '../engine/connection.js';

const PRESENT = '(expires_at IS NULL OR expires_at > ?)';
const COLUMNS = 'state_key, version, expires_at, value';

const INSERT = `INSERT INTO state (partition_key, state_key, version, expires_at, value) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (partition_key, state_key) DO UPDATE
  SET version = excluded.version, expires_at = excluded.expires_at, value = excluded.value`;

/** Writes in any case. Values: partition, key, version, expiry, value. */
export const PUT = INSERT;

/** Writes if there is no entry. Values: those of {@link PUT}, and the time. */
export const PUT_NEW = `${INSERT} WHERE state.expires_at <= ?`;

/** Writes if the entry has a version. Values: version, expiry, value, partition, key, expected version, the time. */
export const PUT_EXPECTED = `UPDATE state SET version = ?, expires_at = ?, value = ?
  WHERE partition_key = ? AND state_key = ? AND version = ? AND ${PRESENT}`;

/** Values: partition, key, the time. */
export const GET = `SELECT ${COLUMNS} FROM state WHERE partition_key = ? AND state_key = ? AND ${PRESENT}`;

/** Values: partition, key, the time. */
export const DELETE = `DELETE FROM state WHERE partition_key = ? AND state_key = ? AND ${PRESENT}`;

/** Values: partition, key, the time, expected version. */
export const DELETE_EXPECTED = `${DELETE} AND version = ?`;

const list = (from: '>' | '>='): string => `SELECT ${COLUMNS} FROM state
  WHERE partition_key = ? AND state_key ${from} ? AND state_key < ? AND ${PRESENT} ORDER BY state_key LIMIT ?`;

/** Values: partition, the least key, the least key that is too great, the time, how many. */
export const LIST_FROM = list('>=');

/** The same after a key, without it. */
export const LIST_AFTER = list('>');

/** A value as it is stored: SQLite's text ends at a NUL, so a text with one is stored as bytes. */
export const toStored = (value: string): Value => (value.includes('\0') ? Buffer.from(value, 'utf8') : value);

/** An entry from a row. */
export const toEntry = (row: Row): StateEntry => {
  const { state_key: key, version, expires_at, value } = row;
  return {
    key: String(key),
    // One of the engines gives bytes as an ArrayBuffer.
    value: typeof value === 'string' ? value : Buffer.from(value as Uint8Array).toString('utf8'),
    version: String(version),
    expires_at: typeof expires_at === 'number' ? expires_at : null,
  };
};

/** Greater than every code point, in the order of SQLite. It is stored nowhere. */
const LAST = 0x10ffff;

/** The least text, in the order of code points, that is greater than every text with this prefix; undefined: there is none. */
export function beyond(prefix: string): string | undefined {
  const points = Array.from(prefix, (char) => char.codePointAt(0) ?? 0);
  while (points.at(-1) === LAST) points.pop();
  const last = points.pop();
  if (last === undefined) return undefined;
  // Surrogates are no characters: what follows them comes next.
  return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
}
