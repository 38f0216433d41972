import type { CallRecord, Daemon, FixtureDocument, FunctionDefinition, JsonObject, LoadedFixtures } from '../../src/index.js';
import {
  createDaemon,
  createFixtures,
  createMemoryStore,
  defineCatalog,
  definePrompt,
  defineResource,
  defineTool,
  elicit,
  exportFixtures,
  inputRequired,
  replayCall,
} from '../../src/index.js';
import { Client, daemonWith, errorOf, legacy, META, modern, resultOf, textOf, tool } from '../support.js';

const SERVER = { name: 'shop', version: '1.0' };

async function recordsOf(daemon: Daemon): Promise<CallRecord[]> {
  return [...(await (await daemon.store()).calls.list('default', { limit: 1_000 })).items].reverse();
}

/** Exports what a daemon has recorded. */
async function exported(daemon: Daemon, functions: readonly FunctionDefinition[]) {
  const catalog = defineCatalog({ functions, instructions: 'Sells things.' });
  const made = await exportFixtures({ records: await recordsOf(daemon), catalog, server: SERVER });
  return { ...made, document: JSON.parse(JSON.stringify(made.document)) as FixtureDocument };
}

/** A daemon that answers from fixtures alone. */
function playing(document: FixtureDocument, options: Parameters<typeof createFixtures>[1] = {}) {
  const fixtures = createFixtures(document, options);
  return {
    fixtures,
    daemon: daemonWith([], { catalog: fixtures.catalog, fixtures, server: { name: 'tested', version: '1.2.3' } }),
  };
}

let visits = 0;
const FUNCTIONS: readonly FunctionDefinition[] = [
  defineTool({
    name: 'count',
    inputSchema: { type: 'object', properties: { by: { type: 'number', default: 1 } } },
    outputSchema: { type: 'object', properties: { visits: { type: 'number' } }, required: ['visits'] },
    returnType: 'json',
    run: ({ by }) => ({ visits: (visits += Number(by)) }),
  }),
  tool('fails', () => {
    throw new Error('out of stock');
  }),
  defineResource({ name: 'status', uri: 'app://status', mimeType: 'text/plain', run: () => `up, ${visits}` }),
  defineResource({
    name: 'user',
    uriTemplate: 'app://users/{id}',
    completions: { id: ['ada', 'bob'] },
    run: (_uri, { variables }) => (variables['id'] === 'ada' ? { text: 'Ada', mimeType: 'text/markdown' } : undefined),
  }),
  definePrompt({ name: 'greet', arguments: [{ name: 'who', required: true }], run: ({ who }) => `Greet ${who}.` }),
];

const REQUESTS: readonly (readonly [string, JsonObject])[] = [
  ['tools/call', { name: 'count', arguments: {} }],
  ['tools/call', { name: 'count', arguments: { by: 5 } }],
  ['tools/call', { name: 'count', arguments: {} }],
  ['tools/call', { name: 'count', arguments: { by: 'two' } }],
  ['tools/call', { name: 'fails', arguments: { why: null } }],
  ['resources/read', { uri: 'app://status' }],
  ['resources/read', { uri: 'app://users/ada' }],
  ['resources/read', { uri: 'app://users/nobody' }],
  ['prompts/get', { name: 'greet', arguments: { who: 'Ada' } }],
];
const LISTS = ['tools/list', 'resources/list', 'resources/templates/list', 'prompts/list'];

/** Everything that a client gets for the same requests. */
async function transcript(client: Client): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const [method, params] of [...LISTS.map((method) => [method, {}] as const), ...REQUESTS])
    answers.push(await client.request(method, params));
  return answers;
}

