import { createHash } from 'node:crypto';

import { jest } from '@jest/globals';

import { until } from '../../../../tests/until.js';
import type { CallRecord, CallStore, Daemon, FunctionDefinition, JsonObject, RecordPolicy, Store } from '../../src/index.js';
import { createMemoryStore, DaemonError, definePrompt, defineResource, defineTool } from '../../src/index.js';
import type { Client } from '../support.js';
import {
  daemonWith,
  deferred,
  echo,
  legacy,
  memoryLogger,
  modern,
  resultOf,
  stopClock,
  textOf,
  tool,
  turns,
  watchedStore,
} from '../support.js';

const statuses = (writes: CallRecord[][]): string[][] => writes.map((rows) => rows.map(({ status }) => status));

/** A store whose writes last until they are let through, or made to fail. */
function slowStore(): {
  store: Store;
  writes: CallRecord[][];
  rows: () => CallRecord[];
  pending: { pass: () => void; fail: (error?: Error) => void }[];
} {
  const pending: { pass: () => void; fail: (error?: Error) => void }[] = [];
  const memory = createMemoryStore();
  const watched = watchedStore({
    async write(rows) {
      const copies = rows.map((row) => ({ ...row }));
      const gate = deferred();
      pending.push({ pass: gate.resolve, fail: (error = new DaemonError('store_busy', 'busy')) => gate.reject(error) });
      await gate.promise;
      await memory.calls.write(copies);
    },
    list: (partition, query) => memory.calls.list(partition, query),
  });
  return { ...watched, pending };
}

/** A store that can be broken and mended. */
function fragileStore(): ReturnType<typeof watchedStore> & { broken: { error: Error | undefined } } {
  const broken: { error: Error | undefined } = { error: undefined };
  const memory = createMemoryStore();
  const write: CallStore['write'] = (rows) => {
    if (broken.error !== undefined) throw broken.error;
    return memory.calls.write(rows);
  };
  return { ...watchedStore({ write, list: (partition, query) => memory.calls.list(partition, query) }), broken };
}

/** Calls a tool, so that it is known to be quick; what was written for that is forgotten. */
async function warm(client: Client, writes: unknown[], name: string, args: JsonObject = {}): Promise<void> {
  await client.call(name, args); // its rows are committed before its answer
  writes.length = 0;
}

/** Lets every write through until a promise is settled. */
async function passAll<T>(pending: { pass: () => void }[], promise: Promise<T>): Promise<T> {
  let settled = false;
  void promise.then(() => (settled = true));
  for (let turn = 0; !settled && turn < 10_000; turn += 1) {
    for (const write of pending.splice(0)) write.pass();
    await turns(1);
  }
  return promise;
}

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const kept = async (store: Store): Promise<CallRecord[]> => (await store.calls.list('default', {})).items;

