import { until } from '../../../../tests/until.js';
import type { Daemon, DaemonOptions, FunctionDefinition, JsonObject, JsonRpcRequest } from '../../src/index.js';
import { defineCatalog, definePrompt, defineResource, elicit, inputRequired, listRoots, sample } from '../../src/index.js';
import type { Client } from '../support.js';
import {
  daemonWith,
  errorOf,
  legacy,
  memoryLogger,
  modern,
  resultOf,
  stopClock,
  textOf,
  tool,
  watchedStore,
} from '../support.js';

const schema = { type: 'object', properties: { name: { type: 'string' } } };
const askName = elicit('Your name?', schema);
const askAge = elicit('Your age?', { type: 'object', properties: { age: { type: 'number' } } });

const CAPABLE = { elicitation: { form: {} }, sampling: {}, roots: {} };
const meta = { 'io.modelcontextprotocol/clientCapabilities': CAPABLE };

/** Asks for a name and returns all that it was given. */
const greet = tool('greet', (args, { inputs, state }) =>
  inputs['name'] === undefined ? inputRequired({ name: askName }, { seen: 'once' }) : JSON.stringify({ args, inputs, state }),
);

/** Asks one thing after the other. */
const wizard = tool('wizard', (_args, { inputs, state }) => {
  if (inputs['name'] === undefined) return inputRequired({ name: askName }, 1);
  if (inputs['age'] === undefined) return inputRequired({ age: askAge }, 2);
  return JSON.stringify({ inputs, state });
});

const accept = (content: JsonObject): JsonObject => ({ action: 'accept', content });
const ann = { name: accept({ name: 'Ann' }) };

const capable = (daemon: Daemon, identity?: { partition?: string; subject?: string }): Client =>
  modern(daemon, { meta, ...(identity && { identity }) });

/** The state of the question that a call of `greet` is answered with. */
async function stateOf(client: Client, args: JsonObject = {}): Promise<string> {
  return resultOf(await client.call('greet', args))['requestState'] as string;
}

