/** What the contract of state does not say: large values, answers that get lost, and a table that is missing. */
import { randomBytes } from 'node:crypto';

import { DeleteTableCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import type { BlobStore } from '@mcp-daemon/core';
import { exampleRecord } from '@mcp-daemon/core/contract';

import type { Item } from '../src/dynamodb/codec.js';
import type { DynamoStore, DynamoStoreOptions } from '../src/index.js';
import { checkDynamoStore, initDynamoStore, openDynamoStore, openS3Blobs } from '../src/index.js';
import type { Mishap, Proxy } from './proxy.js';
import { startProxy } from './proxy.js';
import type { Engine } from './support.js';
import { LOCAL, objectKeys, plainClient, startDynalite, startFauxqs } from './support.js';

let dynamo: Engine;
let s3: Engine;
let proxy: Proxy;
const opened: DynamoStore[] = [];
let blobs: BlobStore;

beforeEach(async () => {
  dynamo = await startDynalite();
  s3 = await startFauxqs('payloads');
  blobs = await openS3Blobs({ ...LOCAL, bucket: 'payloads', endpoint: s3.endpoint });
  await initDynamoStore({ ...LOCAL, endpoint: dynamo.endpoint });
  proxy = await startProxy(dynamo.endpoint);
});

afterEach(async () => {
  proxy.behave = () => 'none';
  for (const store of opened.splice(0)) await store.close();
  await blobs.close?.();
  await proxy.stop();
  await dynamo.stop();
  await s3.stop();
});

/** A store, through the proxy or around it. */
async function open(endpoint: string, options: DynamoStoreOptions = {}): Promise<DynamoStore> {
  const store = await openDynamoStore({ ...LOCAL, endpoint, promise: 'answered', expireAfterMs: 0, ...options });
  opened.push(store);
  return store;
}

/** All rows of the table, as they are. */
async function rows(): Promise<Item[]> {
  const client = plainClient(dynamo.endpoint);
  const found: Item[] = [];
  let next: Item | undefined;
  do {
    const command = new ScanCommand({ TableName: 'mcp-state', ...(next === undefined ? {} : { ExclusiveStartKey: next }) });
    const { Items: items = [], LastEvaluatedKey: last } = await client.send(command);
    found.push(...items);
    next = last;
  } while (next !== undefined);
  client.destroy();
  return found;
}

const hashes = async (): Promise<(string | undefined)[]> => (await rows()).map((row) => row['partition_key']?.S).sort();

/** A value that cannot be compressed. */
const large = (bytes: number): string => randomBytes(Math.ceil((bytes * 3) / 4)).toString('base64');
const inAnHour = (): number => Date.now() + 3_600_000;

describe('a value', () => {
  it('of some hundred kilobytes is in its row, compressed', async () => {
    const { state } = await open(dynamo.endpoint);
    const value = JSON.stringify({ rows: Array.from({ length: 20_000 }, (_, index) => `row ${index}`) });
    await state.put('a', 'k', value);
    expect((await state.get('a', 'k'))?.value).toBe(value);
    const [row] = await rows();
    expect(row).toMatchObject({ partition_key: { S: 'a' }, state_key: { S: 'k' } });
    expect(row?.['bytes']?.B?.length).toBeLessThan(value.length / 3);
    expect(row).not.toHaveProperty('value');
  });

  it('that is too large for a row is in rows of its own, which go when it is replaced, deleted or refused', async () => {
    const { state } = await open(dynamo.endpoint);
    const [value, other] = [large(1_500_000), large(700_000)];
    const written = await state.put('a', 'k', value, { expected: null, expires_at: inAnHour() });
    expect(await state.get('a', 'k')).toEqual(written);
    expect((await state.list('a', '')).items).toEqual([written]);
    expect(await hashes()).toEqual(['#parts#a', '#parts#a', '#parts#a', '#parts#a', 'a']);
    const times = (await rows()).map((row) => row['expires_at']?.N);
    expect(new Set(times)).toEqual(new Set([String(Math.ceil((written?.expires_at ?? 0) / 1_000))]));
    expect(await state.put('a', 'k', other, { expected: null })).toBeUndefined();
    expect(await hashes()).toHaveLength(5);
    await state.put('a', 'k', other);
    expect(await state.get('a', 'k')).toMatchObject({ value: other });
    expect(await hashes()).toEqual(['#parts#a', '#parts#a', 'a']);
    await state.delete('a', 'k');
    expect(await hashes()).toEqual(['a']);
    expect(await state.get('a', 'k')).toBeUndefined();
  });

  it('that is too large for a row is in the bucket, in a folder that says when it may go', async () => {
    const { state } = await open(dynamo.endpoint, { blobs });
    const value = large(1_500_000);
    const expires_at = inAnHour();
    const first = await state.put('a', 'k', value, { expires_at });
    expect(await state.get('a', 'k')).toEqual(first);
    const day = new Date(expires_at).toISOString().slice(0, 10);
    expect(await objectKeys(s3.endpoint, 'payloads')).toEqual([`mcp_state/${day}/${first?.version}.gz`]);
    const second = await state.put('a', 'k', value);
    expect(await objectKeys(s3.endpoint, 'payloads')).toEqual([`mcp_state/never/${second?.version}.gz`]);
    expect(await state.put('a', 'k', value, { expected: first?.version ?? '' })).toBeUndefined();
    expect(await objectKeys(s3.endpoint, 'payloads')).toHaveLength(1);
    expect(await hashes()).toEqual(['a']);
    const without = await open(dynamo.endpoint);
    await expect(without.state.get('a', 'k')).rejects.toMatchObject({
      code: 'store_failed',
      message: 'A value of the table mcp-state is in a bucket: set FUNCT_BUCKET_NAME to read it.',
    });
    await state.delete('a', 'k');
    expect(await objectKeys(s3.endpoint, 'payloads')).toEqual([]);
  });

  it('that others replace while it is read is read again', async () => {
    const writer = (await open(dynamo.endpoint)).state;
    const { state } = await open(proxy.endpoint);
    await writer.put('a', 'k', large(800_000));
    let isReplaced = false;
    proxy.behave = async ({ action }): Promise<Mishap> => {
      if (action === 'Query' && !isReplaced) {
        isReplaced = true;
        await writer.put('a', 'k', 'new');
      }
      return 'none';
    };
    expect(await state.get('a', 'k')).toMatchObject({ value: 'new' });
    expect(isReplaced).toBe(true);
  });
});

describe('an answer that gets lost', () => {
  /** Loses the answer to the first update, and does something before the SDK repeats it. */
  function loseFirst(before: () => unknown = () => undefined): { updates: () => number } {
    let updates = 0;
    proxy.behave = async ({ action }): Promise<Mishap> => {
      if (action !== 'UpdateItem') return 'none';
      updates += 1;
      if (updates === 1) return 'reset after';
      if (updates === 2) await before();
      return 'none';
    };
    return { updates: () => updates };
  }

  it.each([
    ['in any case', undefined],
    ['if there is none', null],
    ['if it is the expected one', 'expected'],
  ])('does not turn a put %s into a race that is lost', async (_, condition) => {
    const { state } = await open(proxy.endpoint);
    const before = condition === 'expected' ? await state.put('a', 'k', 'before') : undefined;
    const { updates } = loseFirst();
    const options = condition === undefined ? {} : { expected: before?.version ?? null };
    const written = await state.put('a', 'k', 'new', options);
    expect(updates()).toBe(2);
    expect(written).toMatchObject({ value: 'new' });
    expect(await state.get('a', 'k')).toEqual(written);
  });

  it.each([
    ['in any case', undefined],
    ['if there is none', null],
  ])('does not let the repetition of a put %s undo what another wrote on it meanwhile', async (_, condition) => {
    const { state } = await open(proxy.endpoint);
    const other = (await open(dynamo.endpoint)).state;
    const { updates } = loseFirst(async () => {
      const seen = await other.get('a', 'k');
      expect(seen?.value).toBe('mine');
      await other.put('a', 'k', 'theirs', { expected: seen?.version ?? '' });
    });
    const written = await state.put('a', 'k', 'mine', condition === undefined ? {} : { expected: condition });
    expect(updates()).toBe(2);
    expect(written).toMatchObject({ value: 'mine' });
    expect(await state.get('a', 'k')).toMatchObject({ value: 'theirs' });
  });

  it('still says to one of two deletes that it removed the entry', async () => {
    const { state } = await open(proxy.endpoint);
    const other = (await open(dynamo.endpoint)).state;
    await state.put('a', 'k', 'x');
    let second: boolean | undefined;
    loseFirst(async () => (second = await other.delete('a', 'k')));
    expect(await state.delete('a', 'k')).toBe(true);
    expect(second).toBe(false);
    expect(await state.put('a', 'k', 'new', { expected: null })).toMatchObject({ value: 'new' });
  });

  it('does not hide that another process won', async () => {
    const { state } = await open(proxy.endpoint);
    const other = (await open(dynamo.endpoint)).state;
    let updates = 0;
    proxy.behave = async ({ action }): Promise<Mishap> => {
      if (action !== 'UpdateItem') return 'none';
      updates += 1;
      if (updates > 1) return 'none';
      await other.put('a', 'k', 'theirs', { expected: null });
      return 'reset before';
    };
    expect(await state.put('a', 'k', 'mine', { expected: null })).toBeUndefined();
    expect(updates).toBe(2);
    expect(await state.get('a', 'k')).toMatchObject({ value: 'theirs' });
  });
});

describe('a request', () => {
  it('reads what was written before, and is never a scan', async () => {
    const { state } = await open(proxy.endpoint);
    const bodies: string[] = [];
    proxy.behave = ({ action, body }) => {
      if (action === 'Query' || action === 'GetItem') bodies.push(body);
      return 'none';
    };
    const first = await state.put('a', 'k/1', 'x');
    await state.put('a', 'k/1', 'y', { expected: null });
    await state.put('a', 'k/1', 'y', { expected: first?.version ?? '' });
    await state.get('a', 'k/1');
    await state.list('a', 'k/');
    await state.list('a', '');
    await state.delete('a', 'k/1');
    await state.sweep();
    expect(new Set(proxy.seen)).toEqual(new Set(['UpdateItem', 'GetItem', 'Query']));
    expect(bodies.length).toBeGreaterThanOrEqual(4);
    for (const body of bodies) expect(JSON.parse(body)).toMatchObject({ ConsistentRead: true });
  });

  it('that is throttled fails as busy, and names the table', async () => {
    const { state } = await open(proxy.endpoint, { deadlineMs: 1_000 });
    proxy.behave = () => ({ error: 'ThrottlingException' });
    await expect(state.put('a', 'k', 'x')).rejects.toMatchObject({ code: 'store_busy' });
    await expect(state.get('a', 'k')).rejects.toMatchObject({ code: 'store_busy' });
  });

  it('for a partition that cannot be one is refused', async () => {
    const { state } = await open(dynamo.endpoint);
    for (const partition of ['', '#owners', '#parts#a', 'p'.repeat(2_001)])
      await expect(state.put(partition, 'k', 'x')).rejects.toMatchObject({ code: 'usage' });
    expect(await state.get('', 'k')).toBeUndefined();
    expect(await state.list('', '')).toEqual({ items: [] });
    expect(await state.delete('', 'k')).toBe(false);
  });

  it('after the end is refused', async () => {
    const store = await open(dynamo.endpoint);
    await store.close();
    const { state } = store;
    for (const use of [() => state.get('a', 'k'), () => state.put('a', 'k', ''), () => state.list('a', ''), () => state.sweep()])
      await expect((async () => use())()).rejects.toMatchObject({ code: 'closed' });
  });
});

it('a list passes by many entries that are gone, a bounded number at a time', async () => {
  const { state } = await open(proxy.endpoint);
  const keys = Array.from({ length: 90 }, (_, index) => `k/${String(index).padStart(3, '0')}`);
  await Promise.all(keys.map(async (key) => state.put('a', key, key)));
  const kept = new Set(['k/000', 'k/050', 'k/089']);
  await Promise.all(keys.map(async (key) => kept.has(key) || state.delete('a', key)));
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const before = proxy.seen.length;
    const page = await state.list('a', 'k/', { limit: 1, ...(cursor === undefined ? {} : { cursor }) });
    expect(proxy.seen.length - before).toBeLessThanOrEqual(20);
    found.push(...page.items.map(({ key }) => key));
    ({ cursor } = page);
  } while (cursor !== undefined);
  expect(found).toEqual([...kept]);
});

