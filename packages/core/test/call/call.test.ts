import { until } from '../../../../tests/until.js';
import type { FunctionContext, FunctionDefinition, JsonObject } from '../../src/index.js';
import { definePrompt, defineResource, defineTool } from '../../src/index.js';
import {
  daemonWith,
  deferred,
  echo,
  errorOf,
  legacy,
  memoryLogger,
  modern,
  resultOf,
  textOf,
  tool,
  turns,
  watchedStore,
} from '../support.js';

/** The result of calling a tool that does this. */
async function called(run: (args: JsonObject, context: FunctionContext) => unknown, more: JsonObject = {}): Promise<JsonObject> {
  return resultOf(await modern(daemonWith([tool('t', run, more)])).call('t'));
}

const problem = (result: JsonObject): string => {
  expect(result['isError']).toBe(true);
  return (result['content'] as { text: string }[])[0]!.text;
};

describe('a tool call', () => {
  it('must name an existing tool', async () => {
    for (const client of [await legacy(daemonWith([echo])), modern(daemonWith([echo]))]) {
      for (const name of ['nothing', 'Echo', '', '__proto__']) {
        expect(errorOf(await client.call(name))).toEqual({ code: -32602, message: `Unknown tool: ${name}` });
      }
      for (const name of [undefined, 5, null]) expect(errorOf(await client.request('tools/call', { name })).code).toBe(-32602);
    }
  });

  it('does not find a resource or prompt', async () => {
    const client = modern(
      daemonWith([defineResource({ name: 'r', uri: 'x://r', run: () => 1 }), definePrompt({ name: 'p', run: () => '1' })]),
    );
    expect(errorOf(await client.call('r')).code).toBe(-32602);
    expect(errorOf(await client.call('p')).code).toBe(-32602);
  });

  it.each([[[]], ['x'], [5]])('refuses arguments that are not an object: %j', async (args) => {
    expect(errorOf(await modern(daemonWith([echo])).request('tools/call', { name: 'echo', arguments: args })).code).toBe(-32602);
  });

  it('treats null like missing arguments', async () => {
    const prompt = definePrompt({ name: 'p', arguments: [{ name: 'a' }], run: (args) => `got ${JSON.stringify(args)}` });
    const daemon = daemonWith([defineTool({ name: 't', run: (args) => args }), prompt]);
    for (const client of [modern(daemon), await legacy(daemon)]) {
      expect(resultOf(await client.request('tools/call', { name: 't', arguments: null }))).toMatchObject({
        content: [{ text: '{}' }],
      });
      for (const args of [null, { a: null }]) {
        const { messages } = resultOf(await client.request('prompts/get', { name: 'p', arguments: args })) as {
          messages: unknown;
        };
        expect(messages).toMatchObject([{ content: { text: 'got {}' } }]);
      }
    }
  });

  it('may leave its arguments out', async () => {
    const client = modern(daemonWith([tool('t', (args) => JSON.stringify(args))]));
    expect(textOf(await client.request('tools/call', { name: 't' }))).toBe('{}');
  });

  it('tells the model what is wrong with its arguments, and does not run the tool', async () => {
    let runs = 0;
    const strict = defineTool({
      name: 'strict',
      inputSchema: {
        type: 'object',
        properties: { n: { type: 'number' }, s: { type: 'string' } },
        required: ['n', 's'],
        additionalProperties: false,
      },
      run: () => (runs += 1),
    });
    const text = problem(resultOf(await modern(daemonWith([strict])).call('strict', { n: 'one', extra: true })));
    expect(text).toMatch(/^Invalid arguments for "strict":\n- /);
    for (const name of ['n', 's', 'extra']) expect(text).toContain(name);
    expect(runs).toBe(0);
  });

  it('fills in the defaults of its schema', async () => {
    const greet = defineTool({
      name: 'greet',
      inputSchema: {
        type: 'object',
        properties: {
          name: { type: 'string', default: 'world' },
          deep: { type: 'object', default: {}, properties: { n: { type: 'number', default: 3 } } },
        },
      },
      run: (args) => JSON.stringify(args),
    });
    const client = modern(daemonWith([greet]));
    expect(JSON.parse(textOf(await client.call('greet')))).toEqual({ name: 'world', deep: { n: 3 } });
    expect(JSON.parse(textOf(await client.call('greet', { name: 'you', deep: { n: 1 } })))).toEqual({
      name: 'you',
      deep: { n: 1 },
    });
  });

  it('accepts a function that returns a value, a promise or any thenable', async () => {
    expect(await called(() => 'now')).toMatchObject({ content: [{ text: 'now' }] });
    expect(await called(async () => Promise.resolve('later'))).toMatchObject({ content: [{ text: 'later' }] });
    expect(await called(() => ({ then: (resolve: (value: string) => void) => setImmediate(resolve, 'thenable') }))).toMatchObject(
      {
        content: [{ text: 'thenable' }],
      },
    );
    expect(
      problem(await called(() => ({ then: (_: unknown, reject: (error: Error) => void) => reject(new Error('refused')) }))),
    ).toBe('refused');
  });
});

