import { jest } from '@jest/globals';

import { until } from '../../../../tests/until.js';
import type { FunctionContext, JsonObject, StateStore } from '../../src/index.js';
import { createTaskOwner } from '../../src/tasks/owner.js';
import { daemonWith, deferred, errorOf, memoryLogger, modern, resultOf, stopClock, textOf, tool } from '../support.js';
import { begin, get, KNOWS_TASKS, reach, sharedStore, taskClient, twoDaemons } from './support.js';

const form = (context: FunctionContext) => context.elicit('Sure?', { type: 'object', properties: { sure: { type: 'boolean' } } });

describe('a task that another process runs', () => {
  it('is read, answered and cancelled through every process that uses the store', async () => {
    let aborted = 0;
    const ask = tool(
      'ask',
      (_, context) => {
        const { a, b } = context.inputs as Record<string, JsonObject>;
        if (a === undefined) return context.inputRequired({ a: form(context), b: form(context) });
        return JSON.stringify([a, b]);
      },
      { task: 'optional' },
    );
    const open = tool(
      'open',
      (_, context) =>
        new Promise((resolve) =>
          context.signal.addEventListener('abort', () => {
            aborted += 1;
            resolve('x');
          }),
        ),
      { task: 'optional' },
    );
    const { first, second } = twoDaemons([ask, open]);
    const [here, there] = [taskClient(first), taskClient(second)];
    const { taskId } = await begin(here, 'ask');
    expect(await get(there, taskId)).toEqual(await get(here, taskId));
    await there.request('tasks/update', { taskId, inputResponses: { '1-a': { action: 'accept' }, other: {} } });
    expect(Object.keys((await get(there, taskId))['inputRequests'] as object)).toEqual(['1-b']);
    await there.request('tasks/update', {
      taskId,
      inputResponses: { '1-b': { action: 'decline' }, '1-a': { action: 'cancel' } },
    });
    expect((await get(there, taskId))['status']).not.toBe('input_required');
    const ended = await reach(there, taskId, 'completed');
    expect(textOf({ result: ended['result'] as JsonObject })).toBe('[{"action":"accept"},{"action":"decline"}]');

    const running = await begin(here, 'open');
    await there.request('tasks/cancel', { taskId: running.taskId });
    expect(await get(there, running.taskId)).toMatchObject({ status: 'cancelled' });
    await until(() => aborted === 1);
    expect(await get(here, running.taskId)).toMatchObject({ status: 'cancelled' });
    expect(resultOf(await there.request('tasks/cancel', { taskId: running.taskId }))).toMatchObject({ resultType: 'complete' });
  });

  it('shows its progress there', async () => {
    const [begun, done] = [deferred(), deferred<string>()];
    const steps = tool(
      'steps',
      async (_, context) => {
        await begun.promise;
        context.progress(1, 2, 'half');
        return done.promise;
      },
      { task: 'optional' },
    );
    const { first, second } = twoDaemons([steps]);
    const { taskId } = await begin(taskClient(first), 'steps');
    const there = taskClient(second);
    expect(await get(there, taskId)).not.toHaveProperty('statusMessage', 'half');
    begun.resolve();
    await until(async () => (await get(there, taskId))['statusMessage'] === 'half');
    done.resolve('x');
    await reach(there, taskId, 'completed');
  });

  it('has failed when its process has ended: whoever reads it first says so, and it stays so', async () => {
    const { store, state } = sharedStore();
    const open = tool('open', () => new Promise(() => {}), { task: 'optional' });
    const daemon = daemonWith([open], { store });
    const { taskId } = await begin(taskClient(daemon), 'open');
    const reader = daemonWith([open], { store });
    expect(await get(taskClient(reader), taskId)).toMatchObject({ status: 'working' });
    // As after kill -9, half a minute later: the process says nothing any more.
    const { items } = await state.list('_', 'process/');
    expect(items).toHaveLength(1);
    await state.put('_', items[0]?.key as string, JSON.stringify({ until: Date.now() - 1 }));
    const later = daemonWith([open], { store });
    const failed = { status: 'failed', error: { code: -32603 }, statusMessage: expect.stringContaining('has ended') as string };
    expect(await get(taskClient(later), taskId)).toMatchObject(failed);
    await state.put('_', items[0]?.key as string, JSON.stringify({ until: Date.now() + 60_000 }));
    expect(await get(taskClient(daemonWith([open], { store })), taskId)).toMatchObject(failed);
    expect(resultOf(await taskClient(later).request('tasks/cancel', { taskId }))).toMatchObject({ resultType: 'complete' });
  });

  it('has failed at once when its record says that the process was interrupted', async () => {
    const { store, memory } = sharedStore();
    const open = tool('open', () => new Promise(() => {}), { task: 'optional' });
    const { taskId } = await begin(taskClient(daemonWith([open], { store })), 'open');
    const [row] = (await memory.calls.list('default', {})).items;
    await memory.calls.write([{ ...row!, status: 'interrupted' }]);
    expect(await get(taskClient(daemonWith([open], { store })), taskId)).toMatchObject({ status: 'failed' });
  });

  it('has failed with the others of its process, until that says again that it is alive', async () => {
    const pass = stopClock();
    const { store, state, memory } = sharedStore();
    const open = tool('open', () => new Promise(() => {}), { task: 'optional' });
    const first = taskClient(daemonWith([open], { store }));
    const [one, two, three] = [await begin(first, 'open'), await begin(first, 'open'), await begin(first, 'open')];
    const { items } = await memory.calls.list('default', {});
    await memory.calls.write([{ ...items[2]!, status: 'interrupted' }]);
    const reader = taskClient(daemonWith([open], { store }));
    expect(await get(reader, one.taskId)).toMatchObject({ status: 'failed' });
    await pass(1_000); // an answer about a process is used again for a second
    expect(await get(reader, two.taskId)).toMatchObject({ status: 'failed' }); // although its record is open
    const [said] = (await state.list('_', 'process/')).items;
    await state.put('_', said!.key, JSON.stringify({ until: Date.now() + 60_000 })); // it was only stopped
    await pass(1_000);
    expect(await get(reader, three.taskId)).toMatchObject({ status: 'working' });
  });
});

