import { until } from '../../../../tests/until.js';
import { fateOf } from '../../src/call/idempotency-held.js';
import type { Outcome } from '../../src/call/outcome.js';
import type { DaemonOptions, FunctionDefinition, JsonObject, Store } from '../../src/index.js';
import { createMemoryStore, elicit, inputRequired } from '../../src/index.js';
import type { Client } from '../support.js';
import {
  daemonWith,
  deferred,
  echo,
  errorOf,
  inTime,
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

const KEY = 'io.mcp-daemon/idempotencyKey';
const REPEAT_OF = 'io.mcp-daemon/repeatOf';
const withKey = (key: unknown): JsonObject => ({ _meta: { [KEY]: key } });
const ASKS = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } } };

/** A tool that counts its runs. */
function counting(more: JsonObject = {}): { tool: FunctionDefinition; runs: () => number } {
  let runs = 0;
  return { tool: tool('charge', (args) => `run ${(runs += 1)} of ${JSON.stringify(args)}`, more), runs: () => runs };
}

/** A tool whose runs end when the test says so. */
function held(more: JsonObject = {}) {
  const runs: { end: (value: unknown) => void; signal: AbortSignal }[] = [];
  const definition = tool(
    'slow',
    async (_args, context) => {
      const end = deferred<unknown>();
      runs.push({ end: end.resolve, signal: context.signal });
      return end.promise;
    },
    more,
  );
  return { slow: definition, runs };
}

const metaOf = (answer: unknown): JsonObject => (resultOf(answer)['_meta'] ?? {}) as JsonObject;
const firstText = (answer: unknown): string => (resultOf(answer)['content'] as { text: string }[])[0]!.text;

/** A store that several daemons share, as several processes share a file. */
function shared(): { store: Store; daemon: (functions: readonly FunctionDefinition[], more?: Partial<DaemonOptions>) => Client } {
  const store = { ...createMemoryStore(), close: () => undefined };
  return { store, daemon: (functions, more = {}) => modern(daemonWith(functions, { store, ...more })) };
}

