/** Rows of the Python engine, exactly as PynamoDB 6.1 writes them, and ours as it has to find them. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { exampleRecord } from '@mcp-daemon/core/contract';

import type { DynamoStore } from '../src/index.js';
import { initDynamoStore, openDynamoStore, openS3Blobs } from '../src/index.js';
import type { Engine } from './support.js';
import { LOCAL, plainClient, startDynalite, startFauxqs } from './support.js';

let dynamo: Engine;
let s3: Engine;
let store: DynamoStore;
let client: ReturnType<typeof plainClient>;

beforeAll(async () => {
  dynamo = await startDynalite();
  s3 = await startFauxqs('payloads');
  await initDynamoStore({ ...LOCAL, endpoint: dynamo.endpoint });
  const blobs = await openS3Blobs({ ...LOCAL, bucket: 'payloads', endpoint: s3.endpoint });
  store = await openDynamoStore({ ...LOCAL, endpoint: dynamo.endpoint, blobs, promise: 'answered', expireAfterMs: 0 });
  client = plainClient(dynamo.endpoint);
});

afterAll(async () => {
  await store.close();
  client.destroy();
  await dynamo.stop();
  await s3.stop();
});

const put = (TableName: string, Item: Record<string, AttributeValue>): Promise<unknown> =>
  client.send(new PutItemCommand({ TableName, Item }));
const AT = '2026-09-21T14:13:20.123456+0000';
const TIME = Date.parse('2026-09-21T14:13:20.123Z');

/** A call as the engine leaves it: each change of its state writes NULL for what it does not carry. */
const pythonCall = (uuid: string, changes: Record<string, AttributeValue> = {}): Record<string, AttributeValue> => ({
  partition_key: { S: 'acme#eu' },
  mcp_function_call_uuid: { S: uuid },
  mcp_type: { S: 'tool' },
  name: { S: 'hello' },
  arguments: { M: { user_name: { S: 'ada' }, none: { NULL: true }, list: { L: [{ N: '1' }, { BOOL: true }, { M: {} }] } } },
  content: { S: 'Hello, ada' },
  content_in_s3: { BOOL: false },
  status: { S: 'completed' },
  notes: { NULL: true },
  time_spent: { N: '1000' },
  updated_by: { S: 'mcp_daemon_engine' },
  created_at: { S: AT },
  updated_at: { S: AT },
  ...changes,
});

const EXPECTED = {
  ...{ partition_key: 'acme#eu', name: 'hello', mcp_type: 'tool', content: 'Hello, ada', content_in_s3: false },
  ...{ arguments: '{"user_name":"ada","none":null,"list":[1,true,{}]}', status: 'completed', notes: null, time_spent: 1000 },
  ...{ updated_by: 'mcp_daemon_engine', created_at: TIME, updated_at: TIME, fault: null, revision: '', bundle_digest: null },
  ...{ owner: '', traceparent: null, server: null, client: null, client_id: null },
};

