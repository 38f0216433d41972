/**
 * What every client does, as data: a name, what to do, and which clients cannot do it and why. `docs/interop.md` has the table.
 */
import { strict as assert } from 'node:assert';

import type { Connected } from './clients.js';
import { RpcError } from './clients.js';
import type { Json } from './raw.js';
import type { Home } from './sidecar.js';
import { until } from './sidecar.js';

type CannotDo = (client: { name: string; version: string; modern: boolean }) => string | undefined;

/** One thing that a client does. */
export interface Step {
  readonly name: string;
  /** Why a client cannot do this; undefined where it can. */
  readonly cannot?: CannotDo;
  run(client: Connected, home: Home): Promise<void>;
}

const legacyOnly: CannotDo = ({ modern }) => (modern ? 'the era without sessions does not have it' : undefined);
const modernOnly: CannotDo = ({ modern }) => (modern ? undefined : 'came with 2026-07-28');
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
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

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
    name: 'learns who it talks to',
    async run(client) {
      const title = client.version >= '2025-06-18' ? { title: 'Everything' } : {};
      assert.deepEqual(client.serverInfo, { name: 'everything', version: '1.0.0', ...title });
      assert.match(String(client.instructions), /one of everything/);
    },
  },
  {
    name: 'learns what the server can do',
    async run(client) {
      const { completions, ...others } = client.capabilities;
      assert.deepEqual(others, {
        tools: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        prompts: { listChanged: true },
        logging: {},
      });
      assert.deepEqual(completions, client.version >= '2025-03-26' ? {} : undefined);
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
        assert.deepEqual(
          names,
          (await configured(home, key)).map(({ name }) => name),
        );
      }
    },
  },
  {
    name: 'is refused a cursor that nobody gave it',
    run: async (client) => void (await refused(-32602, client.request('tools/list', { cursor: 'made-up' }))),
  },
  {
    name: 'gets definitions as they were written',
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
    name: 'gets a sound, or text in its place where its version has no sounds',
    async run(client) {
      const [block] = contentOf(await call(client, 'test_audio_content'));
      if (client.version < '2025-03-26') assert.equal(block?.['type'], 'text');
      else assert.deepEqual([block?.['type'], block?.['mimeType']], ['audio', 'audio/wav']);
    },
  },
  {
    name: 'gets a link, or text in its place where its version has no links',
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
    name: 'gets structured content that fits its outputSchema',
    cannot: since('2025-06-18'),
    async run(client) {
      const result = await call(client, 'test_structured', { text: 'one two three' });
      assert.deepEqual(result['structuredContent'], { characters: 13, words: 3 });
      assert.deepEqual(JSON.parse(textOf(result)), { characters: 13, words: 3 });
    },
  },
  {
    name: 'is told by a tool error of a result that does not fit',
    async run(client) {
      const result = await call(client, 'test_structured_wrong');
      assert.equal(result['isError'], true);
      assert.match(textOf(result), /outputSchema/);
    },
  },
  {
    name: 'is told by a tool error what is wrong with its arguments',
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
    name: 'is told by a tool error that a function failed',
    async run(client) {
      const result = await call(client, 'test_error_handling');
      assert.equal(result['isError'], true);
      assert.match(textOf(result), /intentionally returns an error/);
    },
  },
  {
    name: 'is told by a tool error that a function took too long',
    async run(client) {
      const result = await call(client, 'test_time_limit');
      assert.equal(result['isError'], true);
      assert.match(textOf(result), /200 ms/);
    },
  },
  {
    name: 'has its _meta passed to the function, and that of the result back',
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
    name: 'is refused a tool, a prompt and a completion that are not there',
    async run(client) {
      await refused(-32602, call(client, 'no_such_tool'));
      await refused(-32602, client.request('prompts/get', { name: 'no_such_prompt' }));
      const ref = { type: 'ref/prompt', name: 'no_such_prompt' };
      await refused(-32602, client.request('completion/complete', { ref, argument: { name: 'a', value: '' } }));
    },
  },
  {
    name: 'is refused a resource that is not there, by the number of its era',
    async run(client) {
      for (const uri of ['test://no-such-resource', 'test://template/nothing/data']) {
        const error = await refused(client.resourceNotFound, client.request('resources/read', { uri }));
        assert.deepEqual(error.data, { uri });
      }
    },
  },
  {
    name: 'is refused a prompt without its arguments',
    async run(client) {
      const error = await refused(
        -32602,
        client.request('prompts/get', { name: 'test_prompt_with_arguments', arguments: { arg1: 'a' } }),
      );
      assert.match(error.message, /arg2/);
    },
  },
  {
    name: 'is refused a method that is not there',
    run: async (client) => void (await refused(-32601, client.request('no/such/method'))),
  },

  // Resources, prompts, completions.
  {
    name: 'reads text, bytes and a template',
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
    name: 'completes an argument from a list, and a variable by a function',
    cannot: ({ name, version }) =>
      name.startsWith('raw') && version < '2025-03-26' ? 'the capability came with 2025-03-26' : undefined,
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
    name: 'is told of progress, in order',
    async run(client) {
      const steps: unknown[] = [];
      await call(client, 'test_tool_with_progress', {}, { onProgress: ({ progress }: Json) => steps.push(progress) });
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
      await until('the call to begin', async () => (await waited()).started > before.started);
      abort.abort(new Error('tired of waiting'));
      assert.equal(await answer, 'gave up');
      await until('the function to end', async () => (await waited()).cancelled > before.cancelled);
    },
  },
  {
    name: 'sets the level of log messages',
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
    name: 'gets log messages for the request that asks for them, and for no other',
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
    name: 'subscribes to a resource, is told when it changes, and no more after it unsubscribed',
    cannot: legacyOnly,
    async run(client) {
      const updates = (): number => told(client, 'notifications/resources/updated').length;
      const before = updates();
      await client.request('resources/subscribe', { uri: WATCHED });
      await call(client, 'test_change_watched', { content: `of ${client.version}` });
      await until('the update', () => updates() === before + 1);
      assert.deepEqual(told(client, 'notifications/resources/updated').at(-1)?.['params'], { uri: WATCHED });
      const { contents } = (await client.request('resources/read', { uri: WATCHED })) as { contents: Json[] };
      assert.equal(contents[0]?.['text'], `of ${client.version}`);
      await client.request('resources/unsubscribe', { uri: WATCHED });
      await call(client, 'test_change_watched', { content: 'unheard' });
      await wait(100);
      assert.equal(updates(), before + 1);
      await refused(client.resourceNotFound, client.request('resources/subscribe', { uri: 'test://no-such-resource' }));
    },
  },
  {
    name: 'listens to a resource by a stream, and no more after it closed it',
    cannot: modernOnly,
    async run(client) {
      const updates = (): Json[] => told(client, 'notifications/resources/updated');
      const before = updates().length;
      await listening(client, { resourceSubscriptions: [WATCHED] }, async () => {
        await call(client, 'test_change_watched', { content: 'heard' });
        await until('the update', () => updates().length === before + 1);
        assert.equal((updates().at(-1)?.['params'] as Json)['uri'], WATCHED);
      });
      await call(client, 'test_change_watched', { content: 'unheard' });
      await wait(100);
      assert.equal(updates().length, before + 1);
    },
  },
  {
    name: 'is told which of its wishes a stream honours',
    cannot: modernOnly,
    async run(client) {
      const filter = { toolsListChanged: true, resourceSubscriptions: [WATCHED] };
      const stream = await client.listen?.(filter);
      await stream?.close();
      assert.deepEqual(stream?.honored, filter);
    },
  },
  {
    name: 'is told when an edit of the config file adds or removes a tool, and sees the new list',
    async run(client, home) {
      const changes = (): number => told(client, 'notifications/tools/list_changed').length;
      const names = async (): Promise<unknown[]> => (await tools(client)).map(({ name }) => name);
      await listening(client, { toolsListChanged: true }, async () => {
        const before = changes();
        await home.edit(({ tools: list = [], module_links: links = [] }) => {
          list.push({ name: 'test_added', inputSchema: { type: 'object' } });
          links.push({ type: 'tool', name: 'test_added', module_name: 'everything', function_name: 'simpleText' });
        });
        await until('the first change', () => changes() > before);
        assert.ok((await names()).includes('test_added'));
        assert.match(textOf(await call(client, 'test_added')), /simple text/);
        const between = changes();
        await home.edit((config) => {
          const keep = (entry: unknown): boolean => (entry as Json)['name'] !== 'test_added';
          config['tools'] = (config['tools'] ?? []).filter(keep);
          config['module_links'] = (config['module_links'] ?? []).filter(keep);
        });
        await until('the second change', () => changes() > between);
        assert.ok(!(await names()).includes('test_added'));
      });
    },
  },
  {
    name: 'is told when a function adds a prompt to the config file, and of nothing that did not change',
    async run(client) {
      await listening(client, { promptsListChanged: true, toolsListChanged: true, resourcesListChanged: true }, async () => {
        for (const _ of ['added', 'removed']) {
          const before = client.notifications.length;
          await call(client, 'test_trigger_prompt_change');
          await until('the change', () => told(client, 'notifications/prompts/list_changed', before).length === 1);
          assert.equal(told(client, 'notifications/tools/list_changed', before).length, 0);
          assert.equal(told(client, 'notifications/resources/list_changed', before).length, 0);
        }
      });
    },
  },

  // Asking the user. The functions are the same for both eras.
  {
    name: 'is asked for a form, by its defaults and its choices',
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
    name: 'is asked for its model, and for its roots',
    async run(client) {
      assert.equal(textOf(await call(client, 'test_sampling', { prompt: 'Capital of France?' })), 'LLM response: Paris');
      assert.equal(textOf(await call(client, 'test_input_required_result_list_roots')), 'Found 2 root(s)');
      assert.equal(textOf(await call(client, 'test_missing_capability')), 'Success');
    },
  },
  {
    name: 'is asked several things at once, and twice in a row',
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
    name: 'carries the state of a call from one round to the next',
    async run(client) {
      assert.equal(textOf(await call(client, 'test_input_required_result_request_state')), 'state-ok: requestState validated');
    },
  },
  {
    name: 'is asked while it gets a prompt',
    async run(client) {
      const { messages } = (await client.request('prompts/get', { name: 'test_input_required_result_prompt' })) as {
        messages: Json[];
      };
      assert.deepEqual(messages[0]?.['content'], { type: 'text', text: 'Prompt with context: the sea' });
    },
  },

  // What only the newer era has.
  {
    name: 'may keep lists for a while, for itself alone',
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
