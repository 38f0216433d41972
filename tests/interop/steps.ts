/**
 * What every client does, as data: a name, what to do, and which clients cannot do it and why. `docs/interop.md` has the table.
 */
import { strict as assert } from 'node:assert';

import { until } from '../until.js';
import type { Connected } from './clients.js';
import { RpcError } from './clients.js';
import type { Json } from './raw.js';
import type { Home } from './sidecar.js';

type CannotDo = (client: { name: string; version: string; modern: boolean }) => string | undefined;

/** One thing that a client does. */
export interface Step {
  readonly name: string;
  /** Why a client cannot do this; undefined where it can. */
  readonly cannot?: CannotDo;
  run(client: Connected, home: Home): Promise<void>;
}

const legacyOnly: CannotDo = ({ modern }) => (modern ? '2026-07-28 has no sessions, and does not have this' : undefined);
const modernOnly: CannotDo = ({ modern }) => (modern ? undefined : 'came with 2026-07-28');
/** Cline declares no capabilities, so nothing is asked of it. */
const askable: CannotDo = ({ name }) => (name.endsWith('as Cline') ? 'Cline declares no capabilities' : undefined);
const since =
  (first: string): CannotDo =>
  ({ version }) =>
    version >= first ? undefined : `came with ${first}`;

const call = (client: Connected, name: string, args: Json = {}, options = {}): Promise<Json> =>
  client.request('tools/call', { name, arguments: args }, options);

const contentOf = (result: Json): Json[] => result['content'] as Json[];
const textOf = (result: Json): string => String(contentOf(result)[0]?.['text']);