describe('fixtures of recorded calls', () => {
  it('answer as the functions did, to clients of both eras, with the same lists', async () => {
    visits = 0;
    const original = daemonWith(FUNCTIONS, { server: { name: 'tested', version: '1.2.3' } });
    const expected = await transcript(modern(original));
    const { document, left } = await exported(original, FUNCTIONS);
    expect([...left]).toEqual([['it was refused before its function ran', 1]]);
    const { daemon, fixtures } = playing(document);
    expect(await transcript(modern(daemon))).toEqual(expected);
    expect(fixtures.report()).toEqual({ answered: 8, unused: 0, unknown: [] });
    const again = playing(document);
    visits = 0;
    const old = await transcript(await legacy(daemonWith(FUNCTIONS)));
    expect(await transcript(await legacy(again.daemon))).toEqual(old);
    expect(daemon.catalogs.status('default')?.definition.instructions).toBe('Sells things.');
    expect(fixtures.server).toEqual(SERVER);
  });

  it('are the same for the same records, and have no uuids, times and names of protocols', async () => {
    const functions = [tool('id', (_, { callId }) => `call ${callId}`)];
    const daemon = daemonWith(functions);
    await modern(daemon).call('id');
    const first = await exported(daemon, functions);
    expect(await exported(daemon, functions)).toEqual(first);
    const [call] = first.document.calls;
    expect(call).toEqual({
      method: 'tools/call',
      params: { name: 'id', arguments: {} },
      result: { content: [{ type: 'text', text: 'call 00000000-0000-7000-8000-000000000000' }] },
      time_ms: expect.any(Number) as number,
    });
  });

  it('fail a call that is not recorded or was made more often, and report it', async () => {
    const functions = [tool('f', ({ n }) => n)];
    const daemon = daemonWith(functions);
    await modern(daemon).call('f', { n: 1 });
    await modern(daemon).call('f', { n: 2 });
    const heard: unknown[] = [];
    const played = playing((await exported(daemon, functions)).document, { onUnknown: (call) => heard.push(call) });
    const client = modern(played.daemon);
    expect(textOf(await client.call('f', { n: 1 }))).toBe('1');
    const second = resultOf(await client.call('f', { n: 1 }));
    expect(second).toMatchObject({ isError: true });
    expect(JSON.stringify(second)).toContain('once, and it was made more often');
    for (let time = 0; time < 2; time += 1)
      expect(textOf(await client.call('f', { n: 3 }))).toContain('The fixtures have no call');
    expect(played.fixtures.report()).toEqual({
      answered: 1,
      unused: 1,
      unknown: [
        { method: 'tools/call', params: { name: 'f', arguments: { n: 1 } }, times: 1, recorded: 1 },
        { method: 'tools/call', params: { name: 'f', arguments: { n: 3 } }, times: 2, recorded: 0 },
      ],
    });
    expect(heard).toHaveLength(3);
  });

  it('fail a resource or a prompt that is not recorded with an error', async () => {
    const { daemon, fixtures } = playing((await exported(daemonWith(FUNCTIONS), FUNCTIONS)).document);
    const client = modern(daemon);
    expect(errorOf(await client.request('resources/read', { uri: 'app://users/eve' })).message).toContain(
      'no call resources/read',
    );
    expect(errorOf(await client.request('prompts/get', { name: 'greet', arguments: { who: 'Eve' } })).message).toContain(
      'no call',
    );
    expect(fixtures.report().unknown).toHaveLength(2);
  });

  it('match requests whatever their _meta and the order of their arguments', async () => {
    const functions = [tool('f', () => 'found')];
    const daemon = daemonWith(functions);
    await modern(daemon).call('f', { a: 1, b: { c: 2, d: 3 } }, { _meta: { progressToken: 'one', traceparent: 'x' } });
    const { daemon: played } = playing((await exported(daemon, functions)).document);
    expect(textOf(await modern(played).call('f', { b: { d: 3, c: 2 }, a: 1 }, { _meta: { progressToken: 'two' } }))).toBe(
      'found',
    );
  });

  it('ask what the functions asked: rounds of input are one call', async () => {
    const ask = tool('book', ({ city }, { inputs }) => {
      if (inputs['date'] === undefined) return inputRequired({ date: elicit('When?', { type: 'object', properties: {} }) });
      if (inputs['sure'] === undefined)
        return inputRequired({ sure: elicit('Sure?', { type: 'object', properties: {} }) }, { step: 2 });
      return `Booked ${city}.`;
    });
    const daemon = daemonWith([ask]);
    const meta = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: {} } };
    const answers = { date: { action: 'accept', content: {} }, sure: { action: 'accept', content: {} } };
    const book = async (of: Daemon): Promise<JsonObject[]> => {
      const client = modern(of, { meta });
      const seen: JsonObject[] = [];
      let more: JsonObject = {};
      for (let round = 0; round < 3; round += 1) {
        const { requestState, ...result } = resultOf(await client.call('book', { city: 'Rome' }, more));
        seen.push(result);
        const asked = Object.keys((result['inputRequests'] ?? {}) as JsonObject) as (keyof typeof answers)[];
        more = {
          inputResponses: Object.fromEntries(asked.map((name) => [name, answers[name]])),
          ...(requestState === undefined ? {} : { requestState }),
        };
      }
      return seen;
    };
    const expected = await book(daemon);
    await modern(daemon, { meta }).call('book', { city: 'Oslo' });
    const { document, left } = await exported(daemon, [ask]);
    expect([...left]).toEqual([['it asked for input, and got no answer', 1]]);
    expect(document.calls).toHaveLength(1);
    expect(document.calls[0]?.rounds?.map(({ inputRequests }) => Object.keys(inputRequests))).toEqual([['date'], ['sure']]);
    expect(await book(playing(document).daemon)).toEqual(expected);
    const old = await legacy(playing(document).daemon, { capabilities: { elicitation: {} } });
    old.onRequest = () => ({ result: answers.date });
    expect(textOf(await old.call('book', { city: 'Rome' }))).toBe('Booked Rome.');
    expect(old.of('elicitation/create')).toHaveLength(2);
  });

  it('never hold what the record policy keeps out now, and match what it redacts', async () => {
    const plain = [
      tool('login', ({ pin }) => ({ pin, token: 'secret-token' })),
      tool('hidden', () => 'secret-content'),
      tool('quiet', () => 'secret-result'),
      tool('meta', () => 1),
    ];
    const daemon = daemonWith(plain);
    const client = modern(daemon);
    await client.call('login', { pin: 'secret-pin', user: 'ada' });
    await client.call('hidden');
    await client.call('quiet', { x: 'secret-x' });
    await client.call('meta', { x: 'secret-y' });
    const strict = [
      tool('login', () => 1, { record: { bodies: 'all', redact: ['$.pin', '$.content[*].text'] } }),
      tool('hidden', () => 1, { record: { bodies: 'all', redact: ['$.content'] } }),
      tool('quiet', () => 1, { record: { bodies: 'arguments', redact: [] } }),
      tool('meta', () => 1, { record: { bodies: 'metadata', redact: [] } }),
    ];
    const { document, left } = await exported(daemon, strict);
    expect(JSON.stringify(document)).not.toContain('secret');
    expect([...left]).toEqual([
      ['what was redacted leaves no result', 1],
      ['the record policy of the function keeps no results', 2],
    ]);
    expect(document.redact).toEqual({ login: ['$.pin', '$.content[*].text'], hidden: ['$.content'] });
    const played = playing(document);
    expect(textOf(await modern(played.daemon).call('login', { pin: 'any', user: 'ada' }))).toBe('[redacted]');
  });

  it('match any value where an argument was redacted', async () => {
    const strict = { record: { bodies: 'all', redact: ['$.pin'] } };
    const daemon = daemonWith([tool('login', ({ user }) => `Hello ${user}`, strict)]);
    await modern(daemon).call('login', { pin: '1234', user: 'ada' });
    // Without the policy: the record itself is redacted.
    for (const functions of [[tool('login', () => 1)], [tool('login', () => 1, strict)]]) {
      const played = playing((await exported(daemon, functions)).document);
      expect(textOf(await modern(played.daemon).call('login', { pin: '9', user: 'ada' }))).toBe('Hello ada');
      expect(textOf(await modern(played.daemon).call('login', { pin: '9', user: 'eve' }))).toContain('no call');
      const { unknown } = played.fixtures.report();
      expect(JSON.stringify(unknown).includes('"9"')).toBe(functions[0]?.record === undefined);
    }
  });

  it('mask with the redaction of the catalog that they are served with', async () => {
    const daemon = daemonWith([tool('login', () => 'token-of-ada')]);
    await modern(daemon).call('login');
    const { document } = await exported(daemon, [tool('login', () => 1)]);
    expect(JSON.stringify(document)).toContain('token-of-ada');
    const fixtures = createFixtures(document);
    const strict = [tool('login', () => 'run!', { record: { bodies: 'all', redact: ['$.content[*].text'] } })];
    const played = daemonWith(strict, { fixtures });
    expect(textOf(await modern(played).call('login'))).toBe('[redacted]');
    played.update(defineCatalog({ functions: [tool('other', () => 'run!')] }));
    expect(textOf(await modern(played).call('other'))).toContain('The fixtures have no call');
  });

  it('leave out replays, and calls that were cancelled or whose function is gone', async () => {
    const f = tool('f', () => 'fine', { annotations: { readOnlyHint: true } });
    const daemon = daemonWith([f, tool('gone', () => 1)]);
    await modern(daemon).call('f');
    await modern(daemon).call('gone');
    const [record] = await recordsOf(daemon);
    if (record === undefined) throw new Error('no record');
    await replayCall(daemon, record);
    const records = [...(await recordsOf(daemon)), { ...record, status: 'cancelled' as const }, { ...record, content: null }];
    const made = await exportFixtures({ records, catalog: defineCatalog({ functions: [f] }) });
    expect(made.document.calls).toHaveLength(1);
    expect([...made.left.keys()]).toEqual([
      'its function is not in the catalog any more',
      'it is a replay',
      'it was cancelled',
      'its result was not recorded',
    ]);
  });

  it('take as long as the recorded calls on request, and can be cancelled meanwhile', async () => {
    const document: FixtureDocument = {
      ...{ format: 'mcp-daemon-fixtures', version: 1, catalog: { tools: [{ name: 'slow', inputSchema: { type: 'object' } }] } },
      calls: [50, 60_000].map((time_ms) => ({
        ...{ method: 'tools/call', params: { name: 'slow' }, time_ms },
        result: { content: [{ type: 'text', text: 'done' }] },
      })),
    };
    const { daemon } = playing(document, { timing: true });
    const client = await legacy(daemon);
    const startedAt = performance.now();
    expect(textOf(await client.call('slow'))).toBe('done');
    expect(performance.now() - startedAt).toBeGreaterThan(48);
    const waiting = client.raw(client.message('tools/call', { name: 'slow' }, 77));
    client.cancel(77);
    expect(await waiting).toBeUndefined();
  });

  it('give every form of result as the functions did', async () => {
    const functions = [
      tool('text', () => 'one "text"\n'),
      tool('number', () => 7),
      tool('blocks', () => [{ type: 'text', text: 'a', annotations: { priority: 1 } }], { return_type: 'mcp' }),
      tool('two', () => ({
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      })),
      tool('nothing', () => undefined),
      tool('data', () => ({ a: [1.5, null, 'x'] }), { return_type: 'json' }),
      tool('image', () => 'iVBORw0KGgo=', { return_type: 'image' }),
      tool('failed', () => ({ content: [{ type: 'text', text: 'no' }], isError: true })),
      tool('meta', () => ({ content: [{ type: 'text', text: 'a' }], _meta: { 'x/y': 1 } })),
    ];
    const args: JsonObject[] = [{}, { b: 1, a: '2' }, { a: '2', b: 1 }, { '10': 1, '9': 2, a: null }, { a: { y: 1, x: [] } }];
    const everything = async (of: Daemon): Promise<unknown[]> => {
      const answers: unknown[] = [];
      for (const { name } of functions)
        for (const given of args) answers.push(await (await legacy(of)).call(name, given), await modern(of).call(name, given));
      return answers;
    };
    const original = daemonWith(functions, { server: { name: 'tested', version: '1.2.3' } });
    const expected = await everything(original);
    const { daemon, fixtures } = playing((await exported(original, functions)).document);
    expect(await everything(daemon)).toEqual(expected);
    expect(fixtures.report()).toEqual({ answered: functions.length * args.length * 2, unused: 0, unknown: [] });
  });

  it('are answered in order, however many equal calls there are', async () => {
    const calls = Array.from({ length: 3_000 }, (_, n) => ({
      ...{ method: 'tools/call' as const, params: { name: 'n', arguments: { key: n % 7 } } },
      result: { content: [{ type: 'text', text: String(n) }] },
    }));
    const catalog = { tools: [{ name: 'n', inputSchema: { type: 'object' } }] };
    const { daemon, fixtures } = playing({ format: 'mcp-daemon-fixtures', version: 1, catalog, calls });
    const client = new Client(daemon, META);
    const answers: string[] = [];
    for (let n = 0; n < calls.length; n += 1) answers.push(textOf(await client.call('n', { key: n % 7 })));
    expect(answers).toEqual(calls.map((_, n) => String(n)));
    expect(fixtures.report()).toEqual({ answered: 3_000, unused: 0, unknown: [] });
  });

  it('are taken when the call arrives, and not when its record is written, so that equal calls keep their order', async () => {
    const calls = ['first', 'second'].map((text) => ({
      ...{ method: 'tools/call' as const, params: { name: 'n' } },
      result: { content: [{ type: 'text', text }] },
    }));
    const catalog = { tools: [{ name: 'n', inputSchema: { type: 'object' } }] };
    const fixtures = createFixtures({ format: 'mcp-daemon-fixtures', version: 1, catalog, calls });
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    const daemon = daemonWith([], {
      ...{ catalog: fixtures.catalog, fixtures },
      store: () => opened.then(() => createMemoryStore()),
    });
    const client = modern(daemon);
    const answers = [client.call('n'), client.call('n')];
    expect(fixtures.report().answered).toBe(2);
    open();
    expect((await Promise.all(answers)).map(textOf)).toEqual(['first', 'second']);
  });

  it('work with a source of catalogs, and keep records', async () => {
    const document = (await exported(daemonWith(FUNCTIONS), FUNCTIONS)).document;
    const fixtures: LoadedFixtures = createFixtures({
      ...document,
      calls: [
        {
          method: 'resources/read',
          params: { uri: 'app://status' },
          result: { contents: [{ uri: 'app://status', text: 'up' }] },
        },
      ],
    });
    const store = createMemoryStore();
    const daemon = createDaemon({ catalogs: { load: () => defineCatalog({ functions: FUNCTIONS }) }, fixtures, store });
    expect(resultOf(await modern(daemon).request('resources/read', { uri: 'app://status' }))['contents']).toEqual([
      { uri: 'app://status', mimeType: 'text/plain', text: 'up' },
    ]);
    expect(await store.calls.count('default', {})).toBe(1);
    await daemon.close();
  });
});