describe('what a tool throws', () => {
  const thrower = (thrown: unknown) => (): never => {
    throw thrown;
  };
  const circle: JsonObject = {};
  circle['self'] = circle;

  it.each<[string, unknown, string]>([
    ['an error', new Error('no such city'), 'no such city'],
    ['an error without a message', new RangeError(), 'RangeError'],
    ['a string', 'plain', 'plain'],
    ['an object', { code: 7 }, '{"code":7}'],
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a number', 5, '5'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['a BigInt', 5n, 'a value that cannot be converted to text was thrown (bigint)'],
    ['a circle', circle, 'a value that cannot be converted to text was thrown (object)'],
    ['an error whose message is no string', Object.assign(new Error('x'), { message: { a: 1 } }), ''],
    [
      'an object whose members cannot be read',
      {
        get a() {
          throw new Error('hidden');
        },
      },
      'a value that cannot be converted to text was thrown (object)',
    ],
  ])('is sent to the model: %s', async (_what, thrown, text) => {
    for (const run of [thrower(thrown), async () => Promise.reject(thrown as Error)]) {
      const told = problem(await called(run));
      expect(typeof told).toBe('string');
      if (text !== '') expect(told).toBe(text);
    }
  });

  it('is logged with its cause, which the model does not get', async () => {
    const { logger, of } = memoryLogger();
    const error = new Error('the city is unknown', { cause: new Error('ECONNREFUSED 10.0.0.7') });
    const client = await legacy(daemonWith([tool('t', thrower(error))], { logger }));
    expect(problem(resultOf(await client.call('t')))).toBe('the city is unknown');
    expect(of('warn')).toEqual(['"t" failed: the city is unknown; the cause: ECONNREFUSED 10.0.0.7']);
  });

  it('never comes with its stack, or with the text of a function', async () => {
    expect(problem(await called(thrower(new Error('short'))))).not.toContain('at ');
    expect(problem(await called(thrower(() => 'secret of the source')))).not.toContain('secret');
  });

  it('is cut if it is very long', async () => {
    const text = problem(await called(thrower(new Error('x'.repeat(100_000)))));
    expect(text.length).toBeLessThan(2_100);
    expect(text.endsWith('…')).toBe(true);
  });

  it('is recorded as a fault of the tool', async () => {
    const { store, rows } = watchedStore();
    await modern(daemonWith([tool('t', thrower(new Error('no such city')))], { store })).call('t');
    expect(rows()).toMatchObject([{ status: 'failed', fault: 'tool', notes: 'no such city' }]);
  });
});

