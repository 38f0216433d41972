/** Calls, as they happen. */
import type { DaemonEvent } from '@mcp-daemon/core';
import type { ExecutionResult } from 'graphql';

import type { GraphqlCaller } from '../src/index.js';
import type { World } from './support.js';
import { callerOf, worldOf } from './support.js';

const QUERY = `subscription($filter: CallFilter) { calls(filter: $filter) {
  id type mcpFunctionCallUuid name mcpType updatedBy revision createdAt client isRecorded status fault timeSpentMs } }`;

const settled = (name: string, over: Partial<DaemonEvent> = {}): DaemonEvent =>
  ({
    ...{
      type: 'call_settled',
      partition: 'acme',
      callId: `id-${name}`,
      name,
      mcp_type: 'tool',
      subject: 'ada',
      revision: 'r1',
      created_at: 0,
      client: 'c/1',
      recorded: true,
    },
    ...{ status: 'completed', fault: null, time_spent: 1.5 },
    ...over,
  }) as DaemonEvent;

async function begin(
  world: World,
  filter: unknown,
  over: Partial<GraphqlCaller> = {},
): Promise<AsyncIterableIterator<ExecutionResult>> {
  const operation = { query: QUERY, variables: { filter } };
  const prepared = world.api.prepare(operation);
  if ('errors' in prepared) throw new Error(JSON.stringify(prepared));
  const results = await world.api.subscribe(prepared, operation, callerOf(over));
  if (!(Symbol.asyncIterator in results)) throw new Error(JSON.stringify(results));
  return results;
}

let world: World;
beforeEach(() => (world = worldOf()));
afterEach(() => world.close());

it('gives the calls of the partition, and none of another', async () => {
  const results = await begin(world, null, { role: 'viewer' });
  world.daemon.events.publish(settled('other', { partition: 'beta' }));
  world.daemon.events.publish({
    ...{
      type: 'call_started',
      partition: 'acme',
      callId: 'id-a',
      name: 'a',
      mcp_type: 'tool',
      subject: 'ada',
      revision: 'r1',
      created_at: 0,
      client: 'c/1',
      recorded: true,
    },
  });
  world.daemon.events.publish(settled('a', { status: 'failed', fault: 'tool' } as Partial<DaemonEvent>));
  const about = {
    mcpFunctionCallUuid: 'id-a',
    name: 'a',
    mcpType: 'tool',
    updatedBy: 'ada',
    revision: 'r1',
    createdAt: '1970-01-01T00:00:00+00:00',
    client: 'c/1',
    isRecorded: true,
  };
  expect((await results.next()).value.data.calls).toEqual({
    ...{ id: expect.any(String), type: 'STARTED', ...about, status: 'in_process', fault: null, timeSpentMs: null },
  });
  expect((await results.next()).value.data.calls).toEqual({
    ...{ id: expect.any(String), type: 'SETTLED', ...about, status: 'failed', fault: 'tool', timeSpentMs: 1.5 },
  });
  await results.return?.();
  expect(await results.next()).toEqual({ done: true, value: undefined });
});

it('gives what the filter lets through', async () => {
  const results = await begin(world, { name: 'b', mcpType: 'tool', updatedBy: 'ada', status: 'completed' });
  for (const event of [
    settled('a'),
    settled('b', { subject: 'bob' } as Partial<DaemonEvent>),
    settled('b', { status: 'failed' } as Partial<DaemonEvent>),
    settled('b', { mcp_type: 'prompt' } as Partial<DaemonEvent>),
    settled('b', { callId: 'the one' } as Partial<DaemonEvent>),
  ])
    world.daemon.events.publish(event);
  expect((await results.next()).value.data.calls.mcpFunctionCallUuid).toBe('the one');
  await results.return?.();
});

it('ends a reader that has stopped with an error, and forgets its events', async () => {
  const small = worldOf(world.store, { limits: { maxQueuedEvents: 3 } });
  const results = await begin(small, null);
  for (let index = 0; index < 10; index += 1) small.daemon.events.publish(settled(`a${index}`));
  const { value } = await results.next();
  expect(value.errors[0].extensions.code).toBe('SLOW_READER');
  expect(await results.next()).toEqual({ done: true, value: undefined });
  await small.close();
});

it('ends when the client leaves, also while it waits', async () => {
  const controller = new AbortController();
  const results = await begin(world, null, { signal: controller.signal });
  const waiting = results.next();
  controller.abort();
  expect(await waiting).toEqual({ done: true, value: undefined });
});

it('refuses a filter that names no state, and a query', async () => {
  const operation = { query: QUERY, variables: { filter: { status: 'other' } } };
  const prepared = world.api.prepare(operation);
  if ('errors' in prepared) throw new Error('refused');
  expect(await world.api.subscribe(prepared, operation, callerOf())).toMatchObject({
    errors: [{ extensions: { code: 'BAD_USER_INPUT' } }],
  });
  const query = world.api.prepare({ query: '{ ping }' });
  if ('errors' in query) throw new Error('refused');
  expect(await world.api.subscribe(query, { query: '{ ping }' }, callerOf())).toMatchObject({
    errors: [{ extensions: { code: 'BAD_REQUEST' } }],
  });
  expect(await world.api.execute(prepared, operation, callerOf())).toMatchObject({
    errors: [{ extensions: { code: 'BAD_REQUEST' } }],
  });
});
