/** The bounds of the tasks of all users of a process. Those of one user are tested in tasks.test.ts. */
import { createTaskCounts } from '../../src/tasks/bounds.js';
import { daemonWith, deferred, errorOf, textOf, tool } from '../support.js';
import { begin, taskClient } from './support.js';

const WIDE = {
  ...{ maxOpenTasks: 100, maxTasks: 100, maxTaskBytes: 1_000 },
  ...{ maxOpenTasksOfAll: 100, maxTaskBytesOfAll: 1_000 },
};

describe('the tasks of all users', () => {
  it('are bounded while they run: further calls are made inline, or refused if they must be tasks', async () => {
    const step = deferred<string>();
    const daemon = daemonWith(
      [
        tool('may', () => step.promise, { task: 'optional' }),
        tool('must', () => step.promise, { task: 'required' }),
        tool('quick', () => 'inline', { task: 'optional' }),
      ],
      { limits: { maxOpenTasksOfAll: 2 } },
    );
    await begin(taskClient(daemon, { subject: 'ada' }), 'may');
    await begin(taskClient(daemon, { subject: 'bob' }), 'must');
    const cleo = taskClient(daemon, { subject: 'cleo' });
    expect(errorOf(await cleo.call('must'))).toMatchObject({
      code: -32010,
      message: expect.stringContaining('More than 2 tasks of all users are running') as string,
      data: { retryAfterMs: 1_000 },
    });
    expect(textOf(await cleo.call('quick'))).toBe('inline');
    step.resolve('done');
    await daemon.close();
  });

  it('are counted whoever has begun and ended them', () => {
    const counts = createTaskCounts({ ...WIDE, maxOpenTasksOfAll: 2 }, () => 0);
    expect([counts.begin('p', 'ada'), counts.begin('q', 'bob')]).toEqual([undefined, undefined]);
    expect(counts.begin('p', 'cleo')).toMatch(/More than 2 tasks/);
    expect(counts.refusal('p', 'cleo')).toBe('More than 2 tasks of all users are running; wait until some have ended.');
    counts.end('q', 'bob', { expires: 10, bytes: 1 });
    expect(counts.refusal('p', 'cleo')).toBeUndefined();
  });

  it('have results that are bounded until they expire, also those of users who do not come back', () => {
    let now = 0;
    const counts = createTaskCounts({ ...WIDE, maxTaskBytesOfAll: 100 }, () => now);
    const keep = (bytes: number, expires: number): void => {
      counts.begin('p', 'ada');
      counts.end('p', 'ada', { expires, bytes });
    };
    keep(60, 500);
    expect(counts.refusal('p', 'cleo')).toBeUndefined();
    counts.begin('p', 'bob');
    counts.end('p', 'bob', { expires: 5_000, bytes: 40 });
    const full = 'The results of the tasks of all users take too much; wait until some have expired.';
    expect(counts.refusal('p', 'cleo')).toBe(full);
    now = 999; // those of ada have expired, and are looked for once a second
    expect(counts.refusal('p', 'cleo')).toBe(full);
    now = 1_000;
    expect(counts.refusal('p', 'cleo')).toBeUndefined();
    keep(60, 6_000);
    expect(counts.refusal('p', 'cleo')).toBe(full);
    now = 6_000;
    // Those of ada are forgotten when ada asks; the size of all follows.
    expect(counts.refusal('p', 'ada')).toBeUndefined();
    expect(counts.refusal('p', 'cleo')).toBeUndefined();
  });
});
