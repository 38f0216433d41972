/** What any store must do to count records in groups, and to read many records at once. A part of `calls.ts`. */
import assert from 'node:assert/strict';

import { compareText } from '../base/order.js';
import { uuidv7 } from '../base/uuid.js';
import type { CallCounts, CallStatistics, StatisticsQuery, TimeSpent } from '../ports/call-statistics.js';
import { STATISTICS_GROUPINGS } from '../ports/call-statistics.js';
import type { CallRecord, CallStore } from '../ports/calls.js';
import { CALL_STATUSES } from '../ports/calls.js';
import type { ContractCheck } from './calls-support.js';
import { check, exampleRecord, same, series, throws } from './calls-support.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** 2026-09-20T00:00Z. */
const BEGIN = 1_789_862_400_000;

/** Numbers from 0 to 1 that look random and are the same in each run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

const pick = <T>(random: () => number, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

/** Records of three days, of all kinds, with times from a microsecond to hours. */
function variedRecords(count: number, random: () => number): CallRecord[] {
  return Array.from({ length: count }, (_, index) => {
    const status = pick(random, [...CALL_STATUSES, 'completed', 'completed', 'failed'] as const);
    const isTimed = status !== 'in_process' && status !== 'interrupted';
    const updated_at = BEGIN + Math.floor(random() * 3 * DAY);
    return exampleRecord({
      ...{ status, updated_at, created_at: updated_at - 5, notes: null, content: null },
      name: pick(random, ['add', 'search', 'weather', `f${index % 20}`]),
      mcp_type: pick(random, ['tool', 'tool', 'resource', 'prompt'] as const),
      updated_by: pick(random, ['ada', 'bob', `user ${index % 7}`]),
      client: pick(random, [null, 'a/1', 'a/2', 'b/1']),
      server: pick(random, [null, 's', 't']),
      revision: pick(random, ['r1', 'r2']),
      fault: status === 'failed' ? pick(random, [null, 'transport', 'protocol', 'tool'] as const) : null,
      time_spent: isTimed ? Math.round(10 ** (random() * 10 - 3) * 1_000) / 1_000 : null,
    });
  });
}

function isWanted(row: CallRecord, query: StatisticsQuery): boolean {
  const { since = -Infinity, until = Infinity } = query;
  const fields = ['name', 'mcp_type', 'status', 'updated_by', 'server', 'revision'] as const;
  return (
    row.updated_at >= since &&
    row.updated_at < until &&
    fields.every((field) => query[field] === undefined || row[field] === query[field]) &&
    (query.client === undefined || row.client === query.client || row.client?.startsWith(`${query.client}/`) === true)
  );
}

const keyOf = (row: CallRecord, { by, offset = 0 }: StatisticsQuery): string => {
  if (by !== 'hour' && by !== 'day') return row[by];
  const local = new Date(row.updated_at + offset * 60_000).toISOString();
  if (by === 'day') return local.slice(0, 10);
  const zone = offset === 0 ? 'Z' : offset === 330 ? '+05:30' : '-08:00';
  return `${local.slice(0, 13)}:00${zone}`;
};

/** The nearest-rank percentile of sorted values. */
const exact = (sorted: readonly number[], part: number): number => sorted[Math.ceil(part * sorted.length) - 1] ?? NaN;

function countsOf(rows: readonly CallRecord[]): CallCounts {
  const count = (status: string, fault?: string | null): number =>
    rows.filter((row) => row.status === status && (fault === undefined || row.fault === fault)).length;
  const times = rows.flatMap(({ time_spent: time }) => (time === null ? [] : [time])).sort((a, b) => a - b);
  const time_spent: TimeSpent = {
    count: times.length,
    mean: times.reduce((sum, time) => sum + time, 0) / times.length,
    ...{ p50: exact(times, 0.5), p95: exact(times, 0.95), p99: exact(times, 0.99), max: times.at(-1) ?? NaN },
  };
  return {
    calls: rows.length,
    open: count('in_process'),
    completed: count('completed'),
    failed: {
      transport: count('failed', 'transport'),
      protocol: count('failed', 'protocol'),
      tool: count('failed', 'tool'),
      unknown: count('failed', null),
    },
    cancelled: count('cancelled'),
    timed_out: count('timed_out'),
    interrupted: count('interrupted'),
    time_spent: times.length === 0 ? null : time_spent,
  };
}

