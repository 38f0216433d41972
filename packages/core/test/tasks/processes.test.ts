import type { FunctionContext, JsonObject } from '../../src/index.js';
import { createTaskOwner } from '../../src/tasks/owner.js';
import { daemonWith, deferred, errorOf, modern, resultOf, textOf, tool, turns, until } from '../support.js';
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
    const done = deferred<string>();
    const steps = tool(
      'steps',
      (_, context) => {
        setTimeout(() => context.progress(1, 2, 'half'), 20);
        return done.promise;
      },
      { task: 'optional' },
    );
    const { first, second } = twoDaemons([steps]);
    const { taskId } = await begin(taskClient(first), 'steps');
    const there = taskClient(second);
    let message: unknown;
    await until(() => {
      void get(there, taskId).then((state) => (message = state['statusMessage']));
      return message === 'half';
    });
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
});

describe('a process with tasks', () => {
  const record = () => undefined;
  const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

  it('says that it is alive only where others use the store, and takes it back at its end', async () => {
    for (const shared of [false, true]) {
      const { state } = sharedStore();
      const tools = { state: () => state, isShared: () => shared, record, logger };
      const owner = createTaskOwner({ id: 'me', tools, open: () => 1, woken: () => {} });
      await owner.announce();
      await owner.announce();
      expect((await state.list('_', '')).items.map(({ key }) => key)).toEqual(shared ? ['process/me'] : []);
      expect(await owner.isAlive('me', { partition: 'p', callId: 'c' })).toBe(shared);
      await owner.close();
      await owner.close();
      expect((await state.list('_', '')).items).toEqual([]);
    }
  });

  it('is woken by others for its own tasks', async () => {
    const { state } = sharedStore();
    const tools = { state: () => state, isShared: () => true, record, logger };
    const woken: string[] = [];
    const me = createTaskOwner({ id: 'me', tools, open: () => 1, woken: (id) => woken.push(id) });
    const other = createTaskOwner({ id: 'other', tools, open: () => 1, woken: () => woken.push('wrong') });
    await me.announce();
    await other.wake('me', 't1');
    await until(() => woken.length > 0);
    expect(woken).toEqual(['t1']);
    expect((await state.list('_', 'wake/')).items).toEqual([]);
    await me.close();
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
    await turns();
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
