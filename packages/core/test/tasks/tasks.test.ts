import { until } from '../../../../tests/until.js';
import type { DaemonError, FunctionContext, JsonObject } from '../../src/index.js';
import { createMemoryStore } from '../../src/index.js';
import {
  daemonWith,
  deferred,
  errorOf,
  legacy,
  memoryLogger,
  modern,
  resultOf,
  stopClock,
  textOf,
  tool,
  turns,
} from '../support.js';
import { begin, get, KNOWS_TASKS, reach, sharedStore, taskClient, TASKS } from './support.js';

const optional = (name: string, run: (args: JsonObject, context: FunctionContext) => unknown, more: JsonObject = {}) =>
  tool(name, run, { task: 'optional', ...more });

const form = (context: FunctionContext, message = 'Sure?') =>
  context.elicit(message, { type: 'object', properties: { sure: { type: 'boolean' } } });

const accepted = (content: JsonObject = {}) => ({ action: 'accept', content });

describe('a call of a tool with tasks', () => {
  it('is answered with a task while it runs, whose result is that of the call', async () => {
    const done = deferred<string>();
    const daemon = daemonWith([optional('slow', () => done.promise), tool('plain', () => done.promise)]);
    const client = taskClient(daemon);
    const created = await begin(client, 'slow');
    expect(created).toEqual({
      resultType: 'task',
      taskId: expect.stringMatching(/^[0-9a-f]{44}$/) as string,
      status: 'working',
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
      lastUpdatedAt: expect.stringMatching(/Z$/) as string,
      ttlMs: 3_600_000,
      pollIntervalMs: 500,
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'tested', version: '1.2.3' } },
    });
    expect(await get(client, created.taskId)).toEqual({ ...created, resultType: 'complete' });
    const plain = client.call('plain');
    done.resolve('slowly');
    const inline = resultOf(await plain);
    const ended = await reach(client, created.taskId, 'completed');
    expect(ended).toMatchObject({ resultType: 'complete', taskId: created.taskId, ttlMs: 3_600_000, result: inline });
    expect(inline).toMatchObject({ resultType: 'complete', content: [{ type: 'text', text: 'slowly' }] });
    expect(ended['result']).not.toHaveProperty(['_meta', 'io.modelcontextprotocol/related-task']);
  });

  it('that ends at once is a task that has ended, stored once', async () => {
    const { store, state, memory } = sharedStore();
    const puts: string[] = [];
    const put = state.put.bind(state);
    state.put = (partition, key, value, options) => {
      puts.push(key);
      return put(partition, key, value, options);
    };
    const daemon = daemonWith([optional('quick', () => 'done')], { store });
    const client = taskClient(daemon);
    const first = await begin(client, 'quick'); // the first call of a function waits for its record
    await reach(client, first.taskId, 'completed');
    await until(() => daemon.stats().tasks?.open === 0, 'the end of the task is stored');
    puts.length = 0;
    const created = await begin(client, 'quick');
    expect(created).toMatchObject({ status: 'completed' });
    expect(created).not.toHaveProperty('result');
    expect(puts).toEqual([`task/${created.taskId}`]);
    expect(await get(client, created.taskId)).toMatchObject({ status: 'completed', result: { content: [{ text: 'done' }] } });
    expect(memory.name).toBe('memory');
  });

  it('that fails has completed with an error for the model', async () => {
    const client = taskClient(daemonWith([optional('fails', () => Promise.reject(new Error('no luck')))]));
    const { taskId } = await begin(client, 'fails');
    expect(await reach(client, taskId, 'completed', 'failed')).toMatchObject({
      status: 'completed',
      result: { isError: true, content: [{ text: 'no luck' }], resultType: 'complete' },
    });
  });

  it('that ends with a JSON-RPC error has failed with it', async () => {
    const odd = optional('odd', async (_, context) => {
      await turns(2);
      return context.inputRequired({ x: { method: 'does/not/exist' as 'roots/list' } });
    });
    const client = taskClient(daemonWith([odd]));
    const { taskId } = await begin(client, 'odd');
    const ended = await reach(client, taskId, 'completed', 'failed');
    expect(ended).toMatchObject({ status: 'failed', error: { code: -32603 } });
    expect(ended['statusMessage']).toBe((ended['error'] as { message: string }).message);
    expect(ended).not.toHaveProperty('result');
  });

  it('that ends soon enough is answered like any other', async () => {
    const late = deferred<string>();
    const daemon = daemonWith([
      optional('soon', () => turns(3).then(() => 'soon'), { taskAfterMs: 60_000 }),
      optional('late', () => late.promise, { taskAfterMs: 20 }),
    ]);
    const client = taskClient(daemon);
    expect(textOf(await client.call('soon'))).toBe('soon');
    const { taskId } = await begin(client, 'late');
    late.resolve('late');
    expect(await reach(client, taskId, 'completed')).toMatchObject({ result: { content: [{ text: 'late' }] } });
  });

  it('is made inline for clients that do not know tasks, and refused if it must be one', async () => {
    const daemon = daemonWith([optional('may', () => 'inline'), tool('must', () => 'never', { task: 'required' })]);
    for (const client of [modern(daemon), await legacy(daemon)]) {
      expect(textOf(await client.call('may'))).toBe('inline');
      expect(errorOf(await client.call('must'))).toMatchObject({
        code: -32021,
        data: { requiredCapabilities: { extensions: { [TASKS]: {} } } },
      });
    }
    // Earlier requests of the same connection say nothing about this one.
    const client = taskClient(daemon);
    await begin(client, 'must');
    const meta = { 'io.modelcontextprotocol/clientCapabilities': {} };
    expect(errorOf(await client.call('must', {}, { _meta: meta })).code).toBe(-32021);
    expect((await (await daemon.store()).calls.list('default', { name: 'must' })).items).toHaveLength(1);
  });

  it('ignores what clients of 2025-11-25 say about tasks', async () => {
    const daemon = daemonWith([tool('plain', () => 'x'), optional('may', () => 'y', { taskAfterMs: 60_000 })]);
    const client = taskClient(daemon);
    expect(textOf(await client.call('plain', {}, { task: { ttl: 60_000 } }))).toBe('x');
    expect(textOf(await client.call('may', {}, { task: { ttl: 60_000 } }))).toBe('y');
    for (const method of ['tasks/list', 'tasks/result'])
      expect(errorOf(await client.request(method, { taskId: 'x' })).code).toBe(-32601);
    const old = await legacy(daemon);
    for (const method of ['tasks/get', 'tasks/cancel', 'tasks/update'])
      expect(errorOf(await old.request(method, { taskId: 'x' })).code).toBe(-32601);
  });

  it('is announced to clients that may have tasks, and to no others', async () => {
    const extensions = { [TASKS]: {} };
    const daemon = daemonWith([optional('may', () => 'x')]);
    expect(resultOf(await modern(daemon).request('server/discover'))).toMatchObject({ capabilities: { extensions } });
    const handshake = resultOf(
      await (
        await legacy(daemon)
      ).request('initialize', {
        ...{ protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
      }),
    );
    expect(handshake['capabilities']).not.toHaveProperty('extensions');
    const never = daemonWith([tool('never', () => 'x', { task: 'never', isAsync: true })]);
    expect(resultOf(await modern(never).request('server/discover'))['capabilities']).not.toHaveProperty('extensions');
  });

  it('has a record that names the task', async () => {
    const done = deferred();
    const daemon = daemonWith([
      optional('slow', () => done.promise.then(() => 'x')),
      optional('wrong', () => Promise.reject(new Error('boom'))),
    ]);
    const client = taskClient(daemon);
    const { calls } = await daemon.store();
    const notes = async (name: string) =>
      (await calls.list('default', { name })).items.map(({ notes: text, status }) => [status, text]);
    const slow = await begin(client, 'slow');
    expect(await notes('slow')).toEqual([['in_process', `task ${slow.taskId}`]]);
    done.resolve();
    await reach(client, slow.taskId, 'completed');
    expect(await notes('slow')).toEqual([['completed', `task ${slow.taskId}`]]);
    const wrong = await begin(client, 'wrong');
    await reach(client, wrong.taskId, 'completed');
    expect(await notes('wrong')).toEqual([['failed', `boom (task ${wrong.taskId})`]]);
  });

  it('goes on when the request that created it is cancelled after its answer, and ends when it was not answered yet', async () => {
    const [began, aborted] = [[] as string[], [] as string[]];
    const waits = (name: string, more: JsonObject) =>
      optional(
        name,
        (_, context) =>
          new Promise((resolve) => {
            began.push(name);
            context.signal.addEventListener('abort', () => {
              aborted.push(name);
              resolve('aborted');
            });
          }),
        more,
      );
    const daemon = daemonWith([waits('task', {}), waits('inline', { taskAfterMs: 60_000 })]);
    const client = taskClient(daemon);
    const answer = resultOf(await client.call('task', {}, {}, 'first')) as { taskId: string };
    await until(() => began.length === 1, 'the task begins');
    client.cancel('first');
    await turns();
    expect(await get(client, answer.taskId)).toMatchObject({ status: 'working' });
    const waiting = client.raw(client.message('tools/call', { name: 'inline', arguments: {} }, 'second'));
    await until(() => began.length === 2, 'the second call begins');
    client.cancel('second');
    expect(await waiting).toBeUndefined();
    expect(aborted).toEqual(['inline']);
    client.session.close();
    await turns();
    expect(aborted).toEqual(['inline']);
    expect(await get(taskClient(daemon), answer.taskId)).toMatchObject({ status: 'working' });
  });

  it('tells its progress as the message of the task, and sends no notifications', async () => {
    const [begun, step] = [deferred(), deferred()];
    const run = async (_: JsonObject, context: FunctionContext) => {
      await begun.promise;
      context.progress(1, 4);
      context.log('error', 'not sent');
      await step.promise;
      return 'x';
    };
    const client = taskClient(daemonWith([optional('steps', run)]));
    const params = { name: 'steps', arguments: {}, _meta: { progressToken: 'p', 'io.modelcontextprotocol/logLevel': 'debug' } };
    const { taskId } = resultOf(await client.request('tools/call', params)) as { taskId: string };
    begun.resolve();
    await until(async () => (await get(client, taskId))['statusMessage'] === '1 of 4', 'the progress of the task');
    step.resolve();
    await reach(client, taskId, 'completed');
    await turns();
    expect(client.told).toEqual([]);
  });

  it('expires with its task: what runs is ended, and it is not found any more', async () => {
    const pass = stopClock();
    let signal: AbortSignal | undefined;
    const daemon = daemonWith([
      optional(
        'for ever',
        (_, context) => {
          ({ signal } = context);
          return new Promise(() => {});
        },
        { taskTtlMs: 60 },
      ),
      optional('kept', () => 'x', { taskTtlMs: 60 }),
    ]);
    const client = taskClient(daemon);
    const tasks = [await begin(client, 'for ever'), await begin(client, 'kept')];
    await until(() => signal, 'the function begins');
    await pass(59);
    expect(signal?.aborted).toBe(false);
    await pass(1);
    await until(() => signal?.aborted, 'the end of what runs');
    for (const { taskId } of tasks) {
      expect(errorOf(await client.request('tasks/get', { taskId })).code).toBe(-32602);
      expect(errorOf(await client.request('tasks/update', { taskId, inputResponses: {} })).code).toBe(-32602);
      expect(errorOf(await client.request('tasks/cancel', { taskId })).code).toBe(-32602);
    }
    const { calls } = await daemon.store();
    const record = async () => (await calls.list('default', { name: 'for ever' })).items[0];
    await until(async () => (await record())?.status !== 'in_process', 'the end of the record');
    expect(await record()).toMatchObject({ status: 'cancelled', notes: expect.stringContaining('its task expired') as string });
  });
});

