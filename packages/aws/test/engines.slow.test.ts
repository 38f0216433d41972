/**
 * The contracts on the engines that a bare machine does not have: AWS's DynamoDB Local (DYNAMODB_LOCAL, see
 * scripts/dynamodb-local.mjs) and Ceph's radosgw (RADOSGW, with the keys TESTKEY and TESTSECRET). It says which of them it ran.
 */
import { randomUUID } from 'node:crypto';

import { DeleteTableCommand, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  blobStoreContract,
  bundleSourceContract,
  catalogStoreContract,
  stateStoreContract,
  storeContract,
} from '@mcp-daemon/core/contract';

import type { DynamoStore, DynamoStoreOptions } from '../src/index.js';
import { initDynamoStore, openDynamoStore, openS3Blobs, openS3Bundles } from '../src/index.js';
import { createBucket, CREDENTIALS, LOCAL, plainClient, startFauxqs } from './support.js';
import { readUnits, unitsTable } from './units.js';

const { DYNAMODB_LOCAL: local = '', RADOSGW: radosgw = '' } = process.env;
const where = (endpoint: string): typeof describe => (endpoint === '' ? (describe.skip as typeof describe) : describe);

/** A store on tables of its own. */
async function openEmpty(options: DynamoStoreOptions = {}): Promise<DynamoStore> {
  const client = plainClient(local);
  const { TableNames = [] } = await client.send(new ListTablesCommand({}));
  for (const TableName of TableNames) await client.send(new DeleteTableCommand({ TableName }));
  client.destroy();
  await initDynamoStore({ ...LOCAL, endpoint: local });
  return openDynamoStore({ ...LOCAL, endpoint: local, expireAfterMs: 0, ...options });
}

it('says which engines it ran', () => {
  const ran = [local === '' ? [] : ['DynamoDB Local'], radosgw === '' ? [] : ['radosgw']].flat();
  process.stdout.write(`packages/aws: engines beside dynalite and fauxqs: ${ran.join(', ') || 'none'}\n`);
  expect(ran.length).toBe([local, radosgw].filter((endpoint) => endpoint !== '').length);
});

where(local)('DynamoDB Local', () => {
  describe.each([
    ['answered', 'none'],
    ['eventual', 'none'],
    ['answered', 8],
    ['eventual', 'months'],
  ] as const)('the contract of a store, %s, spread: %s', (promise, spread) => {
    for (const check of storeContract) {
      it(check.name, async () => {
        const s3 = await startFauxqs('payloads');
        const blobs = await openS3Blobs({ ...LOCAL, bucket: 'payloads', endpoint: s3.endpoint });
        await check.run(() => openEmpty({ promise, spread, blobs }));
        await s3.stop();
      });
    }
  });

  describe('the contract of stored catalogs', () => {
    for (const check of catalogStoreContract) {
      it(check.name, () =>
        check.run(async () => {
          const store = await openEmpty();
          const other = await openDynamoStore({ ...LOCAL, endpoint: local });
          const close = async (): Promise<void> => {
            await store.close();
            await other.close();
          };
          return { catalogs: store.catalogs, other: other.catalogs, close };
        }),
      );
    }
  });

  describe('the contract of a store of state', () => {
    for (const check of stateStoreContract) it(check.name, () => check.run(async () => (await openEmpty()).state));
  });

  it('a small entry of state costs one write unit to write, and one read unit to read', async () => {
    const { state, stats, close } = await openEmpty({ countUnits: true });
    const cost = async (work: () => unknown): Promise<{ reads: number; writes: number }> => {
      const before = stats();
      await work();
      return { reads: stats().readUnits - before.readUnits, writes: stats().writeUnits - before.writeUnits };
    };
    const value = 'x'.repeat(500);
    const costs = {
      created: await cost(() => state.put('a', 'key/1', value, { expected: null, expires_at: Date.now() + 60_000 })),
      replaced: await cost(() => state.put('a', 'key/1', value)),
      refused: await cost(() => state.put('a', 'key/1', value, { expected: null })),
      read: await cost(() => state.get('a', 'key/1')),
      deleted: await cost(() => state.delete('a', 'key/1')),
    };
    for (const [what, { reads, writes }] of Object.entries(costs))
      process.stdout.write(`units of state: ${what}: ${reads} read, ${writes} write\n`);
    expect(costs).toMatchObject({
      created: { reads: 0, writes: 1 },
      replaced: { reads: 0, writes: 1 },
      read: { reads: 1, writes: 0 },
      deleted: { reads: 0, writes: 1 },
    });
    await close();
  });

  it('a call costs at most twice the units of one put of its row', async () => {
    const rows = await unitsTable(openEmpty);
    process.stdout.write(`${rows.map((row) => row.line).join('\n')}\n`);
    expect(rows.map(({ put }) => put)).toEqual(rows.map(() => 4));
    for (const { units, put, isOpen } of rows) expect(units).toBe(isOpen ? 2 * put : put);
  });

  it('a page costs what it shows, however far back it is', async () => {
    const units = await readUnits(openEmpty);
    const { 'page 50': last = Infinity, ...shown } = units;
    const wanted = Object.entries({ ...shown, 'page 50': last }).filter(([what]) => !/^page (?!50)/.test(what));
    process.stdout.write(`${wanted.map(([what, cost]) => `read units: ${what}: ${cost}`).join('\n')}\n`);
    expect(units['newest 20']).toBeLessThanOrEqual(2);
    expect(last).toBe(units['page 2']);
    expect(units['newest 20 of a name that has 5 %']).toBeLessThanOrEqual(150);
    expect(units['newest 20 of a name that has one call']).toBeLessThanOrEqual(50);
  });
});

where(radosgw)('radosgw: the contract of bundles', () => {
  for (const check of bundleSourceContract) {
    it(check.name, async () => {
      const bucket = `bundles-${randomUUID()}`;
      await createBucket(radosgw, bucket);
      const client = new S3Client({ region: 'us-east-1', credentials: CREDENTIALS, endpoint: radosgw, forcePathStyle: true });
      await check.run(async () => ({
        ...{ source: await openS3Bundles({ ...LOCAL, bucket, endpoint: radosgw, keep: 2 }), keep: 2 },
        put: async (file, bytes) => {
          await client.send(new PutObjectCommand({ Bucket: bucket, Key: file, Body: Buffer.from(bytes) }));
        },
        remove: async (name) => {
          await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: `${name}.zip` }));
        },
      }));
      client.destroy();
    });
  }
});

where(radosgw)('radosgw: the contract of blobs', () => {
  for (const check of blobStoreContract) {
    it(check.name, async () => {
      const bucket = `blobs-${randomUUID()}`;
      await createBucket(radosgw, bucket);
      await check.run(() => openS3Blobs({ ...LOCAL, bucket, endpoint: radosgw }));
    });
  }
});