async function refused(code: number, work: Promise<unknown>): Promise<RpcError> {
  const error: unknown = await work.then(
    () => assert.fail('it was answered'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof RpcError, String(error));
  assert.equal(error.code, code, error.message);
  return error;
}

/** All pages of a list. */
async function pages(client: Connected, method: string, key: string): Promise<Json[][]> {
  const found: Json[][] = [];
  let cursor: unknown;
  do {
    const page: Json = await client.request(method, cursor === undefined ? {} : { cursor });
    found.push(page[key] as Json[]);
    cursor = page['nextCursor'];
    assert.ok(found.length < 100, 'the cursors do not end');
  } while (cursor !== undefined);
  return found;
}

const tools = async (client: Connected): Promise<Json[]> => (await pages(client, 'tools/list', 'tools')).flat();
const configured = async (home: Home, key: string): Promise<Json[]> => {
  let list: unknown[] = [];
  await home.edit((config) => (list = config[key] ?? []));
  return list as Json[];
};
const told = (client: Connected, method: string, since = 0): Json[] =>
  client.notifications.slice(since).filter((notification) => notification['method'] === method);

/** Does something while the client listens to what it may cause: without asking in the legacy era, by a stream in the modern one. */
async function listening(client: Connected, filter: Json, work: () => Promise<void>): Promise<void> {
  const stream = await client.listen?.(filter);
  try {
    await work();
  } finally {
    await stream?.close();
  }
}

const RED_PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const WATCHED = 'test://watched-resource';

export const steps: readonly Step[] = [
  {
    name: 'learns the name, version and instructions of the server',
    async run(client) {
      const title = client.version >= '2025-06-18' ? { title: 'Everything' } : {};
      assert.deepEqual(client.serverInfo, { name: 'everything', version: '1.0.0', ...title });
      assert.match(String(client.instructions), /one of everything/);
    },
  },
  {
    name: 'learns the capabilities of the server',
    async run(client) {
      const { completions, extensions, ...others } = client.capabilities;
      assert.deepEqual(others, {
        tools: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        prompts: { listChanged: true },
        logging: {},
      });
      assert.deepEqual(completions, client.version >= '2025-03-26' ? {} : undefined);
      const tasks = client.version >= '2026-07-28' ? { 'io.modelcontextprotocol/tasks': {} } : {};
      // Clients of older SDKs drop what they do not know.
      if (extensions !== undefined)
        assert.deepEqual(extensions, { 'io.modelcontextprotocol/skills': { directoryRead: true }, ...tasks });
    },
  },
  {
    name: 'discovers the server without a handshake',
    cannot: modernOnly,
    async run(client) {
      const found = await client.request('server/discover');
      assert.deepEqual(found['supportedVersions'], ['2026-07-28']);
    },
  },
  {
    name: 'pings',
    cannot: legacyOnly,
    run: async (client) => assert.deepEqual(await client.request('ping'), {}),
  },

  // Lists.
  {
    name: 'lists tools page by page',
    async run(client, home) {
      const found = await pages(client, 'tools/list', 'tools');
      const names = found.flat().map(({ name }) => name);
      assert.ok(
        found.length >= 3 && found.slice(0, -1).every((page) => page.length === 10),
        `${found.map((page) => page.length).join(', ')}`,
      );
      assert.deepEqual(
        names,
        (await configured(home, 'tools')).map(({ name }) => name),
      );
    },
  },
  {
    name: 'lists resources, templates and prompts',
    async run(client, home) {
      for (const [method, key, listed] of [
        ['resources/list', 'resources', 'resources'],
        ['resources/templates/list', 'resource_templates', 'resourceTemplates'],
        ['prompts/list', 'prompts', 'prompts'],
      ] as const) {
        const names = (await pages(client, method, listed)).flat().map(({ name }) => name);
        // A skill is a resource, too.
        const skills = key === 'resources' ? ['count-words'] : [];
        assert.deepEqual(names, [...(await configured(home, key)).map(({ name }) => name), ...skills]);
      }
    },
  },
  {
    name: 'gets an error for a cursor that the server did not give',
    run: async (client) => void (await refused(-32602, client.request('tools/list', { cursor: 'made-up' }))),
  },
  {
    name: 'gets tool definitions as they are in the config file',
    async run(client, home) {
      const listed = await tools(client);
      for (const written of await configured(home, 'tools')) {
        assert.deepEqual(
          listed.find(({ name }) => name === written['name']),
          written,
        );
      }
    },
  },

  // Calls.
  {
    name: 'gets text, an image and an embedded resource',
    async run(client) {
      assert.deepEqual(contentOf(await call(client, 'test_simple_text')), [
        { type: 'text', text: 'This is a simple text response for testing.' },
      ]);
      assert.deepEqual(contentOf(await call(client, 'test_image_content')), [
        { type: 'image', data: RED_PIXEL, mimeType: 'image/png' },
      ]);
      const resource = { uri: 'test://embedded-resource', mimeType: 'text/plain', text: 'This is an embedded resource content.' };
      assert.deepEqual(contentOf(await call(client, 'test_embedded_resource')), [{ type: 'resource', resource }]);
      const types = contentOf(await call(client, 'test_multiple_content_types')).map(({ type }) => type);
      assert.deepEqual(types, ['text', 'image', 'resource']);
    },
  },
  {
    name: 'gets audio, or text instead if its version has no audio',
    async run(client) {
      const [block] = contentOf(await call(client, 'test_audio_content'));
      if (client.version < '2025-03-26') assert.equal(block?.['type'], 'text');
      else assert.deepEqual([block?.['type'], block?.['mimeType']], ['audio', 'audio/wav']);
    },
  },
  {
    name: 'gets a resource link, or text instead if its version has no links',
    async run(client) {
      const [block] = contentOf(await call(client, 'test_resource_link'));
      if (client.version < '2025-06-18') assert.deepEqual(block, { type: 'text', text: 'static-text: test://static-text' });
      else
        assert.deepEqual(block, {
          type: 'resource_link',
          uri: 'test://static-text',
          name: 'static-text',
          mimeType: 'text/plain',
        });
    },
  },
  {
    name: 'gets structured content that fits the outputSchema',
    cannot: since('2025-06-18'),
    async run(client) {
      const result = await call(client, 'test_structured', { text: 'one two three' });
      assert.deepEqual(result['structuredContent'], { characters: 13, words: 3 });
      assert.deepEqual(JSON.parse(textOf(result)), { characters: 13, words: 3 });
    },
  },
  {
    name: 'gets a tool error for a result that does not fit its schema',
    async run(client) {
      const result = await call(client, 'test_structured_wrong');
      assert.equal(result['isError'], true);
      assert.match(textOf(result), /outputSchema/);
    },
  },
  {
    name: 'gets a tool error that says what is wrong with the arguments',
    async run(client) {
      const result = await call(client, 'test_structured', { text: 3 });
      assert.equal(result['isError'], true);
      assert.match(textOf(result), /text.*string/s);
      const deep = await call(client, 'json_schema_2020_12_tool', { contactMethod: 'phone', unknown: 1 });
      assert.equal(deep['isError'], true);
      assert.match(textOf(await call(client, 'json_schema_2020_12_tool', { contactMethod: 'phone', phone: '1' })), /"phone":"1"/);
    },
  },
  {
    name: 'gets a tool error when a function fails',
    async run(client) {
      const result = await call(client, 'test_error_handling');
      assert.equal(result['isError'], true);
      assert.match(textOf(result), /intentionally returns an error/);
    },
  },
  {
    name: 'gets a tool error when a function takes too long',
    async run(client) {
      const result = await call(client, 'test_time_limit');
      assert.equal(result['isError'], true);
      assert.match(textOf(result), /200 ms/);
    },
  },
  {
    name: 'sends _meta to the function, and gets the _meta of the result',
    async run(client) {
      const result = await client.request('tools/call', {
        name: 'test_meta',
        arguments: {},
        _meta: { 'example.org/trace': 'abc' },
      });
      assert.equal((JSON.parse(textOf(result)) as Json)['example.org/trace'], 'abc');
      assert.equal((result['_meta'] as Json)['example.org/answered-by'], 'test_meta');
    },
  },

  // Errors.
  {
    name: 'gets an error for an unknown tool, prompt or completion',
    async run(client) {
      await refused(-32602, call(client, 'no_such_tool'));
      await refused(-32602, client.request('prompts/get', { name: 'no_such_prompt' }));
      const ref = { type: 'ref/prompt', name: 'no_such_prompt' };
      await refused(-32602, client.request('completion/complete', { ref, argument: { name: 'a', value: '' } }));
    },
  },
  {
    name: 'gets the error code of its protocol version for an unknown resource',
    async run(client) {
      for (const uri of ['test://no-such-resource', 'test://template/nothing/data']) {
        const error = await refused(client.resourceNotFound, client.request('resources/read', { uri }));
        assert.deepEqual(error.data, { uri });
      }
    },
  },
  {
    name: 'gets an error for a prompt without its required arguments',
    async run(client) {
      const error = await refused(
        -32602,
        client.request('prompts/get', { name: 'test_prompt_with_arguments', arguments: { arg1: 'a' } }),
      );
      assert.match(error.message, /arg2/);
    },
  },
  {
    name: 'gets an error for an unknown method',
    run: async (client) => void (await refused(-32601, client.request('no/such/method'))),
  },

  // Resources, prompts, completions.
  {
    name: 'reads a text resource, a binary one and a template',
    async run(client) {
      const read = async (uri: string): Promise<Json | undefined> =>
        ((await client.request('resources/read', { uri }))['contents'] as Json[])[0];
      const text = 'This is the content of the static text resource.';
      assert.deepEqual(await read('test://static-text'), { uri: 'test://static-text', mimeType: 'text/plain', text });
      assert.deepEqual(await read('test://static-binary'), {
        uri: 'test://static-binary',
        mimeType: 'image/png',
        blob: RED_PIXEL,
      });
      const filled = await read('test://template/1%2F2/data');
      assert.deepEqual(JSON.parse(String(filled?.['text'])), { id: '1/2', templateTest: true, data: 'Data for ID: 1/2' });
    },
  },
  {
    name: 'gets prompts with arguments, a resource and an image',
    async run(client) {
      const get = async (name: string, args: Json = {}): Promise<Json[]> =>
        ((await client.request('prompts/get', { name, arguments: args }))['messages'] as Json[]).map(
          ({ content }) => content as Json,
        );
      assert.deepEqual(await get('test_simple_prompt'), [{ type: 'text', text: 'This is a simple prompt for testing.' }]);
      const [filled] = await get('test_prompt_with_arguments', { arg1: 'hello', arg2: 'world' });
      assert.equal(filled?.['text'], "Prompt with arguments: arg1='hello', arg2='world'");
      const [embedded] = await get('test_prompt_with_embedded_resource', { resourceUri: 'test://example' });
      assert.equal((embedded?.['resource'] as Json)['uri'], 'test://example');
      assert.equal((await get('test_prompt_with_image'))[0]?.['data'], RED_PIXEL);
    },
  },
  {
    name: 'completes a prompt argument from a list, and a template variable by a function',
    cannot: ({ name, version }) =>
      name.startsWith('raw') && version < '2025-03-26' ? 'the capability for completions came with 2025-03-26' : undefined,
    async run(client) {
      const complete = async (ref: Json, name: string, value: string): Promise<unknown> =>
        ((await client.request('completion/complete', { ref, argument: { name, value } }))['completion'] as Json)['values'];
      assert.deepEqual(await complete({ type: 'ref/prompt', name: 'test_prompt_with_arguments' }, 'arg1', 'par'), [
        'paris',
        'park',
        'party',
      ]);
      assert.deepEqual(await complete({ type: 'ref/resource', uri: 'test://template/{id}/data' }, 'id', '10'), ['100', '101']);
      assert.deepEqual(await complete({ type: 'ref/prompt', name: 'test_prompt_with_arguments' }, 'arg2', 'x'), []);
    },
  },

  // While a call runs.
  {
    name: 'gets progress notifications in order',
    cannot: ({ name }) => (name.endsWith('as Cline') ? 'Cline sends no progress token' : undefined),
    async run(client) {
      // The SDKs drop those that they read together with the result, as they may on a busy machine.
      let steps: unknown[] = [];
      await until(
        async () => {
          const made: unknown[] = [];
          await call(client, 'test_tool_with_progress', {}, { onProgress: ({ progress }: Json) => made.push(progress) });
          steps = made;
          return steps.length === 3;
        },
        () => `three steps of progress; the last call had ${JSON.stringify(steps)}`,
      );
      assert.deepEqual(steps, [0, 50, 100]);
    },
  },
  {
    name: 'cancels a call, and the function ends',
    async run(client) {
      const waited = async (): Promise<{ started: number; cancelled: number }> =>
        JSON.parse(textOf(await call(client, 'test_waited'))) as never;
      const before = await waited();
      const abort = new AbortController();
      const answer = call(client, 'test_wait', { ms: 60_000 }, { signal: abort.signal }).then(
        () => 'answered',
        () => 'gave up',
      );
      await until(async () => (await waited()).started > before.started, 'the call to begin');
      abort.abort(new Error('tired of waiting'));
      assert.equal(await answer, 'gave up');
      await until(async () => (await waited()).cancelled > before.cancelled, 'the function to end');
    },
  },
  {
    name: 'sets the log level',
    cannot: legacyOnly,
    async run(client) {
      const levels = async (): Promise<unknown[]> => {
        const before = client.notifications.length;
        await call(client, 'test_log_levels');
        return told(client, 'notifications/message', before).map(({ params }) => (params as Json)['level']);
      };
      await client.request('logging/setLevel', { level: 'error' });
      assert.deepEqual(await levels(), ['error', 'critical', 'alert', 'emergency']);
      await client.request('logging/setLevel', { level: 'debug' });
      assert.equal((await levels()).length, 8);
      await client.request('logging/setLevel', { level: 'info' });
    },
  },
  {
    name: 'gets log messages only for the request that asks for them',
    cannot: modernOnly,
    async run(client) {
      const before = client.notifications.length;
      await call(client, 'test_log_levels');
      assert.equal(told(client, 'notifications/message', before).length, 0);
      const _meta = { 'io.modelcontextprotocol/logLevel': 'alert' };
      await client.request('tools/call', { name: 'test_log_levels', arguments: {}, _meta });
      assert.equal(told(client, 'notifications/message', before).length, 2);
    },
  },

  // What changes.
  {
    name: 'subscribes to a resource, gets updates, and gets none after it unsubscribes',
    cannot: legacyOnly,
    async run(client) {
      const updates = (): number => told(client, 'notifications/resources/updated').length;
      const before = updates();
      await client.request('resources/subscribe', { uri: WATCHED });
      await call(client, 'test_change_watched', { content: `of ${client.version}` });
      await until(() => updates() === before + 1, 'the update');
      assert.deepEqual(told(client, 'notifications/resources/updated').at(-1)?.['params'], { uri: WATCHED });
      const { contents } = (await client.request('resources/read', { uri: WATCHED })) as { contents: Json[] };
      assert.equal(contents[0]?.['text'], `of ${client.version}`);
      await client.request('resources/unsubscribe', { uri: WATCHED });
      await call(client, 'test_change_watched', { content: 'unheard' });
      // The update of a later change would come after one of that change.
      await client.request('resources/subscribe', { uri: WATCHED });
      await call(client, 'test_change_watched', { content: 'heard again' });
      await until(() => updates() > before + 1, 'the update of the second subscription');
      await client.request('resources/unsubscribe', { uri: WATCHED });
      assert.equal(updates(), before + 2);
      await refused(client.resourceNotFound, client.request('resources/subscribe', { uri: 'test://no-such-resource' }));
    },
  },
  {
    name: 'gets updates of a resource on a listen stream, and none after it closes the stream',
    cannot: modernOnly,
    async run(client) {
      const updates = (): Json[] => told(client, 'notifications/resources/updated');
      const before = updates().length;
      await listening(client, { resourceSubscriptions: [WATCHED] }, async () => {
        await call(client, 'test_change_watched', { content: 'heard' });
        await until(() => updates().length === before + 1, 'the update');
        assert.equal((updates().at(-1)?.['params'] as Json)['uri'], WATCHED);
      });
      await call(client, 'test_change_watched', { content: 'unheard' });
      // The update of a later change would come after one of that change.
      await listening(client, { resourceSubscriptions: [WATCHED] }, async () => {
        await call(client, 'test_change_watched', { content: 'heard again' });
        await until(() => updates().length > before + 1, 'the update on the second stream');
      });
      assert.equal(updates().length, before + 2);
    },
  },
  {
    name: 'learns which filters a listen stream honors',
    cannot: modernOnly,
    async run(client) {
      const filter = { toolsListChanged: true, resourceSubscriptions: [WATCHED] };
      const stream = await client.listen?.(filter);
      await stream?.close();
      assert.deepEqual(stream?.honored, filter);
    },
  },
  {
    name: 'gets a notification when an edit of the config file adds or removes a tool, and sees the new list',
    async run(client, home) {
      const changes = (): number => told(client, 'notifications/tools/list_changed').length;
      const names = async (): Promise<unknown[]> => (await tools(client)).map(({ name }) => name);
      await listening(client, { toolsListChanged: true }, async () => {
        const before = changes();
        await home.edit(({ tools: list = [], module_links: links = [] }) => {
          list.push({ name: 'test_added', inputSchema: { type: 'object' } });
          links.push({ type: 'tool', name: 'test_added', module_name: 'everything', function_name: 'simpleText' });
        });
        await until(() => changes() > before, 'the first change');
        assert.ok((await names()).includes('test_added'));
        assert.match(textOf(await call(client, 'test_added')), /simple text/);
        const between = changes();
        await home.edit((config) => {
          const keep = (entry: unknown): boolean => (entry as Json)['name'] !== 'test_added';
          config['tools'] = (config['tools'] ?? []).filter(keep);
          config['module_links'] = (config['module_links'] ?? []).filter(keep);
        });
        await until(() => changes() > between, 'the second change');
        assert.ok(!(await names()).includes('test_added'));
      });
    },
  },
  {
    name: 'gets a notification when a function adds a prompt to the config file, and none for other lists',
    async run(client) {
      await listening(client, { promptsListChanged: true, toolsListChanged: true, resourcesListChanged: true }, async () => {
        for (const _ of ['added', 'removed']) {
          const before = client.notifications.length;
          await call(client, 'test_trigger_prompt_change');
          await until(() => told(client, 'notifications/prompts/list_changed', before).length === 1, 'the change');
          assert.equal(told(client, 'notifications/tools/list_changed', before).length, 0);
          assert.equal(told(client, 'notifications/resources/list_changed', before).length, 0);
        }
      });
    },
  },

  // Asking the user. The functions are the same for both eras.
  {
    name: 'fills in forms, with defaults and choices',
    cannot: askable,
    async run(client) {
      assert.equal(textOf(await call(client, 'test_input_required_result_elicitation')), 'Hello, Ada!');
      const asked = await call(client, 'test_elicitation', { message: 'Well?' });
      assert.equal(textOf(asked), 'User response: action=accept, content={"response":"yes, please"}');
      const defaults = '{"name":"John Doe","age":30,"score":95.5,"status":"active","verified":true}';
      assert.equal(
        textOf(await call(client, 'test_elicitation_sep1034_defaults')),
        `Elicitation completed: action=accept, content=${defaults}`,
      );
      assert.match(textOf(await call(client, 'test_elicitation_sep1330_enums')), /action=accept/);
    },
  },
  {
    name: 'answers requests for its model and its roots',
    cannot: askable,
    async run(client) {
      assert.equal(textOf(await call(client, 'test_sampling', { prompt: 'Capital of France?' })), 'LLM response: Paris');
      assert.equal(textOf(await call(client, 'test_input_required_result_list_roots')), 'Found 2 root(s)');
      assert.equal(textOf(await call(client, 'test_missing_capability')), 'Success');
    },
  },
  {
    name: 'answers several requests at once, and twice in a row',
    cannot: askable,
    async run(client) {
      assert.equal(
        textOf(await call(client, 'test_input_required_result_multiple_inputs')),
        'Name: Ada; Greeting: Paris; Roots: 2',
      );
      assert.equal(
        textOf(await call(client, 'test_input_required_result_multi_round')),
        'Multi-round complete for Ada who likes green',
      );
      assert.match(textOf(await call(client, 'test_input_required_result_capabilities')), /elicit_input,sample_input/);
    },
  },
  {
    name: 'sends the state of a call back in the next round',
    cannot: askable,
    async run(client) {
      assert.equal(textOf(await call(client, 'test_input_required_result_request_state')), 'state-ok: requestState validated');
    },
  },
  {
    name: 'answers a request while it gets a prompt',
    cannot: askable,
    async run(client) {
      const { messages } = (await client.request('prompts/get', { name: 'test_input_required_result_prompt' })) as {
        messages: Json[];
      };
      assert.deepEqual(messages[0]?.['content'], { type: 'text', text: 'Prompt with context: the sea' });
    },
  },

  // What only the newer era has.
  {
    name: 'may cache lists for a while, but not share them',
    cannot: modernOnly,
    async run(client) {
      for (const method of ['server/discover', 'tools/list', 'resources/list', 'resources/templates/list', 'prompts/list']) {
        const result = await client.request(method);
        assert.equal(result['cacheScope'], 'private', method);
        assert.ok(Number(result['ttlMs']) > 0, method);
      }
      const read = await client.request('resources/read', { uri: 'test://static-text' });
      assert.deepEqual([read['ttlMs'], read['cacheScope']], [0, 'private']);
    },
  },
];
