/** What is told of calls that can be counted, and what a daemon counts itself. */
import { until } from '../../../../tests/until.js';
import type { CallEnd, Daemon, FunctionDefinition } from '../../src/index.js';
import { createDaemon, DaemonError, defineCatalog, definePrompt, defineResource } from '../../src/index.js';
import { daemonWith, deferred, echo, legacy, memoryLogger, modern, tool, turns, watchedStore } from '../support.js';

function observe(daemon: Daemon): CallEnd[] {
  const calls: CallEnd[] = [];
  daemon.events.observe((call) => calls.push(call));
  return calls;
}

const ends = (calls: readonly CallEnd[]): unknown[] =>
  calls.map(({ name, mcp_type, status, fault }) => [name, mcp_type, status, fault]);

describe('an observer', () => {
  it('gets the end of each call, with or without a record', async () => {
    const functions: FunctionDefinition[] = [
      tool('fails', () => {
        throw new Error('no');
      }),
      tool('stuck', () => new Promise(() => undefined)),
      tool('unrecorded', () => 'x', { record: { bodies: 'none' } }),
      defineResource({ name: 'page', uri: 'file:///page', run: () => 'text' }),
      definePrompt({ name: 'ask', run: () => 'text' }),
      echo,
    ];
    const daemon = daemonWith(functions, { limits: { timeoutMs: 20 } });
    const calls = observe(daemon);
    const client = modern(daemon);
    await client.call('fails');
    await client.call('stuck');
    await client.call('unrecorded');
    await client.call('echo', { text: 1 });
    await client.request('resources/read', { uri: 'file:///page' });
    await client.request('prompts/get', { name: 'ask' });
    await client.call('nobody');
    expect(ends(calls)).toEqual([
      ['fails', 'tool', 'failed', 'tool'],
      ['stuck', 'tool', 'timed_out', 'tool'],
      ['unrecorded', 'tool', 'completed', null],
      ['echo', 'tool', 'failed', 'protocol'],
      ['page', 'resource', 'completed', null],
      ['ask', 'prompt', 'completed', null],
    ]);
    expect(calls.every(({ time_spent }) => time_spent >= 0)).toBe(true);
    expect(calls[1]?.time_spent).toBeGreaterThan(10);
  });

  it('gets only the fields for metrics, and no history is kept', async () => {
    const daemon = daemonWith([echo]);
    const calls = observe(daemon);
    await modern(daemon).call('echo', { text: 'a secret' });
    expect(calls).toEqual([
      {
        partition: 'default',
        mcp_type: 'tool',
        name: 'echo',
        status: 'completed',
        fault: null,
        time_spent: expect.any(Number) as number,
      },
    ]);
    expect(daemon.events.listens('default')).toBe(false);
  });

  it('is called after the record is committed, in addition to followers', async () => {
    const order: string[] = [];
    const { store } = watchedStore({ write: (rows) => void order.push(...rows.map(({ status }) => status)) });
    const daemon = daemonWith([echo], { store });
    daemon.events.observe(({ status }) => order.push(`observed ${status}`));
    daemon.events.follow('default', ({ event }) => order.push(event.type));
    await modern(daemon).call('echo', { text: 'x' });
    expect(order).toEqual(['call_started', 'in_process', 'completed', 'observed completed', 'call_settled']);
  });

  it('gets cancelled calls', async () => {
    const daemon = daemonWith([tool('waits', () => new Promise(() => undefined))]);
    const calls = observe(daemon);
    const client = await legacy(daemon);
    void client.call('waits', {}, {}, 7);
    await until(() => daemon.stats().inFlight === 1);
    client.cancel(7);
    await until(() => calls.length === 1);
    expect(ends(calls)).toEqual([['waits', 'tool', 'cancelled', 'transport']]);
  });

  it('can be removed alone, even if the same function observes twice', async () => {
    const daemon = daemonWith([echo]);
    let count = 0;
    const observer = (): void => void (count += 1);
    const first = daemon.events.observe(observer);
    const second = daemon.events.observe(observer);
    await modern(daemon).call('echo', { text: 'x' });
    expect(count).toBe(2);
    first();
    first();
    await modern(daemon).call('echo', { text: 'x' });
    expect(count).toBe(3);
    expect(daemon.events.observed).toBe(true);
    second();
    expect(daemon.events.observed).toBe(false);
  });

  it('that throws does not affect calls or other observers', async () => {
    const { logger, of } = memoryLogger();
    const daemon = daemonWith([echo], { logger });
    daemon.events.observe(() => {
      throw new Error('mine');
    });
    const calls = observe(daemon);
    expect(await modern(daemon).call('echo', { text: 'x' })).toMatchObject({ result: { content: [{ text: 'x' }] } });
    expect(calls).toHaveLength(1);
    expect(of('error')).toHaveLength(1);
  });
});