describe('one write of one row', () => {
  it('records a call that begins and ends in one turn', async () => {
    const { store, writes } = watchedStore();
    const client = modern(daemonWith([echo], { store }), { identity: { subject: 'ann' } });
    await warm(client, writes, 'echo', { text: 'first' });
    await client.call('echo', { text: 'hi' }, { _meta: { traceparent: TRACE } });
    expect(writes).toHaveLength(1);
    const [[row]] = writes as [[CallRecord]];
    expect(row).toEqual({
      partition_key: 'default',
      mcp_function_call_uuid: expect.stringMatching(
        /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      ) as string,
      name: 'echo',
      mcp_type: 'tool',
      arguments: '{"text":"hi"}',
      content: expect.stringMatching(/^\{"content":\[\{"type":"text","text":"hi"\}\]/) as string,
      content_in_s3: false,
      status: 'completed',
      notes: null,
      time_spent: expect.any(Number) as number,
      updated_by: 'ann',
      created_at: expect.any(Number) as number,
      updated_at: expect.any(Number) as number,
      fault: null,
      revision: expect.any(String) as string,
      bundle_digest: null,
      owner: store.owner,
      traceparent: TRACE,
      server: 'tested',
      client: null,
      client_id: null,
    });
    expect(Math.abs(row.created_at - Date.now())).toBeLessThan(5_000);
  });

  it('records an async function without I/O', async () => {
    const { store, writes } = watchedStore();
    const client = modern(daemonWith([tool('t', async () => Promise.resolve('x'))], { store }));
    await warm(client, writes, 't');
    await client.call('t');
    expect(statuses(writes)).toEqual([['completed']]);
  });

  it('records a call with invalid arguments: no function has started', async () => {
    const { store, writes } = watchedStore();
    await modern(daemonWith([echo], { store })).call('echo', { text: 5 });
    expect(statuses(writes)).toEqual([['failed']]);
  });

  it('contains all calls of a turn, of all connections', async () => {
    const { store, writes } = watchedStore();
    const daemon = daemonWith([echo], { store });
    const clients = [modern(daemon), modern(daemon), await legacy(daemon)];
    await warm(modern(daemon), writes, 'echo', { text: 'first' });
    await Promise.all(clients.flatMap((client) => [client.call('echo', { text: 'a' }), client.call('echo', { text: 'b' })]));
    expect(writes.map(({ length }) => length)).toEqual([6]);
  });

  it('has all calls of the turn, however many there are', async () => {
    const { store, writes } = watchedStore();
    const client = modern(daemonWith([echo], { store }));
    await warm(client, writes, 'echo', { text: 'first' });
    for (const count of [1, 100]) await Promise.all(Array.from({ length: count }, () => client.call('echo', { text: 'a' })));
    expect(writes.map(({ length }) => length)).toEqual([1, 100]);
  });

  it('records the kind of resources and prompts', async () => {
    const { store, rows } = watchedStore();
    const functions = [
      defineResource({ name: 'r', uriTemplate: 'x://{id}', run: () => 'r' }),
      definePrompt({ name: 'p', arguments: [{ name: 'a' }], run: () => 'p' }),
    ];
    const client = modern(daemonWith(functions, { store }));
    await client.request('resources/read', { uri: 'x://7' });
    await client.request('prompts/get', { name: 'p', arguments: { a: 'b' } });
    expect(rows()).toMatchObject([
      { name: 'r', mcp_type: 'resource', arguments: '{"uri":"x://7"}' },
      { name: 'p', mcp_type: 'prompt', arguments: '{"a":"b"}' },
    ]);
  });

  it('does not exist for lists and unknown names', async () => {
    const { store, writes } = watchedStore();
    const client = modern(daemonWith([echo], { store }));
    await client.request('tools/list');
    await client.call('nothing');
    await client.request('resources/read', { uri: 'x://nothing' });
    await turns();
    expect(writes).toEqual([]);
  });
});

describe('a function that is not known to be quick', () => {
  it('begins when its open row is committed, not before', async () => {
    const { store, pending, writes } = slowStore();
    let began = false;
    const answer = modern(daemonWith([tool('t', () => (began = true))], { store })).call('t');
    await until(() => pending.length === 1, 'the write of the open row');
    await turns();
    expect([began, statuses(writes)]).toEqual([false, [['in_process']]]);
    pending.shift()?.pass();
    await until(() => began);
    expect(textOf(await passAll(pending, answer))).toBe('true');
    expect(statuses(writes)).toEqual([['in_process'], ['completed']]);
  });

  it('never begins when its call is cancelled before', async () => {
    const { store, pending, rows } = slowStore();
    let began = false;
    const client = modern(daemonWith([tool('t', () => (began = true))], { store }));
    const answer = client.call('t', {}, {}, 'the call');
    await until(() => pending.length === 1, 'the write of the open row');
    client.cancel('the call');
    expect(await passAll(pending, answer)).toBeUndefined();
    expect([began, rows().map(({ status }) => status)]).toEqual([false, ['cancelled']]);
  });

  it('is any function at first, and one that took longer at its last call', async () => {
    const { store, writes } = watchedStore();
    let wait = false;
    const client = modern(daemonWith([tool('t', () => (wait ? turns() : 'at once'))], { store }));
    const perCall: string[][][] = [];
    for (wait of [false, false, true, false, false]) {
      writes.length = 0;
      await client.call('t');
      perCall.push(statuses(writes));
    }
    const [two, one] = [[['in_process'], ['completed']], [['completed']]];
    expect(perCall).toEqual([two, one, two, two, one]);
  });
});

describe('a call that takes longer', () => {
  it('has its open row committed before anything can call it back', async () => {
    const { store, writes } = watchedStore();
    const seen: string[][][] = [];
    const t = tool('t', async () => {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(statuses(writes));
      await turns();
      seen.push(statuses(writes));
      return 'done';
    });
    await modern(daemonWith([t], { store })).call('t');
    expect(seen).toEqual([[['in_process']], [['in_process']]]);
    expect(statuses(writes)).toEqual([['in_process'], ['completed']]);
    const [[open], [settled]] = writes as [[CallRecord], [CallRecord]];
    expect(open).toMatchObject({ content: null, time_spent: null, notes: null });
    expect(settled.mcp_function_call_uuid).toBe(open.mcp_function_call_uuid);
    expect(settled.created_at).toBe(open.created_at);
  });

  it('says how many milliseconds it took', async () => {
    const { store, rows } = watchedStore();
    let time = 1_000;
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => time);
    try {
      const t = tool('t', async () => {
        await turns();
        time += 30.0004;
      });
      await modern(daemonWith([t], { store })).call('t');
    } finally {
      clock.mockRestore();
    }
    expect(rows().map(({ time_spent }) => time_spent)).toEqual([30]);
  });

  it('is known to its function by the uuid of its record', async () => {
    const { store, rows } = watchedStore();
    const told = textOf(await modern(daemonWith([tool('t', (_args, { callId }) => callId)], { store })).call('t'));
    expect(rows()[0]?.mcp_function_call_uuid).toBe(told);
  });
});

