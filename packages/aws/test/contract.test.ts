import { blobStoreContract, catalogStoreContract, stateStoreContract, storeContract } from '@mcp-daemon/core/contract';

import type { DynamoStore, DynamoStoreOptions } from '../src/index.js';
import { initDynamoStore, openDynamoStore, openS3Blobs } from '../src/index.js';
import type { Engine } from './support.js';
import { LOCAL, startDynalite, startFauxqs } from './support.js';

let s3: Engine;
const engines: Engine[] = [];

beforeAll(async () => {
  s3 = await startFauxqs('payloads');
});

afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()));
});

afterAll(async () => {
  await s3.stop();
});

/** A store on tables of its own. */
async function openEmpty(options: DynamoStoreOptions = {}): Promise<{ store: DynamoStore; endpoint: string }> {
  const dynamo = await startDynalite();
  engines.push(dynamo);
  await initDynamoStore({ ...LOCAL, endpoint: dynamo.endpoint });
  const blobs = await openS3Blobs({ ...LOCAL, bucket: 'payloads', endpoint: s3.endpoint });
  const store = await openDynamoStore({ ...LOCAL, endpoint: dynamo.endpoint, blobs, expireAfterMs: 0, ...options });
  return { store, endpoint: dynamo.endpoint };
}

describe.each([
  ['answered', 'none'],
  ['eventual', 'none'],
  ['answered', 8],
  ['eventual', 'months'],
] as const)('the contract of a store, on dynalite and fauxqs, %s, spread: %s', (promise, spread) => {
  for (const check of storeContract) it(check.name, () => check.run(async () => (await openEmpty({ promise, spread })).store));
});

describe('the contract of stored catalogs, on dynalite', () => {
  for (const check of catalogStoreContract) {
    it(check.name, () =>
      check.run(async () => {
        const { store, endpoint } = await openEmpty();
        const other = await openDynamoStore({ ...LOCAL, endpoint });
        const close = async (): Promise<void> => {
          await store.close();
          await other.close();
        };
        return { catalogs: store.catalogs, other: other.catalogs, close };
      }),
    );
  }
});

describe.each(['with a bucket', 'without a bucket'])('the contract of a store of state, on dynalite, %s', (bucket) => {
  for (const check of stateStoreContract) {
    it(check.name, () =>
      check.run(async () => {
        const { store, endpoint } = await openEmpty();
        return bucket === 'with a bucket' ? store.state : (await openDynamoStore({ ...LOCAL, endpoint })).state;
      }),
    );
  }
});

describe('the contract of blobs, on fauxqs', () => {
  for (const check of blobStoreContract) {
    it(check.name, async () => {
      const engine = await startFauxqs('blobs');
      engines.push(engine);
      await check.run(() => openS3Blobs({ ...LOCAL, bucket: 'blobs', endpoint: engine.endpoint }));
    });
  }
});
