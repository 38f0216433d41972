import { until } from '../../../../tests/until.js';
import type { QuotaRequest, Quotas } from '../../src/call/quotas.js';
import { createQuotas } from '../../src/call/quotas.js';
import type { CatalogQuotas, FunctionDefinition, JsonObject, Quota } from '../../src/index.js';
import { createMemoryStore, defineCatalog, definePrompt, parseConfig } from '../../src/index.js';
import type { Deferred } from '../support.js';
import { collectGarbage, daemonWith, deferred, errorOf, modern, resultOf, textOf, tool, turns } from '../support.js';

/** A tool whose calls end when the test says so, with its running calls. */
function heldTool(quota?: Quota): { held: FunctionDefinition; running: Deferred<void>[] } {
  const running: Deferred<void>[] = [];
  const run = async (): Promise<string> => {
    const end = deferred();
    running.push(end);
    await end.promise;
    return 'done';
  };
  return { held: tool('held', run, quota === undefined ? {} : { quota: { ...quota } }), running };
}

const text = (answer: unknown): string => {
  const { content, isError } = resultOf(answer) as { content: { text: string }[]; isError?: boolean };
  expect(isError).toBe(true);
  return content[0]!.text;
};

describe('a quota of calls at once', () => {
  it('lets further calls wait, in their order, and refuses those that the queue has no place for', async () => {
    const { held, running } = heldTool({ concurrent: 1, queue: 2 });
    const daemon = daemonWith([held]);
    const client = modern(daemon);
    const calls = [1, 2, 3].map(() => client.call('held'));
    await until(() => running.length > 0 && daemon.stats().quotas.waiting === 2, 'one call runs, and two wait');
    expect(running).toHaveLength(1);
    expect(daemon.stats().quotas).toEqual({ waiting: 2, refused: { function: 0, subject: 0, partition: 0 } });
    const refused = await client.call('held');
    expect(text(refused)).toBe('"held" is limited to 1 call at once, and 2 more calls wait. Try again in 5 seconds.');
    expect(resultOf(refused)['_meta']).toMatchObject({ 'io.mcp-daemon/retryAfterMs': 5_000 });
    for (const index of [0, 1, 2]) {
      await until(() => running.length > index, `call ${index} runs`);
      await turns();
      expect(running).toHaveLength(index + 1);
      running[index]!.resolve();
      expect(textOf(await calls[index])).toBe('done');
    }
    expect(daemon.stats().quotas).toEqual({ waiting: 0, refused: { function: 1, subject: 0, partition: 0 } });
  });

  it('lets nobody wait with a queue of 0', async () => {
    const { held, running } = heldTool({ concurrent: 1, queue: 0 });
    const client = modern(daemonWith([held]));
    const first = client.call('held');
    await until(() => running.length === 1, 'the first call runs');
    expect(text(await client.call('held'))).toBe('"held" is limited to 1 call at once. Try again in 5 seconds.');
    running[0]!.resolve();
    await first;
  });

  it('is given back by a call that fails', async () => {
    const fails = tool('fails', () => Promise.reject(new Error('no')), { quota: { concurrent: 1, queue: 0 } });
    const client = modern(daemonWith([fails]));
    for (let times = 0; times < 3; times += 1) expect(text(await client.call('fails'))).toBe('no');
  });

  it('is not used by a call that is cancelled while it waits', async () => {
    const { held, running } = heldTool({ concurrent: 1 });
    const daemon = daemonWith([held]);
    const client = modern(daemon);
    const first = client.call('held');
    await until(() => running.length === 1, 'the first call runs');
    const second = client.raw(client.message('tools/call', { name: 'held' }, 'second'));
    await until(() => daemon.stats().quotas.waiting === 1, 'the second call waits');
    await client.raw({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'second' } });
    await second;
    expect(daemon.stats().quotas.waiting).toBe(0);
    running[0]!.resolve();
    expect(textOf(await first)).toBe('done');
    expect(running).toHaveLength(1);
  });

  it('refuses a call that has waited as long as it may run', async () => {
    const { held, running } = heldTool({ concurrent: 1 });
    const limited = { ...held, timeout_ms: 20 } as FunctionDefinition;
    const quotas = createQuotas({ recent: () => Promise.resolve({ calls: 0, ms: 0 }) });
    const request = requestOf({ definition: limited, waitMs: 20 });
    const first = await quotas.enter(request);
    expect(await quotas.enter(request)).toEqual({
      kind: 'refused',
      message: '"held" is limited to 1 call at once, and none ended within 1 second. Try again in 30 seconds.',
      retryAfterMs: 30_000,
    });
    expect(first.kind).toBe('admitted');
    expect(running).toHaveLength(0);
  });

  it('of a user leaves other users alone, and one of the partition does not', async () => {
    const quotas: CatalogQuotas = { subject: { concurrent: 1, queue: 0 }, partition: { concurrent: 2, queue: 0 } };
    const { held, running } = heldTool();
    const daemon = daemonWith([], { catalog: defineCatalog({ functions: [held], quotas }) });
    const [ann, bob, cy] = ['ann', 'bob', 'cy'].map((subject) => modern(daemon, { identity: { subject } }));
    const calls = [ann!.call('held'), bob!.call('held')];
    await until(() => running.length === 2, 'both calls run');
    expect(text(await ann!.call('held'))).toBe('Each user is limited to 1 call at once. Try again in 5 seconds.');
    expect(text(await cy!.call('held'))).toBe('This server is limited to 2 calls at once. Try again in 5 seconds.');
    expect(daemon.stats().quotas.refused).toEqual({ function: 0, subject: 1, partition: 1 });
    for (const one of running) one.resolve();
    await Promise.all(calls);
  });

  it('of the daemon holds besides those of catalogs', async () => {
    const { held, running } = heldTool({ concurrent: 5 });
    const client = modern(daemonWith([held], { quotas: { subject: { concurrent: 1, queue: 0 } } }));
    const first = client.call('held');
    await until(() => running.length === 1, 'the first call runs');
    expect(text(await client.call('held'))).toMatch(/^Each user is limited to 1 call at once/);
    running[0]!.resolve();
    await first;
  });
});