describe('a file with fixtures', () => {
  const problems = (value: unknown): string[] => {
    try {
      createFixtures(value);
    } catch (error) {
      return (error as { mistakes: { path: string; message: string }[] }).mistakes.map(
        ({ path, message }) => `${path}: ${message}`,
      );
    }
    return [];
  };
  const base = { format: 'mcp-daemon-fixtures', version: 1, catalog: { tools: [{ name: 'f' }] }, calls: [] };

  it('of another kind or version is refused', () => {
    expect(problems('text')[0]).toContain('this is no file with fixtures');
    expect(problems({ tools: [] })[0]).toContain('$.format');
    expect(problems({ ...base, version: 2 })).toEqual([
      '$.version: is 2, and this program reads version 1: export the calls again with it',
    ]);
    expect(problems(base)).toEqual([]);
  });

  it('that was edited by hand gets a list of all its mistakes', () => {
    const found = problems({
      ...base,
      catalog: { tools: [{ name: 'f', inputSchema: 5 }], modules: [] },
      redact: { f: ['pin'], g: 'x' },
      calls: [
        { method: 'tools/cal', params: {} },
        { method: 'tools/call', params: { name: 'g' }, result: { content: [] } },
        { method: 'tools/call', params: { name: 'f', arguments: [] }, result: { contents: [] }, time: 5 },
        { method: 'tools/call', params: { name: 'f' }, error: 'no' },
        { method: 'resources/read', params: {}, error: 'no', result: {} },
        { method: 'tools/call', params: { name: 'f' }, result: { content: [{ type: 'text', text: 'x' }, 'y'] } },
        { method: 'prompts/get', params: 1, time_ms: -1, rounds: [{}, { inputRequests: { a: 1 } }] },
        7,
      ],
    });
    const paths = found.map((line) => line.split(': ')[0]);
    expect(paths).toEqual([
      '$.catalog.modules',
      '$.catalog.tools[0].inputSchema',
      '$.redact.f[0]',
      '$.redact.g',
      '$.calls[0].method',
      '$.calls[1].params.name',
      '$.calls[2].time',
      '$.calls[2].params.arguments',
      '$.calls[2].result.content',
      '$.calls[3].error',
      '$.calls[4].params.uri',
      '$.calls[4]',
      '$.calls[5].result.content[1]',
      '$.calls[6].params',
      '$.calls[6].rounds[0]',
      '$.calls[6].rounds[1].inputRequests.a',
      '$.calls[6]',
      '$.calls[6].time_ms',
      '$.calls[7]',
    ]);
  });

  it('with very many mistakes says how many more there are', () => {
    const found = problems({ ...base, calls: Array.from({ length: 150 }, () => 1) });
    expect(found).toHaveLength(101);
    expect(found.at(-1)).toBe('$: and 50 more mistakes');
  });
});