describe('calls of the Python engine', () => {
  it('are read by their names and types, whatever their ids look like', async () => {
    for (const uuid of ['17429803412764830912', '98123', 'b3d9b2f0-6f2e-4c9e-9a39-0d3f1a3c5a10']) {
      await put('mcp-function_calls', pythonCall(uuid));
      expect(await store.calls.get('acme#eu', uuid)).toEqual({ ...EXPECTED, mcp_function_call_uuid: uuid });
    }
    expect((await store.calls.list('acme#eu', { name: 'hello' })).items).toHaveLength(3);
    expect(await store.calls.find('acme#eu', '1742')).toEqual(['17429803412764830912']);
  });

  it('may lack what the engine does not know yet', async () => {
    const NULL = { NULL: true } as const;
    await put(
      'mcp-function_calls',
      pythonCall('1', { status: { S: 'initial' }, content: NULL, time_spent: NULL, arguments: NULL }),
    );
    expect(await store.calls.get('acme#eu', '1')).toEqual({
      ...EXPECTED,
      ...{ mcp_function_call_uuid: '1', status: 'in_process', content: null, time_spent: null, arguments: null },
    });
    const { content_in_s3: _, arguments: __, status: ___, ...bare } = pythonCall('2');
    await put('mcp-function_calls', bare);
    expect(await store.calls.get('acme#eu', '2')).toMatchObject({ arguments: null, content_in_s3: false, status: 'in_process' });
    const open = await store.calls.list('acme#eu', { status: 'in_process' });
    expect(open.items.map((row) => row.mcp_function_call_uuid).sort()).toEqual(['1', '2']);
    expect(await store.calls.count('acme#eu', { status: 'in_process' })).toBe(2);
  });

  it('may hold numbers that JavaScript cannot, and a page is read all the same', async () => {
    const M = {
      big: { N: '12345678901234567890' },
      fraction: { N: '12345678901234567.5' },
      exponent: { N: '1e+21' },
      small: { N: '0.00000010' },
      digits: { N: '3.1415926535897932384626433832795028841' },
    };
    await put(
      'mcp-function_calls',
      pythonCall('3', { arguments: { M }, partition_key: { S: 'numbers' }, time_spent: { N: '1500.0' } }),
    );
    const { items } = await store.calls.list('numbers', {});
    expect(items).toHaveLength(1);
    expect(items[0]?.time_spent).toBe(1500);
    // dynalite writes numbers in its own way, with all their digits.
    expect(items[0]?.arguments).toContain('"big":12345678901234567890,"fraction":12345678901234567.5,');
    expect(items[0]?.arguments).toContain('3.1415926535897932384626433832795028841');
    expect(() => JSON.parse(items[0]?.arguments ?? '') as unknown).not.toThrow();
  });

  it('may have odd types: sets, bytes, text for a map, 0 and 1 for false and true', async () => {
    await put(
      'mcp-function_calls',
      pythonCall('4', {
        arguments: { S: '{"as":"text"}' },
        content: { M: { a: { SS: ['x'] }, b: { NS: ['1', '2'] }, c: { B: Uint8Array.of(1, 2) } } },
        content_in_s3: { N: '0' },
        time_spent: { S: '12' },
        created_at: { S: '2026-09-21T14:13:20Z' },
      }),
    );
    expect(await store.calls.get('acme#eu', '4')).toMatchObject({
      arguments: '{"as":"text"}',
      content: '{"a":["x"],"b":[1,2],"c":"AQI="}',
      content_in_s3: false,
      time_spent: 12,
      created_at: Date.parse('2026-09-21T14:13:20Z'),
    });
  });

  it('have their content in the bucket, or should', async () => {
    const blobs = await openS3Blobs({ ...LOCAL, bucket: 'payloads', endpoint: s3.endpoint });
    await blobs.put('mcp_content/5.json', Buffer.from('moved by Python'));
    const { content: _, ...moved } = pythonCall('5', { content_in_s3: { BOOL: true } });
    await put('mcp-function_calls', moved);
    expect(await store.calls.get('acme#eu', '5')).toMatchObject({ content: 'moved by Python', content_in_s3: true });
    await put('mcp-function_calls', { ...moved, mcp_function_call_uuid: { S: '6' } });
    expect(await store.calls.get('acme#eu', '6')).toMatchObject({ content: null, content_in_s3: true });
    await blobs.close?.();
  });
});