describe('a quota of calls a minute', () => {
  it('refuses further calls, and says when to come back', async () => {
    const quota = { per_minute: 2 };
    const daemon = daemonWith([
      tool('book', () => 'booked', { quota }),
      { ...definePrompt({ name: 'ask', run: () => 'x' }), quota } as FunctionDefinition,
    ]);
    const client = modern(daemon);
    for (const name of ['book', 'book']) expect(textOf(await client.call(name))).toBe('booked');
    expect(text(await client.call('book'))).toMatch(
      /^"book" is limited to 2 calls a minute, and they are used up\. Wait \d+ seconds, then call it again\.$/,
    );
    for (let times = 0; times < 2; times += 1) resultOf(await client.request('prompts/get', { name: 'ask' }));
    const { code, data } = errorOf(await client.request('prompts/get', { name: 'ask' }));
    expect({ code, data }).toEqual({ code: -32010, data: { retryAfterMs: expect.any(Number) } });
  });

  it('is recorded, with the reason', async () => {
    const store = createMemoryStore();
    const client = modern(daemonWith([tool('book', () => 'booked', { quota: { per_minute: 1 } })], { store }));
    await client.call('book');
    await client.call('book');
    const { items } = await store.calls.list('default', {});
    expect(items.map(({ status, fault }) => [status, fault])).toEqual([
      ['failed', 'protocol'],
      ['completed', null],
    ]);
    expect(items[0]!.notes).toMatch(/is limited to 1 call a minute/);
  });

  it('is not a new one after a restart', async () => {
    const store = createMemoryStore();
    const keptOpen = { ...store, close: () => undefined };
    const functions = [tool('book', () => 'booked', { quota: { per_minute: 3 } })];
    const first = daemonWith(functions, { store: keptOpen });
    for (let times = 0; times < 3; times += 1) expect(textOf(await modern(first).call('book'))).toBe('booked');
    await first.close();
    expect(text(await modern(daemonWith(functions, { store: keptOpen })).call('book'))).toMatch(/limited to 3 calls a minute/);
  });

  it('does not depend on a store that cannot be read', async () => {
    const quotas = createQuotas({ recent: () => Promise.reject(new Error('no store')) });
    const request = requestOf({ definition: tool('book', () => '', { quota: { per_minute: 1 } }) });
    expect(await quotas.enter(request)).toMatchObject({ kind: 'admitted' });
    expect(await quotas.enter(request)).toMatchObject({ kind: 'refused' });
  });

  it('counts the calls before a start exactly, though they are spread over the minute', async () => {
    for (const calls of [1, 2, 4, 8, 9, 11]) {
      const quotas = createQuotas({ recent: () => Promise.resolve({ calls, ms: 0 }), now: () => 0 });
      const request = requestOf({ definition: tool('book', () => '', { quota: { per_minute: calls + 1 } }) });
      expect(await quotas.enter(request)).toMatchObject({ kind: 'admitted' });
      expect(await quotas.enter(request)).toMatchObject({ kind: 'refused' });
    }
  });

  it('slides: a call may run a minute after the one before', async () => {
    let now = 0;
    const quotas = createQuotas({ recent: () => Promise.resolve({ calls: 0, ms: 0 }), now: () => now });
    const request = requestOf({ definition: tool('book', () => '', { quota: { per_minute: 2 } }) });
    const kinds: string[] = [];
    for (const at of [0, 30_000, 31_000, 60_000, 61_000, 90_000]) {
      now = at;
      kinds.push((await quotas.enter(request)).kind);
    }
    expect(kinds).toEqual(['admitted', 'admitted', 'refused', 'admitted', 'refused', 'admitted']);
    now = 91_000;
    expect(await quotas.enter(request)).toMatchObject({ retryAfterMs: 29_000 });
  });
});

