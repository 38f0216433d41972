import { until } from '../../../../tests/until.js';
import type { JsonRpcResponse } from '../../src/index.js';
import { messageCount } from '../../src/index.js';
import { BATCH_CONCURRENCY } from '../../src/session/batch.js';
import type { Client } from '../support.js';
import { daemonWith, deferred, echo, legacy, META, textOf, tool, turns } from '../support.js';

const version = '2025-03-26';

describe('the number of messages in a body', () => {
  it.each<[unknown, number]>([
    [{ jsonrpc: '2.0', id: 1, method: 'ping' }, 1],
    [[{}, {}, 5], 3],
    [[], 1],
    ['x', 1],
    [undefined, 1],
  ])('%j: %d', (body, count) => {
    expect(messageCount(body)).toBe(count);
  });
});

describe('a batch', () => {
  function crowd(): { slow: ReturnType<typeof tool>; open: () => void; most: () => number; started: () => number } {
    const gate = deferred();
    let [running, most, started] = [0, 0, 0];
    const slow = tool('slow', async () => {
      started += 1;
      running += 1;
      most = Math.max(most, running);
      await gate.promise;
      await turns(1);
      running -= 1;
      return 'done';
    });
    return { slow, open: () => gate.resolve(), most: () => most, started: () => started };
  }
  const calls = (client: Client, name: string, count: number, first = 0): unknown[] =>
    Array.from({ length: count }, (_, index) => client.message('tools/call', { name, arguments: { text: 'x' } }, first + index));

  it(`runs ${BATCH_CONCURRENCY} of its requests at once, and answers all of them in order`, async () => {
    const { slow, open, most, started } = crowd();
    const client = await legacy(daemonWith([slow, echo]), { version });
    const answered = client.raw([...calls(client, 'slow', 100), ...calls(client, 'echo', 100, 100)]);
    await until(() => started() === BATCH_CONCURRENCY, 'the first requests');
    await turns();
    expect([started(), client.session.inFlight]).toEqual([BATCH_CONCURRENCY, 200]);
    open();
    const answers = (await answered) as { id: number }[];
    expect(answers.map(({ id }) => id)).toEqual(Array.from({ length: 200 }, (_, index) => index));
    expect(most()).toBe(BATCH_CONCURRENCY);
    expect(client.session.inFlight).toBe(0);
  });

  it('whose answers are too large together gets errors in place of the rest, which is not run', async () => {
    let ran = 0;
    const large = tool('large', () => {
      ran += 1;
      return 'x'.repeat(90_000);
    });
    const client = await legacy(daemonWith([large, echo], { limits: { maxResultBytes: 100_000 } }), { version });
    const answers = (await client.raw([...calls(client, 'large', 40), ...calls(client, 'echo', 1, 40)])) as JsonRpcResponse[];
    expect(answers.map(({ id }) => id)).toEqual(Array.from({ length: 41 }, (_, index) => index));
    const errors = answers.map((answer) => ('error' in answer ? answer.error.message : undefined));
    expect(errors.filter((error) => error === undefined)).toHaveLength(2);
    expect(errors.at(-1)).toContain('The answers of a batch may have 200000 characters together');
    expect(ran).toBeLessThan(20);
    expect(client.session.inFlight).toBe(0);
    // The memory is given back.
    const [again] = (await client.raw(calls(client, 'large', 2))) as JsonRpcResponse[];
    expect(again).toHaveProperty('result');
  });

  it('gives the event loop a turn between requests that are answered at once', async () => {
    const busy = tool('busy', () => {
      for (const end = performance.now() + 2; performance.now() < end;);
      return 'done';
    });
    const client = await legacy(daemonWith([busy]), { version });
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 1);
    await client.raw(calls(client, 'busy', 60));
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(3);
  });

  it('handles messages that are not requests at once, so a request can be cancelled before its turn', async () => {
    const { slow, open, started } = crowd();
    const client = await legacy(daemonWith([slow]), { version });
    const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 18 } };
    const answered = client.raw([...calls(client, 'slow', 20), cancelled]);
    client.cancel(19);
    await until(() => started() === BATCH_CONCURRENCY, 'the first requests');
    open();
    expect(((await answered) as { id: number }[]).map(({ id }) => id)).toEqual(Array.from({ length: 18 }, (_, index) => index));
    expect(started()).toBe(18);
  });

  it('is not blocked by streams, which do not end', async () => {
    const client = await legacy(daemonWith([echo]), { version });
    const listens = Array.from({ length: 20 }, (_, id) => ({
      jsonrpc: '2.0',
      id: `listen ${id}`,
      method: 'subscriptions/listen',
      params: { notifications: {}, _meta: META },
    }));
    void client.raw([...listens, client.message('tools/call', { name: 'echo', arguments: { text: 'x' } }, 'after')]);
    await until(() => client.session.inFlight === 20, 'the answer of the call'); // the streams stay
  });

  it('must not contain initialize, and a repeated id is refused', async () => {
    const client = await legacy(daemonWith([echo]), { version });
    const initialize = client.message('initialize', { protocolVersion: '2025-11-25', capabilities: {} }, 1);
    const answers = await client.raw([initialize, ...calls(client, 'echo', 1, 2), ...calls(client, 'echo', 1, 2)]);
    expect(answers).toMatchObject([{ id: 1, error: { code: -32600 } }, { id: 2 }, { id: 2, error: { code: -32600 } }]);
    expect(textOf((answers as unknown[])[1])).toBe('x');
    expect(client.session.legacy?.caller.version).toBe(version);
  });

  it('ends with its connection: waiting requests never start', async () => {
    const { slow, started } = crowd();
    const client = await legacy(daemonWith([slow]), { version });
    const answered = client.raw(calls(client, 'slow', 50));
    await until(() => started() === BATCH_CONCURRENCY, 'the first requests');
    client.session.close();
    expect(await answered).toBeUndefined();
    expect(started()).toBe(BATCH_CONCURRENCY);
  });
});
