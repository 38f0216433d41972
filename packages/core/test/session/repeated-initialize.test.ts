import { until } from '../../../../tests/until.js';
import type { JsonObject } from '../../src/index.js';
import { createDaemon, defineCatalog, defineResource } from '../../src/index.js';
import { Client, daemonWith, deferred, errorOf, META, resultOf, textOf, tool, turns } from '../support.js';

const who = tool('who', (_args, { client, clientCapabilities, protocolVersion }) =>
  JSON.stringify([client?.name, Object.keys(clientCapabilities), protocolVersion]),
);
const talk = tool('talk', (_args, context) => {
  context.log('debug', 'a detail');
  return 'done';
});
const page = defineResource({ name: 'page', uri: 'x://page', run: () => 'page' });
const touch = tool('touch', (_args, context) => context.resourceUpdated('x://page'));

const initialize = (client: Client, name: string, more: JsonObject = {}): Promise<JsonObject> =>
  client
    .request('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name, version: '1' }, ...more })
    .then(resultOf);

describe('initialize, a second time on one connection', () => {
  it('is answered like the first, and the newest client is the one that functions see', async () => {
    const client = new Client(daemonWith([who]));
    const first = await initialize(client, 'first', { capabilities: { sampling: {} } });
    expect(await initialize(client, 'second', { capabilities: { roots: {} } })).toEqual(first);
    expect(JSON.parse(textOf(await client.call('who')))).toEqual(['second', ['roots'], '2025-11-25']);
    expect(await initialize(client, 'third', { protocolVersion: '2024-11-05' })).toMatchObject({ protocolVersion: '2024-11-05' });
    expect(JSON.parse(textOf(await client.call('who')))).toEqual(['third', [], '2024-11-05']);
  });

  it('resets the log level and the subscriptions of the client before', async () => {
    const client = new Client(daemonWith([talk, page, touch]));
    await initialize(client, 'first');
    await client.request('logging/setLevel', { level: 'debug' });
    await client.request('resources/subscribe', { uri: 'x://page' });
    for (const name of ['talk', 'touch']) await client.call(name);
    expect(client.told.splice(0)).toHaveLength(2);
    await initialize(client, 'second');
    for (const name of ['talk', 'touch']) await client.call(name);
    expect(client.told).toEqual([]);
  });

  it('notifies of a changed list once, even after several handshakes', async () => {
    const daemon = daemonWith([who]);
    const client = new Client(daemon);
    for (const name of ['first', 'second', 'third']) await initialize(client, name);
    daemon.update(defineCatalog({ functions: [talk] }));
    expect(client.told).toHaveLength(1);
  });

  it("lets running calls continue, each with its own client's capabilities", async () => {
    const gate = deferred();
    let began = false;
    const slow = tool('slow', async (_args, { client }) => {
      began = true;
      await gate.promise;
      return client?.name;
    });
    const client = new Client(daemonWith([slow]));
    await initialize(client, 'first');
    const running = client.call('slow');
    await until(() => began, 'the function begins');
    await initialize(client, 'second');
    gate.resolve();
    expect(textOf(await running)).toBe('first');
  });

  it('changes nothing if it is refused', async () => {
    const client = new Client(daemonWith([who, page, touch]));
    await initialize(client, 'first');
    await client.request('resources/subscribe', { uri: 'x://page' });
    expect(errorOf(await client.request('initialize', { protocolVersion: 5 })).code).toBe(-32602);
    await client.call('touch');
    expect(client.told).toHaveLength(1);
    expect(JSON.parse(textOf(await client.call('who')))).toEqual(['first', [], '2025-11-25']);
  });

  it('does not come between server/discover and a modern client', async () => {
    const client = new Client(daemonWith([who]));
    const discover = (): Promise<JsonObject> => client.request('server/discover', { _meta: META }).then(resultOf);
    const found = await discover();
    await initialize(client, 'first');
    expect(await discover()).toEqual(found);
    await initialize(client, 'second');
    expect(await discover()).toEqual(found);
    expect(JSON.parse(textOf(await client.call('who', {}, { _meta: META })))).toEqual([null, [], '2026-07-28']);
    expect(JSON.parse(textOf(await client.call('who')))).toEqual(['second', [], '2025-11-25']);
  });
});

describe('initialize, while the catalog is still being loaded', () => {
  it('is handled before the requests that the client sends without waiting for its answer', async () => {
    const loaded = deferred<undefined>();
    const definition = defineCatalog({ functions: [who] });
    const daemon = createDaemon({ catalogs: { load: () => loaded.promise.then(() => definition) } });
    const client = new Client(daemon);
    const handshake = initialize(client, 'hasty');
    const call = client.call('who');
    await turns(2);
    loaded.resolve(undefined);
    expect(await handshake).toMatchObject({ protocolVersion: '2025-11-25' });
    expect(JSON.parse(textOf(await call))).toEqual(['hasty', [], '2025-11-25']);
    await daemon.close();
  });

  it('does not hold up requests after it has failed', async () => {
    let fails = true;
    const definition = defineCatalog({ functions: [who] });
    const load = async (): Promise<typeof definition> => {
      await turns(1);
      if (fails) throw new Error('no store');
      return definition;
    };
    const daemon = createDaemon({ catalogs: { load } });
    const client = new Client(daemon);
    expect(errorOf(await client.request('initialize', { protocolVersion: '2025-11-25', capabilities: {} })).code).toBe(-32603);
    fails = false;
    await initialize(client, 'patient');
    expect(JSON.parse(textOf(await client.call('who')))).toEqual(['patient', [], '2025-11-25']);
    await daemon.close();
  });
});
