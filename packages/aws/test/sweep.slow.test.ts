/** Payloads in the bucket whose records DynamoDB has removed. */
import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
import type { BlobStore, CallRecord } from '@mcp-daemon/core';
import { exampleRecord } from '@mcp-daemon/core/contract';

import { until } from '../../../tests/until.js';
import type { DynamoStore, SweepOptions, SweepReport } from '../src/index.js';
import { initDynamoStore, openDynamoStore, openS3Blobs, sweepBlobs } from '../src/index.js';
import type { Mishap, Proxy } from './proxy.js';
import { startProxy } from './proxy.js';
import type { Engine } from './support.js';
import { LOCAL, objectKeys, plainClient, startDynalite, startFauxqs } from './support.js';

const DAY = 86_400_000;
let dynamo: Engine;
let s3: Engine;
let bucket: Proxy;
let blobs: BlobStore;
let store: DynamoStore;

beforeEach(async () => {
  dynamo = await startDynalite();
  s3 = await startFauxqs('payloads');
  bucket = await startProxy(s3.endpoint);
  await initDynamoStore({ ...LOCAL, endpoint: dynamo.endpoint });
  blobs = await openS3Blobs({ ...LOCAL, bucket: 'payloads', endpoint: s3.endpoint });
  const options = { promise: 'answered', expireAfterMs: 0, offloadBytes: 1_000 } as const;
  store = await openDynamoStore({ ...LOCAL, ...options, endpoint: dynamo.endpoint, blobs });
});

afterEach(async () => {
  await store.close();
  await blobs.close?.();
  await bucket.stop();
  await dynamo.stop();
  await s3.stop();
});

/** A sweep, by a clock that is three days ahead. */
const sweep = (options: Partial<SweepOptions> = {}): Promise<SweepReport> =>
  sweepBlobs({
    dynamo: { ...LOCAL, endpoint: dynamo.endpoint },
    s3: { ...LOCAL, bucket: 'payloads', endpoint: bucket.endpoint },
    now: () => Date.now() + 3 * DAY,
    ...options,
  });

const keys = async (): Promise<(string | undefined)[]> => (await objectKeys(s3.endpoint, 'payloads')).sort();

/** Writes records with large results, and arguments as large if wanted. */
async function write(count: number, large: Partial<CallRecord> = {}): Promise<CallRecord[]> {
  const rows = Array.from({ length: count }, () => exampleRecord({ content: JSON.stringify('x'.repeat(5_000)), ...large }));
  await store.calls.write(rows);
  return rows;
}

/** Removes the row of a record, as the TTL does. */
async function expire({ partition_key, mcp_function_call_uuid }: CallRecord): Promise<void> {
  const client = plainClient(dynamo.endpoint);
  const Key = { partition_key: { S: partition_key }, mcp_function_call_uuid: { S: mcp_function_call_uuid } };
  await client.send(new DeleteItemCommand({ TableName: 'mcp-function_calls', Key }));
  client.destroy();
}

const contentOf = ({ mcp_function_call_uuid: uuid }: CallRecord): string => `mcp_content/${uuid}.json`;
const argumentsOf = ({ mcp_function_call_uuid: uuid }: CallRecord): string => `mcp_arguments/${uuid}.json`;

it('removes the payloads of records that are gone, and no others', async () => {
  const large = { arguments: JSON.stringify({ text: 'y'.repeat(5_000) }) };
  const [gone, kept] = await write(2, large);
  const [other] = await write(1, { partition_key: 'acme#b' });
  if (gone === undefined || kept === undefined || other === undefined) throw new Error('there are no records');
  await blobs.put('mcp_revisions/abc/def.json.gz', Buffer.from('x'));
  await blobs.put('other/file.json', Buffer.from('x'));
  await expire(gone);
  const before = await keys();
  expect(before).toEqual(expect.arrayContaining([contentOf(gone), argumentsOf(gone), contentOf(kept), contentOf(other)]));
  const counted = await sweep({ dryRun: true });
  expect(counted).toMatchObject({ looked: 5, young: 0, removed: 2, rows: 2, complete: true });
  expect(await keys()).toEqual(before);
  expect(await sweep()).toEqual(counted);
  expect(await keys()).toEqual(before.filter((key) => key !== contentOf(gone) && key !== argumentsOf(gone)));
  expect(await store.calls.get(kept.partition_key, kept.mcp_function_call_uuid)).toMatchObject({ content: kept.content });
  expect(await sweep()).toMatchObject({ removed: 0, complete: true });
});