describe('an answer', () => {
  /** Whether a promise is settled, some turns from now. */
  async function isSettled(promise: Promise<unknown>): Promise<boolean> {
    let settled = false;
    void promise.then(() => (settled = true));
    await turns();
    return settled;
  }

  it.each<[string, FunctionDefinition]>([
    ['at once', tool('t', () => 'x')],
    ['later', tool('t', () => turns())],
    [
      'with a failure',
      tool('t', () => {
        throw new Error('no');
      }),
    ],
  ])('that is there %s never leaves before its record is committed', async (_when, definition) => {
    const { store, pending } = slowStore();
    const answer = modern(daemonWith([definition], { store })).call('t');
    let answered = false;
    void answer.then(() => (answered = true));
    for (let passed = 0; ; passed += 1) {
      await until(() => pending.length > 0 || answered);
      if (answered && passed > 0) break;
      if (await isSettled(answer)) throw new Error('it left before');
      pending.shift()?.pass();
    }
    await turns();
    expect(pending).toEqual([]); // nothing is still to be written
    expect(resultOf(await answer)).toHaveProperty('content');
  });

  it('waits for the group of its record, not for those that come after', async () => {
    const { store, pending } = slowStore();
    const client = modern(daemonWith([echo], { store }));
    await passAll(pending, client.call('echo', { text: 'first' }));
    const first = client.call('echo', { text: 'a' });
    await until(() => pending.length === 1);
    const second = client.call('echo', { text: 'b' });
    await turns();
    expect(pending).toHaveLength(1); // one write at a time
    pending[0]?.pass();
    expect(textOf(await first)).toBe('a');
    await until(() => pending.length === 2, 'the write of the second group');
    expect(await isSettled(second)).toBe(false);
    pending[1]?.pass();
    expect(textOf(await second)).toBe('b');
  });

  it('of a resource or prompt waits, too', async () => {
    const { store, pending } = slowStore();
    const client = modern(daemonWith([defineResource({ name: 'r', uri: 'x://r', run: () => 'r' })], { store }));
    const answer = client.request('resources/read', { uri: 'x://r' });
    await until(() => pending.length === 1, 'the write of the open row');
    expect(await isSettled(answer)).toBe(false);
    expect(resultOf(await passAll(pending, answer))).toHaveProperty('contents');
  });
});

