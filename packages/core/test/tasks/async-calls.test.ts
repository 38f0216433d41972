import { until } from '../../../../tests/until.js';
import type { FunctionContext, JsonObject, Session } from '../../src/index.js';
import type { Client } from '../support.js';
import { daemonWith, deferred, errorOf, inTime, legacy, modern, resultOf, stopClock, textOf, tool, turns } from '../support.js';
import { begin, reach, taskClient, twoDaemons } from './support.js';

/** What the answer to a slow call says. */
function laterOf(answer: unknown): { uri: string; state: JsonObject; id: string } {
  const { content } = resultOf(answer) as unknown as {
    content: { type: string; resource: { uri: string; mimeType: string; text: string } }[];
  };
  expect(content).toEqual([{ type: 'resource', resource: expect.objectContaining({ mimeType: 'application/json' }) as unknown }]);
  const { uri, text } = content[0]!.resource;
  const state = JSON.parse(text) as JsonObject;
  const id = state['mcp_function_call_uuid'] as string;
  expect(uri).toBe(`mcp://function-call/${id}`);
  return { uri, state, id };
}

const read = async (client: Client, uri: string): Promise<JsonObject> => {
  const { contents } = resultOf(await client.request('resources/read', { uri })) as unknown as {
    contents: { uri: string; mimeType: string; text: string }[];
  };
  expect(contents).toMatchObject([{ uri, mimeType: 'application/json' }]);
  return JSON.parse(contents[0]!.text) as JsonObject;
};

const limits = { asyncWaitMs: 30 };

const slowTool = (run: (args: JsonObject, context: FunctionContext) => unknown, more: JsonObject = {}) =>
  tool('slow', run, { isAsync: true, ...more });