describe('a task', () => {
  const open = optional(
    'open',
    (_, context) => new Promise((_resolve, reject) => context.signal.addEventListener('abort', () => reject(new Error('x')))),
  );

  it('is found by its owner alone: others, unknown ids and other kinds of ids get the same answer', async () => {
    const daemon = daemonWith([open]);
    const mine = taskClient(daemon, { subject: 'ada' });
    const { taskId } = await begin(mine, 'open');
    const answers = [
      await taskClient(daemon, { subject: 'bob' }).request('tasks/get', { taskId }),
      await taskClient(daemon, { subject: 'ada' }).request('tasks/get', {
        taskId: taskId.replace(/^./, (c) => (c === '0' ? '1' : '0')),
      }),
      await taskClient(daemon, { subject: 'bob' }).request('tasks/cancel', { taskId }),
      await taskClient(daemon, { subject: 'bob' }).request('tasks/update', { taskId, inputResponses: {} }),
    ].map((answer) => errorOf(answer));
    for (const error of answers)
      expect(error).toEqual({
        code: -32602,
        message: expect.stringMatching(/^Invalid params: unknown task: ([0-9a-f]{32}|[0-9a-f]{44})$/) as string,
      });
    for (const id of ['', 'x'.repeat(10_000), '../../x', taskId.toUpperCase(), ` ${taskId}`])
      expect(errorOf(await mine.request('tasks/get', { taskId: id })).code).toBe(-32602);
    expect(await get(taskClient(daemon, { subject: 'ada' }), taskId)).toMatchObject({ status: 'working' });
  });

  it('of an anonymous partition is found by all its callers, on every connection', async () => {
    const daemon = daemonWith([open]);
    const { taskId } = await begin(taskClient(daemon), 'open');
    const other = taskClient(daemon);
    expect(resultOf(await other.request('tasks/cancel', { taskId }))).toEqual({
      resultType: 'complete',
      _meta: expect.anything() as unknown,
    });
    expect(await get(other, taskId)).toMatchObject({ status: 'cancelled' });
  });

  it('is not served to requests that do not declare tasks, whether or not it exists', async () => {
    const daemon = daemonWith([open]);
    const { taskId } = await begin(taskClient(daemon), 'open');
    const client = modern(daemon);
    for (const id of [taskId, 'unknown', 7])
      for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel'])
        expect(errorOf(await client.request(method, { taskId: id as string }))).toMatchObject({
          code: -32021,
          data: { requiredCapabilities: { extensions: { [TASKS]: {} } } },
        });
    expect(errorOf(await client.request('subscriptions/listen', { notifications: { taskIds: [taskId] } })).code).toBe(-32021);
  });

  it('refuses parameters of the wrong form', async () => {
    const client = taskClient(daemonWith([open]));
    const { taskId } = await begin(client, 'open');
    for (const params of [{}, { taskId: 5 }, { taskId: null }])
      expect(errorOf(await client.request('tasks/get', params)).code).toBe(-32602);
    for (const inputResponses of [undefined, null, [], 'x'])
      expect(errorOf(await client.request('tasks/update', { taskId, inputResponses })).code).toBe(-32602);
  });

  it('is cancelled at once, however its function behaves, and stays so', async () => {
    const late = deferred<string>();
    let signal: AbortSignal | undefined;
    const stubborn = optional('stubborn', (_, context) => {
      ({ signal } = context);
      return late.promise;
    });
    const daemon = daemonWith([stubborn, optional('quick', () => 'x')]);
    const client = taskClient(daemon);
    const { taskId } = await begin(client, 'stubborn');
    await until(() => signal, 'the function begins');
    await client.request('tasks/cancel', { taskId });
    expect(signal?.aborted).toBe(true);
    expect(await get(client, taskId)).toMatchObject({ status: 'cancelled' });
    late.resolve('too late');
    await turns();
    expect(await get(client, taskId)).toMatchObject({ status: 'cancelled' });
    const ended = await begin(client, 'quick');
    await reach(client, ended.taskId, 'completed');
    for (const id of [taskId, ended.taskId]) {
      expect(resultOf(await client.request('tasks/cancel', { taskId: id }))).toMatchObject({ resultType: 'complete' });
      expect(resultOf(await client.request('tasks/update', { taskId: id, inputResponses: { x: {} } }))).toMatchObject({
        resultType: 'complete',
      });
    }
    expect(await get(client, ended.taskId)).toMatchObject({ status: 'completed' });
    const { items } = await (await daemon.store()).calls.list('default', { name: 'stubborn' });
    expect(items[0]).toMatchObject({ status: 'cancelled', notes: `cancelled by the client (task ${taskId})` });
  });

  it('asks its client, all questions at once, and goes on when all are answered', async () => {
    const runs: JsonObject[] = [];
    const ask = optional('ask', (_, context) => {
      runs.push({ ...context.inputs });
      const { name, color, sure } = context.inputs as Record<string, JsonObject>;
      if (name === undefined)
        return context.inputRequired({ name: form(context, 'Name?'), color: form(context, 'Color?') }, { asked: 1 });
      if (sure === undefined) return context.inputRequired({ sure: form(context), name: form(context, 'Again?') });
      return `${JSON.stringify([name, color, sure])} ${JSON.stringify(context.state)}`;
    });
    const daemon = daemonWith([ask]);
    const client = taskClient(daemon);
    const { taskId } = await begin(client, 'ask');
    const first = await get(client, taskId);
    expect(first).toMatchObject({ status: 'input_required', resultType: 'complete' });
    expect(Object.keys(first['inputRequests'] as object)).toEqual(['1-name', '1-color']);
    expect(first['inputRequests']).toMatchObject({ '1-name': { method: 'elicitation/create', params: { message: 'Name?' } } });
    const update = (inputResponses: JsonObject) => client.request('tasks/update', { taskId, inputResponses });
    expect(resultOf(await update({ '1-name': accepted({ n: 1 }), unknown: { ignored: true }, name: 5 }))).toEqual({
      resultType: 'complete',
      _meta: expect.anything() as unknown,
    });
    const partly = await get(client, taskId);
    expect(partly['status']).toBe('input_required');
    expect(Object.keys(partly['inputRequests'] as object)).toEqual(['1-color']);
    await update({ '1-name': accepted({ n: 2 }) }); // answered already
    expect(errorOf(await update({ '1-color': 'red' })).code).toBe(-32602);
    await update({ '1-color': accepted({ c: 1 }), '1-name': accepted({ n: 3 }) });
    const second = await reach(client, taskId, 'input_required');
    await until(() => runs.length === 2);
    expect(Object.keys((await get(client, taskId))['inputRequests'] as object)).toEqual(['2-sure', '2-name']);
    expect(second).not.toHaveProperty('requestState');
    await update({ '1-name': accepted({ n: 4 }), '2-sure': accepted({ s: 1 }), '2-name': { action: 'decline' } });
    const ended = await reach(client, taskId, 'completed');
    expect(textOf({ result: ended['result'] as JsonObject })).toBe(
      `${JSON.stringify([{ action: 'decline' }, accepted({ c: 1 }), accepted({ s: 1 })])} undefined`,
    );
    expect(runs).toHaveLength(3);
    expect((await (await daemon.store()).calls.list('default', {})).items).toHaveLength(1);
  });

  it('is created after the questions that come before it', async () => {
    const isTask = deferred<undefined>();
    const ask = optional(
      'ask',
      async (_, context) => {
        const { user_name: name } = context.inputs as Record<string, { content: { name: string } }>;
        if (name === undefined) return context.inputRequired({ user_name: form(context) });
        await isTask.promise;
        return `Hello, ${name.content.name}!`;
      },
      { taskAfterMs: 1_000 },
    );
    const client = taskClient(daemonWith([ask]));
    const asked = resultOf(await client.call('ask'));
    expect(asked).toMatchObject({ resultType: 'input_required', inputRequests: { user_name: {} } });
    const answer = { inputResponses: { user_name: accepted({ name: 'Alice' }) }, requestState: asked['requestState'] };
    const { taskId } = resultOf(await client.call('ask', {}, answer)) as { taskId: string };
    isTask.resolve(undefined);
    expect(await reach(client, taskId, 'completed')).toMatchObject({ result: { content: [{ text: 'Hello, Alice!' }] } });
  });

  it('fails if its client cannot be asked what its function asks', async () => {
    const sampled = optional('sampled', async (_, context) => {
      await turns(2);
      return context.inputRequired({ x: context.sample({ messages: [], maxTokens: 1 }) });
    });
    const client = taskClient(daemonWith([sampled]));
    const { taskId } = await begin(client, 'sampled');
    expect(await reach(client, taskId, 'failed')).toMatchObject({
      error: { code: -32021, data: { requiredCapabilities: { sampling: {} } } },
    });
  });

  it('fails when the server ends before it, and waits for it as long as for calls', async () => {
    const { store } = sharedStore();
    const done = deferred<string>();
    const daemon = daemonWith([open, optional('ends', () => done.promise)], { store });
    const client = taskClient(daemon);
    const ends = await begin(client, 'ends');
    const closing = daemon.close({ drainMs: 60_000 });
    await turns();
    expect(await get(taskClient(daemonWith([], { store })), ends.taskId)).toMatchObject({ status: 'working' });
    done.resolve('in time');
    await closing;
    const second = daemonWith([open], { store });
    const other = taskClient(second);
    expect(await get(other, ends.taskId)).toMatchObject({ status: 'completed', result: { content: [{ text: 'in time' }] } });
    const cut = await begin(other, 'open');
    await second.close({ drainMs: 0 });
    const third = taskClient(daemonWith([open], { store }));
    expect(await get(third, cut.taskId)).toMatchObject({
      ...{ status: 'failed', statusMessage: 'The server was shut down before the task ended.' },
      error: { code: -32603 },
    });
  });
});