function assertTimes(actual: TimeSpent | null, expected: TimeSpent | null, message: string): void {
  assert.equal(actual === null, expected === null, message);
  if (actual === null || expected === null) return;
  same([actual.count, actual.max], [expected.count, expected.max], message);
  // A percentile may be a value in the same bucket: 1 % off, and a rounding.
  const most = { mean: 1e-9, p50: 0.0101, p95: 0.0101, p99: 0.0101 };
  for (const [name, off] of Object.entries(most) as [keyof typeof most, number][]) {
    const difference = Math.abs(actual[name] - expected[name]);
    assert.ok(difference <= expected[name] * off, `${message}: ${name} is ${actual[name]}, not ${expected[name]}`);
  }
}

function assertCounts(actual: CallCounts, expected: CallCounts, message: string): void {
  const { time_spent: times, ...counts } = actual;
  const { time_spent: expectedTimes, ...expectedCounts } = expected;
  const { key: _, start: __, ...plain } = counts as typeof counts & { key?: string; start?: number };
  same(plain, expectedCounts, message);
  assertTimes(times, expectedTimes, message);
}

/** @throws AssertionError if a store counts otherwise than a naive count of the same rows */
async function compare(calls: CallStore, rows: readonly CallRecord[], query: StatisticsQuery): Promise<CallStatistics> {
  const message = JSON.stringify(query);
  const wanted = rows.filter((row) => isWanted(row, query));
  const groups = new Map<string, CallRecord[]>();
  for (const row of wanted) groups.set(keyOf(row, query), [...(groups.get(keyOf(row, query)) ?? []), row]);
  const counted = await calls.statistics('default', query);
  same([counted.by, counted.complete, counted.readSince], [query.by, true, null], message);
  assertCounts(counted.total, countsOf(wanted), `${message}, total`);
  assert.equal(counted.groups.length + counted.omitted, groups.size, message);
  for (const { key, ...counts } of counted.groups) assertCounts(counts, countsOf(groups.get(key) ?? []), `${message}, ${key}`);
  return counted;
}

const keys = ({ groups }: CallStatistics): string[] => groups.map(({ key }) => key);

