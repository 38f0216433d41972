/** A server that answers calls with tasks, and clients that know tasks and that do not. */
import type { JsonObject, JsonRpcRequest } from '@mcp-daemon/core';

import { until } from '../../../tests/until.js';
import type { HandRequest, Listening } from './http-servers.js';
import { DISCOVERED, serveByHand } from './http-servers.js';
import type { Bench } from './support.js';
import { closeBenches, openBench, textOf } from './support.js';

const TASKS = 'io.modelcontextprotocol/tasks';
const TOOL = { name: 'work', inputSchema: { type: 'object' } };
const QUESTION = {
  method: 'elicitation/create',
  params: { message: 'Who?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } },
};

/** A server whose task has the state that the test gives it. */
interface Upstream extends Listening {
  readonly requests: HandRequest[];
  state: JsonObject;
  /** The id of the next task. */
  next: string;
  /** The requests of a method. */
  of(method: string): HandRequest[];
}

async function serve(created: JsonObject = {}): Promise<Upstream> {
  const served = await serveByHand((method, _at, { inputResponses, taskId = upstream.next }) => {
    const result = (members: object): object => ({ result: { resultType: 'complete', ...members } });
    if (method === 'server/discover')
      return { result: { ...DISCOVERED.result, capabilities: { tools: {}, extensions: { [TASKS]: {} } } } };
    if (method === 'tools/list') return result({ tools: [TOOL], ttlMs: 0, cacheScope: 'private' });
    const task = { taskId, createdAt: '', lastUpdatedAt: '', ttlMs: 60_000, pollIntervalMs: 50 };
    if (method === 'tools/call') return { result: { ...task, resultType: 'task', status: 'working', ...created } };
    if (method === 'tasks/update')
      upstream.state = { status: 'completed', result: { content: [{ type: 'text', text: JSON.stringify(inputResponses) }] } };
    if (method !== 'tasks/get') return result({});
    return 'code' in upstream.state ? { error: upstream.state } : result({ ...task, ...upstream.state });
  });
  const upstream: Upstream = {
    ...served,
    state: { status: 'working' },
    next: 'theirs',
    of: (method) => served.requests.filter((request) => request.method === method),
  };
  return upstream;
}

const DONE = { status: 'completed', result: { content: [{ type: 'text', text: 'worked' }], _meta: { own: 1 } } };

let upstream: Upstream;
let bench: Bench;

async function open(mount: object = {}): Promise<void> {
  upstream = await serve();
  bench = openBench({ mcpServers: { web: { url: upstream.url, prefix: '', ...mount } } });
  await (await bench.client()).close(); // it is mounted now
}
afterEach(async () => {
  await closeBenches();
  await upstream.close();
});

/** Sends a request of a client that knows tasks. @returns its result or error */
async function ask(method: string, params: JsonObject): Promise<JsonObject> {
  const session = bench.daemon.open({ send: () => undefined });
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': { elicitation: {}, extensions: { [TASKS]: {} } },
  };
  const request: JsonRpcRequest = { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } };
  const answer = (await session.receive(request)) as { result?: JsonObject; error?: JsonObject };
  session.close();
  return answer.result ?? { error: answer.error };
}

/** Calls the tool. @returns the id of our task */
async function begin(): Promise<string> {
  const result = await ask('tools/call', { name: 'work', arguments: {} });
  expect(result).toMatchObject({ resultType: 'task', status: 'working' });
  const { taskId } = result;
  expect(taskId).toMatch(/^[0-9a-f]{44}$/);
  return taskId as string;
}

/** Waits until our task has members like these. */
async function reach(taskId: string, members: JsonObject): Promise<JsonObject> {
  let state: JsonObject = {};
  await until(
    async () => {
      state = await ask('tasks/get', { taskId });
      return Object.entries(members).every(([key, value]) => state[key] === value);
    },
    () => `a task with ${JSON.stringify(members)}; it is ${JSON.stringify(state)}`,
  );
  return state;
}

/** Waits until the server got such a request. */
async function got(method: string): Promise<HandRequest> {
  return until(() => upstream.of(method)[0], `the request ${method} at the server`);
}

