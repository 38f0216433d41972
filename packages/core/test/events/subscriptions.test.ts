import { arrival } from '../../../../tests/until.js';
import type { Daemon, FunctionDefinition, JsonObject, LinkBinding } from '../../src/index.js';
import { defineCatalog, definePrompt, defineResource } from '../../src/index.js';
import { Client, daemonWith, errorOf, legacy, listening, META, modern, resultOf, tool } from '../support.js';

const ID = 'io.modelcontextprotocol/subscriptionId';
const ALL = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };

const one = tool('one', () => 1);
const two = tool('two', () => 2);
const page = defineResource({ name: 'page', uri: 'x://page', run: () => 'page' });
const other = defineResource({ name: 'other', uri: 'x://other', run: () => 'other' });
const greet = definePrompt({ name: 'greet', run: () => 'hi' });
const everything = [one, page, other, greet];

const update = (daemon: Daemon, functions: readonly FunctionDefinition[]): void => daemon.update(defineCatalog({ functions }));
const methods = (client: Client): string[] => client.told.map(({ message }) => message.method);

/** Opens a listen stream; resolves when it was acknowledged. */
async function listen(
  client: Client,
  notifications: JsonObject,
  id: string | number = 'sub',
): Promise<{ ended: Promise<unknown> }> {
  const ended = client.request('subscriptions/listen', { notifications }, id);
  await listening(client, id);
  return { ended };
}

describe('subscriptions/listen', () => {
  it('first acknowledges what it will notify of, with the id of the request', async () => {
    const client = modern(daemonWith(everything));
    await listen(client, { ...ALL, resourceSubscriptions: ['x://page', 'x://page'], unheardOf: true }, 7);
    expect(client.told).toEqual([
      {
        message: {
          jsonrpc: '2.0',
          method: 'notifications/subscriptions/acknowledged',
          params: { _meta: { [ID]: 7 }, notifications: { ...ALL, resourceSubscriptions: ['x://page'] } },
        },
        related: 7,
      },
    ]);
  });

  it('acknowledges an empty request, and then sends nothing', async () => {
    const daemon = daemonWith(everything);
    const client = modern(daemon);
    await listen(client, { toolsListChanged: false, promptsListChanged: 'yes' });
    expect(client.told.splice(0)).toMatchObject([{ message: { params: { notifications: {} } } }]);
    update(daemon, []);
    expect(client.told).toEqual([]);
  });

  it('sends only the requested notifications', async () => {
    const daemon = daemonWith(everything);
    const [tools, prompts, resources] = [modern(daemon), modern(daemon), modern(daemon)];
    await listen(tools, { toolsListChanged: true });
    await listen(prompts, { promptsListChanged: true });
    await listen(resources, { resourcesListChanged: true });
    update(daemon, []);
    expect(methods(tools).slice(1)).toEqual(['notifications/tools/list_changed']);
    expect(methods(prompts).slice(1)).toEqual(['notifications/prompts/list_changed']);
    expect(methods(resources).slice(1)).toEqual(['notifications/resources/list_changed']);
    expect(tools.told[1]).toEqual({
      message: { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta: { [ID]: 'sub' } } },
      related: 'sub',
    });
  });

  it('tells of resources by their URIs', async () => {
    const touch = tool('touch', ({ uri }, context) => context.resourceUpdated(String(uri)));
    const daemon = daemonWith([touch, ...everything]);
    const client = modern(daemon);
    await listen(client, { resourceSubscriptions: ['x://page'] });
    await client.call('touch', { uri: 'x://other' });
    await client.call('touch', { uri: 'x://page' });
    expect(client.of('notifications/resources/updated')).toEqual([{ _meta: { [ID]: 'sub' }, uri: 'x://page' }]);
  });

  it('marks each notification with the id of its stream', async () => {
    const daemon = daemonWith(everything);
    const client = modern(daemon);
    await listen(client, { toolsListChanged: true }, 'a');
    await listen(client, { ...ALL }, 'b');
    client.told.length = 0;
    update(daemon, [page, other, greet]);
    expect(client.told.map(({ message, related }) => [related, message.params])).toEqual([
      ['a', { _meta: { [ID]: 'a' } }],
      ['b', { _meta: { [ID]: 'b' } }],
    ]);
  });

  it('ends without an answer when the client cancels it', async () => {
    const daemon = daemonWith(everything);
    const client = modern(daemon);
    const { ended } = await listen(client, ALL);
    client.cancel('sub');
    expect(await ended).toBeUndefined();
    client.told.length = 0;
    update(daemon, []);
    expect(client.told).toEqual([]);
    expect(client.session.inFlight).toBe(0);
  });

  it('ends at once if it is cancelled in the same turn', async () => {
    const client = modern(daemonWith(everything));
    const ended = client.request('subscriptions/listen', { notifications: ALL }, 'sub');
    client.cancel('sub');
    expect(await ended).toBeUndefined();
  });

  it('ends with a result when the daemon does', async () => {
    const daemon = daemonWith(everything);
    const client = modern(daemon);
    const { ended } = await listen(client, ALL, 9);
    await daemon.close();
    expect(await ended).toMatchObject({ id: 9, result: { resultType: 'complete', _meta: { [ID]: 9 } } });
  });

  it('ends with the connection', async () => {
    const daemon = daemonWith(everything);
    const client = modern(daemon);
    const { ended } = await listen(client, ALL);
    client.session.close();
    expect(await ended).toBeUndefined();
  });

  it.each<[unknown]>([
    [undefined],
    [null],
    [[]],
    ['tools'],
    [{ resourceSubscriptions: 'x://page' }],
    [{ resourceSubscriptions: [5] }],
    [{ resourceSubscriptions: ['a', 'b', 'c'] }],
  ])('refuses %j with -32602', async (notifications) => {
    const client = modern(daemonWith(everything, { limits: { maxSubscriptions: 2 } }));
    expect(errorOf(await client.request('subscriptions/listen', { notifications })).code).toBe(-32602);
    expect(client.told).toEqual([]);
  });

  it('is refused a partition that does not exist', async () => {
    const client = modern(daemonWith(everything), { identity: { partition: 'nobody' } });
    const answer = client.request('subscriptions/listen', { notifications: ALL });
    expect(errorOf(await arrival(answer, 'the refusal')).code).toBe(-32600);
  });
});