const counting: ContractCheck[] = [
  check('statistics are those of a naive count, for any grouping, filters and period', async ({ calls }) => {
    const random = seeded(42);
    const rows = variedRecords(400, random);
    await calls.write([...rows, ...series(20, () => ({ partition_key: 'other', updated_at: BEGIN + 5 }))]);
    for (const by of STATISTICS_GROUPINGS) await compare(calls, rows, { by, since: BEGIN, until: BEGIN + 3 * DAY });
    for (let index = 0; index < 40; index += 1) {
      const since = BEGIN + Math.floor(random() * 2 * DAY);
      const query: StatisticsQuery = { by: pick(random, STATISTICS_GROUPINGS), since, until: since + Math.ceil(random() * DAY) };
      if (random() < 0.3) query.name = pick(random, ['add', 'f3', 'nothing']);
      if (random() < 0.3) query.status = pick(random, CALL_STATUSES);
      if (random() < 0.3) query.updated_by = pick(random, ['ada', 'user 3']);
      if (random() < 0.2) query.client = pick(random, ['a', 'a/1']);
      if (random() < 0.2) query.server = 's';
      if (random() < 0.2) query.mcp_type = 'tool';
      if (random() < 0.2) query.revision = 'r1';
      if (random() < 0.3) query.offset = pick(random, [330, -480]);
      await compare(calls, rows, query);
    }
  }),

  check('statistics without a period count all records of the partition, and none of others', async ({ calls }) => {
    const rows = series(30, (index) => ({ name: `f${index % 3}`, time_spent: index }));
    await calls.write([...rows, exampleRecord({ partition_key: 'other', name: 'secret' })]);
    const counted = await compare(calls, rows, { by: 'name' });
    same([keys(counted), counted.since, counted.until], [['f0', 'f1', 'f2'], null, null]);
    const nothing = await calls.statistics('empty', { by: 'status' });
    same([nothing.groups, nothing.total.calls, nothing.total.time_spent], [[], 0, null]);
  }),

  check('a record counts once, as it is now: open, and then ended', async ({ calls }) => {
    const open = exampleRecord({ status: 'in_process', time_spent: null, fault: null, content: null });
    await calls.write([open]);
    const { total } = await calls.statistics('default', { by: 'status' });
    same([total.calls, total.open, total.time_spent], [1, 1, null]);
    const ended = { ...open, status: 'failed' as const, fault: 'tool' as const, time_spent: 7, updated_at: open.updated_at + 7 };
    await calls.write([ended]);
    const now = await compare(calls, [ended], { by: 'status' });
    same(keys(now), ['failed']);
    same(now.total.time_spent, { count: 1, mean: 7, p50: 7, p95: 7, p99: 7, max: 7 });
  }),

  check('hours and days are in order of time, in the time zone of the query', async ({ calls }) => {
    const times = [BEGIN + 50 * HOUR, BEGIN, BEGIN + 1, BEGIN + HOUR - 1, BEGIN + HOUR];
    await calls.write(times.map((time) => exampleRecord({ created_at: time, updated_at: time })));
    const period = { since: BEGIN, until: BEGIN + 5 * DAY };
    const hours = await calls.statistics('default', { by: 'hour', ...period });
    same(
      hours.groups.map(({ key, start, calls: count }) => [key, start, count]),
      [
        ['2026-09-20T00:00Z', BEGIN, 3],
        ['2026-09-20T01:00Z', BEGIN + HOUR, 1],
        ['2026-09-22T02:00Z', BEGIN + 50 * HOUR, 1],
      ],
    );
    const days = await calls.statistics('default', { by: 'day', ...period, offset: -60 });
    same(
      days.groups.map(({ key, start, calls: count }) => [key, start, count]),
      [
        ['2026-09-19', BEGIN - 23 * HOUR, 3],
        ['2026-09-20', BEGIN + HOUR, 1],
        ['2026-09-22', BEGIN + 49 * HOUR, 1],
      ],
    );
  }),

  check('groups by name and by caller are ordered and cut as the query says', async ({ calls }) => {
    const names = ['a', 'b', 'b', 'c', 'c', 'c', 'd', 'd'];
    const rows = names.map((name, index) =>
      exampleRecord({
        name,
        updated_by: name,
        status: name === 'a' ? 'timed_out' : 'completed',
        time_spent: 1_000 - 100 * index,
      }),
    );
    await calls.write(rows);
    same(keys(await compare(calls, rows, { by: 'name' })), ['c', 'b', 'd', 'a']);
    same(keys(await compare(calls, rows, { by: 'updated_by', order: 'errors' })), ['a', 'c', 'b', 'd']);
    same(keys(await compare(calls, rows, { by: 'name', order: 'time' })), ['a', 'b', 'c', 'd']);
    const cut = await compare(calls, rows, { by: 'name', limit: 3 });
    same([keys(cut), cut.omitted, cut.total.calls], [['c', 'b', 'd'], 1, 8]);
    same((await calls.statistics('default', { by: 'status', limit: 1 })).groups.length, 2);
  }),

  check('names are sorted by code points, and may be any text', async ({ calls }) => {
    const names = ['z', '😀', '\uFFEE', "it's; drop table x --", 'ä'];
    const rows = names.map((name) => exampleRecord({ name }));
    await calls.write(rows);
    same(keys(await compare(calls, rows, { by: 'name' })), [...names].sort(compareText));
  }),

  check('a query that cannot be answered is refused, and says why', async ({ calls }) => {
    const hour = { by: 'hour', since: BEGIN } as const;
    const bad: [object, RegExp][] = [
      [{ by: 'client' }, /by must be one of name, updated_by, status, hour, day/],
      [{ by: 'name', order: 'x' }, /order must be one of/],
      ...[0, 1_001, 1.5, NaN].map((limit): [object, RegExp] => [
        { by: 'name', limit },
        /limit must be a whole number from 1 to 1000/,
      ]),
      ...[1.5, 1_441, NaN].map((offset): [object, RegExp] => [{ ...hour, offset }, /offset must be a whole number of minutes/]),
      ...[1.5, NaN, Infinity, 9e15].map((since): [object, RegExp] => [{ by: 'name', since }, /since must be a time/]),
      [{ by: 'name', until: NaN }, /until must be a time/],
      [{ by: 'name', since: 5, until: 5 }, /since must be earlier than until/],
      [{ by: 'hour' }, /since is needed to count calls by hour/],
      [{ by: 'day' }, /since is needed to count calls by day/],
      [{ ...hour, until: BEGIN + 32 * DAY }, /too long: by hour it can have at most 31 days/],
      [{ by: 'day', since: BEGIN - 3_650 * DAY, until: BEGIN }, /too long: by day it can have at most 366 days/],
    ];
    for (const [query, message] of bad) {
      const ask = async (): Promise<unknown> => calls.statistics('default', query as StatisticsQuery);
      await assert.rejects(ask, { code: 'invalid_params', message }, JSON.stringify(query));
    }
  }),

  check('statistics end when their signal is aborted', async ({ calls }) => {
    await calls.write(series(50));
    const reason = new Error('the reader has left');
    const ask = async (): Promise<unknown> => calls.statistics('default', { by: 'name' }, AbortSignal.abort(reason));
    await assert.rejects(ask, (error) => error === reason);
  }),

  check('a closed store refuses statistics and getMany', async (store) => {
    await store.close();
    await throws('closed', () => store.calls.statistics('default', { by: 'name' }));
    await throws('closed', () => store.calls.getMany('default', []));
  }),
];

