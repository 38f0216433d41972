import { until } from '../../../../tests/until.js';
import type { Exchange, JsonObject } from '../../src/index.js';
import { defineResource, weighMessage } from '../../src/index.js';
import {
  Client,
  collectGarbage,
  daemonWith,
  deferred,
  echo,
  errorOf,
  legacy,
  listening,
  META,
  modern,
  resultOf,
  textOf,
  tool,
} from '../support.js';

const LONG = 'x'.repeat(1_000_000);
const item = defineResource({ name: 'item', uriTemplate: 'item://{id}', run: (uri) => uri });

describe('the memory that a client can make the server use', () => {
  it("is small, whatever it sends with initialize, and functions still see the client's name", async () => {
    const who = tool('who', (_args, { client, clientCapabilities }) => JSON.stringify([client, clientCapabilities]));
    const client = new Client(daemonWith([who]));
    const params = {
      protocolVersion: '2025-11-25',
      capabilities: { elicitation: { form: {} }, [LONG]: {}, experimental: { big: [LONG] } },
      clientInfo: { name: `me${LONG}`, version: '1', icons: [{ src: LONG }] },
    };
    resultOf(await client.request('initialize', params));
    expect(JSON.stringify(client.session.legacy).length).toBeLessThan(1_000);
    const [info, capabilities] = JSON.parse(textOf(await client.call('who'))) as [JsonObject, JsonObject];
    expect(info).toEqual({ name: expect.stringMatching(/^mex{198}$/) as string, version: '1' });
    expect(capabilities).toMatchObject({ elicitation: { form: {} } });
  });

  it('has nothing of a modern request, even while its stream is open', async () => {
    const daemon = daemonWith([echo]);
    const client = modern(daemon);
    const begin = (): WeakRef<object> => {
      const message = client.message('subscriptions/listen', { notifications: {}, big: [LONG] }, 'listen');
      void client.session.receive(message);
      return new WeakRef(message['params'] as object);
    };
    const params = begin();
    await listening(client, 'listen');
    await until(() => {
      collectGarbage();
      return params.deref() === undefined;
    }, 'the request is garbage');
    expect(client.session.inFlight).toBe(1);
  });

  it.each(['legacy', 'modern'] as const)('has no long id: the request is refused with that id (%s)', async (era) => {
    const daemon = daemonWith([echo]);
    const client = era === 'legacy' ? await legacy(daemon) : modern(daemon);
    expect(resultOf(await client.request('tools/list', {}, 'x'.repeat(1_024)))).toHaveProperty('tools');
    const answer = await client.request('tools/list', {}, 'x'.repeat(1_025));
    expect(answer).toMatchObject({ id: 'x'.repeat(1_025), error: { code: -32600 } });
    expect(errorOf(answer).message).toContain('1024 characters');
    expect(client.session.inFlight).toBe(0);
  });

  it('has no long progress token', async () => {
    const client = await legacy(daemonWith([echo]));
    const call = (progressToken: unknown): Promise<unknown> => client.call('echo', { text: 'x' }, { _meta: { progressToken } });
    for (const token of ['x'.repeat(1_024), 5]) expect(textOf(await call(token))).toBe('x');
    expect(errorOf(await call('x'.repeat(1_025)))).toMatchObject({
      code: -32602,
      message: expect.stringContaining('1024 characters') as string,
    });
  });

  it('has no long cursor, and an error has no long text', async () => {
    const client = await legacy(daemonWith([echo]));
    expect(errorOf(await client.request('tools/list', { cursor: LONG })).message).toContain('1024 characters');
    for (const [method, params] of [
      [LONG, {}],
      ['tools/list', { cursor: LONG }],
      ['logging/setLevel', { level: LONG }],
    ] as const)
      expect(JSON.stringify(await client.request(method, params)).length).toBeLessThan(1_000);
    const stranger = new Client(daemonWith([echo]), { ...META, 'io.modelcontextprotocol/protocolVersion': LONG });
    expect(JSON.stringify(await stranger.request('tools/list')).length).toBeLessThan(1_000);
  });

  it('has no long URI', async () => {
    const daemon = daemonWith([item]);
    const [old, recent] = [await legacy(daemon), modern(daemon)];
    const uri = `item://${'x'.repeat(2_048)}`;
    const listen = { notifications: { resourceSubscriptions: [uri] } };
    expect(errorOf(await old.request('resources/subscribe', { uri })).message).toContain('2048 characters');
    expect(errorOf(await recent.request('subscriptions/listen', listen)).message).toContain('2048 characters');
  });

  it('has a maximum number of characters of URIs, per session and per user', async () => {
    const limits = { maxSubscriptionCharacters: 40, maxSubscriptionCharactersPerUser: 70 };
    const daemon = daemonWith([item], { limits });
    const [first, second, other] = [
      await legacy(daemon),
      await legacy(daemon),
      await legacy(daemon, { identity: { subject: 'o' } }),
    ];
    const subscribe = (client: Client, id: string): Promise<unknown> =>
      client.request('resources/subscribe', { uri: `item://${id.padEnd(13, 'x')}` }); // 20 characters
    for (const id of ['a', 'b', 'a']) resultOf(await subscribe(first, id));
    expect(errorOf(await subscribe(first, 'c')).message).toContain('40 characters');
    resultOf(await subscribe(second, 'a'));
    expect(errorOf(await subscribe(second, 'b')).message).toContain('70 characters');
    resultOf(await subscribe(other, 'b'));
    // What a session had is given back at its end, and what was refused was never taken.
    first.session.close();
    resultOf(await subscribe(second, 'b'));
    const listen = modern(daemon).request('subscriptions/listen', { notifications: { resourceSubscriptions: ['u'.repeat(31)] } });
    expect(errorOf(await listen).message).toContain('70 characters');
    second.session.close();
    const all = Array.from({ length: 4 }, async () => legacy(daemon));
    for (const client of await Promise.all(all)) await subscribe(client, 'z');
    expect(errorOf(await subscribe(await legacy(daemon), 'z')).message).toContain('70 characters');
  });
});