describe('a call with an idempotency key', () => {
  it('runs once: the same call again gets the first result, and says of which call it is', async () => {
    const { tool: charge, runs } = counting();
    const { store, rows } = watchedStore();
    const client = modern(daemonWith([charge], { store }));
    const first = await client.call('charge', { amount: 5 }, withKey('k'));
    expect(textOf(first)).toBe('run 1 of {"amount":5}');
    expect(metaOf(first)).not.toHaveProperty([REPEAT_OF]);
    const again = await client.call('charge', { amount: 5 }, withKey('k'));
    expect(textOf(again)).toBe('run 1 of {"amount":5}');
    expect(runs()).toBe(1);
    expect(rows()).toHaveLength(1);
    expect(metaOf(again)[REPEAT_OF]).toBe(rows()[0]!.mcp_function_call_uuid);
    expect(resultOf(again)).toMatchObject({ resultType: 'complete' });
    expect(metaOf(again)).toHaveProperty(['io.modelcontextprotocol/serverInfo']);
  });

  it('works for clients of the older versions, and with the plain parameter', async () => {
    const { tool: charge, runs } = counting();
    const daemon = daemonWith([charge]);
    const client = await legacy(daemon, { version: '2025-06-18' });
    await client.call('charge', {}, { idempotencyKey: 'k' });
    const again = await client.call('charge', {}, withKey('k'));
    expect(runs()).toBe(1);
    expect(resultOf(again)).toEqual({
      content: [{ type: 'text', text: 'run 1 of {}' }],
      _meta: { [REPEAT_OF]: expect.any(String) as string },
    });
  });

  it('gives a result that fits the version of the client that asks again', async () => {
    const rich = tool('rich', () => ({
      content: [{ type: 'resource_link', uri: 'a:b', name: 'b' }],
      structuredContent: { a: 1 },
    }));
    const daemon = daemonWith([rich]);
    resultOf(await modern(daemon).call('rich', {}, withKey('k')));
    const old = resultOf(await (await legacy(daemon, { version: '2024-11-05' })).call('rich', {}, withKey('k')));
    expect(old).not.toHaveProperty('structuredContent');
    expect(old).not.toHaveProperty('resultType');
    expect((old['content'] as JsonObject[])[0]).toMatchObject({ type: 'text' });
    expect(Object.keys(old['_meta'] as JsonObject)).toEqual([REPEAT_OF]);
  });

  it('does not depend on the order of the arguments', async () => {
    const { tool: charge, runs } = counting();
    const client = modern(daemonWith([charge]));
    await client.call('charge', { a: 1, b: { c: 2, d: 3 } }, withKey('k'));
    await client.call('charge', { b: { d: 3, c: 2 }, a: 1 }, withKey('k'));
    expect(runs()).toBe(1);
  });

  it('is refused if the key was used with other arguments, or for another tool', async () => {
    const { tool: charge, runs } = counting();
    const client = modern(daemonWith([charge, echo]));
    await client.call('charge', { amount: 5 }, withKey('k'));
    const other = errorOf(await client.call('charge', { amount: 6 }, withKey('k')));
    expect(other).toMatchObject({
      code: -32602,
      data: { reason: 'idempotency_key_reused', callId: expect.any(String) as string },
    });
    expect(other.message).toBe(
      'Invalid params: this idempotency key was used with other arguments before. Use a new key for a new call.',
    );
    expect(errorOf(await client.call('echo', { text: 'x' }, withKey('k'))).message).toContain('for another tool');
    expect(runs()).toBe(1);
  });

  it('shares its key with no other caller and no other partition', async () => {
    const { tool: charge, runs } = counting();
    const daemon = daemonWith([charge]);
    for (const subject of ['ann', 'bob']) {
      const answer = await modern(daemon, { identity: { subject } }).call('charge', { subject }, withKey('k'));
      expect(textOf(answer)).toContain(subject);
    }
    expect(runs()).toBe(2);
  });

  it.each([[7], [''], ['k'.repeat(256)], [{}], [[]], [true]])('is refused with the key %j', async (key) => {
    const { tool: charge, runs } = counting();
    const client = modern(daemonWith([charge]));
    expect(errorOf(await client.call('charge', {}, withKey(key)))).toMatchObject({ code: -32602 });
    expect(errorOf(await client.call('charge', {}, { idempotencyKey: key }))).toMatchObject({ code: -32602 });
    expect(runs()).toBe(0);
  });

  it('takes keys of 255 characters of any kind, and null as none', async () => {
    const { tool: charge, runs } = counting();
    const client = modern(daemonWith([charge]));
    for (const key of ['😀'.repeat(127), '../\n\0', '%'])
      for (let times = 0; times < 2; times += 1) await client.call('charge', {}, withKey(key));
    expect(runs()).toBe(3);
    await client.call('charge', {}, withKey(null));
    await client.call('charge', {}, { idempotencyKey: null });
    expect(runs()).toBe(5);
  });

  it('is refused if it has two different keys', async () => {
    const client = modern(daemonWith([counting().tool]));
    const answer = await client.call('charge', {}, { ...withKey('a'), idempotencyKey: 'b' });
    expect(errorOf(answer).message).toContain('different keys');
  });

  it('is refused if its arguments are nested too deeply', async () => {
    let deep: unknown = 1;
    for (let level = 0; level < 20_000; level += 1) deep = [deep];
    const { tool: charge, runs } = counting();
    const client = modern(daemonWith([charge]));
    const answer = await client.session.receive(
      client.message('tools/call', { name: 'charge', arguments: { deep }, ...withKey('k') }),
    );
    expect(errorOf(answer).message).toContain('nested too deeply');
    expect(runs()).toBe(0);
  });

  it('keeps its result although the function is not recorded', async () => {
    const { tool: charge, runs } = counting({ record: { bodies: 'none' } });
    const client = modern(daemonWith([charge]));
    await client.call('charge', {}, withKey('k'));
    const again = await client.call('charge', {}, withKey('k'));
    expect(textOf(again)).toBe('run 1 of {}');
    expect(metaOf(again)[REPEAT_OF]).toMatch(/^[0-9a-f-]{36}$/);
    expect(runs()).toBe(1);
  });

  it('is free again after its time', async () => {
    const { tool: charge, runs } = counting();
    const pass = stopClock();
    const client = modern(daemonWith([charge], { limits: { keyKeepMs: 1_000 } }));
    await client.call('charge', {}, withKey('k'));
    await pass(1_000);
    await client.call('charge', {}, withKey('k'));
    expect(runs()).toBe(2);
  });

  it('writes twice to the store, and not at all for a call without a key', async () => {
    const memory = createMemoryStore();
    const state = memory.state!;
    const writes: string[] = [];
    const store: Store = {
      ...memory,
      state: {
        ...state,
        put: (partition, key, ...rest) => {
          writes.push(key);
          return state.put(partition, key, ...rest);
        },
      },
    };
    const client = modern(daemonWith([counting().tool], { store }));
    await client.call('charge', {});
    expect(writes).toEqual([]);
    await client.call('charge', {}, withKey('k'));
    expect(writes).toEqual(['key/anonymous/k', 'key/anonymous/k']);
  });

  it('has a place of its own for each caller and key, whatever characters they have', async () => {
    const { store } = shared();
    const { tool: charge, runs } = counting();
    const subjects = ['a', 'a/b', '=a', 'b', ''];
    const keys = ['a', 'b/a', '/a', '=a', 'a'.repeat(65), 'ä'];
    for (const subject of subjects)
      for (const key of keys)
        await modern(daemonWith([charge], { store }), { identity: { subject } }).call('charge', {}, withKey(key));
    expect(runs()).toBe(subjects.length * keys.length);
    const stored = (await store.state!.list('default', 'key/')).items.map(({ key }) => key);
    expect(stored).toHaveLength(runs());
    expect(stored.filter((key) => !/^key\/([\w]{1,64}|=[\w-]{43})\/([\w]{1,64}|=[\w-]{43})$/.test(key))).toEqual([]);
  });
});