it('tables of an earlier version serve on; what needs shared state says which table is missing', async () => {
  const client = plainClient(dynamo.endpoint);
  await client.send(new DeleteTableCommand({ TableName: 'mcp-state' }));
  client.destroy();
  const store = await open(dynamo.endpoint);
  const row = exampleRecord();
  await store.calls.write([row]);
  expect(await store.calls.get(row.partition_key, row.mcp_function_call_uuid)).toEqual(row);
  expect(await store.catalogs.head('a')).toBeUndefined();
  expect(await store.state.sweep()).toBe(0);
  const missing = {
    code: 'store_failed',
    message:
      'The table mcp-state does not exist in this region and account: create it with "mcp-daemon store init", or check the region (--region, REGION_NAME or AWS_REGION).',
  };
  for (const use of [() => store.state.get('a', 'k'), () => store.state.put('a', 'k', 'x'), () => store.state.list('a', '')])
    await expect((async () => use())()).rejects.toMatchObject(missing);
  const report = await checkDynamoStore({ ...LOCAL, endpoint: dynamo.endpoint });
  expect(report.missingTables).toEqual(['mcp-state']);
  expect(report.findings.filter(({ level }) => level === 'error')).toEqual([]);
  expect(report.findings.find(({ what }) => what === 'mcp-state')).toMatchObject({ level: 'warning' });
  await initDynamoStore({ ...LOCAL, endpoint: dynamo.endpoint });
  expect(await store.state.put('a', 'k', 'x')).toMatchObject({ value: 'x' });
});
