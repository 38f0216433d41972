/** Removes old records in batches of a few milliseconds, so that calls and other processes can continue in between. */
import { setImmediate as turn } from 'node:timers/promises';

import type { Retention } from '@mcp-daemon/core';

import type { Connection } from '../engine/connection.js';
import { keepable } from '../engine/text.js';
import { inTransaction } from '../engine/transaction.js';
import { isUuid } from '../journal/frames.js';
import { createPace } from './pace.js';
import { uuidBytes } from './rows.js';

/** The approximate size of a record without its bodies. */
export const ROW_BYTES = 200;

/** The size of a row's bodies in bytes. SQLite knows it without reading the bodies. */
export const BODY_BYTES = 'coalesce(octet_length(arguments), 0) + coalesce(octet_length(content), 0)';

/** Number of keys that SQLite steps over in about a millisecond. */
const KEYS = 10_000;

/** Greater than any uuid. */
const BEYOND = 'FF'.repeat(17);

/** What pruning needs to know about a record. */
interface Aged {
  /** In hexadecimal digits. */
  uuid: string;
  created_at: number;
  open: boolean;
  bytes: number;
}

/** Reads a partition's records, oldest first, in batches. Open records are included. */
function oldest(connection: Connection, partition: number): (after: string, most: number) => Aged[] {
  const statement = connection.prepare(
    `SELECT hex(uuid) AS uuid, created_at, status = 0 AS open, ${BODY_BYTES} AS bytes FROM calls
     WHERE partition = ? AND uuid > unhex(?) ORDER BY calls.uuid LIMIT ?`,
  );
  return (after, most) =>
    statement.all([partition, after, most]).map((row) => ({
      uuid: String(row['uuid']),
      created_at: Number(row['created_at']),
      open: row['open'] === 1,
      bytes: Number(row['bytes']) + ROW_BYTES,
    }));
}

/**
 * Finds the oldest of the newest `count` settled records. It reads only keys, and counts the few open records separately.
 *
 * @returns its uuid in hexadecimal digits; undefined if there are fewer, or if `goOn` stops it
 */
async function oldestOfNewest(
  connection: Connection,
  partition: number,
  count: number,
  goOn: () => boolean,
): Promise<string | undefined> {
  const nth = connection.prepare(
    'SELECT hex(uuid) AS uuid FROM calls WHERE partition = ? AND uuid < unhex(?) ORDER BY calls.uuid DESC LIMIT 1 OFFSET ?',
  );
  const openFrom = connection.prepare(
    `SELECT count(*) AS number FROM calls INDEXED BY calls_open WHERE status = 0 AND uuid >= unhex(?)
     AND context IN (SELECT id FROM contexts WHERE partition = ?)`,
  );
  let uuid = BEYOND;
  for (let walked = 0, open = 0; ;) {
    const ahead = Math.min(count + open - walked, KEYS);
    if (ahead > 0) {
      const [row] = nth.all([partition, uuid, ahead - 1]);
      if (row === undefined || !goOn()) return undefined;
      uuid = String(row['uuid']);
      walked += ahead;
      if (ahead === KEYS) await turn();
      continue;
    }
    const found = uuid === BEYOND ? 0 : Number(openFrom.all([uuid, partition])[0]?.['number']);
    if (found === open) return uuid;
    open = found;
  }
}

/** Removes contexts that no call uses and no future call will use. */
export function pruneContexts(connection: Connection): void {
  inTransaction(connection, () =>
    connection.exec(
      `DELETE FROM contexts WHERE last_call < (SELECT coalesce(min(rowid), 9223372036854775807) FROM calls)
       AND id NOT IN (SELECT context FROM journal_contexts)`,
    ),
  );
}

/**
 * Removes settled records of a partition; returns how many. Throws what the engine throws; batches that were already removed stay
 * removed.
 *
 * @param goOn called before each batch; false stops the work
 */
export async function prune(
  connection: Connection,
  partitionKey: string,
  { before = -1, count }: Retention,
  goOn: () => boolean,
): Promise<number> {
  const [found] = connection.prepare('SELECT id FROM partitions WHERE partition_key = ?').all([keepable(partitionKey)]);
  if (found === undefined) return 0;
  const partition = Number(found['id']);
  const now = Date.now();
  const kept = count === undefined ? undefined : await oldestOfNewest(connection, partition, count, goOn);
  const limit = kept ?? '';
  const goes = ({ uuid, created_at, open }: Aged): boolean => !open && (uuid < limit || created_at < before);
  // A record that was created while the clock was ahead is skipped until it is old. It must not hide older records after it.
  const isPassed = ({ open, created_at }: Aged): boolean => open || created_at > now;

  const read = oldest(connection, partition);
  const remove = connection.prepare(
    `DELETE FROM calls WHERE partition = ? AND uuid >= unhex(?) AND uuid <= unhex(?) AND status <> 0
     AND (uuid < unhex(?) OR created_at < ?)`,
  );
  const pace = createPace();
  let removed = 0;
  for (let after = '', more = true; more && goOn();) {
    const began = performance.now();
    const rows = read(after, pace.rows);
    more = rows.length === pace.rows;
    let first: string | undefined;
    let last = '';
    let bytes = 0;
    for (const row of rows) {
      if (goes(row)) {
        first ??= row.uuid;
        last = row.uuid;
        bytes += row.bytes;
      } else if (!isPassed(row)) {
        more = false;
        break;
      }
      after = row.uuid;
      if (bytes >= pace.bytes) {
        more = true;
        break;
      }
    }
    if (first !== undefined) {
      const values = [partition, first, last, limit, before];
      removed += inTransaction(connection, () => remove.run(values));
    }
    pace.took(performance.now() - began);
    if (more) await turn();
  }
  if (removed > 0) pruneContexts(connection);
  return removed;
}

/** Removes one record; returns whether there was one. Throws what the engine throws. */
export function deleteCall(connection: Connection, partitionKey: string, uuid: string): boolean {
  if (!isUuid(uuid)) return false;
  const remove = connection.prepare(
    'DELETE FROM calls WHERE partition = (SELECT id FROM partitions WHERE partition_key = ?) AND uuid = ?',
  );
  return inTransaction(connection, () => remove.run([keepable(partitionKey), uuidBytes(uuid)])) > 0;
}
