import type { JsonObject } from '../../src/index.js';
import { defineCatalog, definePrompt, defineResource, LEGACY_VERSIONS } from '../../src/index.js';
import { Client, daemonWith, echo, errorOf, legacy, memoryLogger, META, modern, resultOf, textOf, tool } from '../support.js';

const readme = defineResource({ name: 'readme', uri: 'file:///readme', run: () => 'read me' });
const item = defineResource({ name: 'item', uriTemplate: 'item://{id}', run: (uri) => uri });
const hello = definePrompt({
  name: 'hello',
  arguments: [{ name: 'who', completions: () => ['you'] }],
  run: ({ who }) => `Hello, ${who ?? 'you'}!`,
});
const everything = [echo, readme, item, hello];

const VERSION = 'io.modelcontextprotocol/protocolVersion';
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';

describe('a message that is not JSON-RPC', () => {
  it.each<[string, unknown]>([
    ['null', null],
    ['a string', 'tools/list'],
    ['a number', 5],
    ['nothing', undefined],
    ['an object without "jsonrpc"', { id: 1, method: 'ping' }],
    ['another version of JSON-RPC', { jsonrpc: '1.0', id: 1, method: 'ping' }],
    ['a request without a method', { jsonrpc: '2.0', id: 1 }],
    ['a method that is no string', { jsonrpc: '2.0', id: 1, method: 5 }],
    ['the id null', { jsonrpc: '2.0', id: null, method: 'ping' }],
    ['a fractional id', { jsonrpc: '2.0', id: 1.5, method: 'ping' }],
    ['an object as id', { jsonrpc: '2.0', id: {}, method: 'ping' }],
    ['true as id', { jsonrpc: '2.0', id: true, method: 'ping' }],
    ['an id beyond what numbers can tell apart', { jsonrpc: '2.0', id: 2 ** 60, method: 'ping' }],
  ])('%s is answered with -32600', async (_what, message) => {
    const client = await legacy(daemonWith(everything));
    expect(errorOf(await client.raw(message)).code).toBe(-32600);
    expect(client.session.inFlight).toBe(0);
  });

  it('is answered with its id, and without an id if it has none', async () => {
    const client = new Client(daemonWith(everything));
    expect(await client.raw({ id: 'mine', method: 'ping' })).toMatchObject({ jsonrpc: '2.0', id: 'mine' });
    expect(await client.raw({ jsonrpc: '2.0', id: null, method: 'ping' })).not.toHaveProperty('id');
    expect(await client.raw([])).not.toHaveProperty('id');
  });

  it.each([[[]], ['x'], [5], [false]])('parameters that are not an object are -32602: %j', async (params) => {
    const client = await legacy(daemonWith(everything));
    expect(await client.raw({ jsonrpc: '2.0', id: 4, method: 'ping', params })).toMatchObject({ id: 4, error: { code: -32602 } });
  });
});

describe('notifications', () => {
  it.each<JsonObject>([
    { method: 'notifications/initialized' },
    { method: 'notifications/unheard_of', params: {} },
    { method: 'notifications/cancelled' },
    { method: 'notifications/cancelled', params: { requestId: {} } },
    { method: 'notifications/cancelled', params: [] },
    { method: 'tools/list' },
    { method: 'no/method', params: 5 },
  ])('are never answered, not even with an error: %j', async (message) => {
    for (const client of [new Client(daemonWith(everything)), await legacy(daemonWith(everything))]) {
      expect(await client.raw({ jsonrpc: '2.0', ...message })).toBeUndefined();
    }
  });
});

describe('answers to unknown requests', () => {
  it.each<JsonObject>([
    { id: 'mcp-daemon-1', result: {} },
    { id: 7, error: { code: 1, message: 'no' } },
    { id: null, error: { code: -32700, message: 'no' } },
    { id: {}, result: null },
    { error: null },
    { id: 1, result: {}, error: null },
  ])('are passed over: %j', async (message) => {
    const client = await legacy(daemonWith(everything));
    expect(await client.raw({ jsonrpc: '2.0', ...message })).toBeUndefined();
    expect(resultOf(await client.request('ping'))).toEqual({});
  });
});

