import { jest } from '@jest/globals';

import { release } from '../../src/records/release.js';

const busy = (ms: number): void => {
  for (const end = performance.now() + ms; performance.now() < end;);
};
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A waiter whose promise callbacks take some time. */
const waiterOf = (done: string[], name: string, ms: number) => (): void =>
  void Promise.resolve()
    .then(() => Promise.all([Promise.resolve()]))
    .then(async () => Promise.resolve())
    .then(() => {
      busy(ms);
      done.push(name);
    });

describe('calls that have waited for one commit', () => {
  it('take turns of the event loop when they take long', async () => {
    const done: string[] = [];
    release(['a', 'b', 'c'].map((name) => waiterOf(done, name, 11)));
    expect(done).toEqual([]);
    for (const expected of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
      await turn();
      expect(done).toEqual(expected);
    }
  });

  it('go on in the same turn when they are quick', async () => {
    const done: string[] = [];
    const clock = jest.spyOn(performance, 'now').mockReturnValue(0);
    release([]);
    release(['a', 'b', 'c'].map((name) => () => void done.push(name)));
    for (let step = 0; step < 100; step += 1) await Promise.resolve();
    clock.mockRestore();
    expect(done).toEqual(['a', 'b', 'c']);
  });
});
