import { arrival, until } from '../../../../tests/until.js';
import type { JsonObject, JsonRpcResponse } from '../../src/index.js';
import { createDaemon, createMemoryStore, defineCatalog, elicit, inputRequired } from '../../src/index.js';
import type { Deferred } from '../support.js';
import {
  Client,
  daemonWith,
  deferred,
  echo,
  errorOf,
  legacy,
  META,
  modern,
  resultOf,
  stopClock,
  textOf,
  tool,
  turns,
  watchedStore,
} from '../support.js';

const BEGIN = 'the function begins';

/** A tool that waits until its gate is opened, and remembers the signals that it was given. */
function gate(): { wait: ReturnType<typeof tool>; open: Deferred<string>; signals: AbortSignal[] } {
  const open = deferred<string>();
  const signals: AbortSignal[] = [];
  const wait = tool('wait', async (_args, { signal }) => {
    signals.push(signal);
    return open.promise;
  });
  return { wait, open, signals };
}

const question = inputRequired({ name: elicit('Your name?', { type: 'object', properties: { name: { type: 'string' } } }) });
const ask = tool('ask', (_args, { inputs }) =>
  inputs['name'] === undefined ? question : `got ${JSON.stringify(inputs['name'])}`,
);

describe('requests in flight', () => {
  it('are answered each when it is done', async () => {
    const { wait, open } = gate();
    const client = await legacy(daemonWith([wait, echo]));
    const slow = client.call('wait');
    expect(textOf(await client.call('echo', { text: 'fast' }))).toBe('fast');
    expect(client.session.inFlight).toBe(1);
    open.resolve('slow');
    expect(textOf(await slow)).toBe('slow');
    expect(client.session.inFlight).toBe(0);
  });

  it('have unique ids: a second request with the same id is refused, and the first is answered', async () => {
    const { wait, open } = gate();
    const client = await legacy(daemonWith([wait]));
    const first = client.call('wait', {}, {}, 7);
    expect(await client.call('wait', {}, {}, 7)).toMatchObject({ id: 7, error: { code: -32600 } });
    const other = client.call('wait', {}, {}, '7');
    open.resolve('done');
    expect(textOf(await first)).toBe('done');
    expect(textOf(await other)).toBe('done');
    expect(textOf(await client.call('wait', {}, {}, 7))).toBe('done');
  });

  it('are bounded in number', async () => {
    const { wait, open } = gate();
    const client = await legacy(daemonWith([wait], { limits: { maxInFlight: 2 } }));
    const served = [client.call('wait'), client.call('wait')];
    expect(errorOf(await client.call('wait'))).toMatchObject({
      code: -32603,
      message: expect.stringContaining('2 requests') as string,
    });
    open.resolve('done');
    expect((await Promise.all(served)).map(textOf)).toEqual(['done', 'done']);
    expect(textOf(await client.call('wait'))).toBe('done');
  });
});

describe.each(['legacy', 'modern'] as const)('a cancelled request of the %s era', (era) => {
  const connect = async (daemon: ReturnType<typeof daemonWith>): Promise<Client> =>
    era === 'legacy' ? legacy(daemon) : modern(daemon);

  it('is not answered; its signal is aborted, and its record says so', async () => {
    const { wait, signals } = gate();
    const { store, rows } = watchedStore();
    const client = await connect(daemonWith([wait], { store }));
    const answer = client.call('wait', {}, {}, 'x');
    await until(() => signals.length === 1, BEGIN);
    client.cancel('x');
    expect(await answer).toBeUndefined();
    expect(signals[0]).toMatchObject({ aborted: true, reason: expect.objectContaining({ name: 'AbortError' }) as unknown });
    expect(rows()).toMatchObject([{ status: 'cancelled', fault: 'transport', content: null }]);
  });

  it('is not answered when it is cancelled in the turn in which it came', async () => {
    const { wait, signals } = gate();
    const { store, rows } = watchedStore();
    const client = await connect(daemonWith([wait], { store }));
    const answer = client.call('wait', {}, {}, 'x');
    client.cancel('x');
    expect(await answer).toBeUndefined();
    expect(signals[0]?.aborted).toBe(true);
    expect(rows().map(({ status }) => status)).toEqual(['cancelled']);
  });

  it('sends nothing afterwards', async () => {
    const more = deferred();
    const talk = tool('talk', async (_args, context) => {
      await more.promise;
      context.progress(1);
      context.log('error', 'late');
    });
    const client = await connect(daemonWith([talk]));
    const answer = client.call('talk', {}, { _meta: { progressToken: 'p', 'io.modelcontextprotocol/logLevel': 'debug' } }, 'x');
    client.cancel('x');
    more.resolve();
    expect(await answer).toBeUndefined();
    await turns();
    expect(client.told).toEqual([]);
  });
});

