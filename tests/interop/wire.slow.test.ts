/** What no SDK lets a client do: exact lines, over a real process. */
import { until } from '../until.js';
import type { Json } from './raw.js';
import { envelope, RawClient } from './raw.js';
import type { Home } from './sidecar.js';
import { callsOf, createHome } from './sidecar.js';

let home: Home;
let client: RawClient;

const start = (...args: string[]): RawClient => (client = new RawClient(home.args(...args)));
const errorOf = (answer: Json): { code: number; message: string; data?: unknown } => answer['error'] as never;
const resultOf = (answer: Json): Json => answer['result'] as Json;
const textOf = (answer: Json): unknown => ((resultOf(answer)['content'] ?? []) as Json[])[0]?.['text'];
const call = (name: string, args: Json = {}, more: Json = {}): Json => ({ name, arguments: args, ...more });
/** Answers that could not name the request they are for. */
const anonymous = (): Json[] =>
  client.lines.flat().filter((line) => line['method'] === undefined && (line['id'] ?? null) === null);

beforeEach(async () => (home = await createHome()));
afterEach(async () => {
  client.process.kill('SIGKILL');
  await client.exited;
  await home.remove();
});

describe('version negotiation', () => {
  it.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])('agrees on %s', async (version) => {
    start();
    expect(resultOf(await client.initialize(version))).toMatchObject({ protocolVersion: version });
  });

  it.each(['2023-01-01', '2099-12-31', '2026-07-28', ''])('offers its newest to a client that wants "%s"', async (version) => {
    start();
    expect(resultOf(await client.initialize(version))).toMatchObject({ protocolVersion: '2025-11-25' });
  });

  it('refuses an unknown version of the newer era, and lists the known ones', async () => {
    start();
    const _meta = { ...envelope(), 'io.modelcontextprotocol/protocolVersion': '2099-01-01' };
    expect(errorOf(await client.ask('tools/list', { _meta }))).toMatchObject({
      code: -32022,
      data: { supported: ['2026-07-28'], requested: '2099-01-01' },
    });
  });

  it('serves both eras on one connection, each request by its metadata', async () => {
    start();
    expect(resultOf(await client.ask('tools/list', { _meta: envelope() }))['resultType']).toBe('complete');
    await client.initialize('2025-06-18');
    expect(resultOf(await client.ask('tools/list'))['resultType']).toBeUndefined();
    expect(resultOf(await client.ask('tools/list', { _meta: envelope() }))['resultType']).toBe('complete');
  });
});

describe('the newer era', () => {
  it.each(['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe'])(
    'has no %s',
    async (method) => {
      start();
      expect(errorOf(await client.ask(method, { _meta: envelope() }))).toMatchObject({ code: -32601 });
    },
  );

  it('requires all of its metadata', async () => {
    start();
    const { 'io.modelcontextprotocol/clientCapabilities': _, ...incomplete } = envelope();
    expect(errorOf(await client.ask('tools/list', { _meta: incomplete }))).toMatchObject({ code: -32602 });
  });

  it('adds resultType and the server to every result', async () => {
    start();
    for (const [method, params] of [
      ['server/discover', {}],
      ['tools/list', {}],
      ['tools/call', call('test_simple_text')],
      ['resources/read', { uri: 'test://static-text' }],
      ['prompts/get', { name: 'test_simple_prompt' }],
      [
        'completion/complete',
        { ref: { type: 'ref/prompt', name: 'test_prompt_with_arguments' }, argument: { name: 'arg1', value: 'q' } },
      ],
    ] as const) {
      const result = resultOf(await client.ask(method, { ...params, _meta: envelope() }));
      expect(result).toMatchObject({
        resultType: 'complete',
        _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'everything', version: '1.0.0' } },
      });
    }
  });

  it('says which capability is missing, instead of asking a client that cannot answer', async () => {
    start();
    const answer = await client.ask('tools/call', call('test_missing_capability', {}, { _meta: envelope() }));
    expect(errorOf(answer)).toMatchObject({ code: -32021, data: { requiredCapabilities: { sampling: {} } } });
  });

  it('asks only for what the client supports', async () => {
    start();
    const params = call('test_input_required_result_capabilities', {}, { _meta: envelope({ sampling: {} }) });
    expect(Object.keys(resultOf(await client.ask('tools/call', params))['inputRequests'] as Json)).toEqual(['sample_input']);
  });

  it('starts a stream with the subscriptions that it accepts, and marks each message of it', async () => {
    start();
    const { id } = client.request('subscriptions/listen', {
      notifications: { resourceSubscriptions: ['test://watched-resource'], unknownFilter: true },
      _meta: envelope(),
    });
    await client.ask('tools/call', call('test_change_watched', { content: 'new' }, { _meta: envelope() }));
    await until(() => client.notifications.length === 2, 'two notifications');
    const _meta = { 'io.modelcontextprotocol/subscriptionId': id };
    expect(client.notifications.map(({ method, params }) => ({ method, params }))).toEqual([
      {
        method: 'notifications/subscriptions/acknowledged',
        params: { _meta, notifications: { resourceSubscriptions: ['test://watched-resource'] } },
      },
      { method: 'notifications/resources/updated', params: { _meta, uri: 'test://watched-resource' } },
    ]);
    expect(await client.end()).toEqual({ code: 0, signal: null });
  });

  it('sends no requests of its own', async () => {
    start();
    const params = call('test_elicitation', { message: 'Well?' }, { _meta: envelope({ elicitation: {} }) });
    expect(resultOf(await client.ask('tools/call', params))['resultType']).toBe('input_required');
    expect(client.lines).toHaveLength(1);
  });
});