describe('what an idempotency key keeps', () => {
  const done = { answered: true, began: true, repeatable: false };

  it.each<[Outcome, Partial<typeof done>, ReturnType<typeof fateOf>]>([
    [{ kind: 'value', value: 1 }, {}, 'done'],
    [{ kind: 'error', message: '', cause: 1 }, {}, 'done'],
    [{ kind: 'error', message: '', cause: 1 }, { began: false }, 'removed'],
    [{ kind: 'error', message: '', cause: 1, unanswered: true }, {}, 'removed'],
    [{ kind: 'timed_out', afterMs: 1 }, {}, 'done'],
    [{ kind: 'timed_out', afterMs: 1 }, { began: false }, 'removed'],
    [{ kind: 'input_required', wish: { resultType: 'input_required' } }, {}, 'asking'],
    [{ kind: 'input_required', wish: { resultType: 'input_required' } }, { answered: false }, 'removed'],
    [{ kind: 'declined', message: '', notes: '', final: true }, { began: false }, 'done'],
    [{ kind: 'declined', message: '', notes: '', final: false }, { began: false }, 'removed'],
    [{ kind: 'cancelled' }, { answered: false }, 'unknown'],
    [{ kind: 'cancelled' }, { answered: false, repeatable: true }, 'removed'],
    [{ kind: 'cancelled' }, { answered: false, began: false }, 'removed'],
    [{ kind: 'unavailable', cause: 1 }, { began: false }, 'removed'],
    [{ kind: 'invalid', problems: [] }, { began: false }, 'removed'],
    [{ kind: 'refused', message: '', retryAfterMs: 1 }, { began: false }, 'removed'],
    [{ kind: 'stale', message: '' }, { began: false }, 'removed'],
  ])('of %j with %j is: %s', (outcome, change, fate) => {
    expect(fateOf(outcome, { ...done, ...change })).toBe(fate);
  });

  it('is also a failure of the function, and its time limit', async () => {
    let runs = 0;
    const fails = tool('fails', () => {
      runs += 1;
      throw new Error('no money');
    });
    const says = tool('says', () => ({ content: [{ type: 'text', text: `no ${(runs += 1)}` }], isError: true }));
    const { slow, runs: slowRuns } = held({ timeoutMs: 5 });
    const client = modern(daemonWith([fails, says, slow]));
    for (let times = 0; times < 2; times += 1) {
      expect(resultOf(await client.call('fails', {}, withKey('f')))).toMatchObject({
        isError: true,
        content: [{ text: 'no money' }],
      });
      expect(resultOf(await client.call('says', {}, withKey('s')))).toMatchObject({ isError: true, content: [{ text: 'no 2' }] });
      expect(firstText(await client.call('slow', {}, withKey('t')))).toContain('did not finish within 5 ms');
    }
    expect([runs, slowRuns.length]).toEqual([2, 1]);
  });

  it('is not a refusal before the function began, such as invalid arguments or a quota', async () => {
    const { tool: charge } = counting({ inputSchema: { type: 'object', required: ['amount'] }, quota: { per_minute: 1 } });
    const { store } = watchedStore();
    const client = modern(daemonWith([charge], { store }));
    const keys = async (): Promise<number> => (await store.state!.list('default', 'key/')).items.length;
    expect(firstText(await client.call('charge', {}, withKey('k')))).toContain('Invalid arguments');
    expect(await keys()).toBe(0);
    expect(firstText(await client.call('charge', { amount: 1 }, withKey('k')))).toContain('limited to 1 call a minute');
    expect(await keys()).toBe(0);
  });

  it('is not a call whose state was refused', async () => {
    const { tool: charge, runs } = counting();
    const client = modern(daemonWith([charge]));
    expect(errorOf(await client.call('charge', {}, { ...withKey('k'), requestState: 'x' })).code).toBe(-32602);
    expect(textOf(await client.call('charge', {}, withKey('k')))).toContain('run 1');
    expect(runs()).toBe(1);
  });
});

