import { jest } from '@jest/globals';

import type { CallRecord, Daemon } from '../../src/index.js';
import { changedFunctions, createMemoryStore, defineCatalog, trialProblems, tryCalls } from '../../src/index.js';
import { daemonWith, modern, tool } from '../support.js';

const READ_ONLY = { annotations: { readOnlyHint: true } };

async function recorded(daemon: Daemon): Promise<CallRecord[]> {
  return [...(await (await daemon.store()).calls.list('default', {})).items].reverse();
}

describe('a trial of a new catalog', () => {
  it('runs recorded calls on both, and shows what differs between them', async () => {
    const present = daemonWith([tool('f', ({ n }) => Number(n) * 2, READ_ONLY), tool('w', () => 1)], {
      store: createMemoryStore(),
    });
    for (const n of [1, 2, 3]) await modern(present).call('f', { n });
    await modern(present).call('w');
    const next = daemonWith([tool('f', ({ n }) => (n === 2 ? 5 : Number(n) * 2), READ_ONLY), tool('w', () => 2)]);
    const trial = await tryCalls({ records: await recorded(present), present, next });
    expect(trial.functions).toHaveLength(1);
    expect(trial.functions[0]).toMatchObject({ name: 'f', different: 1 });
    expect(trial.functions[0]?.calls.map(({ same }) => same)).toEqual([true, false, true]);
    expect(trial.functions[0]?.calls[1]?.differences).toEqual([
      { path: '$.content[0].text', kind: 'changed', before: '4', after: '5' },
    ]);
    expect(trial.left).toEqual([expect.stringContaining('readOnlyHint')]);
    expect(trialProblems(trial, { maxDiff: 0, maxSlowdown: 3 })).toEqual(['1 calls differ, and at most 0 may']);
    expect(trialProblems(trial, { maxDiff: 1, maxSlowdown: 3 })).toEqual([]);
  });

  it('shows what has become slow, and does not take noise for it', async () => {
    let time = 0;
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => time);
    const late = (ms: number) => async () => {
      time += ms;
      return Promise.resolve('done');
    };
    const present = daemonWith([tool('a', () => 'done', READ_ONLY), tool('b', () => 'done', READ_ONLY)]);
    for (const name of ['a', 'a', 'a', 'b', 'b']) await modern(present).call(name);
    const next = daemonWith([tool('a', late(60), READ_ONLY), tool('b', late(9), READ_ONLY)]);
    const trial = await tryCalls({ records: await recorded(present), present, next });
    clock.mockRestore();
    // Times below 10 ms count as 10 ms.
    expect(trialProblems(trial, { maxDiff: 0, maxSlowdown: 5 })).toEqual(['"a" takes 6.0 times as long, and may take 5 times']);
    expect(trialProblems(trial, { maxDiff: 0, maxSlowdown: 6 })).toEqual([]);
    expect(trial.functions.map(({ different }) => different)).toEqual([0, 0]);
  });

  it('is of the functions that only read and are not what they were', () => {
    const catalog = (description: string) =>
      defineCatalog({
        functions: [
          tool('same', () => 1, READ_ONLY),
          tool('other', () => 1, { ...READ_ONLY, description }),
          tool('writes', () => 1, { description }),
          tool(`new-${description}`, () => 1, READ_ONLY),
        ],
      });
    const names = changedFunctions(catalog('a'), catalog('b')).map(({ name }) => name);
    expect(names).toEqual(['other']);
    expect(changedFunctions(catalog('a'), catalog('a'), ({ name }) => name === 'same').map(({ name }) => name)).toEqual(['same']);
  });
});