describe('the state between two rounds of questions', () => {
  const _meta = envelope({ elicitation: {} });
  const name = 'test_input_required_result_request_state';
  const inputResponses = { confirm: { action: 'accept', content: { ok: true } } };
  const ask = async (more: Json, tool = name): Promise<Json> => client.ask('tools/call', call(tool, {}, { _meta, ...more }));
  const first = async (): Promise<string> => String(resultOf(await ask({}))['requestState']);

  beforeEach(() => void start());

  it('comes back unchanged', async () => {
    const requestState = await first();
    expect(requestState).not.toContain('asked'); // clients cannot read it
    expect(textOf(await ask({ inputResponses, requestState }))).toBe('state-ok: requestState validated');
  });

  it.each([
    ['changed at its end', (state: string) => `${state}-TAMPERED`],
    ['cut', (state: string) => state.slice(0, -4)],
    ['with one character changed', (state: string) => state.slice(0, 20) + (state[20] === 'A' ? 'B' : 'A') + state.slice(21)],
    ['empty', () => ''],
    ['no text', () => 42],
  ])('is refused when it is %s', async (_how, tamper) => {
    const requestState = tamper(await first());
    expect(errorOf(await ask({ inputResponses, requestState }))).toMatchObject({ code: -32602 });
  });

  it('is refused for another tool, and for other arguments', async () => {
    const requestState = await first();
    expect(errorOf(await ask({ inputResponses, requestState }, 'test_input_required_result_multi_round')).code).toBe(-32602);
    expect(errorOf(await ask({ inputResponses, requestState, arguments: { other: 1 } })).code).toBe(-32602);
  });

  it.each([[null], [12], [{ user_name: 12_345 }], [[]]])('refuses malformed answers: %j', async (answers) => {
    expect(errorOf(await ask({ inputResponses: answers }, 'test_input_required_result_elicitation')).code).toBe(-32602);
  });

  it('ignores answers to questions that were not asked', async () => {
    const responses = { user_name: { action: 'accept', content: { name: 'Alice' } }, other: { action: 'accept', content: {} } };
    expect(textOf(await ask({ inputResponses: responses }, 'test_input_required_result_elicitation'))).toBe('Hello, Alice!');
  });
});

describe('a client of the older era that cannot be asked', () => {
  it.each([
    ['sampling', 'test_sampling', { prompt: 'x' }],
    ['elicitation', 'test_elicitation', { message: 'x' }],
  ])('gets a tool error without %s', async (_capability, tool, args) => {
    start();
    await client.initialize();
    const result = resultOf(await client.ask('tools/call', call(tool, args)));
    expect(result['isError']).toBe(true);
    expect(client.lines.filter((line) => 'method' in line)).toEqual([]);
  });

  it('gets a tool error when it refuses', async () => {
    start();
    await client.initialize('2025-11-25', { elicitation: {} });
    const { answer } = client.request('tools/call', call('test_elicitation', { message: 'x' }));
    await until(() => client.lines.some((line) => 'method' in line), 'the question');
    const [question] = client.lines.flat().filter(({ method }) => method === 'elicitation/create');
    client.send({ jsonrpc: '2.0', id: question?.['id'], error: { code: -1, message: 'nobody is here' } });
    expect(resultOf(await answer)).toMatchObject({ isError: true });
  });
});