describe('a call that becomes a task', () => {
  it('and has an idempotency key runs once: a repetition gets the same task, if it declares tasks', async () => {
    const done = deferred<string>();
    let runs = 0;
    const once = optional('once', () => {
      runs += 1;
      return done.promise;
    });
    const daemon = daemonWith([once]);
    const client = taskClient(daemon);
    const key = { idempotencyKey: 'k-1' };
    const first = resultOf(await client.call('once', {}, key));
    const again = resultOf(await client.call('once', {}, key));
    expect(again).toMatchObject({ resultType: 'task', taskId: first['taskId'] });
    expect(again['_meta']).toHaveProperty(['io.mcp-daemon/repeatOf']);
    expect(errorOf(await modern(daemon).call('once', {}, key)).code).toBe(-32021);
    done.resolve('x');
    await reach(client, first['taskId'] as string, 'completed');
    expect(runs).toBe(1);
  });

  it('and needs approval asks for it in the task', async () => {
    let runs = 0;
    const pay = optional(
      'pay',
      () => {
        runs += 1;
        return 'paid';
      },
      { approve: 'always' },
    );
    const daemon = daemonWith([pay]);
    const client = taskClient(daemon);
    const { taskId } = await begin(client, 'pay');
    const asked = await reach(client, taskId, 'input_required');
    const [key] = Object.keys(asked['inputRequests'] as object) as [string];
    expect(key).toBe('1-io.mcp-daemon/approval');
    expect(runs).toBe(0);
    await client.request('tasks/update', { taskId, inputResponses: { [key]: { action: 'accept', content: {} } } });
    expect(await reach(client, taskId, 'completed')).toMatchObject({ result: { content: [{ text: 'paid' }] } });
    const refused = await begin(client, 'pay');
    await reach(client, refused.taskId, 'input_required');
    await client.request('tasks/update', { taskId: refused.taskId, inputResponses: { [key]: { action: 'decline' } } });
    expect(await reach(client, refused.taskId, 'completed')).toMatchObject({ result: { isError: true } });
    expect(runs).toBe(1);
  });
});