it('leaves payloads alone that were written within a day: their row may come', async () => {
  await blobs.put('mcp_content/01900000-0000-7000-8000-000000000000.json', Buffer.from('"x"'));
  expect(await sweep({ now: Date.now })).toMatchObject({ looked: 1, young: 1, removed: 0, rows: 0 });
  expect(await keys()).toHaveLength(1);
});

it('leaves a payload alone that was written again since it was listed', async () => {
  const [row] = await write(1);
  if (row === undefined) throw new Error('there is no record');
  await expire(row);
  bucket.behave = async ({ action }): Promise<Mishap> => {
    if (action !== 'HEAD') return 'none';
    // Times have whole seconds.
    const written = Date.now();
    await until(() => Math.floor(Date.now() / 1_000) > Math.floor(written / 1_000), 'the next second');
    await blobs.put(contentOf(row), Buffer.from('"new"'));
    return 'none';
  };
  expect(await sweep()).toMatchObject({ removed: 0, bytes: 0 });
  expect(await keys()).toEqual([contentOf(row)]);
});

it('compares part after part, stops at a limit or a signal, and goes on when it is repeated', async () => {
  const rows = await write(7);
  for (const row of rows.slice(2)) await expire(row);
  const ended = new AbortController();
  ended.abort();
  expect(await sweep({ signal: ended.signal })).toMatchObject({ removed: 0, complete: false });
  expect(await sweep({ batch: 3, most: 2 })).toMatchObject({ removed: 2, complete: false });
  expect(await keys()).toHaveLength(5);
  const lines: string[] = [];
  expect(await sweep({ batch: 3, onProgress: (line) => lines.push(line) })).toMatchObject({ removed: 3, complete: true });
  expect(lines).toEqual(['3 payloads are compared with the rows', '2 payloads are compared with the rows']);
  expect(await keys()).toEqual(rows.slice(0, 2).map(contentOf).sort());
});

it('stops in the middle of reading the rows without removing anything', async () => {
  const rows = await write(3);
  for (const row of rows) await expire(row);
  const ending = new AbortController();
  const report = await sweep({ signal: ending.signal, onProgress: () => ending.abort() });
  expect(report).toMatchObject({ removed: 0, complete: false });
  expect(await keys()).toHaveLength(3);
});

it('removes values of state whose day is over, and keeps those of entries that stay', async () => {
  const day = (offset: number): string => new Date(Date.now() + offset * DAY).toISOString().slice(0, 10);
  const names = [`mcp_state/${day(-5)}/a.gz`, `mcp_state/${day(0)}/b.gz`, `mcp_state/${day(5)}/c.gz`, 'mcp_state/never/d.gz'];
  for (const name of names) await blobs.put(name, Buffer.from('x'));
  expect(await sweep({ now: Date.now })).toMatchObject({ looked: 4, removed: 1, bytes: 1 });
  expect(await keys()).toEqual(names.slice(1).sort());
});

it('says what it cannot read, and removes nothing then', async () => {
  const [row] = await write(1);
  if (row === undefined) throw new Error('there is no record');
  await expire(row);
  const proxy = await startProxy(dynamo.endpoint);
  proxy.behave = () => ({ error: 'AccessDeniedException', message: 'not authorized to perform: dynamodb:Scan' });
  await expect(sweep({ dynamo: { ...LOCAL, endpoint: proxy.endpoint } })).rejects.toMatchObject({
    code: 'store_failed',
    message: expect.stringContaining('dynamodb:Scan on mcp-function_calls') as string,
  });
  await proxy.stop();
  expect(await keys()).toHaveLength(1);
  for (const wrong of [{ minAgeMs: 1_000 }, { most: 0 }, { batch: 0 }])
    await expect(sweep(wrong)).rejects.toMatchObject({ code: 'usage' });
});