describe('the handshake', () => {
  it.each(LEGACY_VERSIONS)('speaks %s with a client that asks for it', async (version) => {
    const client = new Client(daemonWith(everything));
    const result = resultOf(
      await client.request('initialize', { protocolVersion: version, capabilities: {}, clientInfo: { name: 't', version: '1' } }),
    );
    expect(result).toMatchObject({ protocolVersion: version, serverInfo: { name: 'tested', version: '1.2.3' } });
    expect(result['capabilities']).toMatchObject({
      tools: { listChanged: true },
      resources: { subscribe: true, listChanged: true },
      prompts: { listChanged: true },
      logging: {},
    });
    expect('completions' in (result['capabilities'] as object)).toBe(version >= '2025-03-26');
    expect(result).not.toHaveProperty('resultType');
    expect(textOf(await client.call('echo', { text: 'hi' }))).toBe('hi');
  });

  it.each(['2023-01-01', '2026-07-28', '', 'latest'])(
    'answers our newest legacy version to a client that asks for "%s"',
    async (version) => {
      const client = new Client(daemonWith(everything));
      const result = resultOf(await client.request('initialize', { protocolVersion: version, capabilities: {} }));
      expect(result['protocolVersion']).toBe('2025-11-25');
    },
  );

  it('has the instructions of the catalog, and the server info that the version supports', async () => {
    const server = { name: 'n', version: 'v', title: 'Title', websiteUrl: 'https://example.com' };
    const daemon = daemonWith([], { server, catalog: defineCatalog({ functions: [], instructions: 'Be nice.' }) });
    const initialize = async (protocolVersion: string): Promise<JsonObject> =>
      resultOf(await new Client(daemon).request('initialize', { protocolVersion }));
    expect(await initialize('2025-11-25')).toMatchObject({ instructions: 'Be nice.', serverInfo: server });
    expect((await initialize('2024-11-05'))['serverInfo']).toEqual({ name: 'n', version: 'v' });
    expect(
      resultOf(await new Client(daemonWith([])).request('initialize', { protocolVersion: '2025-11-25' })),
    ).not.toHaveProperty('instructions');
  });

  it.each<[string, JsonObject]>([
    ['no version', {}],
    ['a version that is no string', { protocolVersion: 5 }],
    ['capabilities that are no object', { protocolVersion: '2025-11-25', capabilities: [] }],
  ])('refuses %s with -32602', async (_what, params) => {
    expect(errorOf(await new Client(daemonWith(everything)).request('initialize', params)).code).toBe(-32602);
  });

  it('comes before everything but ping', async () => {
    const client = new Client(daemonWith(everything));
    expect(resultOf(await client.request('ping'))).toEqual({});
    for (const method of ['tools/list', 'tools/call', 'resources/read', 'logging/setLevel']) {
      const error = errorOf(await client.request(method, { name: 'echo', arguments: { text: 'x' } }));
      expect(error).toMatchObject({ code: -32602, message: expect.stringMatching(/"initialize".*protocolVersion/) as string });
    }
    expect(errorOf(await client.request('no/method')).code).toBe(-32601);
  });

  it('is done for a request that comes right behind it', async () => {
    const client = new Client(daemonWith(everything));
    const answers = await Promise.all([
      client.request('initialize', { protocolVersion: '2025-11-25', capabilities: {} }),
      client.request('tools/list'),
    ]);
    expect(resultOf(answers[1])).toHaveProperty('tools');
  });

  const exchange = { partition: 'default', subject: 'x', signal: new AbortController().signal, notify: () => {} };

  it.each(['ping', 'tools/list', 'no/method'])(
    'is impossible for a request without a connection: %s lacks its metadata',
    async (method) => {
      const answer = await daemonWith(everything).handle({ jsonrpc: '2.0', id: 1, method }, exchange);
      expect(errorOf(answer).code).toBe(-32602);
    },
  );

  it('needs a connection', async () => {
    const daemon = daemonWith(everything);
    const answer = await daemon.handle(
      { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25' } },
      exchange,
    );
    expect(errorOf(answer).code).toBe(-32600);
  });
});

describe('the legacy era', () => {
  it.each(['server/discover', 'subscriptions/listen', 'no/method', 'toString', 'constructor'])(
    'has no method %s',
    async (method) => {
      const client = await legacy(daemonWith(everything));
      expect(errorOf(await client.request(method)).code).toBe(-32601);
    },
  );

  it('has results without the members of the modern era', async () => {
    const client = await legacy(daemonWith(everything));
    for (const [method, params] of [
      ['tools/list', {}],
      ['resources/list', {}],
      ['resources/templates/list', {}],
      ['prompts/list', {}],
      ['tools/call', { name: 'echo', arguments: { text: 'x' } }],
      ['resources/read', { uri: 'file:///readme' }],
      ['prompts/get', { name: 'hello' }],
      ['completion/complete', { ref: { type: 'ref/prompt', name: 'hello' }, argument: { name: 'who', value: '' } }],
    ] as const) {
      const result = resultOf(await client.request(method, params));
      for (const key of ['resultType', 'ttlMs', 'cacheScope', '_meta']) expect(result).not.toHaveProperty([key]);
    }
  });

  it('sets the level of log messages', async () => {
    const talk = tool('talk', (_args, context) => {
      context.log('debug', 'quiet');
      context.log('info', 'normal', 'part');
      context.log('error', { loud: true });
    });
    const client = await legacy(daemonWith([talk]));
    await client.call('talk', {}, {}, 'a');
    expect(client.told.splice(0)).toEqual([
      {
        message: { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', logger: 'part', data: 'normal' } },
        related: 'a',
      },
      {
        message: { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'error', data: { loud: true } } },
        related: 'a',
      },
    ]);
    expect(resultOf(await client.request('logging/setLevel', { level: 'error' }))).toEqual({});
    await client.call('talk');
    expect(client.of('notifications/message')).toEqual([{ level: 'error', data: { loud: true } }]);
    for (const level of ['loud', undefined, 5])
      expect(errorOf(await client.request('logging/setLevel', { level })).code).toBe(-32602);
  });
});

describe('the modern era', () => {
  it('needs no handshake', async () => {
    expect(textOf(await modern(daemonWith(everything)).call('echo', { text: 'hi' }))).toBe('hi');
  });

  it.each<[string, JsonObject]>([
    ['a version that is no string', { [VERSION]: 5 }],
    ['the version null', { [VERSION]: null }],
    ['no capabilities', { [CAPABILITIES]: undefined }],
    ['capabilities that are no object', { [CAPABILITIES]: [] }],
    ['a client without a name', { 'io.modelcontextprotocol/clientInfo': { version: '1' } }],
    ['a client without a version', { 'io.modelcontextprotocol/clientInfo': { name: 'x' } }],
    ['a client that is not an object', { 'io.modelcontextprotocol/clientInfo': 'x' }],
    ['a level that is none', { 'io.modelcontextprotocol/logLevel': 'loud' }],
  ])('refuses %s with -32602', async (_what, meta) => {
    const client = modern(daemonWith(everything), { meta });
    expect(errorOf(await client.call('echo', { text: 'x' })).code).toBe(-32602);
  });

  it('refuses a request without a version with -32602', async () => {
    const client = new Client(daemonWith(everything), { [CAPABILITIES]: {} });
    expect(errorOf(await client.call('echo', { text: 'x' })).code).toBe(-32602);
  });

  it('serves a client without a name', async () => {
    const client = modern(daemonWith(everything), { meta: { 'io.modelcontextprotocol/clientInfo': undefined } });
    expect(textOf(await client.call('echo', { text: 'x' }))).toBe('x');
  });

  it.each(['1900-01-01', '2025-11-25', '', '2026-07-29'])('says which versions it has to a client of "%s"', async (requested) => {
    const client = modern(daemonWith(everything), { meta: { [VERSION]: requested } });
    for (const method of ['server/discover', 'tools/list', 'no/method']) {
      expect(errorOf(await client.request(method))).toMatchObject({
        code: -32022,
        data: { supported: ['2026-07-28'], requested },
      });
    }
  });

  it.each(['ping', 'initialize', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe', 'no/method', '__proto__'])(
    'has no method %s',
    async (method) => {
      const client = modern(daemonWith(everything));
      expect(
        errorOf(await client.request(method, { protocolVersion: '2025-11-25', uri: 'file:///readme', level: 'info' })).code,
      ).toBe(-32601);
    },
  );

  it('is discovered', async () => {
    const daemon = daemonWith([], { catalog: defineCatalog({ functions: everything, instructions: 'Be nice.' }) });
    expect(resultOf(await modern(daemon).request('server/discover'))).toMatchObject({
      supportedVersions: ['2026-07-28'],
      instructions: 'Be nice.',
      capabilities: {
        tools: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        prompts: { listChanged: true },
        completions: {},
      },
    });
  });

  it.each<[string, JsonObject, boolean]>([
    ['server/discover', {}, true],
    ['tools/list', {}, true],
    ['resources/list', {}, true],
    ['resources/templates/list', {}, true],
    ['prompts/list', {}, true],
    ['resources/read', { uri: 'file:///readme' }, true],
    ['tools/call', { name: 'echo', arguments: { text: 'x' } }, false],
    ['tools/call', { name: 'echo', arguments: {} }, false],
    ['prompts/get', { name: 'hello' }, false],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'hello' }, argument: { name: 'who', value: '' } }, false],
  ])("%s %j has its result type, the server's name and the cache time", async (method, params, cacheable) => {
    const result = resultOf(await modern(daemonWith(everything)).request(method, params));
    expect(result).toMatchObject({
      resultType: 'complete',
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'tested', version: '1.2.3' } },
    });
    if (!cacheable) {
      expect(result).not.toHaveProperty('ttlMs');
      expect(result).not.toHaveProperty('cacheScope');
      return;
    }
    expect(result['cacheScope']).toBe('private');
    expect(Number.isInteger(result['ttlMs']) && (result['ttlMs'] as number) >= 0).toBe(true);
  });

  it("keeps what a function put into its result's _meta", async () => {
    const raw = tool('raw', () => ({ content: [], _meta: { 'example.com/mine': 1 } }));
    expect(resultOf(await modern(daemonWith([raw])).call('raw'))['_meta']).toMatchObject({
      'example.com/mine': 1,
      'io.modelcontextprotocol/serverInfo': { name: 'tested' },
    });
  });

  it('sends log messages only to a client that wants them', async () => {
    const talk = tool('talk', (_args, context) => context.log('warning', 'careful'));
    const daemon = daemonWith([talk]);
    const levels = ['warning', 'error', undefined].map(async (level) => {
      const client = modern(daemon, { meta: { 'io.modelcontextprotocol/logLevel': level } });
      await client.call('talk');
      return client.of('notifications/message').length;
    });
    expect(await Promise.all(levels)).toEqual([1, 0, 0]);
  });

  it('tells a function the caller and the client', async () => {
    const who = tool(
      'who',
      (_args, { client, clientCapabilities, protocolVersion, meta, partition, subject, callId, variables }) => ({
        ...{ client, clientCapabilities, protocolVersion, partition, subject, variables, mine: meta['mine'] },
        callId: typeof callId,
      }),
    );
    const client = modern(daemonWith([who]), {
      identity: { subject: 'ann' },
      meta: { 'io.modelcontextprotocol/clientInfo': { name: 'c', version: '2' }, mine: 'x' },
    });
    expect(JSON.parse(textOf(await client.call('who')))).toEqual({
      client: { name: 'c', version: '2' },
      clientCapabilities: {},
      protocolVersion: '2026-07-28',
      partition: 'default',
      subject: 'ann',
      variables: {},
      mine: 'x',
      callId: 'string',
    });
  });
});