describe('the end of a task', () => {
  it('is shown when it is stored, to every way of looking: a crash cannot take back what a client has seen', async () => {
    const { store, state } = sharedStore();
    const { put } = state;
    const done = deferred<string>();
    const written = deferred<undefined>();
    const daemon = daemonWith([optional('slow', () => done.promise)], { store });
    const client = taskClient(daemon);
    const { taskId } = await begin(client, 'slow');
    let isTried = false;
    state.put = async (...args) => {
      isTried = true;
      await written.promise;
      return put(...args);
    };
    const listen = { notifications: { taskIds: [taskId] } };
    void client.request('subscriptions/listen', listen);
    await until(() => client.of('notifications/tasks').length === 1);
    const seen: string[] = [];
    done.resolve('done');
    await until(() => isTried);
    const looking = get(client, taskId).then(({ status }) => seen.push(status as string));
    await turns(20);
    expect(seen).toEqual([]);
    expect(client.of('notifications/tasks')).toMatchObject([{ status: 'working' }]);
    written.resolve(undefined);
    await looking;
    expect(seen).toEqual(['completed']);
    await until(() => client.of('notifications/tasks').at(-1)?.['status'] === 'completed');
  });
});

describe('a store that fails', () => {
  it('before the task is stored leaves the call inline, or refuses it if it must be a task', async () => {
    const { store, state } = sharedStore();
    const broken = (): never => {
      throw Object.assign(new Error('disk full'), { code: 'store_failed' });
    };
    state.put = broken;
    let aborted = false;
    const { logger, of } = memoryLogger();
    const daemon = daemonWith(
      [
        optional('may', () => turns(5).then(() => 'inline')),
        tool(
          'must',
          (_, context) =>
            new Promise((resolve) =>
              context.signal.addEventListener('abort', () => {
                aborted = true;
                resolve('x');
              }),
            ),
          { task: 'required' },
        ),
      ],
      { store, logger },
    );
    const client = taskClient(daemon);
    expect(textOf(await client.call('may'))).toBe('inline');
    expect(of('warn')).toEqual([expect.stringContaining('a task cannot be stored, so its client waits')]);
    expect(errorOf(await client.call('must')).code).toBe(-32603);
    await until(() => aborted);
  });

  it('after that does not lose the end of the task: this process knows it, and stores it when it can', async () => {
    const { store, state } = sharedStore();
    const { logger, of } = memoryLogger();
    const done = deferred<string>();
    const daemon = daemonWith([optional('slow', () => done.promise)], { store, logger });
    const client = taskClient(daemon);
    const { taskId } = await begin(client, 'slow');
    const put = state.put.bind(state);
    state.put = () => Promise.reject(new Error('disk full') as unknown as DaemonError);
    done.resolve('kept');
    expect(await reach(client, taskId, 'completed')).toMatchObject({ result: { content: [{ text: 'kept' }] } });
    await until(() => of('error').some((line) => line.startsWith('a task cannot be stored now')));
    state.put = put;
    const other = taskClient(daemonWith([], { store }));
    expect(await reach(other, taskId, 'completed')).toMatchObject({ result: { content: [{ text: 'kept' }] } });
  });
});

