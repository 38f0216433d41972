import { until } from '../../../../tests/until.js';
import type { FunctionContext } from '../../src/index.js';
import { daemonWith, deferred, legacy, modern, tool } from '../support.js';
import { begin, reach, taskClient } from './support.js';

/** Waits until its task is cancelled. */
const untilCancelled = (_: unknown, { signal }: FunctionContext): Promise<unknown> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));

describe('the counts of tasks', () => {
  it('are not there before a call has needed one', async () => {
    const daemon = daemonWith([tool('plain', () => 'x'), tool('long', () => 'x', { task: 'optional' })]);
    await modern(daemon).call('plain');
    expect(daemon.stats()).not.toHaveProperty('tasks');
    await begin(taskClient(daemon), 'long');
    await until(() => daemon.stats().tasks?.open === 0);
    expect(daemon.stats().tasks).toEqual({ open: 0, ended: { completed: 1, failed: 0, cancelled: 0, expired: 0 } });
  });

  it('say how many are open, and how many have ended in which way', async () => {
    const step = deferred<string>();
    const daemon = daemonWith([
      tool('slow', () => step.promise, { task: 'optional' }),
      tool('long', untilCancelled, { task: 'optional' }),
      tool('short', untilCancelled, { task: 'optional', taskTtlMs: 40 }),
    ]);
    const client = taskClient(daemon);
    const slow = await begin(client, 'slow');
    const [cancelled] = [await begin(client, 'long'), await begin(client, 'long')];
    await begin(client, 'short');
    expect(daemon.stats().tasks?.open).toBeGreaterThanOrEqual(3);
    step.resolve('done');
    await reach(client, slow.taskId, 'completed');
    await client.request('tasks/cancel', { taskId: cancelled.taskId });
    await until(() => daemon.stats().tasks?.open === 1);
    expect(daemon.stats().tasks?.ended).toEqual({ completed: 1, failed: 0, cancelled: 1, expired: 1 });
    await daemon.close({ drainMs: 0 });
    expect(daemon.stats().tasks).toEqual({ open: 0, ended: { completed: 1, failed: 1, cancelled: 1, expired: 1 } });
  });

  it('have calls with is_async that were answered before they ended', async () => {
    const step = deferred<string>();
    const daemon = daemonWith([tool('slow', () => step.promise, { isAsync: true })], { limits: { asyncWaitMs: 10 } });
    await (await legacy(daemon)).call('slow');
    expect(daemon.stats().tasks?.open).toBe(1);
    step.resolve('done');
    await until(() => daemon.stats().tasks?.open === 0);
    expect(daemon.stats().tasks?.ended.completed).toBe(1);
  });
});