describe('values that throw when they are inspected', () => {
  const hostile = (): object =>
    new Proxy(
      {},
      {
        get() {
          throw new Error('do not touch');
        },
        has() {
          throw new Error('do not touch');
        },
        ownKeys() {
          throw new Error('do not touch');
        },
      },
    );

  it.each(['tool', 'async tool', 'resource', 'prompt'])('fail the call of a %s, and its record is settled', async (kind) => {
    const { store, rows } = watchedStore();
    const run = kind === 'async tool' ? async () => [hostile()] : hostile;
    const functions: FunctionDefinition[] = [
      defineTool({ name: 't', run }),
      defineResource({ name: 'r', uri: 'x://r', run }),
      definePrompt({ name: 'p', run }),
    ];
    const client = modern(daemonWith(functions, { store }));
    if (kind === 'resource') expect(errorOf(await client.request('resources/read', { uri: 'x://r' })).code).toBe(-32603);
    else if (kind === 'prompt') expect(errorOf(await client.request('prompts/get', { name: 'p' })).code).toBe(-32603);
    else problem(resultOf(await client.call('t')));
    expect(rows()).toMatchObject([{ status: 'failed', fault: 'tool' }]);
  });

  it.each<[string, unknown, JsonObject]>([
    [
      'a BigInt in a wish for input',
      { resultType: 'input_required', inputRequests: { a: { method: 'roots/list', params: { n: 5n } } } },
      {},
    ],
    ['a BigInt as the type of an image', { data: 'AAAA', mimeType: 5n }, { returnType: 'image' }],
  ])('fail the call, and its record is settled: %s', async (_what, value, more) => {
    const { store, rows } = watchedStore();
    const client = modern(daemonWith([tool('t', () => value, more)], { store }), {
      meta: { 'io.modelcontextprotocol/clientCapabilities': { roots: {} } },
    });
    const answer = await client.call('t');
    expect('error' in answer || resultOf(answer)['isError']).toBeTruthy();
    expect(JSON.stringify(answer)).not.toContain('Internal error');
    expect(rows()).toMatchObject([{ status: 'failed', fault: 'tool' }]);
  });
});

