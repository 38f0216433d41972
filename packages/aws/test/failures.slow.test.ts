/** What goes wrong on the way to DynamoDB and S3, each with a proxy in front of a real engine. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { BlobStore, CallRecord } from '@mcp-daemon/core';
import { exampleFunctionRow, exampleRecord } from '@mcp-daemon/core/contract';

import { until } from '../../../tests/until.js';
import { toStoreError } from '../src/base/errors.js';
import { addressOf } from '../src/dynamodb/address.js';
import type { DynamoStore, DynamoStoreOptions } from '../src/index.js';
import { initDynamoStore, openDynamoStore, openS3Blobs } from '../src/index.js';
import type { Mishap, Proxy } from './proxy.js';
import { startProxy } from './proxy.js';
import type { Engine } from './support.js';
import { LOCAL, startDynalite, startFauxqs } from './support.js';

let dynamo: Engine;
let s3: Engine;
let proxy: Proxy;
let bucket: Proxy;
const opened: DynamoStore[] = [];

beforeAll(async () => {
  dynamo = await startDynalite();
  s3 = await startFauxqs('payloads');
  await initDynamoStore({ ...LOCAL, endpoint: dynamo.endpoint });
  proxy = await startProxy(dynamo.endpoint);
  bucket = await startProxy(s3.endpoint);
});

afterEach(async () => {
  proxy.behave = () => 'none';
  bucket.behave = () => 'none';
  for (const store of opened.splice(0)) await store.close();
});

afterAll(async () => {
  await proxy.stop();
  await bucket.stop();
  await dynamo.stop();
  await s3.stop();
});

const QUICK = { connectTimeoutMs: 1_000, requestTimeoutMs: 1_000, deadlineMs: 3_000 };

async function open(options: DynamoStoreOptions = {}): Promise<DynamoStore> {
  const store = await openDynamoStore({
    ...{ ...LOCAL, ...QUICK, endpoint: proxy.endpoint, promise: 'answered', expireAfterMs: 0, closeMs: 500 },
    ...options,
  });
  opened.push(store);
  return store;
}

const openBlobs = (): Promise<BlobStore> => openS3Blobs({ ...LOCAL, ...QUICK, bucket: 'payloads', endpoint: bucket.endpoint });
const keyOf = (row: CallRecord): [string, string] => [row.partition_key, row.mcp_function_call_uuid];

describe('a request to DynamoDB', () => {
  it.each<[Mishap]>([['reset before'], ['reset after'], ['status 500'], ['status 503']])(
    'is repeated where its first answer is %p',
    async (mishap) => {
      const store = await open();
      let first = true;
      proxy.behave = () => {
        const now = first ? mishap : 'none';
        first = false;
        return now;
      };
      const row = exampleRecord();
      await store.calls.write([row]);
      expect(await store.calls.get(...keyOf(row))).toEqual(row);
      expect(store.stats().retries).toBeGreaterThanOrEqual(1);
    },
  );

  it.each<[Mishap, string, string]>([
    ['reset before', 'store_busy', 'DynamoDB cannot be reached (ECONNRESET): check the network and the endpoint.'],
    ['status 500', 'store_busy', 'DynamoDB failed (HTTP 500): try again later.'],
    ['html', 'store_busy', 'Something other than DynamoDB answered (HTTP 502): check the endpoint and any proxy.'],
    ['html 200', 'store_busy', 'Something other than DynamoDB answered (HTTP 200): check the endpoint and any proxy.'],
    ['empty 200', 'store_busy', 'Something other than DynamoDB answered: check the endpoint and any proxy.'],
    ['silence', 'store_busy', 'DynamoDB did not answer in time (GetItem on mcp-function_calls): try again later.'],
    [
      { error: 'ThrottlingException' },
      'store_busy',
      'DynamoDB throttles this account or table (ThrottlingException): try again later.',
    ],
    [
      { error: 'ResourceNotFoundException' },
      'store_failed',
      'The table mcp-function_calls does not exist in this region and account: create it with "mcp-daemon store init", or check the region (--region, REGION_NAME or AWS_REGION).',
    ],
    [
      {
        error: 'AccessDeniedException',
        message:
          'User: arn:aws:iam::123456789012:user/x is not authorized to perform: dynamodb:GetItem on resource: arn:aws:dynamodb:...',
      },
      'store_failed',
      'The AWS credentials do not allow dynamodb:GetItem on mcp-function_calls: add it to the policy (docs/dynamodb.md has one).',
    ],
    [
      { error: 'UnrecognizedClientException', message: 'The security token included in the request is invalid.' },
      'store_failed',
      'DynamoDB refuses the AWS credentials (UnrecognizedClientException): check the key, the secret, the region, and the clock of this machine.',
    ],
    [
      { error: 'ExpiredTokenException' },
      'store_failed',
      'The AWS credentials for DynamoDB have expired: renew them (aws sso login), or use a role.',
    ],
  ])('that always meets %j fails with what to do, in a bounded time', async (mishap, code, message) => {
    // Throttled requests are repeated after up to some seconds.
    const store = await open({ deadlineMs: typeof mishap === 'object' ? 20_000 : 3_000 });
    proxy.behave = () => mishap;
    const began = performance.now();
    await expect(store.calls.get('default', 'x')).rejects.toMatchObject({ name: 'DaemonError', code, message });
    // The deadline is 3 s, and throttled requests end much before theirs: far from this also on a busy machine.
    expect(performance.now() - began).toBeLessThan(25_000);
    expect(message).not.toContain('123456789012');
  });

  it.each(['ENOTFOUND', 'EAI_AGAIN'])('names the host of a wrong region, and the setting (%s)', async (code) => {
    // What Node says of the host that the SDK makes of the region; no name server is asked here.
    const client = new DynamoDBClient({ ...LOCAL, region: 'eu-nowhere-9' } as DynamoDBClientConfig);
    const { hostname } = await addressOf(client, 'eu-nowhere-9');
    client.destroy();
    const error = Object.assign(new Error(`getaddrinfo ${code} ${hostname}`), { code, hostname, syscall: 'getaddrinfo' });
    expect(toStoreError(error, { service: 'DynamoDB', resource: 'mcp-functions', action: 'Query' })).toMatchObject({
      code: 'store_busy',
      message: `DynamoDB cannot be reached: there is no dynamodb.eu-nowhere-9.amazonaws.com (${code}). Check the region (--region, REGION_NAME or AWS_REGION) and DYNAMODB_ENDPOINT, and the network.`,
    });
    expect(toStoreError(new Error(`getaddrinfo ${code} b.s3.eu-nowhere-9.amazonaws.com`), { service: 'S3' }).message).toBe(
      `S3 cannot be reached: there is no b.s3.eu-nowhere-9.amazonaws.com (${code}). Check the region (--region, REGION_NAME or AWS_REGION) and S3_ENDPOINT, and the network.`,
    );
  });

  it('says that the tables may be in another region', async () => {
    const store = await open();
    proxy.behave = () => ({ error: 'ResourceNotFoundException' });
    for (const ask of [() => store.calls.get('default', 'x'), () => store.calls.write([exampleRecord()])])
      await expect(ask()).rejects.toMatchObject({
        code: 'store_failed',
        message:
          'The table mcp-function_calls does not exist in this region and account: create it with "mcp-daemon store init", or check the region (--region, REGION_NAME or AWS_REGION).',
      });
  });

  it('says that nothing listens', async () => {
    const store = await open({ endpoint: 'http://127.0.0.1:1' });
    await expect(store.calls.get('default', 'x')).rejects.toMatchObject({
      code: 'store_busy',
      message: 'DynamoDB cannot be reached (ECONNREFUSED): check the network and the endpoint.',
    });
  });

  it('counts throttling for the metrics', async () => {
    const store = await open({ deadlineMs: 20_000 });
    proxy.behave = () => ({ error: 'ProvisionedThroughputExceededException' });
    await expect(store.calls.get('default', 'x')).rejects.toMatchObject({ code: 'store_busy' });
    expect(store.stats().throttled).toBe(1);
  });
});

describe('opening', () => {
  it.each(['', 'localhost:8000', 'ftp://x', 'http://', 'http:///x'])('refuses the endpoint %j', async (endpoint) => {
    const message = expect.stringMatching(/^DYNAMODB_ENDPOINT is .*: it must begin with http:\/\/ or https:\/\//) as string;
    await expect(openDynamoStore({ ...LOCAL, endpoint })).rejects.toMatchObject({ code: 'usage', message });
    await expect(openS3Blobs({ ...LOCAL, bucket: 'b', endpoint })).rejects.toMatchObject({ code: 'usage' });
  });

  it('refuses options that are none', async () => {
    for (const wrong of [{ offloadBytes: 100_000 }, { expireAfterMs: -1 }, { maxWaiting: 0 }, { promise: 'never' as 'eventual' }])
      await expect(openDynamoStore({ ...LOCAL, ...wrong })).rejects.toMatchObject({ code: 'usage' });
    await expect(openS3Blobs({ ...LOCAL, bucket: '' })).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('a commit whose answer is lost', () => {
  const entryOf = (id: string, parent: string | null): Parameters<DynamoStore['catalogs']['commit']>[1] => ({
    entry: {
      ...{ id, parent, action: 'apply', author: 'ada', note: null, source: null, created_at: 1_790_000_000_000, functions: 0 },
      revision: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    },
    text: '',
  });

  it('is known to be made, though its repetition was refused', async () => {
    const store = await open();
    let lost = 0;
    proxy.behave = ({ action }) => (action === 'UpdateItem' && (lost += 1) === 1 ? 'reset after' : 'none');
    const head = await store.catalogs.commit('lost', entryOf('a', null));
    expect(head?.entry).toBe('a');
    expect(proxy.seen.filter((action) => action === 'UpdateItem').length).toBeGreaterThanOrEqual(2);
    expect(await store.catalogs.commit('lost', entryOf('b', null))).toBeUndefined();
    expect((await store.catalogs.commit('lost', entryOf('c', 'a')))?.entry).toBe('c');
  });

  it('is made once where it is repeated after all attempts failed', async () => {
    const store = await open();
    proxy.behave = ({ action }) => (action === 'UpdateItem' ? 'reset after' : 'none');
    // The last attempts are refused, because the first was done: or their answers are lost as well.
    const [outcome] = await Promise.allSettled([store.catalogs.commit('twice', entryOf('a', null))]);
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'store_busy' });
    else expect(outcome.value?.entry).toBe('a');
    proxy.behave = () => 'none';
    expect((await store.catalogs.commit('twice', entryOf('a', null)))?.entry).toBe('a');
    expect((await store.catalogs.history('twice')).items).toHaveLength(1);
  });

  it('leaves the history whole where the process ends before the entry is in the log', async () => {
    const store = await open();
    await store.catalogs.commit('crash', entryOf('a', null));
    const ids = async (): Promise<string[]> => (await store.catalogs.history('crash')).items.map(({ id }) => id);
    expect(await ids()).toEqual(['a']);
    await store.catalogs.commit('crash', entryOf('b', 'a'));
    expect(await ids()).toEqual(['b', 'a']);
    // Between the log and the head: the entry `a` of the head is logged again, and nothing else has changed.
    proxy.behave = ({ action }) => (action === 'UpdateItem' ? 'reset before' : 'none');
    await expect(store.catalogs.commit('crash', entryOf('c', 'b'))).rejects.toMatchObject({ code: 'store_busy' });
    proxy.behave = () => 'none';
    expect(await ids()).toEqual(['b', 'a']);
    expect((await store.catalogs.head('crash'))?.entry).toBe('b');
  });
});

describe('eventual records', () => {
  it('wait while DynamoDB is gone, and are written when it is back', async () => {
    const errors: string[] = [];
    const logger = { error: (_: object, text: string) => errors.push(text), info: () => undefined, warn: () => undefined };
    const store = await open({ promise: 'eventual', openAfterMs: 0, logger });
    proxy.behave = () => 'reset before';
    const rows = Array.from({ length: 60 }, (_, index) => exampleRecord({ partition_key: 'gone', name: `f${index}` }));
    for (const row of rows) await store.calls.write([row]); // none of them waits for DynamoDB
    await until(() => store.stats().retries > 2);
    expect(store.stats()).toMatchObject({ waiting: 60 - store.stats().inFlight, lost: 0 });
    expect(errors).toEqual(['call records cannot be written now; they wait']);
    // What waits can be read by its id, and a list says that it cannot be complete.
    expect(await store.calls.get(...keyOf(rows[7] as CallRecord))).toEqual(rows[7]);
    await expect(store.calls.list('gone', {})).rejects.toMatchObject({ code: 'store_busy' });
    proxy.behave = () => 'none';
    await until(() => store.stats().written === 60);
    expect((await store.calls.list('gone', {})).items).toHaveLength(60);
    expect(store.lost).toBe(0);
  });

  it('are lost beyond the bound, the oldest of the largest tenant, and counted', async () => {
    const store = await open({ promise: 'eventual', maxWaiting: 50 });
    proxy.behave = () => 'silence';
    const quiet = exampleRecord({ partition_key: 'quiet' });
    void store.calls.write([quiet]);
    const rows = Array.from({ length: 200 }, () => exampleRecord({ partition_key: 'loud' }));
    void store.calls.write(rows);
    expect(store.stats().waiting).toBe(50);
    expect(store.lost).toBe(151);
    expect(await store.calls.get(...keyOf(quiet))).toEqual(quiet);
    proxy.behave = () => 'none';
    await until(() => store.stats().waiting + store.stats().inFlight === 0);
    const left = (await store.calls.list('loud', { limit: 1000 })).items.map((row) => row.mcp_function_call_uuid);
    expect(left.sort()).toEqual(rows.slice(-49).map((row) => row.mcp_function_call_uuid));
    expect(store.stats().written + store.lost).toBe(201);
  });

  it('that are left when the store closes are counted as lost', async () => {
    const store = await open({ promise: 'eventual', closeMs: 300 });
    proxy.behave = () => 'reset before';
    void store.calls.write([exampleRecord(), exampleRecord()]);
    await store.close();
    expect(store.lost).toBe(2);
  });

  it('are written once: a call that ends before its open row is due has no in_process row', async () => {
    const alone = await startProxy(dynamo.endpoint); // stores of other tests may still end their requests
    const store = await open({ promise: 'eventual', endpoint: alone.endpoint, openAfterMs: 60_000 });
    const row = exampleRecord({ owner: store.owner });
    void store.calls.write([{ ...row, status: 'in_process', content: null, time_spent: null }]);
    void store.calls.write([row]);
    await until(() => store.stats().written === 1);
    expect(alone.seen).toEqual(['BatchWriteItem']);
    expect(await store.calls.get(...keyOf(row))).toEqual(row);
    await store.close();
    await alone.stop();
  });

  it('that DynamoDB never takes cost no other record', async () => {
    const store = await open({ promise: 'eventual' });
    const bad = exampleRecord({ partition_key: 'mixed', mcp_function_call_uuid: 'u'.repeat(1_100) }); // beyond what a key takes
    const rows = [exampleRecord({ partition_key: 'mixed' }), bad, exampleRecord({ partition_key: 'mixed' })];
    void store.calls.write(rows);
    await until(() => store.stats().written === 2);
    expect(store.lost).toBe(1);
    expect((await store.calls.list('mixed', {})).items).toHaveLength(2);
  });
});

describe('a batch', () => {
  it('of which DynamoDB leaves a part undone is completed', async () => {
    const store = await open();
    const rows = [exampleRecord(), exampleRecord()];
    let first = true;
    proxy.behave = ({ action, body }) => {
      if (action !== 'BatchWriteItem' || !first) return 'none';
      first = false;
      const { RequestItems } = JSON.parse(body) as { RequestItems: object };
      return { json: { UnprocessedItems: RequestItems } };
    };
    await store.calls.write(rows);
    for (const row of rows) expect(await store.calls.get(...keyOf(row))).toEqual(row);
    expect(first).toBe(false);
  });
});

it('a setting or a function that is too large for its row is refused, with its size', async () => {
  const store = await open();
  const setting = { text: 'x'.repeat(400_000) };
  await expect(store.catalogs.putSetting('acme', { setting_id: 'large', setting }, 'ada')).rejects.toMatchObject({
    code: 'store_failed',
    message: expect.stringMatching(
      /^The row mcp-settings\/large has 400\d\d\d bytes: DynamoDB takes at most 390000 there\.$/,
    ) as string,
  });
  const row = exampleFunctionRow('large', { description: 'é'.repeat(120_000) });
  await expect(store.catalogs.writeRows('acme', { putFunctions: [row] }, 'ada')).rejects.toMatchObject({
    code: 'store_failed',
    message: expect.stringMatching(
      /^The row mcp-functions\/large has 24\d{4} bytes: DynamoDB takes at most 200000 there\.$/,
    ) as string,
  });
  expect((await store.catalogs.rows('acme')).functions).toEqual([]);
  await store.catalogs.putSetting('acme', { setting_id: 'fits', setting: { text: 'x'.repeat(380_000) } }, 'ada');
});

it('a bucket in another region is named, with what to set', async () => {
  const elsewhere = createServer((_req, res) => {
    const body = '<?xml version="1.0"?><Error><Code>PermanentRedirect</Code><Message>Use another endpoint.</Message></Error>';
    res.writeHead(301, { 'content-type': 'application/xml' }).end(body);
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
  const blobs = await openS3Blobs({ ...LOCAL, bucket: 'payloads', endpoint });
  await expect(Promise.resolve(blobs.put('mcp_content/x.json', Buffer.from('x')))).rejects.toMatchObject({
    code: 'store_failed',
    message: 'The bucket payloads is in another region: set REGION_NAME (or AWS_REGION) to that region.',
  });
  await blobs.close?.();
  elsewhere.closeAllConnections();
  elsewhere.close();
});

describe('payloads', () => {
  const large = (): CallRecord => exampleRecord({ content: JSON.stringify('x'.repeat(120_000)) });

  it('are written before their rows: with the bucket gone, a record that needs it waits', async () => {
    const store = await open({ promise: 'eventual', blobs: await openBlobs() });
    bucket.behave = () => 'reset before';
    const from = proxy.seen.length;
    const row = large();
    void store.calls.write([row]);
    await until(() => bucket.seen.length > 2);
    expect(proxy.seen.slice(from)).not.toContain('BatchWriteItem');
    bucket.behave = () => 'none';
    await until(() => store.stats().written === 1);
    expect((await store.calls.list('default', { name: row.name, limit: 1000 })).items).toContainEqual({
      ...row,
      content_in_s3: true,
    });
  });

  it('stay in a row that DynamoDB takes, where the bucket is gone', async () => {
    const store = await open({ blobs: await openBlobs() });
    bucket.behave = () => 'status 503';
    const row = exampleRecord({ content: JSON.stringify('x'.repeat(40_000)) });
    await store.calls.write([row]);
    expect(await store.calls.get(...keyOf(row))).toEqual(row);
  });

  it('that cannot be read now make a read fail, and a list without them does not', async () => {
    const store = await open({ blobs: await openBlobs() });
    const row = { ...large(), partition_key: 'unread' };
    await store.calls.write([row]);
    bucket.behave = () => 'silence';
    await expect(store.calls.get(...keyOf(row))).rejects.toMatchObject({
      code: 'store_busy',
      message: /S3 did not answer in time/,
    });
    expect((await store.calls.list('unread', { bodies: false })).items).toHaveLength(1);
  });

  it('that were changed or removed in the bucket are not passed off as the record', async () => {
    const blobs = await openBlobs();
    const errors: object[] = [];
    const logger = { error: (fields: object) => errors.push(fields), info: () => undefined, warn: () => undefined };
    const store = await open({ blobs, logger });
    const row = { ...large(), partition_key: 'altered' };
    await store.calls.write([row]);
    const key = `mcp_content/${row.mcp_function_call_uuid}.json`;
    await blobs.put(key, Buffer.from('"something else"'));
    await expect(store.calls.get(...keyOf(row))).rejects.toMatchObject({
      code: 'store_failed',
      message: `The content of the call ${row.mcp_function_call_uuid} was changed outside: ${key} does not fit its SHA-256.`,
    });
    await blobs.delete(key);
    await expect(store.calls.get(...keyOf(row))).rejects.toMatchObject({ message: /is gone: there is no mcp_content/ });
    expect((await store.calls.list('altered', {})).items).toEqual([{ ...row, content: null, content_in_s3: true }]);
    expect(errors).toHaveLength(1);
  });

  it('go with their record', async () => {
    const blobs = await openBlobs();
    const store = await open({ blobs });
    const row = { ...large(), partition_key: 'pruned' };
    await store.calls.write([row]);
    const key = `mcp_content/${row.mcp_function_call_uuid}.json`;
    expect(await blobs.get(key)).toBeDefined();
    expect(await store.calls.prune('pruned', { count: 0 })).toBe(1);
    expect(await blobs.get(key)).toBeUndefined();
  });

  it('are cut where there is no bucket, and counted', async () => {
    const store = await open();
    const row = exampleRecord({
      content: JSON.stringify('x'.repeat(500_000)),
      arguments: JSON.stringify({ a: 'y'.repeat(300_000) }),
    });
    await store.calls.write([row]);
    const read = await store.calls.get(...keyOf(row));
    expect(JSON.parse(read?.content ?? '')).toMatchObject({ cut: true, bytes: 500_002 });
    expect(JSON.parse(read?.arguments ?? '')).toMatchObject({ cut: true });
    expect(store.stats().cut).toBe(2);
  });

  it('of a row that DynamoDB finds too large are moved, and it is written then', async () => {
    const store = await open({ blobs: await openBlobs(), offloadBytes: 90_000 });
    const row = exampleRecord({ content: JSON.stringify('x'.repeat(80_000)) });
    proxy.behave = ({ body, action }) =>
      /^(Put|BatchWrite)Item$/.test(action) && body.length > 50_000
        ? { error: 'ValidationException', message: 'Item size has exceeded the maximum allowed size' }
        : 'none';
    await store.calls.write([row]);
    expect(await store.calls.get(...keyOf(row))).toEqual({ ...row, content_in_s3: true });
  });
});

describe('expired records', () => {
  it('are left out at once, however long DynamoDB takes to remove them', async () => {
    const store = await open({ expireAfterMs: 60_000 });
    const old = exampleRecord({ partition_key: 'old', updated_at: Date.now() - 61_000 });
    const young = exampleRecord({ partition_key: 'old', updated_at: Date.now() - 30_000 });
    await store.calls.write([old, young]);
    expect(await store.calls.get(...keyOf(old))).toBeUndefined();
    expect((await store.calls.list('old', {})).items).toEqual([young]);
    expect(await store.calls.count('old', {})).toBe(1);
  });
});