const many: ContractCheck[] = [
  check('getMany returns records in the order of their uuids, and undefined for those that are not there', async ({ calls }) => {
    const rows = series(130);
    const other = exampleRecord({ partition_key: 'other' });
    await calls.write([...rows, other]);
    const uuid = (index: number): string => rows[index]?.mcp_function_call_uuid ?? '';
    const asked = [uuid(7), uuidv7(), uuid(3), uuid(7), other.mcp_function_call_uuid, 'x', '', uuid(129)];
    const found = await calls.getMany('default', asked);
    assert.equal(found.length, asked.length);
    same(
      found.map((row) => row ?? null),
      [rows[7], null, rows[3], rows[7], null, null, null, rows[129]],
    );
    const all = await calls.getMany('default', rows.map((row) => row.mcp_function_call_uuid).reverse());
    same(all, rows.toReversed());
    same(await calls.getMany('default', []), []);
    same(
      (await calls.getMany('nobody', [uuid(0)])).map((row) => row ?? null),
      [null],
    );
  }),

  check('getMany with `bodies: false` has no arguments and results', async ({ calls }) => {
    const row = exampleRecord();
    await calls.write([row]);
    const uuids = [row.mcp_function_call_uuid];
    same(await calls.getMany('default', uuids, { bodies: false }), [{ ...row, arguments: null, content: null }]);
    same(await calls.getMany('default', uuids, { bodies: true }), [row]);
  }),

  check('getMany returns copies, and at most 1000 records', async ({ calls }) => {
    const row = exampleRecord();
    await calls.write([row]);
    const uuid = row.mcp_function_call_uuid;
    const [read] = await calls.getMany('default', [uuid]);
    if (read !== undefined) read.notes = 'changed by the reader';
    same(await calls.getMany('default', [uuid]), [row]);
    assert.equal((await calls.getMany('default', Array<string>(1_000).fill(uuid))).length, 1_000);
    await throws('invalid_params', () => calls.getMany('default', Array<string>(1_001).fill(uuid)));
  }),
];

/** The checks of `statistics` and `getMany`. */
export const statisticsChecks: readonly ContractCheck[] = [...counting, ...many];