describe('a cancellation', () => {
  it('of an unknown request, of an answered one, or before the request, changes nothing', async () => {
    const client = await legacy(daemonWith([echo]));
    client.cancel('never');
    client.cancel(12);
    expect(textOf(await client.call('echo', { text: 'a' }, {}, 12))).toBe('a');
    client.cancel(12);
    expect(textOf(await client.call('echo', { text: 'b' }, {}, 12))).toBe('b');
  });

  it('tells an id that is a number from one that is a string', async () => {
    const { wait, open, signals } = gate();
    const client = await legacy(daemonWith([wait]));
    const answer = client.call('wait', {}, {}, 7);
    await until(() => signals.length === 1, BEGIN);
    client.cancel('7');
    await turns();
    open.resolve('done');
    expect(textOf(await answer)).toBe('done');
  });

  it('reaches only requests of its own connection', async () => {
    const { wait, open, signals } = gate();
    const daemon = daemonWith([wait]);
    const [one, other] = [await legacy(daemon), await legacy(daemon)];
    const answer = one.call('wait', {}, {}, 7);
    await until(() => signals.length === 1, BEGIN);
    other.cancel(7);
    await turns();
    open.resolve('done');
    expect(textOf(await answer)).toBe('done');
  });

  it('frees the id, even if its function still runs', async () => {
    const { wait, open, signals } = gate();
    const client = await legacy(daemonWith([wait]));
    const first = client.call('wait', {}, {}, 7);
    await until(() => signals.length === 1, BEGIN);
    client.cancel(7);
    expect(await first).toBeUndefined();
    const second = client.call('wait', {}, {}, 7);
    open.resolve('done');
    expect(textOf(await second)).toBe('done');
  });
});

describe('batches', () => {
  const batch = (client: Client): unknown[] => [
    client.message('ping', {}, 1),
    { jsonrpc: '2.0', method: 'notifications/unheard_of' },
    client.message('tools/call', { name: 'echo', arguments: { text: 'x' } }, 2),
    client.message('no/method', {}, 3),
    'nonsense',
  ];

  it.each(['2024-11-05', '2025-03-26'])('are answered as one in %s', async (version) => {
    const client = await legacy(daemonWith([echo]), { version });
    const answers = (await client.raw(batch(client))) as JsonRpcResponse[];
    expect(answers).toHaveLength(4);
    expect(answers[0]).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
    expect(textOf(answers[1])).toBe('x');
    expect(answers.slice(2)).toMatchObject([{ id: 3, error: { code: -32601 } }, { error: { code: -32600 } }]);
    expect(answers[3]).not.toHaveProperty('id');
  });

  it.each(['2025-06-18', '2025-11-25'])('are refused in %s, with one error', async (version) => {
    const client = await legacy(daemonWith([echo]), { version });
    expect(errorOf(await client.raw(batch(client))).code).toBe(-32600);
  });

  it('are refused before the handshake, and if each request has metadata', async () => {
    const client = new Client(daemonWith([echo]));
    expect(errorOf(await client.raw([client.message('ping')])).code).toBe(-32600);
    expect(errorOf(await client.raw([client.message('tools/list', { _meta: META })])).code).toBe(-32600);
  });

  it('are not answered if they contain no request', async () => {
    const client = await legacy(daemonWith([echo]), { version: '2025-03-26' });
    expect(await client.raw([{ jsonrpc: '2.0', method: 'notifications/unheard_of' }])).toBeUndefined();
  });

  it('have at least one message, and at most a thousand', async () => {
    const client = await legacy(daemonWith([echo]), { version: '2025-03-26' });
    const pings = Array.from({ length: 1_001 }, (_, id) => client.message('ping', {}, id));
    expect(errorOf(await client.raw([])).code).toBe(-32600);
    expect(errorOf(await client.raw(pings)).code).toBe(-32600);
    expect(await client.raw(pings.slice(1))).toHaveLength(1_000);
  });
});

describe('questions to a client', () => {
  it.each<[string, JsonObject]>([
    ['an error that says nothing', { error: null }],
    ['an error that is a string', { error: 'no' }],
    ['an error without a message', { error: { code: 1 } }],
  ])('treat %s as a refusal', async (_what, refusal) => {
    const client = await legacy(daemonWith([ask]), { capabilities: { elicitation: {} } });
    client.onRequest = () => refusal as { error: unknown };
    const result = resultOf(await client.call('ask'));
    expect(result).toMatchObject({ isError: true });
  });

  it('bear ids that no other question of the connection has', async () => {
    const client = await legacy(daemonWith([ask]), { capabilities: { elicitation: {} } });
    client.onRequest = () => ({ result: { action: 'decline' } });
    await Promise.all([client.call('ask'), client.call('ask'), client.call('ask')]);
    const ids = client.told.map(({ message }) => ('id' in message ? message.id : undefined));
    expect(new Set(ids).size).toBe(3);
  });
});