describe('the number of tasks of one user', () => {
  it('is bounded: further calls are made inline, or refused if they must be tasks', async () => {
    const ends: (() => void)[] = [];
    const run = (): Promise<string> => new Promise((resolve) => ends.push(() => resolve('x')));
    const daemon = daemonWith([optional('may', run), tool('must', run, { task: 'required' })], { limits: { maxOpenTasks: 2 } });
    const ada = taskClient(daemon, { subject: 'ada' });
    await begin(ada, 'may');
    await begin(ada, 'must');
    expect(errorOf(await ada.call('must'))).toMatchObject({ code: -32010, data: { retryAfterMs: 1_000 } });
    const inline = ada.call('may');
    await until(() => ends.length === 3);
    ends[2]?.();
    expect(textOf(await inline)).toBe('x');
    await begin(taskClient(daemon, { subject: 'bob' }), 'may');
    const { open } = daemon.stats().tasks!;
    ends[0]?.();
    await until(() => daemon.stats().tasks!.open < open, 'the end of a task');
    await begin(ada, 'must');
  });

  it.each([
    ['required', {}, 'refused'],
    ['required', { taskAfterMs: 20 }, 'refused'],
    ['optional', {}, 'complete'],
    ['optional', { taskAfterMs: 20 }, 'complete'],
  ])('is bounded for calls that come together: %s %j', async (task, more, other) => {
    const done = deferred<string>();
    const daemon = daemonWith([tool('many', () => done.promise, { task, ...more })], { limits: { maxOpenTasks: 2 } });
    const client = taskClient(daemon);
    const kinds: string[] = [];
    const call = async (): Promise<void> => {
      const answer = await client.call('many');
      kinds.push('error' in answer ? 'refused' : String(answer.result['resultType']));
    };
    const calls = Array.from({ length: 5 }, call);
    await until(() => kinds.filter((kind) => kind === 'task').length >= 2);
    done.resolve('x');
    await Promise.all(calls);
    expect(kinds.sort()).toEqual([other, other, other, 'task', 'task']);
    await turns(10);
    expect(daemon.stats().tasks).toMatchObject({ open: 0 });
  });

  it('counts those that are kept, and the size of their results', async () => {
    const pass = stopClock();
    const limits = { maxTasks: 3, maxTaskBytes: 20_000 };
    const big = optional('big', () => 'x'.repeat(15_000), { taskTtlMs: 150 });
    const small = tool('small', () => 'x', { task: 'required', taskTtlMs: 150 });
    const daemon = daemonWith([big, small], { limits });
    const client = taskClient(daemon);
    const ended = () => until(() => daemon.stats().tasks?.open === 0, 'the ends of all tasks are stored');
    for (let count = 0; count < 3; count += 1) await begin(client, 'small');
    await ended();
    expect(errorOf(await client.call('small')).message).toMatch(/Too many tasks of one user are kept/);
    await pass(150);
    await begin(client, 'big');
    await begin(client, 'big');
    await ended();
    expect(errorOf(await client.call('small')).code).toBe(-32010);
    expect(textOf(await client.call('big'))).toHaveLength(15_000);
  });

  it('of ten thousand is served, and the next one is refused', async () => {
    const client = taskClient(daemonWith([tool('quick', () => 'x', { task: 'required' })], { store: createMemoryStore() }));
    const answers: JsonObject[] = [];
    for (let count = 0; count < 100; count += 1)
      answers.push(...(await Promise.all(Array.from({ length: 100 }, () => begin(client, 'quick')))));
    expect(new Set(answers.map(({ taskId }) => taskId)).size).toBe(10_000);
    await reach(client, answers[5_000]?.['taskId'] as string, 'completed');
    expect(errorOf(await client.call('quick')).code).toBe(-32010);
  });
});

it('a client without tasks declares nothing by an extension that is no object', async () => {
  const daemon = daemonWith([optional('may', () => 'inline')]);
  for (const extensions of [{ [TASKS]: true }, { [TASKS]: null }, [TASKS], null]) {
    const meta = { 'io.modelcontextprotocol/clientCapabilities': { extensions } };
    expect(textOf(await modern(daemon, { meta }).call('may'))).toBe('inline');
  }
  expect(KNOWS_TASKS).toBeDefined();
});