describe('both eras on one connection', () => {
  it('are served, each request in its era', async () => {
    const client = await legacy(daemonWith(everything), { version: '2024-11-05' });
    const before = resultOf(await client.request('tools/list'));
    const between = resultOf(await client.request('tools/list', { _meta: META }));
    const after = resultOf(await client.request('tools/list'));
    expect(between).toMatchObject({ resultType: 'complete' });
    expect([before, after]).toEqual([{ tools: before['tools'] }, { tools: before['tools'] }]);
  });

  it("do not share the client's capabilities", async () => {
    const daemon = daemonWith([tool('can', (_args, { clientCapabilities }) => clientCapabilities)]);
    const client = await legacy(daemon, { capabilities: { elicitation: {} } });
    expect(JSON.parse(textOf(await client.call('can', {}, { _meta: META })))).toEqual({});
    expect(JSON.parse(textOf(await client.call('can')))).toEqual({ elicitation: {} });
  });

  it('lets a modern client make a handshake later', async () => {
    const client = new Client(daemonWith(everything));
    expect(resultOf(await client.request('server/discover', { _meta: META }))).toMatchObject({ resultType: 'complete' });
    expect(resultOf(await client.request('initialize', { protocolVersion: '2025-03-26' }))['protocolVersion']).toBe('2025-03-26');
  });
});