describe('the counts of a daemon', () => {
  it('are the running calls, sessions and streams', async () => {
    const gate = deferred();
    const daemon = daemonWith([tool('waits', () => gate.promise), echo]);
    expect(daemon.stats()).toMatchObject({ written: 0, waiting: 0, lost: 0, inFlight: 0, sessions: 0 });
    const [one, two] = [await legacy(daemon), modern(daemon)];
    const calls = [one.call('waits'), two.call('waits')];
    await until(() => daemon.stats().inFlight === 2);
    expect(daemon.stats()).toMatchObject({ inFlight: 2, sessions: 2 });
    gate.resolve();
    await Promise.all(calls);
    expect(daemon.stats().inFlight).toBe(0);
    two.session.close();
    expect(daemon.stats()).toMatchObject({ sessions: 1 });
  });

  it('come back to zero however calls end', async () => {
    const fail = tool('fail', () => {
      throw new Error('no');
    });
    const daemon = daemonWith(
      [
        fail,
        tool('stuck', () => new Promise(() => undefined)),
        defineResource({ name: 'gone', uri: 'file:///gone', run: () => undefined }),
        definePrompt({ name: 'bad', run: () => Promise.reject(new Error('no')) }),
        tool('asks', (_args, context) =>
          context.inputRequired({ name: context.elicit('Who?', { type: 'object', properties: {} }) }),
        ),
      ],
      { limits: { timeoutMs: 20 } },
    );
    const client = await legacy(daemon);
    await Promise.all([
      ...['fail', 'stuck', 'asks', 'nobody'].map((name) => client.call(name)),
      client.request('resources/read', { uri: 'file:///gone' }),
      client.request('prompts/get', { name: 'bad' }),
    ]);
    expect(daemon.stats().inFlight).toBe(0);
  });
});

describe('a check of the store', () => {
  it('opens the store, once, and reads', async () => {
    const { store } = watchedStore();
    let opened = 0;
    const daemon = daemonWith([echo], { store: () => ((opened += 1), store) });
    await daemon.check();
    await daemon.check();
    await modern(daemon).call('echo', { text: 'x' });
    expect(opened).toBe(1);
  });

  it('is shared by callers at the same time', async () => {
    const read = deferred<undefined>();
    let reads = 0;
    const { store } = watchedStore({ get: () => ((reads += 1), read.promise) });
    const daemon = daemonWith([echo], { store });
    const checks = [daemon.check(), daemon.check(), daemon.check()];
    await until(() => reads > 0, 'the read');
    await turns();
    expect(reads).toBe(1);
    read.resolve(undefined);
    await Promise.all(checks);
    await daemon.check();
    expect(reads).toBe(2);
  });

  it('fails while the store cannot be opened, and passes when it can', async () => {
    const { store } = watchedStore();
    let broken = true;
    const daemon = daemonWith([echo], {
      store: () => {
        if (broken) throw new Error('/secret/path is no database');
        return store;
      },
    });
    await expect(daemon.check()).rejects.toMatchObject({
      name: 'DaemonError',
      code: 'store_failed',
      message: 'The store cannot be reached.',
    });
    broken = false;
    await daemon.check();
  });

  it('fails while the store cannot be read, with the message of a DaemonError', async () => {
    let why: Error = new DaemonError('store_busy', 'The store is busy.');
    const { store } = watchedStore({ get: () => Promise.reject(why) });
    const daemon = daemonWith([echo], { store });
    await expect(daemon.check()).rejects.toMatchObject({ code: 'store_busy' });
    why = new Error('disk I/O');
    await expect(daemon.check()).rejects.toMatchObject({ code: 'store_failed', cause: why });
    why = new DaemonError('invalid_cursor', 'odd');
    await expect(daemon.check()).rejects.toMatchObject({ code: 'store_failed', cause: why });
  });

  it('fails while records wait, and says so', async () => {
    let full = true;
    const { store } = watchedStore({
      write: () => {
        if (full) throw new Error('disk full');
      },
    });
    const daemon = daemonWith([echo], { store });
    await daemon.check();
    await modern(daemon).call('echo', { text: 'x' });
    expect(daemon.stats().waiting).toBe(1);
    await expect(daemon.check()).rejects.toMatchObject({
      code: 'store_failed',
      message: 'The store cannot be written: 1 call record waits.',
    });
    full = false;
    await until(() => daemon.stats().waiting === 0);
    await daemon.check();
  });

  it('fails after the daemon is closed', async () => {
    const daemon = createDaemon({ catalog: defineCatalog({ functions: [echo] }) });
    const closing = daemon.close();
    await expect(daemon.check()).rejects.toMatchObject({ code: 'closed' });
    await closing;
    await expect(daemon.check()).rejects.toMatchObject({ code: 'closed' });
  });
});