describe('progress', () => {
  const withToken = { _meta: { progressToken: 'p' } };

  it('is the yielded values of a generator; the returned value is the result', async () => {
    const count = tool('count', function* () {
      yield 1;
      yield 'half way';
      yield { progress: 3, total: 4, message: 'nearly' };
      return 'done';
    });
    const client = modern(daemonWith([count]));
    expect(textOf(await client.call('count', {}, withToken, 'id'))).toBe('done');
    expect(client.told.map(({ related }) => related)).toEqual(['id', 'id', 'id']);
    expect(client.of('notifications/progress')).toEqual([
      { progressToken: 'p', progress: 1 },
      { progressToken: 'p', progress: 2, message: 'half way' },
      { progressToken: 'p', progress: 3, total: 4, message: 'nearly' },
    ]);
  });

  it('comes from async generators, and from promises of generators, too', async () => {
    async function* steps(): AsyncGenerator<string, string> {
      yield 'one';
      await turns();
      yield 'two';
      return 'done';
    }
    for (const run of [steps, async () => Promise.resolve(steps())]) {
      const client = modern(daemonWith([tool('t', run)]));
      expect(textOf(await client.call('t', {}, withToken))).toBe('done');
      expect(client.of('notifications/progress').map(({ progress }) => progress)).toEqual([1, 2]);
    }
  });

  it('always increases, and is always a number', async () => {
    const jumpy = tool('jumpy', (_args, context) => {
      for (const value of [2, 2, 1, Number.NaN, Infinity, 2.5, -1, 3]) context.progress(value);
    });
    const client = modern(daemonWith([jumpy]));
    await client.call('jumpy', {}, withToken);
    expect(client.of('notifications/progress').map(({ progress }) => progress)).toEqual([2, 2.5, 3]);
  });

  it('can be taken out of the context, and so can its other functions', async () => {
    const run = (_args: JsonObject, { progress, log, resourceUpdated }: FunctionContext): string => {
      progress(1);
      log('info', 'said');
      resourceUpdated('a://b');
      return 'done';
    };
    const client = modern(daemonWith([tool('t', run)]));
    const meta = { progressToken: 'p', 'io.modelcontextprotocol/logLevel': 'debug' };
    expect(textOf(await client.call('t', {}, { _meta: meta }))).toBe('done');
    expect(client.of('notifications/progress')).toHaveLength(1);
    expect(client.of('notifications/message')).toMatchObject([{ data: 'said' }]);
  });

  it('is not sent to a client that did not ask', async () => {
    const client = modern(daemonWith([tool('t', (_args, context) => context.progress(1))]));
    await client.call('t');
    expect(client.told).toEqual([]);
  });

  it('has no message before 2025-03-26', async () => {
    const daemon = daemonWith([tool('t', (_args, context) => context.progress(1, 2, 'words'))]);
    for (const [version, message] of [
      ['2024-11-05', undefined],
      ['2025-03-26', 'words'],
    ] as const) {
      const client = await legacy(daemon, { version });
      await client.call('t', {}, withToken);
      expect(client.of('notifications/progress')).toEqual([
        { progressToken: 'p', progress: 1, total: 2, ...(message && { message }) },
      ]);
    }
  });

  it('ends with the answer', async () => {
    let late: FunctionContext | undefined;
    const client = modern(
      daemonWith([
        tool('now', (_args, context) => void (late = context)),
        tool('later', async (_args, context) => void (late = context)),
      ]),
      {
        meta: { 'io.modelcontextprotocol/logLevel': 'debug' },
      },
    );
    for (const name of ['now', 'later']) {
      await client.call(name, {}, withToken);
      late?.progress(1);
      late?.log('error', 'late');
    }
    expect(client.told).toEqual([]);
  });

  it('is bounded in number, together with log messages', async () => {
    const flood = tool('flood', (_args, context) => {
      for (let step = 1; step <= 100; step += 1) {
        context.progress(step);
        context.log('error', step);
      }
    });
    const client = modern(daemonWith([flood], { limits: { maxNotifications: 7 } }), {
      meta: { 'io.modelcontextprotocol/logLevel': 'debug' },
    });
    await client.call('flood', {}, withToken);
    expect(client.told).toHaveLength(7);
  });

  it('stops a generator whose call was cancelled', async () => {
    const seen: string[] = [];
    const endless = tool('endless', async function* () {
      try {
        for (;;) {
          yield seen.push('step');
          await turns(1);
        }
      } finally {
        seen.push('end');
      }
    });
    const client = modern(daemonWith([endless]));
    const answer = client.call('endless', {}, withToken, 'x');
    await until(() => seen.length > 2);
    client.cancel('x');
    expect(await answer).toBeUndefined();
    await until(() => seen.at(-1) === 'end');
    const steps = seen.length;
    await turns();
    expect(seen).toHaveLength(steps);
  });

  it('treats an error thrown by a generator as a failure', async () => {
    const client = modern(
      daemonWith([
        tool('t', function* () {
          yield 1;
          throw new Error('half way');
        }),
      ]),
    );
    expect(problem(resultOf(await client.call('t', {}, withToken)))).toBe('half way');
  });
});

