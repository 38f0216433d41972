/**
 * Counts records in groups. Records are read along an index in parts of about half a millisecond, so that calls run in between. Each part is
 * one row: its records are packed into one text, because a row and its columns cost more than what is in them.
 */
import type { CallCounter, CallStatistics, StatisticsCollector, StatisticsPlan, StatisticsQuery } from '@mcp-daemon/core';
import { CALL_STATUSES, collectStatistics, createBreather, planStatistics } from '@mcp-daemon/core';

import type { Connection, Statement } from '../engine/connection.js';
import { keepable } from '../engine/text.js';
import { FAULTS } from '../journal/frames.js';
import type { Condition, Filters } from './filters.js';
import { filtersOf, sqlOf, valuesOf } from './filters.js';
import { hasIndexes } from './indexes.js';

/** What {@link readStatistics} takes. */
export interface StatisticsOptions {
  partition: string;
  query: StatisticsQuery;
  signal: AbortSignal | undefined;
  /** Called before each part; throws if the connection must not be used any more. */
  check: () => void;
}

/**
 * A call ends at most this long after it began, else statistics may miss it: records are read from this time before `since` on.
 * Interrupted calls are an exception, because the next start of a process marks them, days later.
 */
const LONGEST_CALL_MS = 86_400_000;
/** Uuids of this time and later are not from our clock, so the order of uuids says nothing about time. */
const AHEAD_MS = 86_400_000;
const INTERRUPTED = CALL_STATUSES.indexOf('interrupted');
/** 2020-01-01: uuids of an earlier time are none of version 7. */
const FIRST_MS = 1_577_836_800_000;

/** Before any uuid, and after any. */
const START = '';
const END = 'FF'.repeat(17);
/** What a statement costs before it reads a record, in records. */
const STATEMENT = 20;
/** A group's column, the status and the fault are packed into one number: the last two digits are status and fault. */
const KIND = 100;
const BASE = 10;

/** Records that are read in the order of their uuids. */
interface Walk {
  /** `calls c`, and the index to use. */
  from: string;
  /** The beginning of the index: then the uuid follows. */
  key: Condition;
  /** The records between these uuids, both exclusive, in hexadecimal digits. */
  after: string;
  before: string;
  /** The conditions that are checked for each record. */
  wanted: Condition[];
}

/** The first uuid of a time, in hexadecimal digits. */
const uuidOfTime = (time: number): string => Math.max(0, Math.floor(time)).toString(16).padStart(12, '0').padEnd(32, '0');
const timeOfUuid = (hex: string): number => parseInt(hex.slice(0, 12), 16);

/** The uuid before which no record has to be read; {@link START}: all have to be. */
function firstUuid(connection: Connection, partition: number, since: number | undefined): string {
  if (since === undefined) return START;
  // Two statements in one: SQLite would read the whole index for both ends at once.
  const end = (of: string): string => `(SELECT hex(${of}(uuid)) FROM calls WHERE partition = ?)`;
  const [row] = connection.prepare(`SELECT ${end('min')} AS first, ${end('max')} AS last`).all([partition, partition]);
  const [first, last] = [String(row?.['first'] ?? ''), String(row?.['last'] ?? '')];
  // Records of other programs may have uuids of another kind.
  if (first === '' || timeOfUuid(first) < FIRST_MS || timeOfUuid(last) > Date.now() + AHEAD_MS) return START;
  return uuidOfTime(since - LONGEST_CALL_MS);
}

/** What to read for a query. */
function walksOf(connection: Connection, partition: number, { call, context, status }: Filters, after: string): Walk[] {
  const plain = { from: 'calls c', key: ['c.partition = ?', partition] as Condition, after, before: END };
  const matching: Condition[] = [['x.partition = ?', partition], ...context];
  const contexts = `SELECT x.id FROM contexts x WHERE ${sqlOf(matching)}`;
  const inContext: Condition[] = context.length === 0 ? [] : [[`c.context IN (${contexts})`, ...valuesOf(matching)]];
  const wanted = [...call, ...inContext];
  if (!hasIndexes(connection)) return [{ ...plain, wanted }];

  // SQLite uses a partial index only if its own condition is in the query.
  const byStatus = (of: number): Pick<Walk, 'from' | 'key'> => ({
    from: 'calls c INDEXED BY calls_by_status',
    key: ['c.status > 1 AND c.partition = ? AND c.status = ?', partition, of],
  });
  const late: Walk[] = after === START ? [] : [{ ...byStatus(INTERRUPTED), after: START, before: after, wanted }];
  if (context.length > 0) {
    const from = 'calls c INDEXED BY calls_by_context';
    const ids = connection.prepare(contexts).all(valuesOf(matching));
    return [...ids.map(({ id = null }): Walk => ({ ...plain, from, key: ['c.context = ?', id], wanted: call })), ...late];
  }
  if (status !== undefined && status > 1) return [{ ...plain, ...byStatus(status), wanted }, ...late];
  return [{ ...plain, wanted }, ...late];
}