describe('batches', () => {
  const batch = (...requests: [number, string, Json?][]): Json[] =>
    requests.map(([id, method, params = {}]) => ({ jsonrpc: '2.0', id, method, params }));

  it.each(['2024-11-05', '2025-03-26'])('are answered as one line in %s', async (version) => {
    start();
    await client.initialize(version);
    client.send([
      ...batch([10, 'ping'], [11, 'tools/call', call('test_simple_text')], [12, 'no/such/method']),
      { jsonrpc: '2.0', method: 'notifications/x' },
      5,
    ]);
    await until(() => client.lines.some(Array.isArray), 'the answer');
    const answers = client.lines.find(Array.isArray) as Json[];
    expect(answers.map(({ id }) => id)).toEqual([10, 11, 12, undefined]);
    expect(textOf(answers[1] as Json)).toMatch(/simple text/);
    expect(errorOf(answers[2] as Json).code).toBe(-32601);
    expect(errorOf(answers[3] as Json).code).toBe(-32600);
  });

  it('of notifications alone are not answered', async () => {
    start();
    await client.initialize('2025-03-26');
    client.send([{ jsonrpc: '2.0', method: 'notifications/x' }]);
    await client.ask('ping');
    expect(client.lines.filter(Array.isArray)).toEqual([]);
  });

  it.each(['2025-06-18', '2025-11-25'])('are refused in %s, which has none', async (version) => {
    start();
    await client.initialize(version);
    client.send(batch([10, 'ping']));
    await until(() => anonymous().length === 1, 'the answer');
    expect(errorOf(anonymous()[0] as Json).code).toBe(-32600);
    expect(resultOf(await client.ask('ping'))).toEqual({});
  });

  it('are refused when they are empty', async () => {
    start();
    await client.initialize('2025-03-26');
    client.send([]);
    await until(() => anonymous().length === 1, 'the answer');
    expect(errorOf(anonymous()[0] as Json).code).toBe(-32600);
  });
});

describe('cursors', () => {
  it('are refused once the list has changed', async () => {
    start('--page-size', '5');
    await client.initialize();
    const { nextCursor } = resultOf(await client.ask('tools/list'));
    expect(resultOf(await client.ask('tools/list', { cursor: nextCursor }))['tools']).toHaveLength(5);
    for (const cursor of [`${String(nextCursor)}x`, 5]) {
      expect(errorOf(await client.ask('tools/list', { cursor })).code).toBe(-32602);
    }
    expect(errorOf(await client.ask('prompts/list', { cursor: nextCursor })).code).toBe(-32602);
    await client.ask('tools/call', call('test_trigger_tool_change'));
    await until(() => client.notifications.some(({ method }) => method === 'notifications/tools/list_changed'), 'the change');
    expect(errorOf(await client.ask('tools/list', { cursor: nextCursor })).code).toBe(-32602);
  });
});

describe('a config file that is edited', () => {
  it('keeps the last good catalog when an edit has mistakes, logs them, and serves the next good one', async () => {
    start();
    await client.initialize();
    await home.edit((config) => (config['tools'] = [...(config['tools'] ?? []), { name: 'bound to nothing' }]));
    await until(() => /bound to nothing/.test(client.stderr), 'the complaint');
    expect(resultOf(await client.ask('tools/list'))['tools']).not.toContainEqual(
      expect.objectContaining({ name: 'bound to nothing' }),
    );
    await home.edit((config) => {
      config['tools'] = (config['tools'] ?? []).slice(0, 1);
      config['module_links'] = (config['module_links'] ?? []).filter(
        (link) => (link as Json)['type'] !== 'tool' || (link as Json)['name'] === 'test_simple_text',
      );
    });
    await until(() => client.notifications.some(({ method }) => method === 'notifications/tools/list_changed'), 'the change');
    expect(resultOf(await client.ask('tools/list'))['tools']).toHaveLength(1);
    expect(errorOf(await client.ask('tools/call', call('test_meta'))).code).toBe(-32602);
  });

  it('lets running calls finish', async () => {
    start();
    await client.initialize();
    const { answer } = client.request('tools/call', call('test_wait', { ms: 800 }));
    await client.ask('tools/call', call('test_trigger_tool_change'));
    await until(() => client.notifications.some(({ method }) => method === 'notifications/tools/list_changed'), 'the change');
    expect(textOf(await answer)).toBe('Waited 800 ms.');
  });
});

describe('the record', () => {
  it('has each call once, with its name and how it ended', async () => {
    start();
    await client.initialize();
    await client.ask('tools/call', call('test_structured', { text: 'a b' }));
    await client.ask('tools/call', call('test_error_handling'));
    await client.ask('tools/call', call('test_time_limit'));
    await client.ask('resources/read', { uri: 'test://static-text' });
    await client.ask('prompts/get', { name: 'test_simple_prompt' });
    await client.ask('tools/call', call('no_such_tool'));
    await client.end();
    const calls = (await callsOf(home)).reverse();
    expect(calls.map(({ name, mcp_type, status }) => `${String(mcp_type)} ${String(name)} ${String(status)}`)).toEqual([
      'tool test_structured completed',
      'tool test_error_handling failed',
      'tool test_time_limit timed_out',
      'resource static-text completed',
      'prompt test_simple_prompt completed',
    ]);
    expect(calls[0]).toMatchObject({ arguments: { text: 'a b' }, partition_key: 'default', content_in_s3: false });
    expect(typeof calls[0]?.['time_spent']).toBe('number');
  });
});