describe('a process with tasks', () => {
  const record = () => undefined;
  const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

  it('says that it is alive only where others use the store, and takes it back at its end', async () => {
    for (const shared of [false, true]) {
      const { state } = sharedStore();
      const tools = { state: () => state, isShared: () => shared, record, logger };
      const owner = createTaskOwner({ id: 'me', tools, open: () => 1, partitions: () => [], woken: () => {} });
      await owner.announce('p', Date.now());
      await owner.announce('p', Date.now());
      expect((await state.list('_', '')).items.map(({ key }) => key)).toEqual(shared ? ['process/me'] : []);
      expect(await owner.isAlive('me', { partition: 'p', callId: 'c' })).toBe(shared);
      await owner.close(true);
      await owner.close(true);
      expect((await state.list('_', '')).items).toEqual([]);
    }
  });

  it('is woken by others for its own tasks', async () => {
    const { state } = sharedStore();
    const tools = { state: () => state, isShared: () => true, record, logger };
    const woken: string[] = [];
    const me = createTaskOwner({ id: 'me', tools, open: () => 1, partitions: () => [], woken: (id) => woken.push(id) });
    const other = createTaskOwner({ id: 'other', tools, open: () => 1, partitions: () => [], woken: () => woken.push('wrong') });
    await me.announce('p', Date.now());
    await other.wake('me', 't1');
    await until(() => woken.length > 0);
    expect(woken).toEqual(['t1']);
    expect((await state.list('_', 'wake/')).items).toEqual([]);
    await me.close(true);
  });
});