describe('the time limit', () => {
  it('ends a call, informs the function, the model and the record, and ignores what the function does later', async () => {
    const late = deferred<string>();
    let signal: AbortSignal | undefined;
    const slow = defineTool({
      name: 'slow',
      timeoutMs: 20,
      run: (_args, context) => {
        signal = context.signal;
        return late.promise;
      },
    });
    const { store, rows } = watchedStore();
    const client = modern(daemonWith([slow], { store }));
    expect(problem(resultOf(await client.call('slow')))).toBe('"slow" did not finish within 20 ms.');
    expect(signal?.reason).toMatchObject({ name: 'AbortError', message: 'The call reached its time limit' });
    expect(rows()).toMatchObject([
      { status: 'timed_out', fault: 'tool', content: expect.stringContaining('did not finish') as string },
    ]);
    late.resolve('late');
    await turns();
    expect(rows()).toMatchObject([{ status: 'timed_out' }]);
  });

  it("is the daemon's if the function has none", async () => {
    const client = modern(daemonWith([tool('never', () => new Promise(() => {}))], { limits: { timeoutMs: 10 } }));
    expect(problem(resultOf(await client.call('never')))).toContain('within 10 ms');
  });

  it('is an error of the request for resources and prompts', async () => {
    const run = (): Promise<never> => new Promise(() => {});
    const client = modern(
      daemonWith([
        defineResource({ name: 'r', uri: 'x://r', timeoutMs: 5, run }),
        definePrompt({ name: 'p', timeoutMs: 5, run }),
      ]),
    );
    expect(errorOf(await client.request('resources/read', { uri: 'x://r' }))).toEqual({
      code: -32603,
      message: '"r" did not finish within 5 ms.',
    });
    expect(errorOf(await client.request('prompts/get', { name: 'p' })).code).toBe(-32603);
  });

  it('logs a late rejection, and nothing else happens', async () => {
    const { logger, of } = memoryLogger();
    const late = deferred<never>();
    const client = modern(daemonWith([tool('t', () => late.promise)], { limits: { timeoutMs: 5 }, logger }));
    await client.call('t');
    late.reject(new Error('too late'));
    await until(() => of('debug').length > 0, 'the late rejection in the log');
    expect(of('debug')).toEqual(['a function failed after its call had ended']);
    expect(of('error')).toEqual([]);
  });

  it('gives an aborted signal to a function that reads its signal only after its end', async () => {
    let context: FunctionContext | undefined;
    const client = modern(
      daemonWith(
        [
          tool('t', (_args, given) => {
            context = given;
            return new Promise(() => {});
          }),
        ],
        { limits: { timeoutMs: 5 } },
      ),
    );
    await client.call('t');
    expect(context?.signal.aborted).toBe(true);
  });
});

describe('the size of a result', () => {
  it('is limited, and the model gets an error', async () => {
    const { store, rows } = watchedStore();
    const big = [tool('t', () => 'x'.repeat(2_000)), defineResource({ name: 'r', uri: 'x://r', run: () => 'x'.repeat(2_000) })];
    const client = modern(daemonWith(big, { store, limits: { maxResultBytes: 1_000 } }));
    expect(problem(resultOf(await client.call('t')))).toMatch(/^"t" gave a result of \d+ bytes; the maximum is 1000\.$/);
    expect(errorOf(await client.request('resources/read', { uri: 'x://r' })).code).toBe(-32603);
    expect(rows()).toMatchObject([
      { status: 'failed', content: expect.stringContaining('the maximum is 1000') as string },
      { status: 'failed', content: null },
    ]);
  });

  it('is counted in bytes', async () => {
    const client = modern(daemonWith([tool('t', () => 'ü'.repeat(800))], { limits: { maxResultBytes: 1_500 } }));
    expect(resultOf(await client.call('t'))['isError']).toBe(true);
  });
});

