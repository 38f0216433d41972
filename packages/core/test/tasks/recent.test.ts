import type { JsonRpcResponse } from '../../src/index.js';
import { encode } from '../../src/protocol/encode.js';
import type { TaskEntry } from '../../src/tasks/entry.js';
import { entryText, readEntry, taskDetails } from '../../src/tasks/entry.js';
import { createRecentTasks } from '../../src/tasks/recent.js';
import { daemonWith, tool } from '../support.js';
import { begin, get, reach, sharedStore, taskClient } from './support.js';

const entry = (id: string, more: Partial<TaskEntry> = {}): TaskEntry => ({
  ...{ kind: 'task', id, callId: 'c', name: 'ä"', subject: 's', owner: 'o', status: 'completed' },
  ...{ created: 1_000, updated: 1_005, ttl: 60_000, poll: 500, result: { content: [] } },
  ...more,
});

describe('tasks that have ended a short while ago', () => {
  it('are remembered by partition and id, until they expire', () => {
    let now = 2_000;
    const recent = createRecentTasks(() => now);
    const task = entry('a');
    recent.add('p', task, 100);
    expect(recent.get('p', 'a')).toBe(task);
    expect(recent.get('other', 'a')).toBeUndefined();
    expect(recent.get('p', 'b')).toBeUndefined();
    now = 61_000;
    expect(recent.get('p', 'a')).toBeUndefined();
  });

  it('are few, and none is large', () => {
    const recent = createRecentTasks(() => 2_000);
    recent.add('p', entry('large'), 8_193);
    expect(recent.get('p', 'large')).toBeUndefined();
    for (let index = 0; index < 1_000; index += 1) recent.add('p', entry(String(index)), 8_192);
    const known = Array.from({ length: 1_000 }, (_, index) => recent.get('p', String(index))).filter((one) => one !== undefined);
    expect(known.length).toBeLessThanOrEqual(256);
    expect(recent.get('p', '999')).toBeDefined();
    expect(recent.get('p', '872')).toBeDefined(); // the last 128 at least
  });

  it('are answered without a read of the store, to their owner alone', async () => {
    const reads: string[] = [];
    const { store, memory } = sharedStore({
      get: (partition, key) => {
        reads.push(key);
        return memory.state!.get(partition, key);
      },
    });
    const daemon = daemonWith([tool('short', () => 'x', { task: 'optional' })], { store: store() });
    const client = taskClient(daemon);
    await reach(client, (await begin(client, 'short')).taskId, 'completed');
    const { taskId } = await begin(client, 'short'); // it ends in the turn in which it begins, as the one before did
    reads.length = 0;
    expect(await get(client, taskId)).toMatchObject({ taskId, status: 'completed', result: { content: [{ text: 'x' }] } });
    const other = await taskClient(daemon, { subject: 'other' }).request('tasks/get', { taskId });
    expect(other).toMatchObject({ error: { message: expect.stringContaining('unknown task') as string } });
    expect(reads).toEqual([]);
  });

  it('are sent as another daemon on the store sends them', async () => {
    const { store } = sharedStore();
    const functions = [tool('short', () => ({ a: [1, 'é"'] }), { task: 'optional' })];
    const [first, second] = [daemonWith(functions, { store: store() }), daemonWith(functions, { store: store() })];
    await reach(taskClient(first), (await begin(taskClient(first), 'short')).taskId, 'completed');
    const { taskId } = await begin(taskClient(first), 'short');
    const sent = [];
    for (const daemon of [first, second]) {
      const answer = (await taskClient(daemon).request('tasks/get', { taskId })) as JsonRpcResponse;
      const text = encode(answer);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(answer)));
      sent.push((JSON.parse(text) as { result: unknown }).result);
    }
    expect(sent[0]).toEqual(sent[1]);
  });
});

describe('the text of a task', () => {
  const open = entry('a', { status: 'working' });
  delete open.result;
  it.each<[string, TaskEntry]>([
    ['completed', entry('a')],
    ['with a message', entry('a', { message: 'half "done"' })],
    ['failed', { ...open, status: 'failed', error: { code: -1, message: 'x' } }],
    ['that asks', { ...open, status: 'input_required', requests: {}, answers: { result: 1 } }],
    ['working', open],
  ])('of one that is %s is read as it was', (_, task) => {
    expect(readEntry(entryText(task, JSON.stringify))).toEqual(task);
  });

  it.each([0, 5, 999, 1_000, 1_790_000_000_042])('gives its times as ISO 8601: %s', (time) => {
    const details = taskDetails(entry('a', { created: time }));
    expect(details['createdAt']).toBe(new Date(time).toISOString());
  });
});