describe('a call whose key runs already', () => {
  it('waits, and gets the same result', async () => {
    const { slow, runs } = held();
    const client = modern(daemonWith([slow]));
    const calls = [1, 2, 3].map(() => client.call('slow', {}, withKey('k')));
    await until(() => runs.length === 1);
    await turns();
    runs[0]!.end('done');
    const answers = await Promise.all(calls);
    expect(answers.map(textOf)).toEqual(['done', 'done', 'done']);
    expect(answers.filter((answer) => REPEAT_OF in metaOf(answer))).toHaveLength(2);
    expect(runs).toHaveLength(1);
  });

  it('waits for another process that shares the store', async () => {
    const pass = stopClock();
    const { slow, runs } = held();
    const { daemon } = shared();
    const first = daemon([slow]).call('slow', {}, withKey('k'));
    await until(() => runs.length === 1);
    const second = daemon([slow]).call('slow', {}, withKey('k'));
    let isAnswered = false;
    void second.then(() => (isAnswered = true));
    await pass(3_000);
    expect(isAnswered).toBe(false);
    runs[0]!.end('done');
    expect([textOf(await first), textOf(await inTime(pass, 3_000, second))]).toEqual(['done', 'done']);
    expect(runs).toHaveLength(1);
  });

  it('of many processes, exactly one runs the function', async () => {
    const pass = stopClock();
    const { slow, runs } = held();
    const { daemon } = shared();
    const calls = Array.from({ length: 10 }, () => daemon([slow]).call('slow', {}, withKey('k')));
    await until(() => runs.length > 0);
    await pass(3_000);
    runs.forEach(({ end }) => end('done'));
    expect((await inTime(pass, 3_000, Promise.all(calls))).map(textOf)).toEqual(Array.from({ length: 10 }, () => 'done'));
    expect(runs).toHaveLength(1);
  });

  it('is told to come back, when it has waited as long as it may', async () => {
    const { slow, runs } = held();
    const client = modern(daemonWith([slow], { limits: { keyWaitMs: 20 } }));
    const first = client.call('slow', {}, withKey('k'));
    await until(() => runs.length === 1);
    const second = await client.call('slow', {}, withKey('k'));
    expect(firstText(second)).toMatch(
      /^The first call with this idempotency key \([0-9a-f-]{36}\) still runs\. Wait 5 seconds, /,
    );
    expect(metaOf(second)).toMatchObject({ 'io.mcp-daemon/retryAfterMs': 5_000, [REPEAT_OF]: expect.any(String) as string });
    runs[0]!.end('done');
    expect(textOf(await first)).toBe('done');
    expect(textOf(await client.call('slow', {}, withKey('k')))).toBe('done');
  });

  it('is refused at once with other arguments', async () => {
    const { slow, runs } = held();
    const client = modern(daemonWith([slow]));
    const first = client.call('slow', {}, withKey('k'));
    await until(() => runs.length === 1);
    expect(errorOf(await client.call('slow', { x: 1 }, withKey('k'))).message).toContain('other arguments');
    runs[0]!.end('done');
    await first;
  });

  it('runs, if the first one was refused before its function began', async () => {
    const check = deferred();
    let checks = 0;
    const schema = {
      '~standard': {
        ...{ version: 1, vendor: 'test' },
        jsonSchema: { input: () => ({ type: 'object' }), output: () => ({ type: 'object' }) },
        validate: async (value: unknown) => {
          checks += 1;
          if (checks > 1) return { value };
          await check.promise;
          return { issues: [{ message: 'not this time' }] };
        },
      },
    };
    const { tool: charge, runs } = counting({ inputSchema: schema });
    const client = modern(daemonWith([charge]));
    const first = client.call('charge', {}, withKey('k'));
    await until(() => checks === 1);
    const second = client.call('charge', {}, withKey('k'));
    await turns();
    check.resolve();
    expect(firstText(await first)).toContain('not this time');
    expect(textOf(await second)).toContain('run 1');
    expect(runs()).toBe(1);
  });

  it('stops waiting when it is cancelled', async () => {
    const { slow, runs } = held();
    const client = modern(daemonWith([slow]));
    const first = client.call('slow', {}, withKey('k'));
    await until(() => runs.length === 1);
    const second = client.call('slow', {}, withKey('k'), 'second');
    await turns();
    client.cancel('second');
    expect(await second).toBeUndefined();
    runs[0]!.end('done');
    expect(textOf(await first)).toBe('done');
  });
});