describe('a call of a function with is_async', () => {
  it('that ends in time is answered like any other', async () => {
    const client = await legacy(
      daemonWith([slowTool(() => turns(3).then(() => 'in time'))], { limits: { asyncWaitMs: 60_000 } }),
    );
    expect(resultOf(await client.call('slow'))).toEqual({ content: [{ type: 'text', text: 'in time' }] });
  });

  it('that takes longer names its record, with which its caller gets the state and then the result', async () => {
    const pass = stopClock();
    const done = deferred<string>();
    const daemon = daemonWith([slowTool(() => done.promise)], { limits });
    const client = await legacy(daemon);
    const { uri, state, id } = laterOf(await inTime(pass, limits.asyncWaitMs, client.call('slow', { x: 1 })));
    expect(state).toEqual({
      mcp_function_call_uuid: id,
      status: 'in_process',
      notes: expect.stringContaining('mcp_function_call_uuid') as string,
    });
    const { calls } = await daemon.store();
    expect(await calls.get('default', id)).toMatchObject({ name: 'slow', status: 'in_process', arguments: '{"x":1}' });
    expect(laterOf(await inTime(pass, limits.asyncWaitMs, client.call('slow', { mcp_function_call_uuid: id }))).id).toBe(id);
    expect(await read(client, uri)).toMatchObject({ mcp_function_call_uuid: id, status: 'in_process' });
    const waiting = client.call('slow', { mcp_function_call_uuid: id });
    done.resolve('the result');
    expect(textOf(await waiting)).toBe('the result');
    expect(textOf(await client.call('slow', { mcp_function_call_uuid: id }))).toBe('the result');
    expect(await read(client, uri)).toEqual({
      ...{ mcp_function_call_uuid: id, status: 'completed', notes: null },
      result: { content: [{ type: 'text', text: 'the result' }] },
    });
    expect(await calls.get('default', id)).toMatchObject({ status: 'completed', notes: null });
    expect((await calls.list('default', {})).items).toHaveLength(1);
  });

  it('is found by its caller alone, for its tool alone', async () => {
    const daemon = daemonWith(
      [
        slowTool(() => new Promise(() => {})),
        tool('other', () => 'x', { isAsync: true }),
        tool('plain', (args) => JSON.stringify(args)),
      ],
      { limits },
    );
    const ada = await legacy(daemon, { identity: { subject: 'ada' } });
    const bob = await legacy(daemon, { identity: { subject: 'bob' } });
    const { uri, id } = laterOf(await ada.call('slow'));
    const unknown = [
      await bob.call('slow', { mcp_function_call_uuid: id }),
      await bob.call('slow', { mcp_function_call_uuid: 'nothing' }),
      await ada.call('other', { mcp_function_call_uuid: id }),
    ];
    for (const answer of unknown) {
      expect(resultOf(answer)).toMatchObject({ isError: true });
      expect(textOf(answer)).toMatch(/^There is no call of "(slow|other)" with this mcp_function_call_uuid/);
    }
    expect(errorOf(await bob.request('resources/read', { uri })).code).toBe(-32002);
    expect(errorOf(await bob.request('resources/read', { uri: 'mcp://function-call/' })).code).toBe(-32002);
    expect(textOf(await ada.call('plain', { mcp_function_call_uuid: id }))).toBe(JSON.stringify({ mcp_function_call_uuid: id }));
    // It is no task, and a task is no such call.
    expect(errorOf(await taskClient(daemon, { subject: 'ada' }).request('tasks/get', { taskId: id })).code).toBe(-32602);
  });

  it('that fails says so to the model', async () => {
    const pass = stopClock();
    const done = deferred<string>();
    const client = await legacy(daemonWith([slowTool(() => done.promise)], { limits }));
    const { id, uri } = laterOf(await inTime(pass, limits.asyncWaitMs, client.call('slow')));
    done.reject(new Error('no luck'));
    const answer = await client.call('slow', { mcp_function_call_uuid: id });
    expect(resultOf(answer)).toEqual({ content: [{ type: 'text', text: 'no luck' }], isError: true });
    expect(await read(client, uri)).toMatchObject({ result: { isError: true } });
  });

  it('goes on when its client has left, and is read through another process', async () => {
    const done = deferred<string>();
    const { first, second } = twoDaemons([slowTool(() => done.promise)], { limits });
    const client = await legacy(first);
    const { id, uri } = laterOf(await client.call('slow'));
    (client.session as Session).close();
    const other = await legacy(second);
    expect(await read(other, uri)).toMatchObject({ status: 'in_process' });
    done.resolve('later');
    await until(async () => (await read(other, uri))['status'] === 'completed', 'the end of the call');
    expect(textOf(await other.call('slow', { mcp_function_call_uuid: id }))).toBe('later');
  });

  it('asks its client while that waits, and cannot later', async () => {
    const late = deferred();
    const run = async ({ wait }: JsonObject, context: FunctionContext) => {
      if (wait === true) await late.promise;
      if (context.inputs['a'] !== undefined) return 'thanks';
      return context.inputRequired({ a: context.elicit('Sure?', { type: 'object', properties: {} }) });
    };
    const pass = stopClock();
    const client = await legacy(daemonWith([slowTool(run)], { limits }), { capabilities: { elicitation: {} } });
    client.onRequest = () => ({ result: { action: 'accept', content: {} } });
    expect(textOf(await client.call('slow'))).toBe('thanks');
    const { id } = laterOf(await inTime(pass, limits.asyncWaitMs, client.call('slow', { wait: true })));
    late.resolve();
    const answer = await client.call('slow', { mcp_function_call_uuid: id });
    expect(textOf(answer)).toBe('"slow" cannot ask its client any more: its call was answered.');
  });

  it('of 2026-07-28 is answered with a task if its client knows tasks, and with the resource if not', async () => {
    const pass = stopClock();
    const done = deferred<string>();
    const daemon = daemonWith(
      [slowTool(() => done.promise), tool('never', () => done.promise, { isAsync: true, task: 'never' })],
      { limits },
    );
    const client = taskClient(daemon);
    const { taskId } = await inTime(pass, limits.asyncWaitMs, begin(client, 'slow'));
    const never = laterOf(await inTime(pass, limits.asyncWaitMs, client.call('never')));
    const plain = modern(daemon);
    const { id } = laterOf(await inTime(pass, limits.asyncWaitMs, plain.call('slow')));
    done.resolve('x');
    await reach(client, taskId, 'completed');
    expect(resultOf(await plain.call('slow', { mcp_function_call_uuid: id }))).toMatchObject({
      ...{ resultType: 'complete', content: [{ text: 'x' }] },
    });
    expect(textOf(await client.call('never', { mcp_function_call_uuid: never.id }))).toBe('x');
  });

  it('that must be a task is no error for clients without tasks', async () => {
    const daemon = daemonWith([slowTool(() => 'x', { task: 'required' })]);
    expect(textOf(await (await legacy(daemon)).call('slow'))).toBe('x');
  });

  it('is listed with the argument that asks for its result, because some hosts let their model give no other', async () => {
    const inputSchema = { type: 'object', properties: { x: { type: 'number' } }, additionalProperties: false };
    const own = { type: 'object', properties: { mcp_function_call_uuid: { type: 'integer' } } };
    const daemon = daemonWith([
      slowTool(() => 1, { inputSchema }),
      tool('own', () => 1, { isAsync: true, inputSchema: own }),
      tool('plain', () => 1, { inputSchema }),
    ]);
    for (const client of [await legacy(daemon), modern(daemon)]) {
      const { tools } = resultOf(await client.request('tools/list')) as unknown as { tools: { inputSchema: JsonObject }[] };
      const argument = { type: 'string', description: expect.stringContaining('earlier call') as string };
      expect(tools.map((listed) => listed.inputSchema)).toEqual([
        { ...inputSchema, properties: { x: { type: 'number' }, mcp_function_call_uuid: argument } },
        own,
        inputSchema,
      ]);
    }
  });

  it('is a new call if its model gives nothing for that argument', async () => {
    const given: JsonObject[] = [];
    const inputSchema = { type: 'object', properties: { x: { type: 'number' } }, additionalProperties: false };
    const daemon = daemonWith([slowTool((args) => (given.push(args), 'done'), { inputSchema })]);
    const client = await legacy(daemon);
    for (const id of ['', null]) expect(textOf(await client.call('slow', { x: 1, mcp_function_call_uuid: id }))).toBe('done');
    expect(given).toEqual([{ x: 1 }, { x: 1 }]);
  });
});