/** Which column a group depends on. */
const COLUMNS = { name: 'c.context', updated_by: 'c.context', status: 'c.status', hour: 'c.updated_at', day: 'c.updated_at' };

/** One part of a walk. */
interface Part {
  /** How many records were looked at, wanted or not. */
  rows: number;
  /** The uuid of the last one. */
  last: string;
  /** Of each wanted record, its group's column with its status and fault. */
  numbers: number[];
  /** Of each wanted record, its time in microseconds; null: unknown. */
  times: (number | null)[];
}

/** Reads parts of walks; prepares each statement once. */
function createPartReader(connection: Connection, by: StatisticsPlan['by']): (walk: Walk, after: string, most: number) => Part {
  const statements = new Map<string, Statement>();
  return ({ from, key, before, wanted }, after, most) => {
    const [where, ...keys] = key;
    // Microseconds: SQLite takes far longer to write a fraction.
    const sql = `SELECT count(*) AS rows, hex(max(uuid)) AS last, json_group_array(packed) FILTER (WHERE wanted) AS numbers,
        json_group_array(time) FILTER (WHERE wanted) AS times
      FROM (
        SELECT c.uuid, ${wanted.length === 0 ? '1' : sqlOf(wanted)} AS wanted,
          ${COLUMNS[by]} * ${KIND} + c.status * ${BASE} + c.fault AS packed, CAST(c.time_spent * 1000 + 0.5 AS INTEGER) AS time
        FROM ${from} WHERE ${where} AND c.uuid > unhex(?) AND c.uuid < unhex(?) ORDER BY c.uuid LIMIT ?
      )`;
    let statement = statements.get(sql);
    if (statement === undefined) statements.set(sql, (statement = connection.prepare(sql)));
    const [row] = statement.all([...valuesOf(wanted), ...keys, after, before, most]);
    return {
      rows: Number(row?.['rows']),
      last: String(row?.['last']),
      numbers: JSON.parse(String(row?.['numbers'])) as number[],
      times: JSON.parse(String(row?.['times'])) as (number | null)[],
    };
  };
}

/** Counts the records of parts. */
function createCount(connection: Connection, { by }: StatisticsPlan, collector: StatisticsCollector): (part: Part) => void {
  const counters = new Map<number, CallCounter>();
  const column = by === 'updated_by' ? 'updated_by' : 'name';
  const contexts = connection.prepare(
    `SELECT x.id, x.${column} AS key FROM json_each(?) j CROSS JOIN contexts x ON x.id = j.value`,
  );

  /** Learns which groups the contexts of a part belong to, all at once. */
  function learn(numbers: readonly number[]): void {
    const unknown = new Set<number>();
    for (const number of numbers) {
      const id = Math.floor(number / KIND);
      if (!counters.has(id)) unknown.add(id);
    }
    if (unknown.size === 0) return;
    for (const { id, key } of contexts.all([JSON.stringify([...unknown])])) {
      counters.set(Number(id), collector.group(String(key)));
    }
  }

  function counterOf(value: number): CallCounter {
    if (by === 'hour' || by === 'day') return collector.group(value);
    let counter = counters.get(value);
    if (counter === undefined) {
      // Only a status: a context of a record is always there.
      counters.set(value, (counter = collector.group(CALL_STATUSES[value] ?? '')));
    }
    return counter;
  }

  return ({ numbers, times }) => {
    if (COLUMNS[by] === 'c.context') learn(numbers);
    for (const [index, packed] of numbers.entries()) {
      const kind = packed % KIND;
      const time = times[index];
      const status = CALL_STATUSES[Math.floor(kind / BASE)] ?? 'failed';
      counterOf((packed - kind) / KIND).add(status, FAULTS[kind % BASE] ?? null, typeof time === 'number' ? time / 1_000 : null);
    }
  };
}

/**
 * Counts the calls of a partition. Does not block the event loop for much longer than half a millisecond at a time.
 *
 * @throws DaemonError `invalid_params`; what the engine, the signal and `check` throw
 */
export async function readStatistics(
  connection: Connection,
  { partition, query, signal, check }: StatisticsOptions,
): Promise<CallStatistics> {
  const plan = planStatistics(query);
  const collector = collectStatistics(plan);
  const breather = createBreather({ signal });
  const [found] = connection.prepare('SELECT id FROM partitions WHERE partition_key = ?').all([keepable(partition)]);
  if (found === undefined) return collector.result();
  const id = Number(found['id']);
  const read = createPartReader(connection, plan.by);
  const count = createCount(connection, plan, collector);
  let used = 0;
  for (const walk of walksOf(connection, id, filtersOf(plan.filter), firstUuid(connection, id, plan.since))) {
    for (let after = walk.after, more = true; more;) {
      const most = Math.max(STATEMENT, breather.items - used);
      const part = read(walk, after, most);
      count(part);
      const { rows, last } = part;
      after = last;
      more = rows === most;
      used += Math.max(STATEMENT, rows);
      if (used < breather.items) continue;
      await breather.rest(used);
      check();
      used = 0;
    }
  }
  return collector.result();
}