describe('a new catalog', () => {
  it('tells legacy clients, unasked, of the lists that changed and of no other', async () => {
    const daemon = daemonWith(everything);
    const client = await legacy(daemon);
    update(daemon, [one, two, page, other, greet]);
    expect(client.told).toEqual([
      { message: { jsonrpc: '2.0', method: 'notifications/tools/list_changed' }, related: undefined },
    ]);
    client.told.length = 0;
    update(daemon, [one, two, page]);
    expect(methods(client)).toEqual(['notifications/resources/list_changed', 'notifications/prompts/list_changed']);
    client.told.length = 0;
    update(daemon, [one, two, page]);
    expect(client.told).toEqual([]);
  });

  it('is used for new calls; running calls end on the old one', async () => {
    const daemon = daemonWith([tool('t', () => new Promise((resolve) => setImmediate(resolve, 'old')))]);
    const client = modern(daemon);
    const under = client.call('t');
    update(daemon, [two]);
    expect(resultOf(await under)).toMatchObject({ content: [{ text: 'old' }] });
    expect(errorOf(await client.call('t')).code).toBe(-32602);
    expect(resultOf(await client.request('tools/list'))['tools']).toMatchObject([{ name: 'two' }]);
  });

  it('sends nothing to a client before its handshake or after its end', async () => {
    const daemon = daemonWith(everything);
    const [fresh, gone, early] = [new Client(daemon), await legacy(daemon), modern(daemon)];
    gone.session.close();
    update(daemon, []);
    for (const client of [fresh, gone, early]) expect(client.told).toEqual([]);
  });

  it('notifies of a resource whose definition changed', async () => {
    const daemon = daemonWith(everything);
    const client = await legacy(daemon);
    await client.request('resources/subscribe', { uri: 'x://page' });
    update(daemon, [
      one,
      defineResource({ name: 'page', uri: 'x://page', mimeType: 'text/html', run: () => 'page' }),
      other,
      greet,
    ]);
    expect(client.of('notifications/resources/updated')).toEqual([{ uri: 'x://page' }]);
  });
});

