/** What is removed of the record, when, and by which clock. */
import { jest } from '@jest/globals';

import type { CallStore, LastPrune, Retention, RetentionOptions } from '../../src/index.js';
import { createMemoryState, createMemoryStore } from '../../src/index.js';
import { createUpkeep } from '../../src/records/upkeep.js';
import { daemonWith, echo, memoryLogger, modern, tool, watchedStore } from '../support.js';

const DAY = 24 * 60 * 60_000;
const START = 1_790_000_000_000;

/** A clock that the tests set, a store that remembers what it is asked, and the upkeep of it. */
function watched(retention: RetentionOptions = {}, last?: LastPrune, methods: Partial<CallStore> = {}) {
  const pruned: Retention[] = [];
  const noted: number[] = [];
  let known = last;
  const { store } = watchedStore({
    prune: (_, keep) => (pruned.push(keep), 0),
    lastPrune: () => known,
    pruned(at) {
      noted.push(at);
      known = { at, added: 0 };
    },
    ...methods,
  });
  const { logger, of } = memoryLogger();
  const upkeep = createUpkeep({ store: () => store, logger, retention });
  upkeep.wrote('default', 100);
  return { upkeep, pruned, noted, of };
}

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'], now: START });
  // The fake clock has no event loop: it is idle here.
  performance.eventLoopUtilization = () => ({ idle: 1, active: 0, utilization: 0 });
});
afterEach(() => void jest.useRealTimers());

const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms).then(() => undefined);

describe('old records', () => {
  it.each<[string, RetentionOptions, number, number]>([
    ['by default', {}, 30 * DAY, 100_000],
    ['as it was told', { maxAgeMs: 1_000, maxCount: 5 }, 1_000, 5],
  ])('are removed half a minute after the start and then every ten minutes, %s', async (_how, retention, age, count) => {
    const { upkeep, pruned } = watched(retention, { at: START - 400, added: 1_000_000 });
    upkeep.begin();
    await pass(29_000);
    expect(pruned).toEqual([]);
    await pass(1_000);
    expect(pruned).toEqual([age === 1_000 ? { count } : { before: START + 30_000 - age, count }]);
    await pass(10 * 60_000);
    expect(pruned).toHaveLength(2);
    await upkeep.end();
  });

  it('are removed in each partition that has any', async () => {
    const partitions: string[] = [];
    const { upkeep } = watched({}, undefined, { prune: (partition) => (partitions.push(partition), 0) });
    upkeep.wrote('other', 5);
    upkeep.begin();
    await pass(30_000);
    expect(partitions).toEqual(['default', 'other']);
    await upkeep.end();
  });

  it('that cannot be removed are tried again, and that is not noted as done', async () => {
    let tries = 0;
    const { upkeep, noted, of } = watched({}, undefined, {
      prune() {
        tries += 1;
        throw new Error('locked');
      },
    });
    upkeep.begin();
    await pass(11 * 60_000);
    expect(tries).toBe(2);
    expect(noted).toEqual([]);
    expect(of('warn')).toEqual(['old records could not be removed', 'old records could not be removed']);
    await upkeep.end();
  });

  it('are not removed again if another process has just done it', async () => {
    const { upkeep, pruned } = watched({}, { at: START - 60_000, added: 3 });
    upkeep.begin();
    await pass(30_000);
    expect(pruned).toEqual([]);
    await pass(10 * 60_000);
    expect(pruned).toHaveLength(1);
    await upkeep.end();
  });
});

describe('a process that ends', () => {
  it.each<[string, LastPrune | undefined, number]>([
    ['prunes where that was never done', undefined, 1],
    ['prunes where that was ten minutes ago', { at: START - 600_000, added: 0 }, 1],
    ['prunes where many records came since', { at: START - 1_000, added: 6 }, 1],
    ['does not where few came since', { at: START - 1_000, added: 5 }, 0],
  ])('%s, for a tenth of a second at most', async (_what, last, times) => {
    const { upkeep, pruned } = watched({ maxCount: 100 }, last);
    upkeep.begin();
    await upkeep.end();
    expect(pruned).toHaveLength(times);
    for (const { withinMs = Infinity } of pruned) expect(withinMs).toBeLessThanOrEqual(100);
  });

  it('removes state that has expired when records are pruned, within the time that is left at the end', async () => {
    const swept: (number | undefined)[] = [];
    let fails = false;
    const state = {
      ...createMemoryState(),
      sweep(withinMs?: number) {
        swept.push(withinMs);
        if (fails) throw new Error('no disk');
        return 3;
      },
    };
    const { logger, of } = memoryLogger();
    const upkeep = createUpkeep({ store: () => ({ ...createMemoryStore(), state }), logger });
    upkeep.begin();
    await pass(30_000);
    expect(swept).toEqual([undefined]);
    fails = true;
    upkeep.wrote('default', 1);
    await upkeep.end();
    expect(swept).toHaveLength(2);
    expect(swept[1]).toBeLessThanOrEqual(100);
    expect(of('warn')).toEqual([expect.stringContaining('could not be removed')]);
  });

  it('does not prune if it has written nothing', async () => {
    const { store } = watchedStore({
      prune: () => {
        throw new Error('it did');
      },
    });
    const { logger, lines } = memoryLogger();
    const upkeep = createUpkeep({ store: () => store, logger });
    upkeep.begin();
    await upkeep.end();
    expect(lines).toEqual([]);
  });
});