describe('what a process says of itself', () => {
  const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const said = async (state: StateStore) =>
    (await state.list('_', 'process/')).items.map(({ value, expires_at }) => {
      const { partitions } = JSON.parse(value) as { partitions: string[] };
      return { partitions: partitions.sort(), expires_at: expires_at ?? 0 };
    });

  it('names the partitions of its tasks, and is kept for longer than they are', async () => {
    const { state } = sharedStore();
    const tools = { state: () => state, isShared: () => true, record: () => undefined, logger };
    const owner = createTaskOwner({ id: 'me', tools, open: () => 1, partitions: () => ['open'], woken: () => {} });
    const week = Date.now() + 7 * 24 * 60 * 60_000;
    await Promise.all([owner.announce('a', 0), owner.announce('b', 0), owner.announce('c', week)]);
    const [now] = await said(state);
    expect(now?.partitions).toEqual(['a', 'b', 'c', 'open']);
    expect(now?.expires_at).toBeGreaterThan(week);
    await owner.close(false);
    expect(await said(state)).toHaveLength(1); // not all ends are stored: others look for them
  });

  it('is taken back when it has no tasks any more, and said again with the next one', async () => {
    jest.useFakeTimers();
    try {
      const { state } = sharedStore();
      let open = 1;
      const tools = { state: () => state, isShared: () => true, record: () => undefined, logger };
      const owner = createTaskOwner({ id: 'me', tools, open: () => open, partitions: () => [], woken: () => {} });
      await owner.announce('a', 0);
      open = 0;
      await jest.advanceTimersByTimeAsync(10_000);
      expect(await said(state)).toMatchObject([{ partitions: ['a'] }]);
      await jest.advanceTimersByTimeAsync(10_000);
      expect(await said(state)).toEqual([]);
      await owner.announce('b', 0);
      expect(await said(state)).toMatchObject([{ partitions: ['b'] }]);
      await owner.close(true);
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('a daemon on a store with tasks of a process that has ended', () => {
  const open = tool('open', (_, { signal }) => new Promise((resolve) => signal.addEventListener('abort', resolve)), {
    task: 'optional',
  });
  const echoes = tool('echoes', () => 'x', { task: 'optional' });

  /** As minutes after kill -9. */
  async function forget(state: StateStore, key: string): Promise<void> {
    const said = await state.get('_', key);
    await state.put('_', key, JSON.stringify({ ...(JSON.parse(said!.value) as object), until: Date.now() - 60_000 }));
  }

  it('ends them, although nobody asks for them, and leaves all others alone', async () => {
    const { store, state } = sharedStore();
    const { logger, of } = memoryLogger();
    const [dead, alive] = [daemonWith([open, echoes], { store }), daemonWith([open], { store, logger })];
    const lost = await Promise.all(Array.from({ length: 120 }, () => begin(taskClient(dead), 'open')));
    const ended = await begin(taskClient(dead), 'echoes');
    await reach(taskClient(dead), ended.taskId, 'completed');
    const [gone] = (await state.list('_', 'process/')).items;
    const other = await begin(taskClient(alive), 'open');
    await forget(state, gone!.key);
    const daemon = daemonWith([open], { store, logger });
    await daemon.store();
    const statusOf = async (id: string) =>
      (JSON.parse((await state.get('default', `task/${id}`))!.value) as { status: string }).status;
    await until(async () => (await state.get('_', gone!.key)) === undefined);
    expect(new Set(await Promise.all(lost.map(({ taskId }) => statusOf(taskId))))).toEqual(new Set(['failed']));
    expect([await statusOf(ended.taskId), await statusOf(other.taskId)]).toEqual(['completed', 'working']);
    expect((await state.list('_', 'process/')).items).toHaveLength(1);
    const said = of('warn').flatMap((line) => /^(\d+) tasks have failed, because/.exec(line)?.[1] ?? []);
    expect(said.reduce((sum, count) => sum + Number(count), 0)).toBe(120); // by one of the two, or by both
    await daemon.close();
  });

  it('reads nothing but one list where no process has tasks, and nothing at all in its own memory', async () => {
    const pass = stopClock();
    for (const shared of [true, false]) {
      const { store, state, memory } = sharedStore();
      const reads: string[] = [];
      state.list = (partition, prefix) => {
        reads.push(`${partition} ${prefix}`);
        return { items: [] };
      };
      const daemon = daemonWith([open], { store: shared ? store : () => ({ ...memory, state }) });
      await daemon.store();
      await pass(5_000);
      expect(reads).toEqual(shared ? ['_ process/'] : []);
      await daemon.close();
    }
  });

  it('does not go on when it is closed, and is not waited for', async () => {
    const { store, state } = sharedStore();
    const dead = daemonWith([open], { store });
    for (let count = 0; count < 60; count += 1) await begin(taskClient(dead), 'open');
    const [gone] = (await state.list('_', 'process/')).items;
    await forget(state, gone!.key);
    let pages = 0;
    const list = state.list.bind(state);
    const daemon = daemonWith([open], {
      store: () => ({
        ...store(),
        state: {
          ...state,
          list: (partition, prefix, query) => {
            if (prefix === 'task/' && (pages += 1) === 1) void daemon.close({ drainMs: 0 });
            return list(partition, prefix, query);
          },
        },
      }),
    });
    await daemon.store();
    await until(() => pages > 0);
    await daemon.close();
    expect(pages).toBe(1);
    expect(await state.get('_', gone!.key)).toBeDefined(); // for another process
  });

  it('says once that the store cannot be read', async () => {
    const { store, state } = sharedStore();
    state.list = () => Promise.reject(new Error('unreadable'));
    const { logger, of } = memoryLogger();
    const daemon = daemonWith([open], { store, logger });
    await daemon.store();
    await until(() => of('warn').length > 0);
    expect(of('warn')).toEqual(['tasks of ended processes cannot be looked for']);
    await daemon.close();
  });
});

describe('a listen stream with tasks', () => {
  const states = (notices: JsonObject[]) => notices.map(({ taskId, status }) => [taskId, status]);

  it('gets each state of its tasks, and of no others; what it may not follow is not acknowledged', async () => {
    const done = deferred<string>();
    const slow = tool('slow', () => done.promise, { task: 'optional' });
    const daemon = daemonWith([slow]);
    const ada = taskClient(daemon, { subject: 'ada' });
    const bobs = await begin(taskClient(daemon, { subject: 'bob' }), 'slow');
    const [one, other] = [await begin(ada, 'slow'), await begin(ada, 'slow')];
    const wanted = { toolsListChanged: true, taskIds: [one.taskId, bobs.taskId, 'unknown', one.taskId] };
    const listening = ada.request('subscriptions/listen', { notifications: wanted }, 'listen');
    await until(() => ada.told.length >= 2);
    expect(ada.of('notifications/subscriptions/acknowledged')).toMatchObject([
      { notifications: { toolsListChanged: true, taskIds: [one.taskId] } },
    ]);
    expect(ada.told[0]?.message.method).toBe('notifications/subscriptions/acknowledged');
    done.resolve('x');
    await reach(ada, one.taskId, 'completed');
    await reach(ada, other.taskId, 'completed');
    expect(states(ada.of('notifications/tasks'))).toEqual([
      [one.taskId, 'working'],
      [one.taskId, 'completed'],
    ]);
    const last = ada.of('notifications/tasks').at(-1);
    expect(last).toMatchObject({
      result: { content: [{ text: 'x' }] },
      _meta: { 'io.modelcontextprotocol/subscriptionId': 'listen' },
    });
    const { _meta: _, resultType: __, ...state } = await get(ada, one.taskId);
    const { _meta: ___, ...told } = last as JsonObject;
    expect(told).toEqual(state);
    ada.cancel('listen');
    await listening;
  });

  it('hears of tasks that another process runs, and of questions', async () => {
    const ask = tool(
      'ask',
      (_, context) => (context.inputs['a'] === undefined ? context.inputRequired({ a: form(context) }) : 'thanks'),
      { task: 'optional' },
    );
    const { first, second } = twoDaemons([ask]);
    const { taskId } = await begin(taskClient(first), 'ask');
    const there = taskClient(second);
    void there.request('subscriptions/listen', { notifications: { taskIds: [taskId] } });
    await until(() => there.of('notifications/tasks').length === 1);
    expect(there.of('notifications/tasks')[0]).toMatchObject({ status: 'input_required', inputRequests: { '1-a': {} } });
    await there.request('tasks/update', { taskId, inputResponses: { '1-a': { action: 'accept' } } });
    await until(() => there.of('notifications/tasks').at(-1)?.['status'] === 'completed');
    there.session.close();
  });

  it('is refused without the extension, and with what is no list of ids', async () => {
    const daemon = daemonWith([tool('x', () => 'x', { task: 'optional' })]);
    const listen = (client: ReturnType<typeof modern>, taskIds: unknown) =>
      client.request('subscriptions/listen', { notifications: { taskIds } });
    expect(errorOf(await listen(modern(daemon), [])).code).toBe(-32021);
    const client = modern(daemon, { meta: KNOWS_TASKS });
    for (const wrong of ['x', [1], {}, Array.from({ length: 1_001 }, (_, index) => String(index))])
      expect(errorOf(await listen(client, wrong)).code).toBe(-32602);
  });
});