describe('a store that cannot be written', () => {
  beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate', 'Date', 'performance', 'nextTick', 'queueMicrotask'] }));
  afterEach(() => void jest.useRealTimers());

  it.each(['store_busy', 'store_failed'] as const)('does not stop calls: %s', async (code) => {
    const { store, broken } = fragileStore();
    const { logger, of } = memoryLogger();
    const daemon = daemonWith([echo], { store, logger });
    const client = modern(daemon);
    broken.error = new DaemonError(code, 'the disk is full');
    for (const text of ['a', 'b', 'c']) expect(textOf(await client.call('echo', { text }))).toBe(text);
    expect(daemon.stats()).toMatchObject({ written: 0, waiting: 3, lost: 0 });
    expect(of('error')).toEqual(['call records cannot be written now; calls still run, and their records wait']);
    broken.error = undefined;
    await jest.advanceTimersByTimeAsync(1_000);
    expect(daemon.stats()).toMatchObject({ written: 3, waiting: 0, lost: 0 });
    expect(of('info')).toEqual(['call records are written again']);
    expect((await kept(store)).map(({ status }) => status)).toEqual(['completed', 'completed', 'completed']);
  });

  it('is tried again, less and less often', async () => {
    const { store, broken, writes } = fragileStore();
    const client = modern(daemonWith([echo], { store }));
    broken.error = new DaemonError('store_busy', 'busy');
    await client.call('echo', { text: 'a' });
    const tries: number[] = [];
    for (let second = 1; second <= 60; second += 1) {
      const before = writes.length;
      await jest.advanceTimersByTimeAsync(1_000);
      if (writes.length > before) tries.push(second);
    }
    expect(tries).toEqual([1, 3, 8, 18, 48]);
    broken.error = undefined;
    await jest.advanceTimersByTimeAsync(30_000);
    expect(await kept(store)).toHaveLength(1);
  });

  it('lets a limited number of rows wait: the oldest are lost, counted and logged', async () => {
    const { store, broken } = fragileStore();
    const { logger, of } = memoryLogger();
    const daemon = daemonWith([echo], { store, logger, limits: { maxQueuedRecords: 5 } });
    const client = modern(daemon);
    broken.error = new DaemonError('store_failed', 'gone');
    for (let n = 1; n <= 8; n += 1) await client.call('echo', { text: `${n}` });
    expect(daemon.stats()).toMatchObject({ written: 0, waiting: 5, lost: 3 });
    expect(of('error')[1]).toBe('1 call record was lost: the store cannot be written');
    broken.error = undefined;
    await jest.advanceTimersByTimeAsync(1_000);
    expect((await kept(store)).map((row) => (JSON.parse(row.arguments!) as { text: string }).text).sort()).toEqual([
      '4',
      '5',
      '6',
      '7',
      '8',
    ]);
  });

  it('gets one row of a call that started and ended in the meantime', async () => {
    const { store, broken } = fragileStore();
    const end = deferred<string>();
    let began = false;
    const daemon = daemonWith([tool('t', () => ((began = true), end.promise))], { store });
    broken.error = new DaemonError('store_busy', 'busy');
    const answer = modern(daemon).call('t');
    await until(() => began, 'the function begins');
    end.resolve('done');
    expect(textOf(await answer)).toBe('done');
    expect(daemon.stats().waiting).toBe(1);
    broken.error = undefined;
    await jest.advanceTimersByTimeAsync(1_000);
    expect((await kept(store)).map(({ status }) => status)).toEqual(['completed']);
  });

  it('that cannot even be opened is opened later', async () => {
    const { store } = watchedStore();
    const { logger, of } = memoryLogger();
    let tries = 0;
    const open = async (): Promise<Store> => {
      await Promise.resolve();
      tries += 1;
      if (tries === 1) throw new Error('no such folder');
      return store;
    };
    const daemon = daemonWith([echo], { store: open, logger });
    expect(textOf(await modern(daemon).call('echo', { text: 'a' }))).toBe('a');
    expect(of('error')).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(daemon.stats()).toMatchObject({ written: 1, waiting: 0 });
    expect(tries).toBe(2);
  });

  it('is written one after the other, also when a retry comes while a write lasts: no row goes back to an older state', async () => {
    const { store, pending, writes } = slowStore();
    const end = deferred<string>();
    let result = Promise.resolve('at once');
    const client = modern(daemonWith([tool('t', () => result)], { store }));
    await passAll(pending, client.call('t'));
    result = end.promise;
    const answer = client.call('t');
    await until(() => pending.length === 1, 'the write of the open row');
    end.resolve('done');
    await turns();
    expect(pending).toHaveLength(1); // the settled one is behind it
    pending[0]?.fail();
    await until(() => pending.length === 2, 'the write of both');
    await jest.advanceTimersByTimeAsync(1_000);
    await turns(); // a retry is due
    expect(pending).toHaveLength(2);
    pending[1]?.pass();
    expect(textOf(await answer)).toBe('done');
    await turns();
    for (const write of pending.slice(2)) write.pass();
    await turns();
    expect((await kept(store)).map(({ status }) => status)).toEqual(['completed', 'completed']);
    expect(writes.flat().at(-1)?.status).toBe('completed');
  });
});