describe('a client that does not know tasks', () => {
  it('waits for the end, and gets the result and the messages of the task', async () => {
    await open();
    const client = await bench.client();
    const steps: unknown[] = [];
    upstream.state = { status: 'working', statusMessage: 'half of it' };
    const running = client.callTool({ name: 'work', arguments: {} }, { onprogress: (step) => steps.push(step) });
    await got('tasks/get'); // its answer has the message
    upstream.state = DONE;
    expect(await running).toEqual(DONE.result);
    expect(steps).toEqual([{ progress: 1, message: 'half of it' }]);
    const [call, look] = [upstream.of('tools/call')[0], upstream.of('tasks/get')[0]];
    for (const request of [call, look])
      expect(request?.params['_meta']).toMatchObject({
        'io.modelcontextprotocol/clientCapabilities': { extensions: { [TASKS]: {} } },
      });
    expect(look?.params['taskId']).toBe('theirs');
    expect(upstream.headers.some((headers) => headers['mcp-method'] === 'tasks/get' && headers['mcp-name'] === 'theirs')).toBe(
      true,
    );
  });

  it('is asked what the task asks, and its answer goes there', async () => {
    await open();
    const client = await bench.client({ capabilities: { elicitation: { form: {} } } });
    client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { name: 'Ada' } }));
    upstream.state = { status: 'input_required', inputRequests: { who: QUESTION } };
    const result = await client.callTool({ name: 'work', arguments: {} });
    expect(JSON.parse(textOf(result))).toEqual({ who: { action: 'accept', content: { name: 'Ada' } } });
    expect(upstream.of('tools/call')).toHaveLength(1);
    expect(upstream.of('tasks/update')).toHaveLength(1);
  });

  it('that cannot be asked gets an error, and the task is cancelled', async () => {
    await open();
    const client = await bench.client();
    upstream.state = { status: 'input_required', inputRequests: { who: QUESTION } };
    const result = await client.callTool({ name: 'work', arguments: {} });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toBe('the server "web" asks for elicitation, which the client does not support');
    await got('tasks/cancel');
  });

  it('gets an error at the time limit, and the task is cancelled', async () => {
    await open({ timeout_ms: 2_000 }); // long enough for the task to begin on a busy machine
    const client = await bench.client();
    const result = await client.callTool({ name: 'work', arguments: {} });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toContain('2000 ms');
    expect((await got('tasks/cancel')).params['taskId']).toBe('theirs');
  });

  it('cancels the task, when it cancels its call', async () => {
    await open();
    const client = await bench.client();
    const over = new AbortController();
    const running = client.callTool({ name: 'work', arguments: {} }, { signal: over.signal });
    await got('tasks/get');
    over.abort();
    await expect(running).rejects.toThrow();
    await got('tasks/cancel');
    // While the next task is looked at several times, the cancelled one is not.
    const looksAt = (id: string): number => upstream.of('tasks/get').filter(({ params }) => params['taskId'] === id).length;
    const looks = looksAt('theirs');
    upstream.next = 'another';
    const another = client.callTool({ name: 'work', arguments: {} });
    await until(() => looksAt('another') >= 3, 'three looks at another task');
    expect(looksAt('theirs')).toBe(looks);
    upstream.state = DONE;
    await another;
  });

  it.each([
    ['is cancelled by its server', { status: 'cancelled' }, 'the server "web" cancelled its task'],
    ['is forgotten', { code: -32602, message: 'unknown task' }, 'the server "web" gave its task up: unknown task'],
    ['has no state', {}, 'the server "web" sent a task without a state that is known'],
  ])('gets an error, if the task %s', async (_, state, why) => {
    await open();
    const client = await bench.client();
    upstream.state = state;
    const result = await client.callTool({ name: 'work', arguments: {} });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toBe(why);
  });

  it('gets the error with which the task failed', async () => {
    await open();
    const client = await bench.client();
    upstream.state = { status: 'failed', error: { code: -32050, message: 'broken', data: { at: 1 } } };
    await expect(client.callTool({ name: 'work', arguments: {} })).rejects.toMatchObject({ code: -32050, data: { at: 1 } });
  });
});

describe('a client that knows tasks', () => {
  it('gets a task of ours, with the messages and the result of the other one', async () => {
    await open();
    const taskId = await begin();
    upstream.state = { status: 'working', statusMessage: 'half of it' };
    await reach(taskId, { status: 'working', statusMessage: 'half of it' });
    upstream.state = DONE;
    expect(await reach(taskId, { status: 'completed' })).toMatchObject({ result: DONE.result });
    expect(upstream.of('tasks/cancel')).toEqual([]);
  });

  it('gets the result at once, if the task ends soon', async () => {
    await open();
    upstream.state = DONE;
    expect(await ask('tools/call', { name: 'work', arguments: {} })).toMatchObject({ ...DONE.result, resultType: 'complete' });
  });

  it('answers what the other task asks', async () => {
    await open();
    const taskId = await begin();
    upstream.state = { status: 'input_required', inputRequests: { who: QUESTION } };
    const { inputRequests } = await reach(taskId, { status: 'input_required' });
    expect(Object.values(inputRequests as JsonObject)).toEqual([QUESTION]);
    const [key = ''] = Object.keys(inputRequests as JsonObject);
    const answer = { action: 'accept', content: { name: 'Ada' } };
    await ask('tasks/update', { taskId, inputResponses: { [key]: answer } });
    const { result } = await reach(taskId, { status: 'completed' });
    expect(JSON.parse(textOf(result))).toEqual({ who: answer });
  });

  it.each([
    ['while it works', { status: 'working' }],
    ['while it asks', { status: 'input_required', inputRequests: { who: QUESTION } }],
  ])('cancels the other task %s', async (_, state) => {
    await open();
    const taskId = await begin();
    upstream.state = state;
    await reach(taskId, { status: state.status });
    await ask('tasks/cancel', { taskId });
    expect((await got('tasks/cancel')).params['taskId']).toBe('theirs');
    expect(await ask('tasks/get', { taskId })).toMatchObject({ status: 'cancelled' });
  });

  it('gets the error with which the other task failed', async () => {
    await open();
    const taskId = await begin();
    upstream.state = { status: 'failed', error: { code: -32050, message: 'broken' } };
    expect(await reach(taskId, { status: 'failed' })).toMatchObject({ error: { code: -32050, message: 'broken' } });
  });
});