describe('a request for input in the modern era', () => {
  it('is an input-required result with the questions and a state, and may not be cached', async () => {
    const result = resultOf(await capable(daemonWith([greet])).call('greet'));
    expect(result).toMatchObject({
      resultType: 'input_required',
      inputRequests: { name: askName },
      requestState: expect.any(String) as string,
    });
    expect(result['_meta']).toMatchObject({ 'io.modelcontextprotocol/serverInfo': { name: 'tested' } });
    for (const key of ['ttlMs', 'cacheScope', 'content']) expect(result).not.toHaveProperty(key);
  });

  it('continues with a retry that has the answers: the function gets its state', async () => {
    const client = capable(daemonWith([greet]));
    const requestState = await stateOf(client, { city: 'Rome' });
    const answer = await client.call('greet', { city: 'Rome' }, { inputResponses: ann, requestState });
    expect(JSON.parse(textOf(answer))).toEqual({ args: { city: 'Rome' }, inputs: ann, state: { seen: 'once' } });
    expect(resultOf(answer)['resultType']).toBe('complete');
  });

  it('is stateless: another daemon with the same secret can continue', async () => {
    const options: Partial<DaemonOptions> = { stateSecret: 'shared' };
    const requestState = await stateOf(capable(daemonWith([greet], options)));
    const answer = await capable(daemonWith([greet], options)).call('greet', {}, { inputResponses: ann, requestState });
    expect(JSON.parse(textOf(answer))).toMatchObject({ state: { seen: 'once' } });
  });

  it('has no state if there is nothing to keep', async () => {
    const plain = tool('plain', (_args, { inputs }) =>
      inputs['name'] === undefined ? inputRequired({ name: askName }) : 'thanks',
    );
    const client = capable(daemonWith([plain]));
    expect(resultOf(await client.call('plain'))).not.toHaveProperty('requestState');
    expect(textOf(await client.call('plain', {}, { inputResponses: ann }))).toBe('thanks');
  });

  it('may have a state and no question', async () => {
    const twice = tool('twice', (_args, { state }) =>
      state === undefined ? { resultType: 'input_required', state: 'go on' } : `state ${String(state)}`,
    );
    const client = capable(daemonWith([twice]));
    const result = resultOf(await client.call('twice'));
    expect(result).not.toHaveProperty('inputRequests');
    expect(textOf(await client.call('twice', {}, { requestState: result['requestState'] }))).toBe('state go on');
  });

  it('keeps the answers of earlier rounds', async () => {
    const client = capable(daemonWith([wizard]));
    const first = resultOf(await client.call('wizard'));
    const second = resultOf(await client.call('wizard', {}, { requestState: first['requestState'], inputResponses: ann }));
    expect(second['inputRequests']).toEqual({ age: askAge });
    const done = await client.call(
      'wizard',
      {},
      { requestState: second['requestState'], inputResponses: { age: accept({ age: 7 }) } },
    );
    expect(JSON.parse(textOf(done))).toEqual({ inputs: { ...ann, age: accept({ age: 7 }) }, state: 2 });
  });

  it('is sent again if answers are missing', async () => {
    const client = capable(daemonWith([greet]));
    const requestState = await stateOf(client);
    for (const inputResponses of [undefined, {}, { other: accept({}) }]) {
      const result = resultOf(await client.call('greet', {}, { requestState, inputResponses }));
      expect(result).toMatchObject({ resultType: 'input_required', inputRequests: { name: askName } });
    }
  });

  it.each([[null], [[]], ['x'], [5], [{ name: 'Ann' }], [{ name: null }], [{ name: [] }]])(
    'refuses malformed answers: %j',
    async (inputResponses) => {
      const client = capable(daemonWith([greet]));
      expect(errorOf(await client.call('greet', {}, { inputResponses })).code).toBe(-32602);
    },
  );

  it('comes from resources and prompts, too', async () => {
    const functions: FunctionDefinition[] = [
      defineResource({
        name: 'r',
        uri: 'x://r',
        run: (_uri, { inputs }) => (inputs['name'] ? 'read' : inputRequired({ name: askName }, 1)),
      }),
      definePrompt({ name: 'p', run: (_args, { inputs }) => (inputs['name'] ? 'said' : inputRequired({ name: askName }, 1)) }),
    ];
    const client = capable(daemonWith(functions));
    for (const [method, params, done] of [
      ['resources/read', { uri: 'x://r' }, 'contents'],
      ['prompts/get', { name: 'p' }, 'messages'],
    ] as const) {
      const { resultType, requestState } = resultOf(await client.request(method, params));
      expect(resultType).toBe('input_required');
      const result = resultOf(await client.request(method, { ...params, requestState, inputResponses: ann }));
      expect(result).toMatchObject({ resultType: 'complete', [done]: expect.any(Array) as unknown });
    }
  });

  it('is recorded round by round', async () => {
    const { store, rows } = watchedStore();
    const client = capable(daemonWith([greet], { store }));
    const requestState = await stateOf(client);
    await client.call('greet', {}, { inputResponses: ann, requestState });
    expect(rows()).toMatchObject([
      { status: 'completed', notes: 'input required' },
      { status: 'completed', notes: null },
    ]);
  });

  it('is refused for a client without the capability, and the error names it', async () => {
    const all = tool('all', () =>
      inputRequired({ name: askName, model: sample({ messages: [], maxTokens: 1 }), roots: listRoots() }),
    );
    const { store, rows } = watchedStore();
    expect(errorOf(await modern(daemonWith([all], { store })).call('all'))).toMatchObject({
      code: -32021,
      data: { requiredCapabilities: { elicitation: { form: {} }, sampling: {}, roots: {} } },
    });
    expect(rows()).toMatchObject([{ status: 'failed', fault: 'protocol' }]);
  });

  it('is bounded in rounds', async () => {
    const endless = tool('endless', (_args, { state = 0 }) => inputRequired({ name: askName }, (state as number) + 1));
    const client = capable(daemonWith([endless], { limits: { maxInputRounds: 3 } }));
    let requestState: unknown;
    for (let round = 0; round < 3; round += 1) {
      ({ requestState } = resultOf(await client.call('endless', {}, { requestState, inputResponses: ann })));
    }
    expect(errorOf(await client.call('endless', {}, { requestState, inputResponses: ann }))).toMatchObject({
      code: -32603,
      message: '"endless" asked for input more than 3 times.',
    });
  });

  it.each<[string, JsonObject]>([
    ['asks for nothing', { resultType: 'input_required' }],
    ['asks for nothing in many words', { resultType: 'input_required', inputRequests: {} }],
    ['asks in a way that is none', { resultType: 'input_required', inputRequests: { a: { method: 'tools/call' } } }],
    ['asks with something else', { resultType: 'input_required', inputRequests: { a: 'name?' } }],
    ['asks with a list', { resultType: 'input_required', inputRequests: [askName] }],
    ['carries what is too large', { resultType: 'input_required', inputRequests: { a: askName }, state: 'x'.repeat(70_000) }],
    ['returns a state that is not JSON', { resultType: 'input_required', inputRequests: { a: askName }, state: 5n }],
  ])('fails if the function %s', async (_what, wish) => {
    const { store, rows } = watchedStore();
    expect(errorOf(await capable(daemonWith([tool('t', () => wish)], { store })).call('t')).code).toBe(-32603);
    expect(rows()).toMatchObject([{ status: 'failed' }]);
  });
});

