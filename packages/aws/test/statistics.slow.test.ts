import type { CallRecord, StatisticsQuery } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';
import { exampleRecord } from '@mcp-daemon/core/contract';

import type { StatisticsReads } from '../src/dynamodb/call-statistics.js';
import { readStatistics } from '../src/dynamodb/call-statistics.js';
import type { Dynamo } from '../src/dynamodb/client.js';
import { openDynamo } from '../src/dynamodb/client.js';
import { initDynamoStore, openDynamoStore } from '../src/index.js';
import type { Engine } from './support.js';
import { LOCAL, startDynalite } from './support.js';

const BEGIN = 1_789_862_400_000;

let engine: Engine;
let dynamo: Dynamo;
const sent: string[] = [];

/** Records a second apart: every hundredth is of the function `rare`. */
const records = Array.from({ length: 1_200 }, (_, index): CallRecord => {
  const time = BEGIN + index * 1_000;
  return exampleRecord({ name: index % 100 === 0 ? 'rare' : 'common', created_at: time, updated_at: time, time_spent: index });
});

const read = (query: StatisticsQuery, more: Partial<StatisticsReads> = {}): ReturnType<typeof readStatistics> =>
  readStatistics({ dynamo, partition: 'default', keys: ['default'], query, ...more });

beforeAll(async () => {
  engine = await startDynalite();
  await initDynamoStore({ ...LOCAL, endpoint: engine.endpoint });
  const store = await openDynamoStore({ ...LOCAL, endpoint: engine.endpoint, promise: 'answered', expireAfterMs: 0 });
  await store.calls.write(records);
  await store.close();
  const opened = await openDynamo({ ...LOCAL, endpoint: engine.endpoint });
  dynamo = {
    ...opened,
    send(command) {
      sent.push('IndexName' in command.input ? String(command.input.IndexName) : command.constructor.name);
      return opened.send(command);
    },
  };
});
beforeEach(() => void sent.splice(0));
afterAll(async () => {
  dynamo.close();
  await engine.stop();
});

it('statistics read the newest rows until a limit, and say from when on they are complete', async () => {
  const cut = await read({ by: 'name' }, { bounds: { requests: 1 } });
  expect(cut).toMatchObject({ complete: false, total: { calls: 499 } });
  expect(cut.readSince).toBe(BEGIN + 700 * 1_000 + 1);
  const rest = await read({ by: 'name', since: cut.readSince ?? 0 });
  expect(rest).toMatchObject({ complete: true, total: { calls: 499 } });
  expect(await read({ by: 'name' })).toMatchObject({ complete: true, total: { calls: 1_200 } });
});

it('statistics stop at read units, too', async () => {
  const cut = await read({ by: 'name' }, { bounds: { readUnits: 1 } });
  expect(cut).toMatchObject({ complete: false, total: { calls: 499 } });
});

it('statistics are queries along the index by time; of a rare function one query by its name', async () => {
  await read({ by: 'hour', since: BEGIN, until: BEGIN + 600_000 });
  expect([...new Set(sent.splice(0))]).toEqual(['updated_at-index']);
  const { total } = await read({ by: 'name', name: 'rare' });
  expect(total).toMatchObject({ calls: 12, time_spent: { max: 1_100 } });
  expect(sent.splice(0)).toEqual(['name-index']);
  expect((await read({ by: 'name', name: 'common' })).total.calls).toBe(1_188);
});

it('what cannot match asks DynamoDB nothing, and a reader that leaves stops the requests', async () => {
  expect((await read({ by: 'name' }, { keys: [] })).total.calls).toBe(0);
  expect((await read({ by: 'name', name: '' })).total.calls).toBe(0);
  expect(sent).toEqual([]);
  const ending = new AbortController();
  const reason = new DaemonError('closed', 'gone');
  const counting = read({ by: 'name' }, { signal: ending.signal });
  ending.abort(reason);
  await expect(counting).rejects.toBe(reason);
  expect(sent).toHaveLength(1);
});

it('statistics of records under several keys are one, and a limit cuts all keys at the same time', async () => {
  const keys = ['spread|a', 'spread|b', 'spread|c', 'nothing'];
  const store = await openDynamoStore({ ...LOCAL, endpoint: engine.endpoint, promise: 'answered', expireAfterMs: 0 });
  const of = (index: number): string => keys[index % 10 === 0 ? 0 : index % 10 === 1 ? 1 : 2] ?? '';
  await store.calls.write(records.map((record, index) => ({ ...record, partition_key: of(index) })));
  await store.close();
  expect(await read({ by: 'name' }, { keys })).toMatchObject({ complete: true, total: { calls: 1_200 } });
  expect((await read({ by: 'name', name: 'rare' }, { keys })).total.calls).toBe(12);
  for (const requests of [1, 3, 4]) {
    const cut = await read({ by: 'name' }, { keys, bounds: { requests } });
    expect(cut.complete).toBe(false);
    const since = cut.readSince ?? 0;
    expect(cut.total.calls).toBe(records.filter(({ updated_at }) => updated_at >= since).length);
  }
});