describe('a resource', () => {
  const readme = defineResource({ name: 'readme', uri: 'file:///readme', mimeType: 'text/markdown', run: (uri) => `# ${uri}` });
  const user = defineResource({
    name: 'user',
    uriTemplate: 'users://{id}{?tab}',
    run: (uri, { variables }) => ({ uri, variables }),
  });
  const special = defineResource({ name: 'special', uri: 'users://0', run: () => 'nobody' });
  const gone = defineResource({ name: 'gone', uriTemplate: 'gone://{id}', run: () => undefined });

  it('is read by its URI', async () => {
    const result = resultOf(await modern(daemonWith([readme])).request('resources/read', { uri: 'file:///readme' }));
    expect(result['contents']).toEqual([{ uri: 'file:///readme', mimeType: 'text/markdown', text: '# file:///readme' }]);
  });

  it('is found by its template, with the variables of its URI; a fixed URI comes first', async () => {
    const client = modern(daemonWith([user, special]));
    const read = async (uri: string): Promise<string> =>
      (resultOf(await client.request('resources/read', { uri }))['contents'] as { text: string }[])[0]!.text;
    expect(JSON.parse(await read('users://a%20b?tab=x'))).toEqual({
      uri: 'users://a%20b?tab=x',
      variables: { id: 'a b', tab: 'x' },
    });
    expect(await read('users://0')).toBe('nobody');
  });

  it.each([
    ['nothing has its URI', 'file:///nothing'],
    ['its function finds nothing', 'gone://7'],
  ])('that does not exist has a different error in each era: %s', async (_why, uri) => {
    const daemon = daemonWith([readme, gone]);
    const error = { message: `Resource not found: ${uri}`, data: { uri } };
    expect(errorOf(await (await legacy(daemon)).request('resources/read', { uri }))).toEqual({ code: -32002, ...error });
    expect(errorOf(await modern(daemon).request('resources/read', { uri }))).toEqual({ code: -32602, ...error });
  });

  it.each([undefined, null, 5, ['x']])('is not asked for by %j', async (uri) => {
    expect(errorOf(await modern(daemonWith([readme])).request('resources/read', { uri })).code).toBe(-32602);
  });

  it('fails with an error of the request, in the words of its function', async () => {
    const { store, rows } = watchedStore();
    const broken = defineResource({
      name: 'broken',
      uri: 'x://b',
      run: () => {
        throw new Error('disk on fire');
      },
    });
    const client = modern(daemonWith([broken], { store }));
    expect(errorOf(await client.request('resources/read', { uri: 'x://b' }))).toEqual({ code: -32603, message: 'disk on fire' });
    expect(rows()).toMatchObject([
      { mcp_type: 'resource', name: 'broken', arguments: '{"uri":"x://b"}', status: 'failed', content: null },
    ]);
  });
});

describe('a prompt', () => {
  const greet = definePrompt({
    name: 'greet',
    description: 'Greets.',
    arguments: [{ name: 'who', required: true }, { name: 'how', required: true }, { name: 'why' }],
    run: (args) => JSON.stringify(args),
  });

  it('is given its arguments, and answers with messages', async () => {
    const result = resultOf(
      await modern(daemonWith([greet])).request('prompts/get', { name: 'greet', arguments: { who: 'Ann', how: 'nicely' } }),
    );
    expect(result).toMatchObject({
      description: 'Greets.',
      messages: [{ role: 'user', content: { type: 'text', text: '{"who":"Ann","how":"nicely"}' } }],
    });
  });

  it('names all the arguments that are missing', async () => {
    const client = modern(daemonWith([greet]));
    const error = errorOf(await client.request('prompts/get', { name: 'greet', arguments: { why: 'because' } }));
    expect(error).toMatchObject({ code: -32602, message: expect.stringContaining('"who", "how"') as string });
  });

  it.each([5, null, {}, ['x']])('accepts only strings, not %j', async (who) => {
    const client = modern(daemonWith([greet]));
    const error = errorOf(await client.request('prompts/get', { name: 'greet', arguments: { who, how: 'x' } }));
    expect(error).toMatchObject({ code: -32602, message: expect.stringContaining('"who"') as string });
  });

  it('that does not exist is -32602 in both eras', async () => {
    const daemon = daemonWith([greet]);
    for (const client of [await legacy(daemon), modern(daemon)]) {
      expect(errorOf(await client.request('prompts/get', { name: 'nothing' }))).toEqual({
        code: -32602,
        message: 'Unknown prompt: nothing',
      });
      expect(errorOf(await client.request('prompts/get', {})).code).toBe(-32602);
    }
  });

  it('that returns nothing is a failure', async () => {
    const client = modern(daemonWith([definePrompt({ name: 'p', run: () => undefined })]));
    expect(errorOf(await client.request('prompts/get', { name: 'p' }))).toMatchObject({
      code: -32603,
      message: expect.stringContaining('returned nothing') as string,
    });
  });
});