describe('a state that a client sends back', () => {
  const other = tool('other', () => 'other');

  it.each<[string, (state: string, daemon: Daemon) => Promise<unknown>]>([
    [
      'changed',
      (state, daemon) =>
        capable(daemon).call('greet', {}, { requestState: `${state.slice(0, -1)}${state.endsWith('A') ? 'B' : 'A'}` }),
    ],
    ['shortened', (state, daemon) => capable(daemon).call('greet', {}, { requestState: state.slice(4) })],
    ['as something else', (_state, daemon) => capable(daemon).call('greet', {}, { requestState: 'nothing of ours' })],
    ['empty', (_state, daemon) => capable(daemon).call('greet', {}, { requestState: '' })],
    ['as no string', (_state, daemon) => capable(daemon).call('greet', {}, { requestState: { a: 1 } })],
    ['as null', (_state, daemon) => capable(daemon).call('greet', {}, { requestState: null })],
    ['with other arguments', (state, daemon) => capable(daemon).call('greet', { city: 'Oslo' }, { requestState: state })],
    ['to another function', (state, daemon) => capable(daemon).call('other', {}, { requestState: state })],
    ['from another subject', (state, daemon) => capable(daemon, { subject: 'bob' }).call('greet', {}, { requestState: state })],
    ['to another daemon', (state) => capable(daemonWith([greet])).call('greet', {}, { requestState: state })],
  ])('%s is refused, and the function does not run', async (_how, present) => {
    let runs = 0;
    const counted = tool('greet', (_args, { inputs }) => {
      runs += 1;
      return inputs['name'] === undefined ? inputRequired({ name: askName }, 1) : 'done';
    });
    const daemon = daemonWith([counted, other]);
    const state = await stateOf(capable(daemon));
    expect(errorOf(await present(state, daemon)).code).toBe(-32602);
    expect(runs).toBe(1);
  });

  it('too late is refused', async () => {
    const pass = stopClock();
    const client = capable(daemonWith([greet], { limits: { stateTtlMs: 1_000 } }));
    const requestState = await stateOf(client);
    await pass(1_001);
    expect(errorOf(await client.call('greet', {}, { requestState, inputResponses: ann }))).toMatchObject({
      code: -32602,
      message: expect.stringContaining('too old') as string,
    });
  });

  it('does not mind the order of arguments', async () => {
    const client = capable(daemonWith([greet]));
    const requestState = await stateOf(client, { a: 1, b: 2 });
    expect(resultOf(await client.call('greet', { b: 2, a: 1 }, { requestState, inputResponses: ann }))['resultType']).toBe(
      'complete',
    );
  });

  it('survives a change of the catalog', async () => {
    const daemon = daemonWith([greet]);
    const client = capable(daemon);
    const requestState = await stateOf(client);
    daemon.update(defineCatalog({ functions: [greet, other] }));
    expect(resultOf(await client.call('greet', {}, { requestState, inputResponses: ann }))['resultType']).toBe('complete');
  });
});

