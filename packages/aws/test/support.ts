/** Engines for tests: dynalite and fauxqs in this process, on loopback. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, DeleteObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import dynalite from 'dynalite';
import { buildApp } from 'fauxqs';

import type { AwsOptions } from '../src/base/options.js';

export const CREDENTIALS = { accessKeyId: 'TESTKEY', secretAccessKey: 'TESTSECRET' };
/** What every client of a test takes. Its time limits are far, because a busy machine answers slowly. */
export const LOCAL: AwsOptions = {
  region: 'eu-central-1',
  credentials: CREDENTIALS,
  ...{ connectTimeoutMs: 30_000, requestTimeoutMs: 30_000, deadlineMs: 90_000 },
};

/** A running engine. */
export interface Engine {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Starts dynalite, empty. Tables are there at once. */
export async function startDynalite(options: object = {}): Promise<Engine> {
  const server: Server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0, ...options });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** Starts fauxqs, with one bucket. */
export async function startFauxqs(bucket: string): Promise<Engine> {
  const app = buildApp({ logger: false, host: '127.0.0.1' });
  const endpoint = await app.listen({ port: 0, host: '127.0.0.1' });
  await createBucket(endpoint, bucket);
  return { endpoint, stop: () => app.close() };
}

/** Creates a bucket. */
export async function createBucket(endpoint: string, bucket: string): Promise<void> {
  // The one region that is not sent as a place for the bucket: radosgw knows no others.
  const client = new S3Client({ region: 'us-east-1', credentials: CREDENTIALS, endpoint, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
}

/** The keys of all objects of a bucket. */
export async function objectKeys(endpoint: string, bucket: string): Promise<(string | undefined)[]> {
  const client = new S3Client({ region: 'us-east-1', credentials: CREDENTIALS, endpoint, forcePathStyle: true });
  const { Contents: objects = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
  client.destroy();
  return objects.map(({ Key }) => Key);
}

/** Removes all objects of a bucket. */
export async function emptyBucket(endpoint: string, bucket: string): Promise<void> {
  const client = new S3Client({ region: 'us-east-1', credentials: CREDENTIALS, endpoint, forcePathStyle: true });
  const { Contents: objects = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
  for (const { Key } of objects) await client.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
  client.destroy();
}

/** The plain client of the SDK, as anybody else has it. */
export const plainClient = (endpoint: string): DynamoDBClient =>
  new DynamoDBClient({ region: 'eu-central-1', credentials: CREDENTIALS, endpoint });

/** Writes a row through the plain client. */
export async function putItem(endpoint: string, TableName: string, Item: Record<string, AttributeValue>): Promise<void> {
  const client = plainClient(endpoint);
  await client.send(new PutItemCommand({ TableName, Item }));
  client.destroy();
}