describe('the end of a daemon', () => {
  it('writes the waiting rows', async () => {
    const { store, writes } = watchedStore();
    const daemon = daemonWith([tool('t', () => new Promise(() => {}))], { store });
    void modern(daemon).call('t');
    await daemon.close({ drainMs: 1 });
    expect(statuses(writes).flat().at(-1)).toBe('cancelled');
  });

  it('writes and logs nothing after it closed the store', async () => {
    const order: string[] = [];
    const { logger, of } = memoryLogger();
    const memory = createMemoryStore();
    const { store } = watchedStore({
      write(rows) {
        order.push('write');
        if (order.includes('close')) throw new DaemonError('store_failed', 'it is closed');
        return memory.calls.write(rows);
      },
      close: () => void order.push('close'),
    });
    const daemon = daemonWith([echo, tool('wait', () => turns())], { store, logger });
    const client = modern(daemon);
    const answers = [client.call('echo', { text: 'a' }), client.call('wait')];
    await daemon.close();
    await Promise.all(answers);
    await turns();
    expect(order.at(-1)).toBe('close');
    expect(order.filter((step) => step === 'close')).toHaveLength(1);
    expect(of('error')).toEqual([]);
    expect(daemon.stats()).toMatchObject({ waiting: 0, lost: 0 });
  });

  it('tries the waiting rows once more', async () => {
    const { store, broken } = fragileStore();
    const daemon = daemonWith([echo], { store });
    broken.error = new DaemonError('store_busy', 'busy');
    await modern(daemon).call('echo', { text: 'a' });
    broken.error = undefined;
    await daemon.close();
    expect(daemon.stats()).toMatchObject({ written: 1, waiting: 0, lost: 0 });
  });

  it('counts and logs the rows that it could not write', async () => {
    const { store, broken } = fragileStore();
    const { logger, of } = memoryLogger();
    const daemon = daemonWith([echo], { store, logger });
    broken.error = new DaemonError('store_failed', 'gone');
    for (const text of ['a', 'b']) await modern(daemon).call('echo', { text });
    await daemon.close();
    expect(daemon.stats()).toMatchObject({ written: 0, waiting: 0, lost: 2 });
    expect(of('error').at(-1)).toBe('2 call records were lost: the store cannot be written');
  });

  it('says why the store could not be closed', async () => {
    const { store } = watchedStore({
      close: () => {
        throw new Error('locked');
      },
    });
    const daemon = daemonWith([echo], { store });
    await modern(daemon).call('echo', { text: 'a' });
    const failure = expect.objectContaining({ code: 'store_failed', message: 'the store could not be closed: locked' }) as Error;
    await expect(daemon.close()).rejects.toEqual(failure);
    // The daemon is closed all the same; its test ends it again.
    await daemon.close().catch(() => {});
    forget(daemon);
  });

  /** Keeps the end of the test from closing a daemon whose close fails. */
  const forget = (daemon: Daemon): void => void (daemon.close = () => Promise.resolve());
});