describe('the memory of running requests', () => {
  const open = deferred();
  const slow = tool('slow', () => open.promise);
  const limits = { maxBytesInFlightPerUser: 100_000, maxBytesInFlight: 150_000 };
  const big = { data: 'x'.repeat(60_000) };
  const exchangeOf = (subject: string, bytes?: number): Exchange => ({
    partition: 'default',
    subject,
    signal: new AbortController().signal,
    notify: () => {},
    ...(bytes === undefined ? {} : { bytes }),
  });
  const overloaded = { id: 9, error: { code: -32010, message: expect.stringContaining('Retry in a moment') as string } };

  it('is limited per user, and released when requests are answered', async () => {
    const gate = deferred();
    const client = await legacy(daemonWith([tool('slow', () => gate.promise), echo], { limits }));
    const send = (id: number, name: string, args: JsonObject): unknown => {
      const message = client.message('tools/call', { name, arguments: args }, id);
      return client.session.receive(message, undefined, weighMessage(JSON.stringify(message)));
    };
    const first = send(1, 'slow', big);
    expect(await send(9, 'slow', big)).toMatchObject(overloaded);
    expect(await send(2, 'echo', { text: 'small' })).toHaveProperty('result');
    gate.resolve();
    await first;
    expect(await send(3, 'echo', { text: big.data })).toHaveProperty('result');
    expect(await send(4, 'echo', { text: big.data })).toHaveProperty('result');
  });

  it('is limited for all users together, also for requests without a session', async () => {
    const daemon = daemonWith([slow], { limits });
    const send = (subject: string, id: number, bytes?: number): unknown =>
      daemon.handle(
        { jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'slow', _meta: META } },
        exchangeOf(subject, bytes),
      );
    const running = [send('ann', 1, 60_000), send('bob', 2, 60_000)];
    expect(send('eve', 9, 60_000)).toMatchObject(overloaded);
    running.push(send('eve', 3, 4_000), send('eve', 4));
    open.resolve();
    await Promise.all(running);
    expect(await send('eve', 5, 60_000)).toHaveProperty('result');
  });

  it('lets one request through however large it is, so that it is not refused for ever', async () => {
    const client = await legacy(daemonWith([echo], { limits }));
    const message = client.message('tools/call', { name: 'echo', arguments: { text: 'x' } });
    expect(await client.session.receive(message, undefined, 1_000_000)).toHaveProperty('result');
  });

  it('refuses every request of a batch, but accepts answers and notifications', async () => {
    const gate = deferred();
    const client = await legacy(daemonWith([tool('slow', () => gate.promise)], { limits }), { version: '2025-03-26' });
    const running = client.session.receive(client.message('tools/call', { name: 'slow' }, 'held'), undefined, 90_000);
    expect(client.session.inFlight).toBe(1);
    const batch = [{ jsonrpc: '2.0', method: 'notifications/x' }, client.message('ping', {}, 1), client.message('ping', {}, 2)];
    expect(await client.session.receive(batch, undefined, 90_000)).toMatchObject([
      { id: 1, error: { code: -32010 } },
      { id: 2, error: { code: -32010 } },
    ]);
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'held' } };
    expect(await client.session.receive(cancel, undefined, 90_000)).toBeUndefined();
    expect(await running).toBeUndefined();
    gate.resolve();
  });
});