describe('resources/subscribe', () => {
  const touch = tool('touch', ({ uri }, context) => context.resourceUpdated(String(uri)));

  it('really delivers, until resources/unsubscribe', async () => {
    const daemon = daemonWith([touch, page, other]);
    const [subscriber, bystander] = [await legacy(daemon), await legacy(daemon)];
    expect(resultOf(await subscriber.request('resources/subscribe', { uri: 'x://page' }))).toEqual({});
    for (const uri of ['x://page', 'x://other']) await bystander.call('touch', { uri });
    expect(subscriber.told).toEqual([
      { message: { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'x://page' } }, related: undefined },
    ]);
    expect(bystander.told).toEqual([]);
    expect(resultOf(await subscriber.request('resources/unsubscribe', { uri: 'x://page' }))).toEqual({});
    await bystander.call('touch', { uri: 'x://page' });
    expect(subscriber.told).toHaveLength(1);
  });

  it('accepts URIs of templates', async () => {
    const item = defineResource({ name: 'item', uriTemplate: 'item://{id}', run: (uri) => uri });
    const client = await legacy(daemonWith([touch, item]));
    await client.request('resources/subscribe', { uri: 'item://7' });
    for (const uri of ['item://8', 'item://7']) await client.call('touch', { uri });
    expect(client.of('notifications/resources/updated')).toEqual([{ uri: 'item://7' }]);
  });

  it("notifies subscribers of a template's URIs if the template or its code changed", async () => {
    const link: LinkBinding = { kind: 'link', package_name: 'p', module_name: 'm', function_name: 'f', setting: {} };
    const template = (title: string): FunctionDefinition => ({
      ...defineResource({ name: 'item', title, uriTemplate: 'item://{id}', run: (uri) => uri }),
      binding: link,
    });
    const daemon = daemonWith([template('before'), page]);
    const [old, recent] = [await legacy(daemon), modern(daemon)];
    for (const uri of ['item://7', 'x://page']) await old.request('resources/subscribe', { uri });
    await listen(recent, { resourceSubscriptions: ['item://8', 'x://page'] });
    recent.told.splice(0);
    update(daemon, [template('after'), page]);
    expect(old.of('notifications/resources/updated')).toEqual([{ uri: 'item://7' }]);
    daemon.reload(({ module_name: name }) => name === 'm');
    daemon.reload(({ module_name: name }) => name === 'another');
    expect(old.of('notifications/resources/updated')).toEqual([{ uri: 'item://7' }, { uri: 'item://7' }]);
    expect(recent.of('notifications/resources/updated').map(({ uri }) => uri)).toEqual(['item://8', 'item://8']);
  });

  it('keeps the order of messages that come in one turn', async () => {
    const client = await legacy(daemonWith([touch, page]));
    const uri = 'x://page';
    await Promise.all([client.request('resources/subscribe', { uri }), client.request('resources/unsubscribe', { uri })]);
    await client.call('touch', { uri });
    expect(client.told).toEqual([]);
  });

  it('refuses an unknown URI, and a value that is not a URI', async () => {
    const client = await legacy(daemonWith([page]));
    expect(errorOf(await client.request('resources/subscribe', { uri: 'x://nothing' }))).toMatchObject({
      code: -32002,
      data: { uri: 'x://nothing' },
    });
    for (const method of ['resources/subscribe', 'resources/unsubscribe']) {
      expect(errorOf(await client.request(method, { uri: 5 })).code).toBe(-32602);
    }
    expect(resultOf(await client.request('resources/unsubscribe', { uri: 'x://nothing' }))).toEqual({});
  });

  it('has a limit, and the same URI again does not count', async () => {
    const item = defineResource({ name: 'item', uriTemplate: 'item://{id}', run: (uri) => uri });
    const client = await legacy(daemonWith([item], { limits: { maxSubscriptions: 2 } }));
    const subscribe = (uri: string): Promise<unknown> => client.request('resources/subscribe', { uri });
    for (const uri of ['item://1', 'item://2', 'item://1']) resultOf(await subscribe(uri));
    expect(errorOf(await subscribe('item://3')).message).toContain('2 resources');
    await client.request('resources/unsubscribe', { uri: 'item://1' });
    resultOf(await subscribe('item://3'));
  });
});

describe('the bus of a daemon', () => {
  it('calls all listeners, even if one throws', async () => {
    const daemon = daemonWith(everything);
    const heard: unknown[] = [];
    daemon.events.subscribe('default', () => {
      throw new Error('mine');
    });
    daemon.events.subscribe('default', (event) => heard.push(event));
    daemon.events.subscribe('tenant', (event) => heard.push(event));
    update(daemon, [page, other, greet]);
    expect(heard).toEqual([{ type: 'list_changed', partition: 'default', list: 'tools' }]);
    await modern(daemon).request('tools/list', { _meta: META });
  });
});

describe('a reload', () => {
  const link = (name: string): LinkBinding => ({
    kind: 'link',
    package_name: 'p',
    module_name: name,
    function_name: 'run',
    setting: {},
  });

  it('loads code again at the next call, and notifies subscribers of its resources', async () => {
    let loads = 0;
    const source = {
      accepts: () => true,
      load: async () => {
        const version = (loads += 1);
        return Promise.resolve({ exports: { run: () => `version ${version}` }, digest: null });
      },
    };
    const catalog = {
      revision: '1',
      functions: ['a', 'b'].map((name) => ({ kind: 'resource', name, uri: `x://${name}`, binding: link(name) }) as const),
    };
    const daemon = daemonWith([], { catalog, modules: [source] });
    const client = await legacy(daemon);
    const read = async (uri: string): Promise<unknown> =>
      (resultOf(await client.request('resources/read', { uri }))['contents'] as JsonObject[])[0]!['text'];
    for (const uri of ['x://a', 'x://b']) await client.request('resources/subscribe', { uri });
    expect([await read('x://a'), await read('x://b'), await read('x://a')]).toEqual(['version 1', 'version 2', 'version 1']);
    daemon.reload(({ module_name }) => module_name === 'a');
    expect(client.of('notifications/resources/updated')).toEqual([{ uri: 'x://a' }]);
    expect([await read('x://a'), await read('x://b')]).toEqual(['version 3', 'version 2']);
    daemon.reload();
    expect([await read('x://a'), await read('x://b')]).toEqual(['version 4', 'version 5']);
  });
});