describe('a call with a key whose client leaves', () => {
  it('goes on, and the client gets the result when it comes back', async () => {
    const { slow, runs } = held();
    const daemon = daemonWith([slow]);
    const client = modern(daemon);
    const first = client.call('slow', {}, withKey('k'));
    await until(() => runs.length === 1);
    await turns();
    client.session.close();
    await turns();
    expect(runs[0]!.signal.aborted).toBe(false);
    const again = modern(daemon).call('slow', {}, withKey('k'));
    runs[0]!.end('done');
    expect(textOf(await again)).toBe('done');
    expect(await first).toBeUndefined();
    expect(runs).toHaveLength(1);
  });

  it('is waited for by a server that shuts down', async () => {
    const { slow, runs } = held();
    const { store, daemon } = shared();
    const server = daemonWith([slow], { store });
    const client = modern(server);
    void client.call('slow', {}, withKey('k'));
    await until(() => runs.length === 1);
    client.session.close();
    const pass = stopClock();
    const closed = server.close({ drainMs: 1_000 });
    await pass(999);
    runs[0]!.end('done');
    await closed;
    expect(textOf(await daemon([slow]).call('slow', {}, withKey('k')))).toBe('done');
    expect(runs).toHaveLength(1);
  });

  it.each(['cancelled by its client', 'ended by a server that shuts down'])(
    'but one that is %s has an unknown outcome',
    async (how) => {
      const { slow, runs } = held();
      const { store, daemon } = shared();
      const server = daemonWith([slow], { store });
      const client = modern(server);
      const first = client.call('slow', {}, withKey('k'), 'first');
      await until(() => runs.length === 1);
      await turns();
      if (how.includes('client')) client.cancel('first');
      else await server.close({ drainMs: 1 });
      await first;
      const again = await daemon([slow]).call('slow', {}, withKey('k'));
      expect(firstText(again)).toContain('was cancelled while it ran. It may have had its effect.');
      expect(resultOf(again)['isError']).toBe(true);
      expect(runs).toHaveLength(1);
    },
  );

  it('runs again after it was cancelled, if it only reads or may be repeated', async () => {
    for (const annotations of [{ readOnlyHint: true }, { idempotentHint: true }]) {
      const { slow, runs } = held({ annotations });
      const client = modern(daemonWith([slow]));
      const first = client.call('slow', {}, withKey('k'), 'first');
      await until(() => runs.length === 1);
      await turns();
      client.cancel('first');
      await first;
      const again = client.call('slow', {}, withKey('k'));
      await until(() => runs.length === 2);
      runs[1]!.end('again');
      expect(textOf(await again)).toBe('again');
    }
  });
});