describe('a request for input in the legacy era', () => {
  const answering = async (
    daemon: Daemon,
    answer: (request: JsonRpcRequest) => { result: unknown } | { error: unknown } | undefined,
  ): Promise<Client> => {
    const client = await legacy(daemon, { capabilities: CAPABLE });
    client.onRequest = answer;
    return client;
  };

  it('is a request on the stream of the call; the function is run again with the answer', async () => {
    const client = await answering(daemonWith([greet]), () => ({ result: ann.name }));
    expect(JSON.parse(textOf(await client.call('greet', { city: 'Rome' }, {}, 'the call')))).toEqual({
      args: { city: 'Rome' },
      inputs: ann,
      state: { seen: 'once' },
    });
    expect(client.told).toEqual([
      { message: { jsonrpc: '2.0', id: expect.any(String) as string, ...askName }, related: 'the call' },
    ]);
  });

  it('does not name form mode before 2025-11-25, when it had no name', async () => {
    const client = await legacy(daemonWith([greet]), { version: '2025-06-18', capabilities: CAPABLE });
    client.onRequest = () => ({ result: ann.name });
    await client.call('greet');
    expect(client.of('elicitation/create')).toEqual([{ message: 'Your name?', requestedSchema: schema }]);
  });

  it('asks one thing after the other, and keeps all answers', async () => {
    const several = tool('several', (_args, { inputs }) =>
      inputs['roots'] === undefined
        ? inputRequired({ model: sample({ messages: [], maxTokens: 1 }), roots: listRoots(), name: askName })
        : JSON.stringify(inputs),
    );
    let open = 0;
    const client = await answering(daemonWith([several, wizard]), ({ method }) => {
      expect((open += 1)).toBe(1);
      setImmediate(() => (open -= 1));
      return { result: { answered: method } };
    });
    expect(JSON.parse(textOf(await client.call('several')))).toEqual({
      model: { answered: 'sampling/createMessage' },
      roots: { answered: 'roots/list' },
      name: { answered: 'elicitation/create' },
    });
    expect(JSON.parse(textOf(await client.call('wizard')))).toMatchObject({ inputs: { name: {}, age: {} }, state: 2 });
  });

  it('reports to the function that the user declines', async () => {
    const client = await answering(daemonWith([greet]), () => ({ result: { action: 'decline' } }));
    expect(JSON.parse(textOf(await client.call('greet')))).toMatchObject({ inputs: { name: { action: 'decline' } } });
  });

  it.each([null, 5, 'yes', ['yes']])('fails with an error for the model if the answer is %j', async (result) => {
    const client = await answering(daemonWith([greet]), () => ({ result }));
    const answer = resultOf(await client.call('greet'));
    expect(answer).toMatchObject({ isError: true });
    expect(JSON.stringify(answer)).toContain('not an object');
  });

  it('is one record for all rounds', async () => {
    const { store, rows } = watchedStore();
    const client = await answering(daemonWith([wizard], { store }), () => ({ result: { action: 'accept' } }));
    await client.call('wizard');
    expect(rows()).toMatchObject([{ status: 'completed' }]);
  });

  it('fails with an error for the model if the client refuses', async () => {
    const client = await answering(daemonWith([greet]), () => ({ error: { code: -32603, message: 'user is asleep' } }));
    expect(resultOf(await client.call('greet'))).toMatchObject({
      isError: true,
      content: [{ text: 'The client refused: user is asleep' }],
    });
  });

  it('fails with an error for the model if the client lacks the capability', async () => {
    const { store, rows } = watchedStore();
    const client = await legacy(daemonWith([greet], { store }));
    const result = resultOf(await client.call('greet'));
    expect(result).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('elicitation') as string }] });
    expect(client.told).toEqual([]);
    expect(rows()).toMatchObject([{ status: 'failed' }]);
  });

  it('fails if the client does not answer in time, and cancels the question', async () => {
    const client = await answering(daemonWith([greet], { limits: { inputWaitMs: 15 } }), () => undefined);
    expect(resultOf(await client.call('greet', {}, {}, 'the call'))).toMatchObject({ isError: true });
    const [question, takenBack] = client.told;
    expect(takenBack).toMatchObject({
      message: { method: 'notifications/cancelled', params: { requestId: (question?.message as JsonRpcRequest).id } },
      related: 'the call',
    });
    // An answer that comes too late is nobody's.
    expect(await client.raw({ jsonrpc: '2.0', id: (question?.message as JsonRpcRequest).id, result: ann.name })).toBeUndefined();
  });

  it('ends when the call is cancelled: there is no answer, and the question is cancelled', async () => {
    const { store, rows } = watchedStore();
    const client = await answering(daemonWith([greet], { store }), () => undefined);
    const answer = client.call('greet', {}, {}, 'the call');
    await until(() => client.told.length === 1);
    client.cancel('the call');
    expect(await answer).toBeUndefined();
    expect(client.of('notifications/cancelled')).toHaveLength(1);
    expect(rows()).toMatchObject([{ status: 'cancelled' }]);
  });

  it('is bounded in rounds', async () => {
    const endless = tool('endless', () => inputRequired({ name: askName }));
    const client = await answering(daemonWith([endless], { limits: { maxInputRounds: 3 } }), () => ({
      result: { action: 'accept' },
    }));
    expect(resultOf(await client.call('endless'))).toMatchObject({
      isError: true,
      content: [{ text: '"endless" asked for input more than 3 times.' }],
    });
    expect(client.of('elicitation/create')).toHaveLength(3);
  });

  it("does not count the user's time against the function's time limit", async () => {
    const pass = stopClock();
    const client = await legacy(daemonWith([greet], { limits: { timeoutMs: 1_000 } }), { capabilities: CAPABLE });
    client.onRequest = () => undefined;
    const answer = client.call('greet');
    await until(() => client.told.length === 1, 'the question');
    await pass(5_000);
    await client.session.receive({ jsonrpc: '2.0', id: (client.told[0]?.message as JsonRpcRequest).id, result: ann.name });
    expect(resultOf(await answer)).not.toHaveProperty('isError');
  });

  it('ignores answers in parameters, which only the modern era has', async () => {
    const client = await answering(daemonWith([greet]), () => ({ result: { action: 'decline' } }));
    const answer = await client.call('greet', {}, { inputResponses: ann, requestState: 'x' });
    expect(JSON.parse(textOf(answer))).toMatchObject({ inputs: { name: { action: 'decline' } } });
  });

  it('needs a way to ask', async () => {
    const { logger } = memoryLogger();
    const daemon = daemonWith([greet], { logger });
    const caller = {
      era: 'legacy',
      version: '2025-11-25',
      capabilities: CAPABLE,
      client: undefined,
      logLevel: undefined,
    } as const;
    const none = (): void => {};
    const connection = {
      legacy: { caller, lists: { tools: true, prompts: false, resources: false } },
      begin: none,
      setLogLevel: none,
      subscribe: none,
      unsubscribe: none,
      cancel: none,
      deliver: none,
    };
    const exchange = { partition: 'default', subject: 'x', signal: new AbortController().signal, notify: () => {}, connection };
    const answer = await daemon.handle({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'greet' } }, exchange);
    expect(resultOf(answer)).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining('cannot send requests') as string }],
    });
  });
});