describe('our calls, as the Python engine finds them', () => {
  const read = async (row: {
    partition_key: string;
    mcp_function_call_uuid: string;
  }): Promise<Record<string, AttributeValue>> => {
    const Key = { partition_key: { S: row.partition_key }, mcp_function_call_uuid: { S: row.mcp_function_call_uuid } };
    const { Item = {} } = await client.send(new GetItemCommand({ TableName: 'mcp-function_calls', Key }));
    return Item;
  };

  it('have its names, its types and its spelling of dates', async () => {
    const row = exampleRecord({ arguments: '{"city":"Zürich","days":[1,null,{"deep":true}]}' });
    await store.calls.write([row]);
    expect(await read(row)).toMatchObject({
      partition_key: { S: 'default' },
      mcp_function_call_uuid: { S: row.mcp_function_call_uuid },
      mcp_type: { S: 'tool' },
      name: { S: 'weather' },
      arguments: { M: { city: { S: 'Zürich' }, days: { L: [{ N: '1' }, { NULL: true }, { M: { deep: { BOOL: true } } }] } } },
      content: { S: row.content },
      content_in_s3: { BOOL: false },
      status: { S: 'completed' },
      notes: { S: row.notes },
      time_spent: { N: '12.345' },
      updated_by: { S: 'ada' },
      created_at: { S: '2026-09-21T14:13:20.000000+0000' },
      updated_at: { S: '2026-09-21T14:13:20.013000+0000' },
    });
  });

  it('never have text where it expects a map, nor a number that DynamoDB refuses', async () => {
    const odd = [
      '"text"',
      '[1]',
      '{"a": 1}',
      '{"n":1e300}',
      '{"n":12345678901234567890}',
      '{"":1}',
      '{"s":"\\ud800"}',
      'no JSON',
      `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`,
    ];
    for (const text of odd) {
      const row = exampleRecord({ arguments: text });
      await store.calls.write([row]);
      const item = await read(row);
      expect(item['arguments']).toBeUndefined();
      expect(item['arguments_json']).toEqual({ S: text });
      expect((await store.calls.get('default', row.mcp_function_call_uuid))?.arguments).toBe(text);
    }
  });

  it('have large results in the bucket, under its name for them', async () => {
    const row = exampleRecord({
      content: JSON.stringify('x'.repeat(50_000)),
      arguments: JSON.stringify({ a: 'y'.repeat(50_000) }),
    });
    await store.calls.write([row]);
    const item = await read(row);
    expect(item).toMatchObject({ content_in_s3: { BOOL: true }, arguments_in_s3: { BOOL: true } });
    expect([item['content'], item['arguments']]).toEqual([undefined, undefined]);
    const blobs = await openS3Blobs({ ...LOCAL, bucket: 'payloads', endpoint: s3.endpoint });
    const stored = await blobs.get(`mcp_content/${row.mcp_function_call_uuid}.json`);
    expect(Buffer.from(stored ?? []).toString()).toBe(row.content);
    expect(await store.calls.get('default', row.mcp_function_call_uuid)).toEqual({ ...row, content_in_s3: true });
    await blobs.close?.();
  });
});

