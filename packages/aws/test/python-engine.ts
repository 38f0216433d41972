/**
 * The Python engine as a writer of its tables: keys, names and types as PynamoDB writes them, through the plain client of the SDK. It
 * knows nothing of our own table and attributes.
 */
import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  waitUntilTableExists,
  waitUntilTableNotExists,
} from '@aws-sdk/client-dynamodb';
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';

import { CREDENTIALS, plainClient } from './support.js';

/** A row as the plain client gives it. */
export type Row = Record<string, AttributeValue>;

/** The range key and the local indexes of each table. */
const TABLES = {
  'mcp-functions': ['name', 'mcp_type'],
  'mcp-modules': ['module_name', 'package_name'],
  'mcp-settings': ['setting_id'],
  'mcp-function_calls': ['mcp_function_call_uuid', 'mcp_type', 'name', 'updated_at'],
} as const;
type Table = keyof typeof TABLES;

/** A time as PynamoDB writes it: microseconds, and always +0000. */
export const AT = '2026-03-08T12:00:00.123456+0000';
const AUDIT: Row = { updated_by: { S: 'mcp_daemon_engine' }, created_at: { S: AT }, updated_at: { S: AT } };

/** A value as PynamoDB's MapAttribute writes it. */
export function toAttribute(value: unknown): AttributeValue {
  if (value === null || value === undefined) return { NULL: true };
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: JSON.stringify(value) };
  if (typeof value === 'boolean') return { BOOL: value };
  if (Array.isArray(value)) return { L: value.map(toAttribute) };
  return { M: Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toAttribute(member)])) };
}

/** A function, as the engine's import has it. */
export interface EngineFunction {
  name: string;
  mcp_type: string;
  description?: string | null;
  data?: unknown;
  annotations?: string;
  module_name?: string;
  class_name?: string;
  function_name?: string;
}

/** The tables and the bucket of the Python engine, filled and read by plain clients. */
export interface PythonEngine {
  readonly client: DynamoDBClient;
  put(table: Table, row: Row): Promise<void>;
  remove(table: Table, partition: string, key: string): Promise<void>;
  putFunction(partition: string, row: EngineFunction): Promise<void>;
  putModule(
    partition: string,
    name: string,
    classes: readonly { class_name: string; setting_id: string | null }[],
  ): Promise<void>;
  putSetting(partition: string, id: string, setting: unknown): Promise<void>;
  /** All rows of a partition, by their keys. */
  rows(table: Table | 'mcp-revisions', partition: string): Promise<Row[]>;
  putObject(key: string, body: string | Uint8Array): Promise<void>;
  getObject(key: string): Promise<string>;
  removeObject(key: string): Promise<void>;
  objects(): Promise<string[]>;
  close(): void;
}

async function createTables(client: DynamoDBClient): Promise<void> {
  const { TableNames = [] } = await client.send(new ListTablesCommand({}));
  for (const TableName of TableNames) {
    await client.send(new DeleteTableCommand({ TableName }));
    await waitUntilTableNotExists({ client, maxWaitTime: 30, minDelay: 1 }, { TableName });
  }
  for (const [TableName, [range, ...indexes]] of Object.entries(TABLES)) {
    const keys = (name: string): { AttributeName: string; KeyType: 'HASH' | 'RANGE' }[] => [
      { AttributeName: 'partition_key', KeyType: 'HASH' },
      { AttributeName: name, KeyType: 'RANGE' },
    ];
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: keys(range),
        AttributeDefinitions: ['partition_key', range, ...indexes].map((AttributeName) => ({
          AttributeName,
          AttributeType: 'S',
        })),
        ...(indexes.length === 0
          ? {}
          : {
              LocalSecondaryIndexes: indexes.map((name) => ({
                IndexName: `${name}-index`,
                KeySchema: keys(name),
                Projection: { ProjectionType: 'ALL' as const },
              })),
            }),
      }),
    );
    await waitUntilTableExists({ client, maxWaitTime: 30, minDelay: 1 }, { TableName });
  }
}

/** Creates the engine's tables anew, all others gone, and opens its bucket, which must be there. */
export async function openPythonEngine(dynamo: string, s3: string, bucket: string): Promise<PythonEngine> {
  const client = plainClient(dynamo);
  const objects = new S3Client({ region: 'eu-central-1', credentials: CREDENTIALS, endpoint: s3, forcePathStyle: true });
  await createTables(client);

  const put = async (table: Table, row: Row): Promise<void> => {
    await client.send(new PutItemCommand({ TableName: table, Item: row }));
  };
  return {
    client,
    put,
    async remove(table, partition, key) {
      const Key = { partition_key: { S: partition }, [TABLES[table][0]]: { S: key } };
      await client.send(new DeleteItemCommand({ TableName: table, Key }));
    },
    putFunction: (partition, { data, ...texts }) =>
      put('mcp-functions', {
        ...AUDIT,
        partition_key: { S: partition },
        return_type: { S: 'text' },
        is_async: { BOOL: false },
        ...Object.fromEntries(Object.entries(texts).map(([name, value]) => [name, toAttribute(value)])),
        ...(data === undefined ? {} : { data: toAttribute(data) }),
      }),
    putModule: (partition, name, classes) =>
      put('mcp-modules', {
        ...AUDIT,
        ...{ partition_key: { S: partition }, module_name: { S: name }, package_name: { S: name }, source: { S: '' } },
        classes: toAttribute(classes),
      }),
    putSetting: (partition, id, setting) =>
      put('mcp-settings', { ...AUDIT, partition_key: { S: partition }, setting_id: { S: id }, setting: toAttribute(setting) }),
    async rows(table, partition) {
      const { Items = [] } = await client.send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: 'partition_key = :p',
          ExpressionAttributeValues: { ':p': { S: partition } },
          ConsistentRead: true,
        }),
      );
      return Items;
    },
    async putObject(Key, Body) {
      await objects.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
    },
    async getObject(Key) {
      const { Body } = await objects.send(new GetObjectCommand({ Bucket: bucket, Key }));
      return (await Body?.transformToString()) ?? '';
    },
    async removeObject(Key) {
      await objects.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
    },
    async objects() {
      const { Contents = [] } = await objects.send(new ListObjectsV2Command({ Bucket: bucket }));
      return Contents.map(({ Key = '' }) => Key);
    },
    close() {
      client.destroy();
      objects.destroy();
    },
  };
}