describe('the progress of a legacy call that asks', () => {
  it('continues in the next run: it never starts over', async () => {
    const steps = tool('steps', function* (_args, { inputs }) {
      yield 1;
      yield 2;
      if (inputs['ok'] === undefined) return inputRequired({ ok: elicit('Go on?', { type: 'object', properties: {} }) });
      yield 3;
      return 'done';
    });
    const client = await legacy(daemonWith([steps]), { capabilities: { elicitation: {} } });
    client.onRequest = () => ({ result: { action: 'accept', content: {} } });
    expect(textOf(await client.call('steps', {}, { _meta: { progressToken: 'p' } }))).toBe('done');
    expect(client.of('notifications/progress').map(({ progress }) => progress)).toEqual([1, 2, 3]);
  });

  it('a question that JSON cannot encode fails the call at once', async () => {
    const odd = tool('odd', () => inputRequired({ ok: { method: 'roots/list', params: { big: 1n } } }));
    const client = await legacy(daemonWith([odd]), { capabilities: { roots: {} } });
    expect(resultOf(await client.call('odd'))['isError']).toBe(true);
    expect(client.told).toEqual([]);
  });
});

describe('arguments that are nested too deeply', () => {
  it('are refused with a clear message, with a state and without', async () => {
    const { logger, of } = memoryLogger();
    const client = modern(daemonWith([greet], { logger }), { meta });
    const deep: unknown = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`);
    for (const more of [{}, { requestState: 'x'.repeat(100) }]) {
      expect(errorOf(await client.call('greet', { deep }, more))).toMatchObject({ code: -32602 });
    }
    expect(of('error')).toEqual([]);
  });
});