describe('catalogs of the Python engine', () => {
  const audit = { updated_by: { S: 'setup' }, created_at: { S: AT }, updated_at: { S: AT } };
  const key = { partition_key: { S: 'acme' } };

  it('are read with string annotations, NULLs and snake_case keys as they are; rows that cannot be read are named', async () => {
    const schema = { M: { type: { S: 'object' }, max_length: { N: '5' }, default: { N: '1500.0' } } };
    const hello = {
      ...{ ...key, ...audit, name: { S: 'hello' }, mcp_type: { S: 'tool' }, description: { NULL: true } },
      ...{ data: { M: { input_schema: schema } }, annotations: { S: '{"read_only_hint": true}' }, is_async: { BOOL: false } },
      ...{ module_name: { S: 'demo' }, class_name: { S: 'Demo' }, function_name: { S: 'hello' }, return_type: { S: 'text' } },
    };
    await put('mcp-functions', hello as Record<string, AttributeValue>);
    await put('mcp-functions', {
      ...key,
      ...audit,
      name: { S: 'bare' },
      mcp_type: { S: 'prompt' },
      annotations: { S: 'just text' },
      is_async: { N: '1' },
    });
    await put('mcp-functions', { ...key, ...audit, name: { S: 'no type' } });
    await put('mcp-functions', { ...key, ...audit, name: { S: 'no object' }, mcp_type: { S: 'tool' }, data: { S: 'text' } });
    await put('mcp-functions', { ...key, ...audit, name: { S: 'off' }, mcp_type: { S: 'tool' }, status: { N: '0' } });
    const classes = { L: [{ M: { class_name: { S: 'Demo' }, setting_id: { NULL: true } } }, { M: { class_name: { S: 'B' } } }] };
    await put('mcp-modules', {
      ...key,
      ...audit,
      module_name: { S: 'demo' },
      package_name: { S: 'demo' },
      source: { S: '' },
      classes,
    });
    const { functions, modules, bad } = await store.catalogs.rows('acme');
    const times = { updated_by: 'setup', created_at: TIME, updated_at: TIME };
    expect(functions).toEqual([
      {
        ...{
          name: 'bare',
          mcp_type: 'prompt',
          description: null,
          data: null,
          annotations: 'just text',
          is_async: true,
          ...times,
        },
        ...{ module_name: null, class_name: null, function_name: null, return_type: null },
      },
      {
        ...{
          name: 'hello',
          mcp_type: 'tool',
          description: null,
          annotations: { read_only_hint: true },
          is_async: false,
          ...times,
        },
        ...{ data: { input_schema: { type: 'object', max_length: 5, default: 1500 } } },
        ...{ module_name: 'demo', class_name: 'Demo', function_name: 'hello', return_type: 'text' },
      },
    ]);
    expect(modules).toEqual([
      {
        ...{ module_name: 'demo', package_name: 'demo', source: '', sha256: null, isolation: null, ...times },
        classes: [
          { class_name: 'Demo', setting_id: null },
          { class_name: 'B', setting_id: null },
        ],
      },
    ]);
    expect(bad).toEqual([
      { row: 'mcp-functions/no object', reason: 'its data is text that is not JSON' },
      { row: 'mcp-functions/no type', reason: 'it has no mcp_type' },
      { row: 'mcp-functions/off', reason: 'its status is 0: the Python engine does not serve it either' },
    ]);
  });

  it('keep what only the Python engine knows, when we write their rows', async () => {
    await put('mcp-functions', {
      ...key,
      ...audit,
      name: { S: 'x' },
      mcp_type: { S: 'tool' },
      external_name: { S: 'y' },
      description: { S: 'old' },
    });
    const [row] = (await store.catalogs.rows('acme')).functions.filter(({ name }) => name === 'x');
    if (row === undefined) throw new Error('the row is not there');
    await store.catalogs.writeRows('acme', { putFunctions: [{ ...row, description: null, annotations: { title: 'X' } }] }, 'ada');
    const Key = { ...key, name: { S: 'x' } };
    const { Item = {} } = await client.send(new GetItemCommand({ TableName: 'mcp-functions', Key }));
    expect(Item).toMatchObject({ external_name: { S: 'y' }, created_at: { S: AT }, updated_by: { S: 'ada' } });
    expect(Item['annotations']).toEqual({ S: '{"title":"X"}' });
    expect(Item['description']).toBeUndefined();
    expect(Item['updated_at']?.S).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+0000$/);
  });

  it('have settings with the numbers and names that were written', async () => {
    const setting = { M: { api_key: { S: 'k' }, limit: { N: '1e+3' }, none: { NULL: true }, list: { L: [{ N: '0.5' }] } } };
    await put('mcp-settings', { ...key, ...audit, setting_id: { S: '123' }, setting });
    expect(await store.catalogs.setting('acme', '123')).toMatchObject({
      setting: { api_key: 'k', limit: 1000, none: null, list: [0.5] },
    });
    await put('mcp-settings', { ...key, ...audit, setting_id: { S: 'bad' }, setting: { L: [] } });
    await expect(store.catalogs.setting('acme', 'bad')).rejects.toMatchObject({
      code: 'store_failed',
      message: 'The setting bad cannot be read: its setting is no object.',
    });
  });
});