describe('a run that could block the event loop', () => {
  it('a generator that never waits is stopped at its time limit, and other calls are served during that time', async () => {
    const endless = tool(
      'endless',
      function* () {
        for (let step = 0; ; step += 1) yield step;
      },
      { timeoutMs: 60 },
    );
    const client = await legacy(daemonWith([endless, echo]));
    const stuck = client.call('endless');
    await turns(1);
    expect(textOf(await client.call('echo', { text: 'still here' }))).toBe('still here');
    expect(textOf(await stuck)).toBe('"endless" did not finish within 60 ms.');
  });

  it('a check of arguments that never ends is under the time limit, and ends with its client', async () => {
    let checks = 0;
    const schema = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: () => ((checks += 1), new Promise<never>(() => undefined)),
        jsonSchema: { input: () => ({ type: 'object' }), output: () => ({ type: 'object' }) },
      },
    };
    const checked = (name: string, more = {}): FunctionDefinition =>
      defineTool({ name, inputSchema: schema, run: () => 'never', ...more });
    const { store, rows } = watchedStore();
    const client = await legacy(daemonWith([checked('hasty', { timeoutMs: 40 }), checked('patient')], { store }));
    expect(textOf(await client.call('hasty'))).toBe('"hasty" did not finish within 40 ms.');
    const cancelled = client.call('patient', {}, {}, 'gone');
    await until(() => checks === 2, 'the check begins');
    client.cancel('gone');
    expect(await cancelled).toBeUndefined();
    expect(client.session.inFlight).toBe(0);
    expect(rows().map(({ status }) => status)).toEqual(['timed_out', 'cancelled']);
  });
});

describe('progress tokens of clients, and progress of functions', () => {
  it('are sent only if they are valid', async () => {
    const steps = tool('steps', (_args, context) => {
      context.progress(1, Number.POSITIVE_INFINITY);
      return 'done';
    });
    const client = await legacy(daemonWith([steps]));
    for (const progressToken of [{}, null, [1], true]) {
      expect(textOf(await client.call('steps', {}, { _meta: { progressToken } }))).toBe('done');
    }
    expect(client.of('notifications/progress')).toEqual([]);
    await client.call('steps', {}, { _meta: { progressToken: 0 } });
    expect(client.of('notifications/progress')).toEqual([{ progressToken: 0, progress: 1 }]);
  });
});

describe('a log message of a function', () => {
  it('never fails its call, and always has data', async () => {
    const cycle: JsonObject = {};
    cycle['self'] = cycle;
    const log = tool('log', (_args, context) => {
      for (const data of [{ big: 1n }, cycle, undefined, () => 1, { a: 1 }, null]) context.log('error', data);
      return 'logged';
    });
    const client = await legacy(daemonWith([log]));
    expect(textOf(await client.call('log'))).toBe('logged');
    expect(client.of('notifications/message').map(({ data }) => data)).toEqual([
      { big: '1' },
      '[object Object]',
      'undefined',
      expect.any(String),
      { a: 1 },
      null,
    ]);
  });
});

describe('arguments with the names of inherited members', () => {
  it('count as missing if they are not given', async () => {
    const prompt = definePrompt({ name: 'odd', arguments: [{ name: 'constructor', required: true }], run: () => 'text' });
    const client = await legacy(daemonWith([prompt]));
    expect(errorOf(await client.request('prompts/get', { name: 'odd', arguments: {} })).message).toContain(
      'needs the argument "constructor"',
    );
  });
});
