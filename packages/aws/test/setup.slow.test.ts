import {
  CreateTableCommand,
  DescribeTableCommand,
  ListTablesCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { exampleRecord } from '@mcp-daemon/core/contract';

import type { CheckReport } from '../src/index.js';
import { checkDynamoStore, initDynamoStore, openDynamoStore, openS3Blobs } from '../src/index.js';
import { startProxy } from './proxy.js';
import type { Engine } from './support.js';
import { CREDENTIALS, LOCAL, plainClient, startDynalite, startFauxqs } from './support.js';

let dynamo: Engine;
let options: typeof LOCAL & { endpoint: string };

beforeEach(async () => {
  dynamo = await startDynalite({ createTableMs: 50 });
  options = { ...LOCAL, endpoint: dynamo.endpoint };
});

afterEach(() => dynamo.stop());

const NAMES = ['mcp-function_calls', 'mcp-functions', 'mcp-modules', 'mcp-revisions', 'mcp-settings', 'mcp-state'];
const problems = ({ findings }: Pick<CheckReport, 'findings'>): (string | undefined)[] =>
  findings.filter(({ level }) => level === 'error').map(({ problem }) => problem);

describe('initDynamoStore', () => {
  it('creates the tables of the Python engine, one for revisions and one for state, waits for them, and may be repeated', async () => {
    const lines: string[] = [];
    const first = await initDynamoStore({ ...options, onProgress: (line) => lines.push(line) });
    expect(first.created.sort()).toEqual(NAMES);
    expect(lines).toContain('mcp-function_calls is active');
    const client = plainClient(dynamo.endpoint);
    expect((await client.send(new ListTablesCommand({}))).TableNames).toEqual(NAMES);
    const { Table } = await client.send(new DescribeTableCommand({ TableName: 'mcp-function_calls' }));
    expect(Table).toMatchObject({ TableStatus: 'ACTIVE', BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' } });
    const indexes = (Table?.LocalSecondaryIndexes ?? []).map(({ IndexName, Projection }) => [
      IndexName,
      Projection?.ProjectionType,
    ]);
    expect(indexes.sort()).toEqual([
      ['mcp_type-index', 'ALL'],
      ['name-index', 'ALL'],
      ['updated_at-index', 'ALL'],
    ]);
    expect(await initDynamoStore(options)).toMatchObject({ created: [], existing: expect.arrayContaining(NAMES) as string[] });
    client.destroy();
  });

  it('creates what is missing once, when many do it at once', async () => {
    const reports = await Promise.all([1, 2, 3].map(() => initDynamoStore(options)));
    expect(reports).toHaveLength(3);
    expect(problems(await checkDynamoStore(options))).toEqual([]);
  });

  it('names a table that has other keys, or lacks an index, and leaves it alone', async () => {
    const client = plainClient(dynamo.endpoint);
    const create = (TableName: string, hash: string, range: string): Promise<unknown> =>
      client.send(
        new CreateTableCommand({
          TableName,
          BillingMode: 'PAY_PER_REQUEST',
          KeySchema: [
            { AttributeName: hash, KeyType: 'HASH' },
            { AttributeName: range, KeyType: 'RANGE' },
          ],
          AttributeDefinitions: [hash, range].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
        }),
      );
    await create('mcp-functions', 'endpoint_id', 'name');
    await create('mcp-function_calls', 'partition_key', 'mcp_function_call_uuid');
    const wrongKeys =
      'The table mcp-functions has the keys endpoint_id (HASH), name (RANGE), and not partition_key (HASH), name (RANGE): keys cannot be changed, so the table must be made anew.';
    const missing = ['mcp_type', 'name', 'updated_at'].map(
      (name) => `The table mcp-function_calls has no index ${name}-index, and local indexes cannot be added later.`,
    );
    await expect(initDynamoStore(options)).rejects.toMatchObject({
      code: 'store_failed',
      message: [wrongKeys, ...missing].join('\n'),
    });
    const { findings } = await checkDynamoStore(options);
    expect(problems({ findings })).toEqual(expect.arrayContaining([wrongKeys, ...missing]));
    // No request to a table with other keys can work: one finding says so.
    expect(findings.filter(({ what }) => what.endsWith('mcp-functions'))).toHaveLength(1);
    const store = await openDynamoStore({ ...options, promise: 'answered' });
    await expect(store.calls.list('default', {})).rejects.toMatchObject({
      code: 'store_failed',
      message: 'The table mcp-function_calls lacks an index, which cannot be added later: "mcp-daemon store check" says which.',
    });
    await store.close();
    client.destroy();
  });
});

describe('checkDynamoStore', () => {
  it('finds nothing wrong where nothing is, and leaves no trace', async () => {
    await initDynamoStore(options);
    const s3 = await startFauxqs('payloads');
    const blobs = await openS3Blobs({ ...LOCAL, bucket: 'payloads', endpoint: s3.endpoint });
    const report = await checkDynamoStore({ ...options, blobs });
    expect(report).toMatchObject({ reachable: true, region: 'eu-central-1', missingPermissions: [], missingTables: [] });
    expect(problems(report)).toEqual([]);
    expect(report.findings.filter(({ level }) => level === 'ok').map(({ what }) => what)).toEqual(
      expect.arrayContaining(['mcp-functions', 'dynamodb:BatchWriteItem on mcp-function_calls', 's3:GetObject on the bucket']),
    );
    const store = await openDynamoStore(options);
    expect(await store.catalogs.partitions()).toEqual({ items: [] });
    await store.close();
    await blobs.close?.();
    await s3.stop();
  });

  it('names the tables that are missing', async () => {
    const report = await checkDynamoStore(options);
    expect(report.reachable).toBe(true);
    expect(report.missingTables.sort()).toEqual(NAMES);
  });

  it('names each permission that is missing, and says which is not needed to serve', async () => {
    await initDynamoStore(options);
    const proxy = await startProxy(dynamo.endpoint);
    proxy.behave = ({ action, body }) =>
      action === 'Scan' || (action === 'BatchWriteItem' && body.includes('mcp-function_calls')) || action === 'DescribeTimeToLive'
        ? { error: 'AccessDeniedException', message: `User x is not authorized to perform: dynamodb:${action} on resource: y` }
        : 'none';
    const report = await checkDynamoStore({ ...options, endpoint: proxy.endpoint });
    expect(report.missingPermissions).toEqual([
      'dynamodb:Scan on mcp-modules',
      'dynamodb:Scan on mcp-functions',
      'dynamodb:BatchWriteItem on mcp-function_calls',
      'dynamodb:Scan on mcp-revisions',
    ]);
    expect(problems(report)).toEqual([
      'The AWS credentials do not allow dynamodb:BatchWriteItem on mcp-function_calls: add it to the policy (docs/dynamodb.md has one).',
    ]);
    await proxy.stop();
  });

  it('says that DynamoDB cannot be reached, once', async () => {
    const report = await checkDynamoStore({ ...options, endpoint: 'http://127.0.0.1:1' });
    expect(report).toMatchObject({ reachable: false, missingTables: [] });
    expect(problems(report)).toEqual(['DynamoDB cannot be reached (ECONNREFUSED): check the network and the endpoint.']);
  });

  it('names a bucket that is not there, and one that must not be used', async () => {
    await initDynamoStore(options);
    const s3 = await startFauxqs('payloads');
    const proxy = await startProxy(s3.endpoint);
    const absent = await openS3Blobs({ ...LOCAL, bucket: 'absent', endpoint: s3.endpoint });
    expect(problems(await checkDynamoStore({ ...options, blobs: absent }))).toEqual([
      'The bucket absent does not exist: create it, or check FUNCT_BUCKET_NAME and the region.',
    ]);
    proxy.behave = () => 'status 403';
    const denied = await openS3Blobs({ ...LOCAL, bucket: 'payloads', endpoint: proxy.endpoint });
    expect((await checkDynamoStore({ ...options, blobs: denied })).missingPermissions).toEqual(['s3:PutObject on the bucket']);
    await absent.close?.();
    await denied.close?.();
    await proxy.stop();
    await s3.stop();
  });
});

describe('region and credentials', () => {
  const names = [
    'AWS_REGION',
    'AWS_DEFAULT_REGION',
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SESSION_TOKEN',
    'AWS_PROFILE',
  ];
  const before = { ...process.env };

  beforeEach(() => {
    for (const name of names) Reflect.deleteProperty(process.env, name);
    // No profile of whoever runs the tests, and no question to a metadata service.
    Object.assign(process.env, {
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/nonexistent',
      AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    });
  });

  afterEach(() => {
    process.env = { ...before };
  });

  it('are said to be missing in one line, with what to set', async () => {
    const noRegion = {
      code: 'store_failed',
      message: 'The AWS region of DynamoDB is missing: set AWS_REGION, such as eu-central-1.',
    };
    await expect(openDynamoStore({ credentials: CREDENTIALS })).rejects.toMatchObject(noRegion);
    const message =
      'There are no AWS credentials for DynamoDB: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give this machine or container a role.';
    await expect(openDynamoStore({ region: 'eu-central-1' })).rejects.toMatchObject({ code: 'store_failed', message });
    await expect(initDynamoStore({ region: 'eu-central-1' })).rejects.toMatchObject({ message });
    await expect(openS3Blobs({ region: 'eu-central-1', bucket: 'b' })).rejects.toMatchObject({
      message: message.replace('DynamoDB', 'S3'),
    });
  });
});

describe('open records of processes that ended', () => {
  const open = (): ReturnType<typeof openDynamoStore> => openDynamoStore({ ...options, promise: 'answered', expireAfterMs: 0 });

  it('are left alone while their process was seen within two minutes, and marked by one of many after', async () => {
    await initDynamoStore(options);
    const [ended, first, second] = [await open(), await open(), await open()];
    const row = exampleRecord({
      status: 'in_process',
      owner: ended.owner,
      updated_at: Date.now(),
      created_at: Date.now(),
      notes: null,
    });
    await ended.calls.write([row]);
    expect(await first.calls.interrupt()).toBe(0);
    const client = plainClient(dynamo.endpoint);
    // As if its process had ended three minutes ago.
    await client.send(
      new UpdateItemCommand({
        TableName: 'mcp-revisions',
        Key: { partition_key: { S: '#owners' }, revision_key: { S: ended.owner } },
        UpdateExpression: 'SET seen = :seen',
        ExpressionAttributeValues: { ':seen': { N: String(Date.now() - 180_000) } },
      }),
    );
    const counts = await Promise.all([first.calls.interrupt(), second.calls.interrupt()]);
    expect(counts.reduce((a, b) => a + b)).toBe(1);
    const marked = await first.calls.get('default', row.mcp_function_call_uuid);
    expect(marked).toMatchObject({ status: 'interrupted', mcp_type: 'tool', notes: 'the process ended before the call did' });
    expect((await first.calls.list('default', { mcp_type: 'tool' })).items).toHaveLength(1);
    // It was only slow: what it writes at last counts.
    const done = { ...row, status: 'completed' as const, content: 'x' };
    await ended.calls.write([done]);
    expect(await first.calls.get('default', row.mcp_function_call_uuid)).toEqual(done);
    for (const store of [ended, first, second]) await store.close();
    client.destroy();
  });

  it('leave no note behind when their calls have ended', async () => {
    await initDynamoStore(options);
    const store = await open();
    const row = exampleRecord({ status: 'in_process', owner: store.owner });
    await store.calls.write([row]);
    await store.calls.write([{ ...row, status: 'completed' }]);
    await store.close();
    const next = await open();
    expect(await next.calls.interrupt()).toBe(0);
    await next.close();
  });
});

describe('many at once', () => {
  it('settle one record, and one whole row is left', async () => {
    await initDynamoStore(options);
    const stores = await Promise.all(
      [1, 2, 3, 4].map(() => openDynamoStore({ ...options, promise: 'answered', expireAfterMs: 0 })),
    );
    const row = exampleRecord();
    const forms = Array.from({ length: 20 }, (_, index) => ({ ...row, content: `"${index}"`, notes: `${index}` }));
    await Promise.all(forms.map(async (form, index) => stores[index % 4]?.calls.write([form])));
    const left = await stores[0]?.calls.get('default', row.mcp_function_call_uuid);
    expect(forms).toContainEqual(left);
    for (const store of stores) await store.close();
  });

  it('write and remove while a list is read: what stays is listed once', async () => {
    await initDynamoStore(options);
    const store = await openDynamoStore({ ...options, promise: 'answered', expireAfterMs: 0 });
    const base = 1_790_000_000_000;
    const rows = Array.from({ length: 60 }, (_, index) => exampleRecord({ created_at: base + index, updated_at: base + index }));
    await store.calls.write(rows);
    const seen: string[] = [];
    let cursor: string | undefined;
    for (let round = 0; round === 0 || cursor !== undefined; round += 1) {
      const page = await store.calls.list('default', cursor === undefined ? { limit: 7 } : { limit: 7, cursor });
      seen.push(...page.items.map((row) => row.mcp_function_call_uuid));
      cursor = page.cursor;
      await store.calls.write([exampleRecord({ created_at: base + 1_000 + round, updated_at: base + 1_000 + round })]);
    }
    expect(seen).toEqual(rows.map((row) => row.mcp_function_call_uuid).reverse());
    await store.close();
  });

  it('do not share cursors between partitions and queries', async () => {
    await initDynamoStore(options);
    const store = await openDynamoStore({ ...options, promise: 'answered', expireAfterMs: 0 });
    await store.calls.write([exampleRecord(), exampleRecord(), exampleRecord({ partition_key: 'other' })]);
    const { cursor = '' } = await store.calls.list('default', { limit: 1 });
    expect((await store.calls.list('default', { limit: 1, cursor })).items).toHaveLength(1);
    await expect(store.calls.list('other', { cursor })).rejects.toMatchObject({ code: 'invalid_cursor' });
    await expect(store.calls.list('default', { cursor, name: 'x' })).rejects.toMatchObject({ code: 'invalid_cursor' });
    await store.close();
  });

  it('find a rare name among many without reading them all', async () => {
    await initDynamoStore(options);
    const proxy = await startProxy(dynamo.endpoint);
    const store = await openDynamoStore({ ...options, endpoint: proxy.endpoint, promise: 'answered', expireAfterMs: 0 });
    const base = 1_790_000_000_000;
    const rows = Array.from({ length: 1_000 }, (_, index) =>
      exampleRecord({ name: index % 400 === 0 ? 'rare' : 'often', updated_at: base + index, content: null }),
    );
    await store.calls.write(rows);
    const from = proxy.seen.length;
    const page = await store.calls.list('default', { name: 'rare', limit: 2 });
    expect(page.items.map((row) => row.updated_at)).toEqual([base + 800, base + 400]);
    const rest = await store.calls.list('default', { name: 'rare', limit: 2, cursor: page.cursor ?? '' });
    expect(rest.items.map((row) => row.updated_at)).toEqual([base]);
    expect(rest.cursor).toBeUndefined();
    // The first read looks which keys the records of the partition are under.
    expect(proxy.seen.slice(from)).toEqual(['GetItem', ...Array.from({ length: 6 }, () => 'Query')]);
    await store.close();
    await proxy.stop();
  });
});

it('a partition that another writer only put rows into is listed', async () => {
  await initDynamoStore(options);
  const client = plainClient(dynamo.endpoint);
  const Item = { partition_key: { S: 'a#b' }, name: { S: 'x' }, mcp_type: { S: 'tool' } };
  await client.send(new PutItemCommand({ TableName: 'mcp-functions', Item }));
  const store = await openDynamoStore(options);
  await store.catalogs.touch('touched');
  expect((await store.catalogs.partitions()).items.map(({ partition }) => partition)).toEqual(['a#b', 'touched']);
  await store.close();
  client.destroy();
});