describe('a key whose process has died', () => {
  const limits = { keyLeaseMs: 60, keyWaitMs: 2_000 };
  let pass: (ms: number) => Promise<void>;
  beforeEach(() => (pass = stopClock()));

  /** A daemon whose writes are lost from some time on, as if its process had ended. */
  function dying(store: Store): { store: Store; die: () => void } {
    let dead = false;
    const state = store.state!;
    const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
    return {
      die: () => (dead = true),
      store: {
        ...store,
        state: {
          ...state,
          put: (...args) => (dead ? never() : state.put(...args)),
          delete: (...args) => (dead ? never() : state.delete(...args)),
        },
      },
    };
  }

  it('has an unknown outcome, after its lease', async () => {
    const { slow, runs } = held();
    const { store, daemon } = shared();
    const first = dying(store);
    void modern(daemonWith([slow], { store: first.store, limits })).call('slow', {}, withKey('k'));
    await until(() => runs.length === 1);
    first.die();
    const again = await inTime(pass, limits.keyWaitMs, daemon([slow], { limits }).call('slow', {}, withKey('k')));
    expect(firstText(again)).toMatch(/was interrupted: the process that ran it has ended\. It may have had its effect\./);
    expect(resultOf(again)['isError']).toBe(true);
    expect(metaOf(again)[REPEAT_OF]).toMatch(/^[0-9a-f-]{36}$/);
    expect(runs).toHaveLength(1);
  });

  it('is taken over by one other call, if the function may be repeated', async () => {
    const { slow, runs } = held({ annotations: { readOnlyHint: true } });
    const { store, daemon } = shared();
    const first = dying(store);
    void modern(daemonWith([slow], { store: first.store, limits })).call('slow', {}, withKey('k'));
    await until(() => runs.length === 1);
    first.die();
    const others = [1, 2, 3, 4].map(() => daemon([slow], { limits }).call('slow', {}, withKey('k')));
    await until(() => pass(1_000).then(() => runs.length > 1), 'the second run');
    await pass(100); // longer than the lease: it is renewed
    expect(runs).toHaveLength(2);
    runs[1]!.end('second');
    expect((await inTime(pass, limits.keyWaitMs, Promise.all(others))).map(textOf)).toEqual([
      'second',
      'second',
      'second',
      'second',
    ]);
    expect(runs).toHaveLength(2);
  });

  describe('as the record of the call says', () => {
    const late = { keyLeaseMs: 60_000, keyWaitMs: 60_000 };

    /** A call of a process that has ended: its record is open, and belongs to a process that is not there any more. */
    async function died(more: JsonObject = {}) {
      const { slow, runs } = held(more);
      const { store, daemon } = shared();
      const first = dying(store);
      void modern(daemonWith([slow], { store: first.store, limits: late })).call('slow', {}, withKey('k'));
      await until(() => runs.length === 1);
      first.die();
      const [row] = (await store.calls.list('default', {})).items;
      await store.calls.write([{ ...row!, owner: 'ended' }]);
      return { runs, store, row: row!, next: daemon([slow], { limits: late }) };
    }

    it('has an unknown outcome at once', async () => {
      const { next, runs, row, store } = await died();
      const again = await next.call('slow', {}, withKey('k'));
      expect(firstText(again)).toMatch(/was interrupted: the process that ran it has ended\. It may have had its effect\./);
      expect(metaOf(again)[REPEAT_OF]).toBe(row.mcp_function_call_uuid);
      expect((await store.calls.get('default', row.mcp_function_call_uuid))?.status).toBe('interrupted');
      expect(runs).toHaveLength(1);
    });

    it('is taken over at once, if the function may be repeated', async () => {
      const { next, runs } = await died({ annotations: { idempotentHint: true } });
      const again = next.call('slow', {}, withKey('k'));
      await until(() => runs.length === 2);
      runs[1]!.end('second');
      expect(textOf(await again)).toBe('second');
    });

    it('waits for a process that may still write the result', async () => {
      const { slow, runs } = held();
      const { store, daemon } = shared();
      const first = dying(store);
      void modern(daemonWith([slow], { store: first.store, limits })).call('slow', {}, withKey('k'));
      await until(() => runs.length === 1);
      first.die();
      runs[0]!.end('x'); // its record is written, its key is not
      const again = await inTime(pass, limits.keyWaitMs, daemon([slow], { limits }).call('slow', {}, withKey('k')));
      expect(firstText(again)).toMatch(
        /has ended \(its record says "completed"\), but its result was lost .* may have had its effect\./,
      );
      expect(runs).toHaveLength(1);
    });

    it('counts its lease alone where the record cannot be read', async () => {
      const { slow, runs } = held();
      const { store } = shared();
      const first = dying(store);
      void modern(daemonWith([slow], { store: first.store, limits })).call('slow', {}, withKey('k'));
      await until(() => runs.length === 1);
      first.die();
      const { logger, of } = memoryLogger();
      const get = (): never => {
        throw new Error('unreadable');
      };
      const broken = { ...store, calls: { ...store.calls, get } };
      const again = await inTime(
        pass,
        limits.keyWaitMs,
        modern(daemonWith([slow], { store: broken, limits, logger })).call('slow', {}, withKey('k')),
      );
      expect(firstText(again)).toContain('was interrupted');
      expect(of('warn')).toContain('the record of a call with an idempotency key cannot be read');
    });
  });

  it('is renewed while its call runs', async () => {
    const { slow, runs } = held();
    const { daemon } = shared();
    const first = daemon([slow], { limits }).call('slow', {}, withKey('k'));
    await until(() => runs.length === 1);
    const again = daemon([slow], { limits }).call('slow', {}, withKey('k'));
    await pass(1_000);
    runs[0]!.end('done');
    expect([textOf(await first), textOf(await inTime(pass, 1_000, again))]).toEqual(['done', 'done']);
  });
});