describe('a partition that does not exist', () => {
  it('is refused, in both eras', async () => {
    const daemon = daemonWith(everything);
    const identity = { partition: 'nobody' };
    expect(errorOf(await modern(daemon, { identity }).request('tools/list'))).toMatchObject({
      code: -32600,
      message: 'There is no partition "nobody".',
    });
    expect(errorOf(await modern(daemon, { identity }).call('echo', { text: 'x' })).code).toBe(-32600);
    expect(
      errorOf(await new Client(daemon, undefined, identity).request('initialize', { protocolVersion: '2025-11-25' })).code,
    ).toBe(-32600);
  });
});

describe('a failure inside the server', () => {
  it('hides its details from the client, and is logged', async () => {
    const { logger, of } = memoryLogger();
    const catalog = defineCatalog({ functions: [] });
    const broken = { ...catalog, functions: undefined as never };
    const client = modern(daemonWith([], { catalog: broken, logger }));
    expect(errorOf(await client.request('tools/list'))).toEqual({ code: -32603, message: 'Internal error' });
    expect(of('error')).toEqual(['a request failed inside the server']);
  });
});

describe('null where a client leaves a member out', () => {
  it('is as absent: parameters, capabilities, client info, metadata and cursors', async () => {
    const client = new Client(daemonWith(everything));
    const handshake = { protocolVersion: '2025-11-25', capabilities: null, clientInfo: null };
    expect(resultOf(await client.request('initialize', handshake))).toMatchObject({ protocolVersion: '2025-11-25' });
    expect(client.session.legacy?.caller).toMatchObject({ capabilities: {}, client: undefined });
    const first = resultOf(await client.request('tools/list'));
    for (const params of [null, { cursor: null }, { cursor: '' }, { _meta: null }])
      expect(resultOf(await client.raw({ jsonrpc: '2.0', id: 1, method: 'tools/list', params }))).toEqual(first);
    expect(await client.raw({ jsonrpc: '2.0', method: 'notifications/initialized', params: null })).toBeUndefined();
  });

  it('counts as missing in the metadata of a modern request, except for required members', async () => {
    const meta = { 'io.modelcontextprotocol/clientInfo': null, 'io.modelcontextprotocol/logLevel': null };
    const client = modern(daemonWith(everything), { meta });
    expect(resultOf(await client.request('tools/list', { cursor: null }))).toHaveProperty('tools');
    expect(errorOf(await modern(daemonWith(everything), { meta: { [CAPABILITIES]: null } }).request('tools/list')).code).toBe(
      -32602,
    );
  });

  it('counts as missing in the filter of subscriptions/listen', async () => {
    const client = modern(daemonWith(everything));
    void client.request('subscriptions/listen', { notifications: { resourceSubscriptions: null, toolsListChanged: true } }, 'l');
    expect(client.of('notifications/subscriptions/acknowledged')).toMatchObject([{ notifications: { toolsListChanged: true } }]);
  });
});

describe('an id that is a number but not a safe integer', () => {
  it.each([1.5, 2 ** 60, -1e300])('is refused under that number: %p', async (id) => {
    const client = await legacy(daemonWith(everything));
    expect(await client.raw({ jsonrpc: '2.0', id, method: 'ping' })).toMatchObject({ id, error: { code: -32600 } });
  });
});
