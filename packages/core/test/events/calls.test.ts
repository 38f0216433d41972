/** What is told of calls, and when. */
import { until } from '../../../../tests/until.js';
import type { Daemon, DaemonEvent, FunctionDefinition, JsonObject } from '../../src/index.js';
import { DEFAULT_PARTITION, definePrompt, defineResource } from '../../src/index.js';
import { Client, daemonWith, deferred, echo, legacy, META, modern, tool, turns, watchedStore } from '../support.js';

/** Events of the partition of the config file. */
function follow(daemon: Daemon, partition = DEFAULT_PARTITION): DaemonEvent[] {
  const events: DaemonEvent[] = [];
  daemon.events.follow(partition, ({ event }) => events.push(event));
  return events;
}

const told = (events: readonly DaemonEvent[]): unknown[] =>
  events.map((event) =>
    event.type === 'call_settled' ? [event.name, event.status, event.fault] : event.type === 'call_started' ? event.name : event,
  );

describe('the events of a call', () => {
  it('name the call, its caller and its revision, but contain no arguments or results', async () => {
    const daemon = daemonWith([echo]);
    const events = follow(daemon);
    await modern(daemon, { identity: { subject: 'ada' } }).call('echo', { text: 'a secret' });
    expect(events).toHaveLength(2);
    const [started, settled] = events as [DaemonEvent & JsonObject, DaemonEvent & JsonObject];
    const about = {
      partition: 'default',
      callId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      name: 'echo',
      mcp_type: 'tool',
      subject: 'ada',
      revision: expect.any(String) as string,
      created_at: expect.any(Number) as number,
      client: null,
      recorded: true,
    };
    expect(started).toEqual({ type: 'call_started', ...about });
    expect(settled).toEqual({
      type: 'call_settled',
      ...about,
      callId: started['callId'],
      revision: started['revision'],
      status: 'completed',
      fault: null,
      time_spent: expect.any(Number) as number,
    });
    expect(JSON.stringify(events)).not.toContain('secret');
  });

  it('say when it began, by which client, and whether it has a record', async () => {
    const daemon = daemonWith([echo, { ...tool('unrecorded', () => 'text'), record: { bodies: 'none', redact: [] } }]);
    const events = follow(daemon);
    const before = Date.now();
    const client = await legacy(daemon);
    await client.call('echo', { text: 'x' });
    await client.call('unrecorded');
    expect(events.map((event) => 'recorded' in event && [event.name, event.client, event.recorded])).toEqual([
      ['echo', 'test/1', true],
      ['echo', 'test/1', true],
      ['unrecorded', null, false],
      ['unrecorded', null, false],
    ]);
    for (const event of events as (DaemonEvent & JsonObject)[]) {
      expect(event['created_at']).toBeGreaterThanOrEqual(before);
      expect(event['created_at']).toBeLessThanOrEqual(Date.now());
    }
  });

  it('say how it ended, in the words of its record', async () => {
    const functions: FunctionDefinition[] = [
      tool('fails', () => {
        throw new Error('no');
      }),
      tool('stuck', () => new Promise(() => undefined)),
      defineResource({ name: 'page', uri: 'file:///page', run: () => 'text' }),
      definePrompt({ name: 'ask', run: () => 'text' }),
      echo,
    ];
    const { store, rows } = watchedStore();
    const daemon = daemonWith(functions, { store, limits: { timeoutMs: 20 } });
    const events = follow(daemon);
    const client = modern(daemon);
    await client.call('fails');
    await client.call('stuck');
    await client.call('echo', { text: 1 });
    await client.request('resources/read', { uri: 'file:///page' });
    await client.request('prompts/get', { name: 'ask' });
    await client.call('nobody');
    expect(told(events)).toEqual([
      ...['fails', ['fails', 'failed', 'tool']],
      ...['stuck', ['stuck', 'timed_out', 'tool']],
      ...['echo', ['echo', 'failed', 'protocol']],
      ...['page', ['page', 'completed', null]],
      ...['ask', ['ask', 'completed', null]],
    ]);
    const settled = events.flatMap((event) => (event.type === 'call_settled' ? [event] : []));
    const byId = new Map(rows().map((row) => [row.mcp_function_call_uuid, row]));
    for (const { callId, status, fault, time_spent, mcp_type, revision } of settled)
      expect(byId.get(callId)).toMatchObject({ status, fault, time_spent, mcp_type, revision });
  });

  it('tell the start before the function runs, and the end when it is on record', async () => {
    const order: string[] = [];
    const { store } = watchedStore({
      write: (written) => void order.push(...written.map(({ status }) => `record ${status}`)),
    });
    const daemon = daemonWith([tool('look', () => void order.push('run'))], { store });
    daemon.events.follow(DEFAULT_PARTITION, ({ event }) => order.push(event.type));
    await modern(daemon).call('look');
    expect(order).toEqual(['call_started', 'record in_process', 'run', 'record completed', 'call_settled']);
  });

  it('a call that is cancelled is settled too', async () => {
    const gate = deferred();
    const daemon = daemonWith([tool('waits', () => gate.promise)]);
    const events = follow(daemon);
    const client = await legacy(daemon);
    void client.call('waits', {}, {}, 7);
    await until(() => events.length === 1);
    client.cancel(7);
    await until(() => events.length === 2);
    expect(told(events)).toEqual(['waits', ['waits', 'cancelled', 'transport']]);
    gate.resolve();
    await turns();
    expect(events).toHaveLength(2);
  });

  it('are sent for calls without a record, too', async () => {
    const daemon = daemonWith([{ ...echo, record: { bodies: 'none', redact: [] } }]);
    const events = follow(daemon);
    await modern(daemon).call('echo', { text: 'x' });
    expect(told(events)).toEqual(['echo', ['echo', 'completed', null]]);
    expect(events[1]).toMatchObject({ time_spent: expect.any(Number) as number });
  });

  it('are not created without followers, and are not sent to sessions', async () => {
    const daemon = daemonWith([echo]);
    const published: DaemonEvent[] = [];
    const { publish } = daemon.events;
    daemon.events.publish = (event) => {
      published.push(event);
      publish(event);
    };
    const client = await legacy(daemon);
    await client.call('echo', { text: 'x' });
    expect(published).toEqual([]);
    const following = daemon.events.follow(DEFAULT_PARTITION, () => undefined);
    await client.call('echo', { text: 'x' });
    expect(published).toHaveLength(2);
    following.end();
    expect(client.told).toEqual([]);
  });

  it('a follower that throws fails no call', async () => {
    const daemon = daemonWith([echo]);
    daemon.events.follow(DEFAULT_PARTITION, () => {
      throw new Error('mine');
    });
    const client = new Client(daemon, META);
    expect(await client.call('echo', { text: 'x' })).toMatchObject({ result: { content: [{ text: 'x' }] } });
  });
});