describe('a store that fails', () => {
  const failing = (methods: Partial<NonNullable<Store['state']>>): Store => {
    const memory = createMemoryStore();
    return { ...memory, state: { ...memory.state!, ...methods } };
  };

  it('lets no call with a key run, because nothing could be promised', async () => {
    const { tool: charge, runs } = counting();
    const { logger, of } = memoryLogger();
    const store = failing({ put: () => Promise.reject(new Error('disk full')) });
    const client = modern(daemonWith([charge], { store, logger }));
    const answer = errorOf(await client.call('charge', {}, withKey('k')));
    expect(answer).toMatchObject({ code: -32010, data: { retryAfterMs: 1_000 } });
    expect(answer.message).not.toContain('disk full');
    expect(of('error')).toContain('an idempotency key cannot be stored');
    expect(runs()).toBe(0);
    expect(textOf(await client.call('charge', {}))).toContain('run 1');
  });

  it('does not keep the answer of a call that has run, and gets the result later', async () => {
    const { tool: charge, runs } = counting();
    const memory = createMemoryStore();
    const state = memory.state!;
    let puts = 0;
    const store = {
      ...memory,
      state: {
        ...state,
        put: (...args: Parameters<typeof state.put>) =>
          (puts += 1) === 2 ? Promise.reject(new Error('busy')) : state.put(...args),
      },
    };
    const client = modern(daemonWith([charge], { store, logger: memoryLogger().logger }));
    expect(textOf(await client.call('charge', {}, withKey('k')))).toContain('run 1');
    expect(textOf(await client.call('charge', {}, withKey('k')))).toContain('run 1');
    expect(runs()).toBe(1);
  });
});