describe('opening the store', () => {
  it('happens once, at the first record, and finds open calls of earlier processes', async () => {
    let opened = 0;
    let interrupted = 0;
    const pass = stopClock();
    const { logger, of } = memoryLogger();
    const { store } = watchedStore({
      interrupt: () => {
        interrupted += 1;
        return 3;
      },
    });
    const open = (): Store => {
      opened += 1;
      return store;
    };
    const client = modern(daemonWith([echo], { store: open, logger }));
    await client.request('tools/list');
    expect(opened).toBe(0);
    await Promise.all([client.call('echo', { text: 'a' }), client.call('echo', { text: 'b' })]);
    await client.call('echo', { text: 'c' });
    expect([opened, interrupted]).toEqual([1, 0]); // a call does not wait for it
    await pass(10_000);
    expect([opened, interrupted]).toEqual([1, 1]);
    expect(of('warn')).toEqual(['3 calls were interrupted when an earlier process ended']);
  });

  it('waits with that search while the event loop is busy', async () => {
    let interrupted = 0;
    const { store } = watchedStore({ interrupt: () => (interrupted += 1) });
    await modern(daemonWith([echo], { store })).call('echo', { text: 'a' });
    // A timer that is due runs between these turns; the loop never waits.
    for (const end = performance.now() + 700; performance.now() < end;) await new Promise((resolve) => setImmediate(resolve));
    expect(interrupted).toBe(0);
    await until(() => interrupted > 0);
    expect(interrupted).toBe(1);
  });

  it('continues if the search for them fails', async () => {
    const { logger, of } = memoryLogger();
    const { store, rows } = watchedStore({
      interrupt: () => {
        throw new Error('locked');
      },
    });
    await modern(daemonWith([echo], { store, logger })).call('echo', { text: 'a' });
    expect(rows()).toHaveLength(1);
    await until(() => of('warn').length > 0);
    expect(of('warn')).toEqual(['the search for interrupted calls failed']);
  });
});