describe('a quota of running time', () => {
  it('refuses calls when it is used up, and lets running ones end', async () => {
    let now = 0;
    const quotas = createQuotas({ recent: () => Promise.resolve({ calls: 0, ms: 0 }), now: () => now });
    const request = requestOf({ definition: tool('slow', () => '', { quota: { ms_per_minute: 1_000 } }) });
    const [first, second] = [await quotas.enter(request), await quotas.enter(request)];
    now = 900;
    if (first.kind === 'admitted') first.leave();
    const third = await quotas.enter(request);
    expect(third.kind).toBe('admitted');
    if (second.kind === 'admitted') second.leave();
    expect(await quotas.enter(request)).toEqual({
      kind: 'refused',
      message:
        '"slow" is limited to 1000 ms of running time a minute, and they are used up. Wait 60 seconds, then call it again.',
      retryAfterMs: 60_000,
    });
    now = 60_000;
    expect((await quotas.enter(request)).kind).toBe('admitted');
  });
});

describe('quotas', () => {
  it('are not asked about calls that have none', () => {
    const none = createQuotas({ recent: () => Promise.reject(new Error('asked')) });
    expect(
      none.concerns(
        tool('t', () => ''),
        undefined,
      ),
    ).toBe(false);
  });

  it('forget users who have not called for a minute', async () => {
    let now = 0;
    const quotas = createQuotas({
      defaults: { subject: { concurrent: 1 } },
      recent: () => Promise.resolve({ calls: 0, ms: 0 }),
      now: () => now,
    });
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let number = 0; number < 100_000; number += 1) {
      now += 1_000;
      const answer = await quotas.enter(requestOf({ definition: tool('t', () => ''), subject: `user ${number}` }));
      if (answer.kind === 'admitted') answer.leave();
    }
    collectGarbage();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(5_000_000);
  });

  it('of every kind hold in any order of calls: never more run than each allows, and all waiting calls run', async () => {
    const inFlight = { function: 0, subject: new Map<string, number>(), partition: 0 };
    const quotas: Quotas = createQuotas({ recent: () => Promise.resolve({ calls: 0, ms: 0 }) });
    const definition = tool('t', () => '', { quota: { concurrent: 3, queue: 1_000 } });
    const ofCatalog: CatalogQuotas = {
      subject: { concurrent: 2, queue: 1_000 },
      partition: { concurrent: 4, queue: 1_000 },
    };
    let random = 7;
    const next = (below: number): number => (random = (random * 48_271) % 2_147_483_647) % below;
    let ran = 0;
    const one = async (subject: string, of: FunctionDefinition): Promise<void> => {
      const answer = await quotas.enter(requestOf({ definition: of, subject, quotas: ofCatalog }));
      if (answer.kind !== 'admitted') throw new Error(answer.kind);
      const own = (inFlight.subject.get(subject) ?? 0) + 1;
      inFlight.subject.set(subject, own);
      inFlight.partition += 1;
      if (of === definition) inFlight.function += 1;
      expect([own <= 2, inFlight.partition <= 4, inFlight.function <= 3]).toEqual([true, true, true]);
      await turns(next(4));
      ran += 1;
      inFlight.subject.set(subject, (inFlight.subject.get(subject) ?? 0) - 1);
      inFlight.partition -= 1;
      if (of === definition) inFlight.function -= 1;
      answer.leave();
    };
    const other = tool('u', () => '');
    await Promise.all(Array.from({ length: 300 }, () => one(`user ${next(5)}`, next(2) === 0 ? definition : other)));
    expect(ran).toBe(300);
    expect(quotas.stats().waiting).toBe(0);
  });

  it('are keys of the config file', () => {
    const config = (more: JsonObject, link: JsonObject = {}): string =>
      JSON.stringify({
        tools: [{ name: 't' }],
        module_links: [{ name: 't', module_name: 'm', function_name: 'f', ...link }],
        ...more,
      });
    const { definition } = parseConfig(
      config({ quotas: { subject: { per_minute: 5, concurrent: null }, $comment: 'x' } }, { quota: { concurrent: 2, queue: 0 } }),
    );
    expect(definition.quotas).toEqual({ subject: { per_minute: 5 } });
    expect(definition.functions[0]!.quota).toEqual({ concurrent: 2, queue: 0 });
    expect(definition.revision).not.toBe(parseConfig(config({})).definition.revision);
    for (const [wrong, message] of [
      [{ quotas: { user: {} } }, /unknown key "user": use subject/],
      [{ quotas: { subject: { per_minute: 0 } } }, /\$\.quotas\.subject\.per_minute: must be a whole number from 1 to 1000000/],
      [{ quotas: { partition: { per_hour: 5 } } }, /unknown key "per_hour": use per_minute/],
      [{ quotas: [] }, /\$\.quotas: must be an object/],
    ] as const)
      expect(() => parseConfig(config(wrong as unknown as JsonObject))).toThrow(message);
  });

  it('of a program are checked', () => {
    expect(() => daemonWith([], { quotas: { subject: { concurrent: 0 } } })).toThrow(
      'quotas.subject.concurrent must be a whole number from 1 to 10000, got 0',
    );
    expect(() => daemonWith([], { quotas: { partition: { perMinute: 1 } as never } })).toThrow(
      /quotas\.partition\.perMinute is unknown/,
    );
    expect(() => daemonWith([tool('t', () => '', { quota: { per_minute: 1.5 } })])).toThrow(/\$\[0\]\.quota: quota\.per_minute/);
  });
});

/** A request of a call. */
function requestOf(more: Partial<QuotaRequest> & Pick<QuotaRequest, 'definition'>): QuotaRequest {
  const { signal } = new AbortController();
  return { partition: 'p', subject: 'ann', quotas: undefined, counts: true, signal, waitMs: 60_000, ...more };
}