describe('the bounds of keys', () => {
  it('are a number of keys for each caller: further calls are told to go without', async () => {
    const { tool: charge, runs } = counting();
    const daemon = daemonWith([charge], { limits: { maxKeysPerUser: 3 } });
    const client = modern(daemon);
    for (let key = 0; key < 3; key += 1) await client.call('charge', {}, withKey(`k${key}`));
    const refused = await client.call('charge', {}, withKey('k3'));
    expect(firstText(refused)).toContain('3 idempotency keys of this user are kept');
    expect(metaOf(refused)).toMatchObject({ 'io.mcp-daemon/retryAfterMs': 60_000 });
    expect(textOf(await client.call('charge', {}, withKey('k1')))).toContain('run 2');
    expect(runs()).toBe(3);
    expect(textOf(await modern(daemon, { identity: { subject: 'ann' } }).call('charge', {}, withKey('k3')))).toContain('run 4');
  });

  it('count the bytes of results, and what other processes have stored', async () => {
    const large = tool('large', () => 'x'.repeat(1_000));
    const { daemon } = shared();
    const limits = { maxKeyBytesPerUser: 3_000 };
    const first = daemon([large], { limits });
    for (let key = 0; key < 2; key += 1) await first.call('large', {}, withKey(`k${key}`));
    const second = daemon([large], { limits });
    await second.call('large', {}, withKey('k2'));
    await second.call('large', {}, withKey('k3'));
    await second.call('large', {}, withKey('k4'));
    const refused = await second.call('large', {}, withKey('k5'));
    expect(firstText(refused)).toMatch(/take \d+ bytes, and at most 3000 may be kept/);
  });

  it('do not count keys that were removed again', async () => {
    const { tool: charge } = counting({ inputSchema: { type: 'object', required: ['amount'] } });
    const client = modern(daemonWith([charge], { limits: { maxKeysPerUser: 2 } }));
    for (let times = 0; times < 5; times += 1)
      expect(firstText(await client.call('charge', {}, withKey(`k${times}`)))).toContain('Invalid arguments');
  });
});

describe('a key over several rounds of questions', () => {
  const asking = () => {
    const effects: string[] = [];
    const definition = tool('book', (_args, { inputs }) => {
      const name = (inputs['name'] as JsonObject | undefined)?.['content'] as JsonObject | undefined;
      if (name === undefined) return inputRequired({ name: elicit('Your name?', { type: 'object', properties: {} }) }, 'asked');
      effects.push(String(name['name']));
      return `booked for ${String(name['name'])}`;
    });
    return { book: definition, effects };
  };
  const ann = { name: { action: 'accept', content: { name: 'Ann' } } };

  it('is shared by all rounds of one operation', async () => {
    const { book, effects } = asking();
    const client = modern(daemonWith([book]), { meta: ASKS });
    const question = resultOf(await client.call('book', {}, withKey('k')));
    expect(question['resultType']).toBe('input_required');
    const { requestState } = question;
    const same = resultOf(await client.call('book', {}, withKey('k')));
    expect(same['requestState']).toBe(requestState);
    expect(same['_meta']).toHaveProperty([REPEAT_OF]);
    const round = { ...withKey('k'), requestState, inputResponses: ann };
    expect(textOf(await client.call('book', {}, round))).toBe('booked for Ann');
    expect(textOf(await client.call('book', {}, round))).toBe('booked for Ann');
    expect(textOf(await client.call('book', {}, withKey('k')))).toBe('booked for Ann');
    const bob = { name: { action: 'accept', content: { name: 'Bob' } } };
    expect(textOf(await client.call('book', {}, { ...round, inputResponses: bob }))).toBe('booked for Ann');
    expect(effects).toEqual(['Ann']);
  });

  it('is held while a legacy client is asked, and free again if it does not answer', async () => {
    const { book, effects } = asking();
    const daemon = daemonWith([book]);
    const capabilities = { elicitation: {} };
    const gone = await legacy(daemon, { capabilities });
    const first = gone.call('book', {}, withKey('k'));
    await until(() => gone.of('elicitation/create').length === 1);
    gone.session.close();
    await first;
    const client = await legacy(daemon, { capabilities });
    client.onRequest = () => ({ result: ann.name });
    expect(textOf(await client.call('book', {}, withKey('k')))).toBe('booked for Ann');
    expect(effects).toEqual(['Ann']);
  });
});