describe('the record policy', () => {
  const secret = { card: { number: '4111' }, items: [{ token: 't1' }, { token: 't2' }], plain: 'p' };

  /** The record of a call whose arguments and result are the same. */
  async function recorded(record?: Partial<RecordPolicy>): Promise<CallRecord | undefined> {
    const { store, rows } = watchedStore();
    const t = defineTool({
      name: 't',
      returnType: 'json',
      ...(record && { record }),
      inputSchema: { type: 'object' },
      run: (args) => args,
    });
    const client: Client = modern(daemonWith([t], { store }));
    expect(resultOf(await client.call('t', secret))['structuredContent']).toEqual(secret);
    await turns();
    return rows()[0];
  }

  it.each<[string, Partial<RecordPolicy> | undefined, boolean, boolean]>([
    ['everything by default', undefined, true, true],
    ['everything', { bodies: 'all' }, true, true],
    ['the arguments', { bodies: 'arguments' }, true, false],
    ['neither', { bodies: 'metadata' }, false, false],
  ])('%s', async (_what, policy, args, content) => {
    const row = await recorded(policy);
    expect(row).toMatchObject({ name: 't', status: 'completed' });
    expect(row?.arguments === null ? null : JSON.parse(row!.arguments!)).toEqual(args ? secret : null);
    expect(
      row?.content === null ? null : (JSON.parse(row!.content!) as { structuredContent: unknown }).structuredContent,
    ).toEqual(content ? secret : null);
  });

  it('nothing at all', async () => expect(await recorded({ bodies: 'none' })).toBeUndefined());

  it('no secrets, neither of the arguments nor of the result', async () => {
    const row = await recorded({ redact: ['$.card.number', '$.items[*].token', '$.structuredContent', '$.content[*].text'] });
    expect(JSON.parse(row!.arguments!)).toEqual({
      card: { number: '[redacted]' },
      items: [{ token: '[redacted]' }, { token: '[redacted]' }],
      plain: 'p',
    });
    expect(row?.content).not.toMatch(/4111|t1|t2/);
  });

  it('the kind of fault: of the protocol, of the tool, of the transport', async () => {
    const { store, rows } = watchedStore();
    const wait = tool('wait', () => new Promise(() => {}));
    const fail = tool('fail', () => {
      throw new Error('no');
    });
    const client = modern(daemonWith([echo, fail, wait], { store }));
    await client.call('echo', {});
    await client.call('fail');
    const cancelled = client.call('wait', {}, {}, 'x');
    client.cancel('x');
    await cancelled;
    expect(rows().map(({ status, fault }) => [status, fault])).toEqual([
      ['failed', 'protocol'],
      ['failed', 'tool'],
      ['cancelled', 'transport'],
    ]);
  });

  it('of a body that is too large its size, its digest and its beginning', async () => {
    const { store, rows } = watchedStore();
    const daemon = daemonWith([echo], { store, limits: { maxRecordedBytes: 10_000 } });
    const client = modern(daemon);
    const large = 'ü'.repeat(20_000);
    expect(textOf(await client.call('echo', { text: 'small' }))).toBe('small');
    expect(textOf(await client.call('echo', { text: large }))).toBe(large); // the caller gets all of it
    const [small, cut] = rows();
    expect(small?.arguments).toBe('{"text":"small"}');
    const whole = JSON.stringify({ text: large });
    expect(JSON.parse(cut!.arguments!)).toEqual({
      cut: true,
      bytes: Buffer.byteLength(whole),
      sha256: createHash('sha256').update(whole).digest('hex'),
      beginning: whole.slice(0, 1_000),
    });
    expect(JSON.parse(cut!.content!)).toMatchObject({ cut: true, beginning: expect.stringContaining('üü') as string });
  });

  it('the client as it named itself, cut, and the server', async () => {
    const { store, rows } = watchedStore();
    const daemon = daemonWith([echo], { store });
    const named = (clientInfo: JsonObject): Client =>
      modern(daemon, { meta: { 'io.modelcontextprotocol/clientInfo': clientInfo } });
    for (const version of ['1', '1', '2']) await named({ name: 'desk', version }).call('echo', { text: 'a' });
    await named({ name: 'n'.repeat(500), version: '1' }).call('echo', { text: 'a' });
    await (await legacy(daemon)).call('echo', { text: 'a' });
    await modern(daemon).call('echo', { text: 'a' });
    expect(rows().map(({ client }) => client)).toEqual(['desk/1', 'desk/1', 'desk/2', 'n'.repeat(100), 'test/1', null]);
    expect(new Set(rows().map(({ server }) => server))).toEqual(new Set(['tested']));
  });

  it('the digest of the code that ran', async () => {
    const { store, rows } = watchedStore();
    const binding = { kind: 'link', package_name: 'p', module_name: 'p', function_name: 'run', setting: {} } as const;
    const catalog = {
      revision: 'r1',
      functions: [{ kind: 'tool', name: 't', inputSchema: { type: 'object' }, binding } as const],
    };
    const source = {
      accepts: () => true,
      load: async () => Promise.resolve({ exports: { run: () => 'x' }, digest: 'sha256:abc' }),
    };
    await modern(daemonWith([], { catalog, modules: [source], store })).call('t');
    expect(rows()).toMatchObject([{ bundle_digest: 'sha256:abc', revision: 'r1' }]);
  });
});