describe('the end of a connection', () => {
  it('cancels running requests, and does not answer them', async () => {
    const { wait, signals } = gate();
    const { store, rows } = watchedStore();
    const client = await legacy(daemonWith([wait], { store }));
    const answer = client.call('wait');
    await until(() => signals.length === 1, BEGIN);
    client.session.close();
    client.session.close();
    expect(await answer).toBeUndefined();
    expect(signals[0]?.aborted).toBe(true);
    await until(() => rows()[0]?.status === 'cancelled', 'the record of the end');
  });

  it('refuses later messages', async () => {
    const client = await legacy(daemonWith([echo]));
    client.session.close();
    expect(errorOf(await client.call('echo', { text: 'x' }))).toMatchObject({
      code: -32603,
      message: 'The server is shutting down.',
    });
    expect(await client.raw({ jsonrpc: '2.0', method: 'notifications/initialized' })).toBeUndefined();
  });

  it('gives up questions to the client', async () => {
    const client = await legacy(daemonWith([ask]), { capabilities: { elicitation: {} } });
    const answer = client.call('ask');
    await until(() => client.told.length === 1);
    client.session.close();
    expect(await answer).toBeUndefined();
    expect(client.told).toHaveLength(1); // a client that has left is told nothing
  });
});

describe('a drain', () => {
  it('waits for running calls', async () => {
    const { wait, open, signals } = gate();
    const client = await legacy(daemonWith([wait]));
    const order: string[] = [];
    const answer = client.call('wait').then(() => order.push('answered'));
    await until(() => signals.length === 1, BEGIN);
    const drained = client.session.drain(5_000).then(() => order.push('drained'));
    await turns();
    expect(order).toEqual([]);
    open.resolve('done');
    await Promise.all([answer, drained]);
    expect(order.sort()).toEqual(['answered', 'drained']);
  });

  it('waits at most the given time', async () => {
    const { wait } = gate();
    const client = await legacy(daemonWith([wait]));
    void client.call('wait');
    const pass = stopClock();
    let drained = false;
    void client.session.drain(20).then(() => (drained = true));
    await pass(19);
    expect(drained).toBe(false);
    await pass(1);
    await until(() => drained, 'the end of the drain');
    expect(client.session.inFlight).toBe(1);
  });

  it('does not wait without running calls, nor for listen streams', async () => {
    const client = modern(daemonWith([echo]));
    await client.session.drain(60_000);
    void client.request('subscriptions/listen', { notifications: { toolsListChanged: true } });
    await client.session.drain(60_000);
    expect(client.session.inFlight).toBe(1);
  });

  it('may have several callers: all of them are resolved', async () => {
    const { wait, open } = gate();
    const client = await legacy(daemonWith([wait]));
    void client.call('wait');
    const drains = Promise.all([client.session.drain(60_000), client.session.drain(60_000)]);
    open.resolve('done');
    await drains;
    expect(client.session.inFlight).toBe(0);
  });

  it('gives up questions to a client that disconnects: their functions fail, and the calls are answered', async () => {
    const client = await legacy(daemonWith([ask]), { capabilities: { elicitation: {} } });
    const answer = client.call('ask');
    await until(() => client.told.length === 1);
    await client.session.drain(60_000);
    expect(resultOf(await answer)).toMatchObject({ isError: true });
  });
});