describe('the clock', () => {
  it('a month ahead for half a minute removes nothing by age', async () => {
    const { upkeep, pruned, noted } = watched({}, { at: START, added: 0 });
    upkeep.begin();
    jest.setSystemTime(START + 31 * DAY);
    await pass(30_000);
    expect(pruned).toEqual([{ count: 100_000 }]);
    expect(noted).toEqual([]); // it would be believed next time
    jest.setSystemTime(START + 30_000);
    await pass(10 * 60_000);
    expect(pruned[1]).toEqual({ before: START + 630_000 - 30 * DAY, count: 100_000 });
    expect(noted).toEqual([START + 630_000]);
    await upkeep.end();
  });

  it('that jumped is believed after ten minutes', async () => {
    const { upkeep, pruned } = watched({}, { at: START, added: 0 });
    upkeep.begin();
    jest.setSystemTime(START + 31 * DAY);
    await pass(30_000);
    await pass(10 * 60_000);
    expect(pruned.map(({ before }) => before)).toEqual([undefined, START + DAY + 630_000]);
    await upkeep.end();
  });

  it('that jumps long after the start is not trusted at once', async () => {
    const { upkeep, pruned } = watched({}, { at: START, added: 0 });
    upkeep.begin();
    await pass(30_000 + 20 * 60_000);
    jest.setSystemTime(START + 40 * DAY);
    const before = pruned.length;
    await pass(10 * 60_000);
    expect(pruned.slice(before)).toEqual([{ count: 100_000 }]);
    await upkeep.end();
  });

  it('ahead by an hour is trusted, if a month is kept', async () => {
    const { upkeep, pruned } = watched({}, { at: START - 3_600_000, added: 0 });
    upkeep.begin();
    await pass(30_000);
    expect(pruned[0]?.before).toBe(START + 30_000 - 30 * DAY);
    await upkeep.end();
  });

  it('that goes back does not stop pruning', async () => {
    const { upkeep, pruned } = watched({}, { at: START, added: 0 });
    upkeep.begin();
    jest.setSystemTime(START - 40 * DAY);
    await pass(30_000);
    await pass(10 * 60_000);
    await pass(10 * 60_000);
    expect(pruned).toHaveLength(3);
    expect(pruned.at(-1)?.before).toBe(START - 70 * DAY + 1_230_000);
    await upkeep.end();
  });
});

describe('the size of the store', () => {
  it('is checked a second after much was written, and the oldest records are removed', async () => {
    const shrunk: number[] = [];
    const { upkeep, of } = watched({ maxBytes: 100_000 }, undefined, { shrink: (bytes) => (shrunk.push(bytes), 7) });
    upkeep.begin();
    upkeep.wrote('default', 4_000);
    await pass(2_000);
    expect(shrunk).toEqual([]);
    upkeep.wrote('default', 1_000);
    upkeep.wrote('default', 9_000);
    await pass(1_000);
    expect(shrunk).toEqual([100_000]);
    expect(of('info')).toEqual([expect.stringContaining('the oldest 7 call records were removed')]);
    await upkeep.end();
  });

  it('is not bounded by 0', async () => {
    const shrunk: number[] = [];
    const { upkeep } = watched({ maxBytes: 0 }, undefined, { shrink: (bytes) => (shrunk.push(bytes), 0) });
    upkeep.begin();
    upkeep.wrote('default', 1e12);
    await pass(60_000);
    expect(shrunk).toEqual([]);
    await upkeep.end();
  });
});

it('a daemon prunes its store, and counts what its store has lost', async () => {
  jest.useRealTimers();
  const pruned: string[] = [];
  const { store } = watchedStore({ prune: (partition) => (pruned.push(partition), 0) });
  const daemon = daemonWith([echo, tool('t', () => 'x')], { store: { ...store, lost: 3 } });
  await modern(daemon).call('echo', { text: 'a' });
  expect(daemon.stats().lost).toBe(3);
  await daemon.close();
  expect(pruned).toEqual(['default']);
});
