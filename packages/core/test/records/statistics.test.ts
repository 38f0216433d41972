import { exampleRecord } from '../../src/contract/index.js';
import type { StatisticsQuery } from '../../src/index.js';
import { collectStatistics, createMemoryStore, errorRateOf, errorsOf, planStatistics } from '../../src/index.js';

const HOUR = 3_600_000;
const NOW = 1_790_000_000_000;

const collected = (query: StatisticsQuery) => collectStatistics(planStatistics(query, NOW));

describe('a plan', () => {
  it('of hours and days ends now, a record of this millisecond included', () => {
    expect(planStatistics({ by: 'hour', since: NOW - HOUR }, NOW)).toMatchObject({ since: NOW - HOUR, until: NOW + 1 });
    expect(planStatistics({ by: 'day', since: NOW - HOUR, until: NOW }, NOW)).toMatchObject({ until: NOW });
  });

  it('of other groups has no end and no beginning that is not asked for', () => {
    expect(planStatistics({ by: 'name' }, NOW)).toMatchObject({ since: undefined, until: undefined });
    expect(planStatistics({ by: 'name' }, NOW).filter).toEqual({ bodies: false });
  });

  it('has the filters of a list, with its exclusive bounds', () => {
    const { filter } = planStatistics({ by: 'status', name: 'add', client: 'a', since: 10, until: 20, limit: 5 }, NOW);
    expect(filter).toEqual({ name: 'add', client: 'a', updated_at_gt: 9, updated_at_lt: 20, bodies: false });
  });

  it('may have exactly 31 days of hours until now, and 366 days of days', () => {
    expect(() => planStatistics({ by: 'hour', since: NOW - 31 * 24 * HOUR }, NOW)).not.toThrow();
    expect(() => planStatistics({ by: 'hour', since: NOW - 31 * 24 * HOUR - 1 }, NOW)).toThrow('at most 31 days');
    expect(() => planStatistics({ by: 'day', since: NOW - 366 * 24 * HOUR }, NOW)).not.toThrow();
    expect(() => planStatistics({ by: 'day', since: NOW - 366 * 24 * HOUR - 1 }, NOW)).toThrow('at most 366 days');
  });
});

describe('a collector', () => {
  it('counts each call in exactly one of its counts', () => {
    const collector = collected({ by: 'name' });
    const counter = collector.group('add');
    counter.add('in_process', null, null);
    counter.add('completed', null, 4);
    counter.add('failed', 'protocol', 1);
    counter.add('failed', null, null);
    counter.add('timed_out', 'tool', 100);
    counter.add('cancelled', 'transport', 5);
    counter.add('interrupted', null, null);
    const { total } = collector.result();
    expect(total).toMatchObject({ calls: 7, open: 1, completed: 1, cancelled: 1, timed_out: 1, interrupted: 1 });
    expect(total.failed).toEqual({ transport: 0, protocol: 1, tool: 0, unknown: 1 });
    expect(total.time_spent).toMatchObject({ count: 4, max: 100, mean: 27.5 });
    expect([errorsOf(total), errorRateOf(total)]).toEqual([4, 4 / 6]);
  });

  it('the rate of errors is 0 if no call has ended', () => {
    const collector = collected({ by: 'name' });
    collector.group('add').add('in_process', null, null);
    expect(errorRateOf(collector.result().total)).toBe(0);
  });

  it('ignores times that are no numbers, and those of running calls', () => {
    const collector = collected({ by: 'name' });
    for (const time of [NaN, Infinity]) collector.group('add').add('completed', null, time);
    collector.group('add').add('in_process', null, 5);
    expect(collector.result().total).toMatchObject({ calls: 3, time_spent: null });
  });

  it('keeps hours apart where the time zone is half an hour off, and before 1970', () => {
    const collector = collected({ by: 'hour', since: -HOUR, until: HOUR, offset: -150 });
    for (const time of [-1, 0, HOUR / 2]) collector.group(time).add('completed', null, 1);
    expect(collector.result().groups.map(({ key, start, calls }) => [key, start, calls])).toEqual([
      ['1969-12-31T21:00-02:30', -HOUR / 2, 2],
      ['1969-12-31T22:00-02:30', HOUR / 2, 1],
    ]);
  });

  it('counts calls of very many callers in the total only, so that memory is limited', () => {
    const collector = collected({ by: 'updated_by', limit: 1 });
    for (let index = 0; index < 20_010; index += 1) collector.group(`user ${index}`).add('completed', null, 1);
    const { groups, omitted, total } = collector.result();
    expect([groups.length, omitted, total.calls]).toEqual([1, 20_000, 20_010]);
  });

  it('says from when on it has read, if that was not all', () => {
    expect(collected({ by: 'name' }).result(5)).toMatchObject({ complete: false, readSince: 5 });
  });
});

it('the memory store serves others while it counts many records', async () => {
  const { calls } = createMemoryStore({ maxRecords: 100_000 });
  await calls.write(Array.from({ length: 50_000 }, () => exampleRecord({ arguments: null, content: null })));
  let turns = 0;
  let isCounting = true;
  const others = (): void => {
    turns += 1;
    if (isCounting) setImmediate(others);
  };
  setImmediate(others);
  const { total } = await calls.statistics('default', { by: 'name' });
  isCounting = false;
  expect(total.calls).toBe(50_000);
  expect(turns).toBeGreaterThan(4);
});