describe('the end of a daemon', () => {
  it('lets running calls finish, and answers them', async () => {
    const { wait, open, signals } = gate();
    const daemon = daemonWith([wait]);
    const client = await legacy(daemon);
    const answer = client.call('wait');
    await until(() => signals.length === 1, BEGIN);
    const closed = daemon.close();
    open.resolve('done');
    await closed;
    expect(textOf(await answer)).toBe('done');
  });

  it('cancels calls that take too long', async () => {
    const { wait, signals } = gate();
    const { store, rows } = watchedStore();
    const daemon = daemonWith([wait], { store });
    const client = await legacy(daemon);
    const answer = client.call('wait');
    await until(() => signals.length === 1, BEGIN);
    await daemon.close({ drainMs: 10 });
    expect(await answer).toBeUndefined();
    expect(signals[0]?.aborted).toBe(true);
    expect(rows()).toMatchObject([{ status: 'cancelled' }]);
  });

  it('refuses connections and messages from then on', async () => {
    const daemon = daemonWith([echo]);
    const client = modern(daemon);
    await daemon.close();
    expect(() => daemon.open({ send: () => {} })).toThrow(expect.objectContaining({ code: 'closed' }) as Error);
    expect(errorOf(await client.call('echo', { text: 'x' })).code).toBe(-32603);
    const exchange = { partition: 'default', subject: 'x', signal: new AbortController().signal, notify: () => {} };
    const message = {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'echo', arguments: { text: 'x' }, _meta: META },
    };
    expect(errorOf(await daemon.handle(message, exchange))).toMatchObject({
      code: -32603,
      message: expect.stringContaining('shutting down') as string,
    });
    expect(await daemon.handle({ jsonrpc: '2.0', method: 'notifications/x' }, exchange)).toBeUndefined();
  });

  it('waits for messages without a session, too', async () => {
    const { wait, open, signals } = gate();
    const order: string[] = [];
    const { store, rows } = watchedStore({ close: () => void order.push('store closed') });
    const daemon = daemonWith([wait], { store });
    const exchange = { partition: 'default', subject: 'x', signal: new AbortController().signal, notify: () => {} };
    const answer = daemon.handle(
      { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'wait', _meta: META } },
      exchange,
    );
    await until(() => signals.length === 1, BEGIN);
    const closed = daemon.close();
    await turns();
    expect(order).toEqual([]);
    open.resolve('done');
    await closed;
    expect(order).toEqual(['store closed']);
    expect(textOf(await answer)).toBe('done');
    expect(rows()).toMatchObject([{ status: 'completed' }]);
  });

  it('waits for them at most the given time', async () => {
    const { wait, signals } = gate();
    const daemon = daemonWith([wait]);
    const gone = new AbortController();
    const exchange = { partition: 'default', subject: 'x', signal: gone.signal, notify: () => {} };
    void daemon.handle({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'wait', _meta: META } }, exchange);
    await until(() => signals.length === 1, BEGIN);
    const pass = stopClock();
    let closed = false;
    const closing = daemon.close({ drainMs: 20 }).then(() => (closed = true));
    await pass(19);
    expect(closed).toBe(false);
    await pass(1);
    await arrival(closing, 'the end of the daemon');
    gone.abort();
  });

  it('happens once, closes the store and the sources of code, and may have several callers', async () => {
    const closed: string[] = [];
    const store = { ...createMemoryStore(), close: () => void closed.push('store') };
    const source = { accepts: () => true, load: () => Promise.reject(new Error('no')), close: () => void closed.push('source') };
    const daemon = daemonWith([echo], { store, modules: [source] });
    await modern(daemon).call('echo', { text: 'x' });
    await Promise.all([daemon.close(), daemon.close()]);
    expect(closed).toEqual(['store', 'source']);
  });

  it('does not open a store for which there was no record', async () => {
    let opened = 0;
    const daemon = daemonWith([echo], {
      store: () => {
        opened += 1;
        return createMemoryStore();
      },
    });
    await modern(daemon).request('tools/list');
    await daemon.close();
    await turns();
    expect(opened).toBe(0);
  });
});

describe('questions to a client that disconnects', () => {
  it('are not sent any more, so nothing waits for an answer', async () => {
    const go = deferred();
    let began = false;
    const late = tool('late', async (_args, { inputs }) => {
      began = true;
      await go.promise;
      return inputs['name'] === undefined ? question : 'never';
    });
    const client = await legacy(daemonWith([late]), { capabilities: { elicitation: {} } });
    const answer = client.call('late');
    await until(() => began, BEGIN);
    stopClock(); // the end of the call ends the wait, not its 5 seconds
    const drained = client.session.drain(5_000);
    go.resolve();
    await drained;
    expect(resultOf(await answer)['isError']).toBe(true);
    expect(client.of('elicitation/create')).toEqual([]);
  });

  it('a drain without end is a long one', async () => {
    const { wait, open } = gate();
    const client = await legacy(daemonWith([wait], { limits: { timeoutMs: 2 ** 31 - 1 } })); // almost 25 days
    const answer = client.call('wait');
    const pass = stopClock();
    let drained = false;
    const draining = client.session.drain(Infinity).then(() => (drained = true));
    await pass(24 * 60 * 60_000);
    expect(drained).toBe(false);
    open.resolve('done');
    expect(textOf(await answer)).toBe('done');
    await draining;
  });
});

describe('a daemon whose store cannot be closed', () => {
  it('closes its modules all the same', async () => {
    let closed = false;
    const { store } = watchedStore({
      close: () => {
        throw new Error('stuck');
      },
    });
    const modules = [{ accepts: () => false, load: () => Promise.reject(new Error('none')), close: () => void (closed = true) }];
    const daemon = createDaemon({ catalog: defineCatalog({ functions: [echo] }), store, modules });
    await (await legacy(daemon)).call('echo', { text: 'x' });
    await expect(daemon.close()).rejects.toThrow('stuck');
    expect(closed).toBe(true);
  });
});