describe('records that cannot be written now', () => {
  it('are not lost if a call ends while its first row is written again', async () => {
    const { store, rows, pending } = slowStore();
    const [first, second] = [deferred<string>(), deferred<string>()];
    const tools = [tool('first', () => first.promise), tool('second', () => second.promise)];
    const client = await legacy(daemonWith(tools, { store }));
    const answer = client.call('first');
    await until(() => pending.length === 1);
    const other = client.call('second');
    await turns();
    pending[0]?.fail();
    await until(() => pending.length === 2); // both, the first once more
    first.resolve('done');
    expect(textOf(await answer)).toBe('done'); // answered: the store is known to fail
    pending[1]?.pass();
    await turns();
    second.resolve('done');
    await until(() => pending.length === 3);
    pending[2]?.pass();
    await other;
    expect(rows().map(({ name, status }) => [name, status])).toEqual([
      ['first', 'completed'],
      ['second', 'completed'],
    ]);
  });

  it('lose their bodies before any record is lost, and the log says so once', async () => {
    const { store, broken } = fragileStore();
    const { logger, of } = memoryLogger();
    const big = tool('big', () => 'x'.repeat(8_000_000));
    const daemon = daemonWith([big], { store, logger, limits: { maxRecordedBytes: 100_000_000 } });
    const client = await legacy(daemon);
    broken.error = new DaemonError('store_failed', 'full');
    for (let count = 0; count < 20; count += 1) await client.call('big');
    expect(daemon.stats()).toMatchObject({ waiting: 20, lost: 0 });
    expect(of('warn')).toEqual([expect.stringContaining('lose their arguments and results')]);
    broken.error = undefined;
    await daemon.close();
    expect(daemon.stats()).toMatchObject({ written: 20, lost: 0 });
  });

  it('a call whose arguments are nested too deeply to be encoded is still answered and recorded', async () => {
    const { store, rows } = watchedStore();
    const client = await legacy(daemonWith([echo, tool('any', () => 'fine')], { store }));
    const deep: unknown = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`);
    expect(textOf(await client.call('echo', { text: deep }))).toContain('Invalid arguments');
    expect(textOf(await client.call('any', { text: deep }))).toBe('fine');
    expect(rows().map(({ status, arguments: given }) => [status, given])).toEqual([
      ['failed', '"[nested too deeply to be recorded]"'],
      ['completed', '"[nested too deeply to be recorded]"'],
    ]);
  });
});

describe('a refusal that quotes arguments', () => {
  const inputSchema = { type: 'object', properties: { pin: { type: 'string', pattern: '^[0-9]+$' } } } as const;
  it.each<[string, Partial<RecordPolicy>]>([
    ['keeps neither body', { bodies: 'metadata' }],
    ['takes values out', { redact: ['$.pin'] }],
  ])('is sent to the model, but not to a record that %s', async (_what, record) => {
    const { store, rows } = watchedStore();
    const client = await legacy(daemonWith([defineTool({ name: 'pay', inputSchema, record, run: () => 'paid' })], { store }));
    expect(textOf(await client.call('pay', { pin: 'hunter2' }))).toContain('hunter2');
    expect(rows()).toMatchObject([{ status: 'failed', fault: 'protocol', notes: 'Invalid arguments for "pay"', content: null }]);
    expect(JSON.stringify(rows())).not.toContain('hunter2');
  });
});
