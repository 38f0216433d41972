import { until } from '../../../../tests/until.js';
import { abortReason } from '../../src/index.js';
import { daemonWith, deferred, legacy, META, modern, stopClock, tool, turns, watchedStore } from '../support.js';

describe('the record of a cancelled call', () => {
  function waiting(): { daemon: ReturnType<typeof daemonWith>; signals: AbortSignal[]; notes: () => (string | null)[] } {
    const { store, rows } = watchedStore();
    const signals: AbortSignal[] = [];
    const never = deferred();
    const wait = tool('wait', async (_args, { signal }) => {
      signals.push(signal);
      await never.promise;
    });
    return { daemon: daemonWith([wait], { store }), signals, notes: () => rows().map(({ notes }) => notes) };
  }
  const SHUTDOWN = 'cancelled because the server shut down';
  const CLIENT = 'cancelled by the client';

  it('says that its client cancelled it, or left', async () => {
    const { daemon, signals, notes } = waiting();
    const [first, second] = [await legacy(daemon), modern(daemon)];
    const calls = [first.call('wait', {}, {}, 1), second.call('wait', {}, {}, 2)];
    await until(() => signals.length === 2, 'the functions begin');
    first.cancel(1);
    second.session.close();
    expect(await Promise.all(calls)).toEqual([undefined, undefined]);
    expect(notes()).toEqual([CLIENT, CLIENT]);
  });

  it('says that the server shut down, even if its client disconnects afterwards', async () => {
    const { daemon, signals, notes } = waiting();
    const client = await legacy(daemon);
    const answer = client.call('wait');
    await until(() => signals.length === 1, 'the function begins');
    const closed = daemon.close({ drainMs: 10 });
    await answer;
    client.session.close();
    await closed;
    expect(notes()).toEqual([SHUTDOWN]);
  });

  it('also says so if a transport ends a request without a session', async () => {
    const { daemon, signals, notes } = waiting();
    const controller = new AbortController();
    const exchange = { partition: 'default', subject: 'x', signal: controller.signal, notify: () => {} };
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'wait', _meta: META } };
    const answer = daemon.handle(call, exchange);
    await until(() => signals.length === 1, 'the function begins');
    controller.abort(abortReason('server'));
    await answer;
    expect(notes()).toEqual([SHUTDOWN]);
  });

  it('close without a drain aborts the signals of running functions before it returns', async () => {
    const { daemon, signals, notes } = waiting();
    const client = await legacy(daemon);
    const answer = client.call('wait');
    await until(() => signals.length === 1, 'the function begins');
    const closed = daemon.close({ drainMs: 0 });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    await closed;
    expect(await answer).toBeUndefined();
    expect(notes()).toEqual([SHUTDOWN]);
  });

  it('a second close without a drain cuts the drain of the first short', async () => {
    const { daemon, signals } = waiting();
    const client = await legacy(daemon);
    const answer = client.call('wait');
    await until(() => signals.length === 1, 'the function begins');
    stopClock(); // nothing here may wait for the 30 seconds
    const closed = daemon.close({ drainMs: 30_000 });
    await turns();
    expect(signals[0]?.aborted).toBe(false);
    void daemon.close({ drainMs: 0 });
    expect(signals[0]?.aborted).toBe(true);
    await Promise.all([closed, answer]);
  });
});
